/* SPDX-License-Identifier: MIT */
/*
 * See heap_private.h. How obmalloc lays out its pools: Objects/obmalloc.c (up to 3.11) and
 * Include/internal/pycore_obmalloc.h, struct pool_header; sizes are powers of two, pools of 4 KiB
 * up to 3.9 and of 16 KiB from 3.10 on, aligned to their size.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/maps.h"
#include "harness/kernel/memory.h"
#include "harness/python/heap_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX (UINT64_C(1) << 29)
#define POOLS_APART ((size_t)1 << 24) /* the widest range of pools, in pools */
#define CHUNK_MIN 32
#define CHUNK_HEAD 16
#define CHUNK_FLAGS UINT64_C(7)
#define CHUNK_IS_BEFORE_USED UINT64_C(1)
#define BLOCK_UNIT 16
#define BLOCK_SIZES 32

struct pool_header {
	uint32_t used;
	uint32_t unused;
	uint64_t free; /* a block, whose first word is the next one */
	uint64_t next;
	uint64_t previous;
	uint32_t arena;
	uint32_t size_index;
	uint32_t next_offset; /* of what was never given out */
	uint32_t last_offset;
};

static uint64_t chunk_word(const struct region *region, uint64_t at, unsigned int n)
{
	uint64_t word;

	memcpy(&word, region->bytes + at + n * sizeof(word), sizeof(word));
	return word;
}

/*
 * The next chunk of the C library's heap, or 0 where it is none: each has its size in its second
 * word, with flags in the lowest three bits, of which the first says that the chunk before is in
 * use; a free one has its size behind it once more (glibc's malloc/malloc.c, "malloc_chunk
 * details").
 */
static uint64_t next_chunk(const struct region *region, uint64_t at, bool *is_free)
{
	const uint64_t all = region->end - region->start;
	const uint64_t size = chunk_word(region, at, 1) & ~CHUNK_FLAGS;
	const uint64_t next = at + size;

	*is_free = false;
	if (size < CHUNK_MIN || size % 16 || size > all - at)
		return 0;
	if (next == all) /* the last one, from which new ones are cut */
		*is_free = true;
	else if (all - next < CHUNK_MIN)
		return 0;
	else if (!(chunk_word(region, next, 1) & CHUNK_IS_BEFORE_USED)) {
		*is_free = true;
		return chunk_word(region, next, 0) == size ? next : 0;
	}
	return next;
}

/* What is free in the C library's own heap holds what was there before. Where the heap is not as
 * the C library makes it, from its start to its very end, all of it counts. */
static void forget_free_chunks(struct region *region)
{
	const uint64_t all = region->end - region->start;

	for (unsigned int round = 0; round < 2; round++) {
		uint64_t at = 0;

		while (at < all) {
			bool is_free;
			const uint64_t next = next_chunk(region, at, &is_free);

			if (!next)
				return;
			if (round == 1 && is_free)
				memset(region->bytes + at + CHUNK_HEAD, 0, next - at - CHUNK_HEAD);
			at = next;
		}
	}
}

static int add_region(struct memory *memory, pid_t pid, uint64_t start, uint64_t end,
		      bool is_whole_heap)
{
	struct region region = {.start = start, .bytes = alloc_zero(end - start)};
	const ssize_t length = memory_read_some(pid, start, region.bytes, end - start);

	if (length <= 0) { /* a device's memory, say */
		free(region.bytes);
		return 0;
	}
	region.end = start + (uint64_t)length;
	if (is_whole_heap && length >= CHUNK_MIN)
		forget_free_chunks(&region);
	alloc_grow((void **)&memory->regions, memory->region_count, &memory->region_capacity,
		   sizeof(*memory->regions));
	memory->regions[memory->region_count++] = region;
	return 0;
}

static bool is_heap(const struct mapping *mapping)
{
	return strcmp(mapping->path, "[heap]") == 0;
}

/*
 * The C library's heap may be several mappings, where the protection of some of its pages was
 * changed and set back: those that can be read are one region from the first on. Is that all of it?
 */
static bool join_heap(const struct maps *maps, size_t *n, uint64_t *end)
{
	const bool is_first = *n == 0 || !is_heap(&maps->list[*n - 1]);

	for (; *n + 1 < maps->count && is_heap(&maps->list[*n + 1]); ++*n) {
		const struct mapping *next = &maps->list[*n + 1];

		if (!next->readable || !next->writable || next->start != *end)
			return false;
		*end = next->end;
	}
	return is_first;
}

int memory_copy(struct memory *memory, pid_t pid, uint64_t sp)
{
	struct maps maps = {0};
	uint64_t total = 0;
	int error = maps_read(&maps, pid);

	memory->lowest_mapped = !error && maps.count ? maps.list[0].start : 0;
	for (size_t i = 0; !error && i < maps.count; i++) {
		const struct mapping *mapping = &maps.list[i];
		uint64_t start = mapping->start;
		uint64_t end = mapping->end;
		bool is_whole;

		if (!mapping->readable || !mapping->writable)
			continue;
		if (sp >= mapping->start && sp < mapping->end)
			start = sp & ~UINT64_C(7);
		is_whole = is_heap(mapping) && join_heap(&maps, &i, &end);
		total += end - start;
		if (total > MEMORY_MAX)
			error = fail(-E2BIG, "it has more than %d MiB of writable memory",
				     (int)(MEMORY_MAX >> 20));
		else
			error = add_region(memory, pid, start, end, is_whole);
	}
	maps_free(&maps);
	return error;
}

static const struct region *find_region(const struct memory *memory, uint64_t address)
{
	size_t low = 0;
	size_t high = memory->region_count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (address >= memory->regions[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < memory->region_count && address >= memory->regions[low].start
		       ? &memory->regions[low]
		       : NULL;
}

const void *memory_at(const struct memory *memory, uint64_t address, size_t size)
{
	const struct region *region = find_region(memory, address);

	return region && region->end - address >= size ? region->bytes + (address - region->start)
						       : NULL;
}

void memory_forget(struct memory *memory, uint64_t start, uint64_t end)
{
	const struct region *region = find_region(memory, start);

	if (region && end > start && end <= region->end)
		memset(region->bytes + (start - region->start), 0, end - start);
}

/* Walks the list of free blocks. As many must be left as the header says are used. */
static bool find_free(struct pool *pool, const struct pool_header *header)
{
	uint32_t left = pool->block_count;
	uint64_t free = header->free;

	while (free) {
		const uint64_t offset = free - pool->address;
		const uint64_t n = (offset - sizeof(*header)) / pool->block_size;

		if (offset < sizeof(*header) || n >= pool->block_count || pool->is_free[n] ||
		    (offset - sizeof(*header)) % pool->block_size)
			return false;
		pool->is_free[n] = true;
		left--;
		memcpy(&free, pool->bytes + offset, sizeof(free));
	}
	return left == header->used;
}

static bool is_header(const struct pool_header *header, uint64_t pool_size)
{
	const uint64_t size = ((uint64_t)header->size_index + 1) * BLOCK_UNIT;

	return header->size_index < BLOCK_SIZES && header->used &&
	       header->last_offset == pool_size - size &&
	       header->next_offset >= sizeof(*header) + size && header->next_offset <= pool_size &&
	       (header->next_offset - sizeof(*header)) % size == 0 &&
	       header->used <= (header->next_offset - sizeof(*header)) / size;
}

static void add_pool(struct memory *memory, uint64_t address, const unsigned char *bytes)
{
	struct pool pool = {.address = address, .bytes = bytes};
	struct pool_header header;

	memcpy(&header, bytes, sizeof(header));
	if (!is_header(&header, memory->pool_size))
		return;
	pool.block_size = (header.size_index + 1) * BLOCK_UNIT;
	pool.block_count = (uint32_t)((header.next_offset - sizeof(header)) / pool.block_size);
	pool.is_free = alloc_zero(pool.block_count * sizeof(*pool.is_free));
	if (!find_free(&pool, &header)) {
		free(pool.is_free);
		return;
	}
	pool.blocks = alloc_zero(pool.block_count * sizeof(*pool.blocks));
	alloc_grow((void **)&memory->pools, memory->pool_count, &memory->pool_capacity,
		   sizeof(*memory->pools));
	memory->pools[memory->pool_count++] = pool;
}

int memory_find_pools(struct memory *memory, unsigned int minor)
{
	const uint64_t size = minor < 10 ? 1 << 12 : 1 << 14;

	memory->pool_size = size;
	for (size_t i = 0; i < memory->region_count; i++) {
		const struct region *region = &memory->regions[i];

		for (uint64_t address = (region->start + size - 1) & ~(size - 1);
		     address + size <= region->end; address += size)
			add_pool(memory, address, region->bytes + (address - region->start));
	}
	if (!memory->pool_count)
		return fail(-ENODATA, "no memory of CPython's own allocator is found");
	memory->lowest = memory->pools[0].address;
	memory->at_count =
		(memory->pools[memory->pool_count - 1].address - memory->lowest) / size + 1;
	if (memory->at_count > POOLS_APART)
		return fail(-E2BIG, "the memory of CPython's allocator lies too far apart");
	memory->at = alloc_zero(memory->at_count * sizeof(*memory->at));
	for (size_t i = 0; i < memory->pool_count; i++)
		memory->at[(memory->pools[i].address - memory->lowest) / size] = (uint32_t)i + 1;
	return 0;
}

struct block *memory_block(const struct memory *memory, uint64_t address, const struct pool **pool)
{
	const uint64_t place = (address - memory->lowest) / memory->pool_size;
	const struct pool *found;
	uint64_t n;

	if (address < memory->lowest || place >= memory->at_count || !memory->at[place])
		return NULL;
	found = &memory->pools[memory->at[place] - 1];
	if (address - found->address < sizeof(struct pool_header))
		return NULL;
	n = (address - found->address - sizeof(struct pool_header)) / found->block_size;
	if (n >= found->block_count || found->is_free[n])
		return NULL;
	*pool = found;
	return &found->blocks[n];
}

void memory_free(struct memory *memory)
{
	for (size_t i = 0; i < memory->region_count; i++)
		free(memory->regions[i].bytes);
	for (size_t i = 0; i < memory->pool_count; i++) {
		free(memory->pools[i].is_free);
		free(memory->pools[i].blocks);
	}
	free(memory->regions);
	free(memory->pools);
	free(memory->at);
	*memory = (struct memory){0};
}
