/* SPDX-License-Identifier: MIT */
/* See heap.h. */
#include "harness/python/heap.h"

#include "harness/base/alloc.h"
#include "harness/base/hash.h"
#include "harness/python/heap_private.h"

#include <stdlib.h>
#include <string.h>

#define POOL_HEADER 48
#define REFERENCES_MAX (1 << 24) /* no live object has more */

/* Include/object.h, the same from 3.9 to 3.15. */
#define TYPE_IS_READY (UINT64_C(1) << 12)
#define TYPE_HAS_COLLECTOR (UINT64_C(1) << 14)
#define TYPE_IS_LONG (UINT64_C(1) << 24)
#define TYPE_IS_BYTES (UINT64_C(1) << 27)
#define TYPE_IS_UNICODE (UINT64_C(1) << 28)
#define TYPE_IS_TYPE (UINT64_C(1) << 31)

struct look {
	const struct python *python;
	struct memory memory;
	struct heap *heap;
};

static bool read_word(const struct look *look, uint64_t address, uint64_t *value)
{
	const void *bytes = memory_at(&look->memory, address, sizeof(*value));

	if (!bytes || address % sizeof(*value))
		return false;
	memcpy(value, bytes, sizeof(*value));
	return true;
}

/* A class of classes: an object whose type is `type`, the only one that is its own, or is derived
 * from that. */
static bool is_metatype(const struct look *look, uint64_t metatype)
{
	const struct python_layout *at = &look->python->at;
	uint64_t type;
	uint64_t own;
	uint64_t flags;

	return read_word(look, metatype + at->object_type, &type) &&
	       read_word(look, type + at->object_type, &own) && own == type &&
	       read_word(look, metatype + at->type_flags, &flags) && (flags & TYPE_IS_TYPE);
}

/* Is there a class at this address? */
static bool is_type(const struct look *look, uint64_t type, uint64_t *flags)
{
	const struct python_layout *at = &look->python->at;
	uint64_t metatype;

	return read_word(look, type + at->object_type, &metatype) && is_metatype(look, metatype) &&
	       read_word(look, type + at->type_flags, flags) && (*flags & TYPE_IS_READY);
}

/* Where the value of a str lies, of which the head is all but the characters. */
static void find_characters(const struct python_layout *at, const unsigned char *bytes,
			    uint64_t *start, uint64_t *size)
{
	uint32_t state;

	memcpy(size, bytes + at->unicode_length, sizeof(*size));
	memcpy(&state, bytes + at->unicode_state, sizeof(state));
	*size *= state >> at->unicode_kind_shift & 7;
	*start = (state >> at->unicode_ascii_shift & 1) != 0 ? at->unicode_ascii_data
							     : at->unicode_compact_data;
}

/* A number for what the object is worth, so that those of two runs can be told to be equal. `left`
 * bytes of its block belong to it. */
static uint64_t value_of(const struct look *look, const struct heap_object *object, uint64_t flags,
			 const unsigned char *bytes, uint64_t left)
{
	const struct python_layout *at = &look->python->at;
	const uint64_t head = at->object_type + sizeof(uint64_t);
	uint64_t start = head;
	uint64_t size = left - head;

	if (flags & TYPE_HAS_COLLECTOR)
		return object->address;
	if ((flags & TYPE_IS_UNICODE) && left >= at->unicode_ascii_data) {
		find_characters(at, bytes, &start, &size);
	} else if ((flags & TYPE_IS_BYTES) && left > at->bytes_data) {
		memcpy(&size, bytes + at->object_size, sizeof(size));
		start = at->bytes_data;
	} else if ((flags & TYPE_IS_LONG) && left >= head + sizeof(uint64_t)) {
		uint64_t tag; /* the number of digits, 30 bits each, and the sign */
		int64_t digits;

		memcpy(&tag, bytes + head, sizeof(tag));
		digits = (int64_t)tag;
		size = look->python->version->minor >= 12
			       ? tag >> 3
			       : (uint64_t)(digits < 0 ? -digits : digits);
		size = size * sizeof(uint32_t) + sizeof(tag);
	} else {
		return object->address;
	}
	if (start > left || size > left - start)
		return object->address;
	return hash_bytes(HASH_START ^ start ^ size << 8, bytes + start, size);
}

/* Two words of an array, of which the second points at a class, look like an object: the first one
 * is a count only where it is no address, of which a program that is not relocatable has low ones.
 */
static bool read_references(const struct look *look, const unsigned char *bytes, int64_t *count)
{
	const unsigned int minor = look->python->version->minor;
	int64_t word;

	memcpy(&word, bytes + look->python->at.object_refcount, sizeof(word));
	if (minor >= 12 && (int32_t)word < 0)
		return false; /* immortal: see python_refcount() */
	*count = minor >= 14 ? (int64_t)(uint32_t)word : word;
	return *count > 0 && *count < REFERENCES_MAX &&
	       (uint64_t)*count < look->memory.lowest_mapped;
}

/*
 * Could the collector's links lie before an object (PyGC_Head: next, previous, with flags in their
 * lowest bits; Include/internal/pycore_gc.h)? It is in no list, or the next one leads back to it.
 * Memory that is no object's, or not all written to, may hold all that is left of one.
 */
static bool is_linked(const struct look *look, uint64_t address)
{
	const uint64_t flags = 7;
	const uint64_t head = address - 2 * sizeof(uint64_t);
	uint64_t next, previous, back;

	if (!read_word(look, head, &next) || !read_word(look, head + sizeof(next), &previous))
		return false;
	if ((next & ~flags) == 0)
		return (previous & ~flags) == 0;
	return read_word(look, (next & ~flags) + sizeof(next), &back) && (back & ~flags) == head;
}

/* Is there an object at this offset of the block? */
static bool add_object(struct look *look, const struct pool *pool, struct block *block,
		       uint64_t address, uint32_t offset, bool has_collector)
{
	const struct python_layout *at = &look->python->at;
	const unsigned char *bytes = pool->bytes + (address + offset - pool->address);
	struct heap_object object = {.address = address + offset};
	struct heap *heap = look->heap;
	uint64_t flags;

	if (offset + at->object_type + sizeof(uint64_t) > pool->block_size)
		return false;
	memcpy(&object.type, bytes + at->object_type, sizeof(object.type));
	if (!read_references(look, bytes, &object.references) ||
	    !is_type(look, object.type, &flags) ||
	    ((flags & TYPE_HAS_COLLECTOR) != 0) != has_collector ||
	    (has_collector && !is_linked(look, object.address)))
		return false;
	object.value = value_of(look, &object, flags, bytes, pool->block_size - offset);
	alloc_grow((void **)&heap->list, heap->count, &heap->capacity, sizeof(*heap->list));
	heap->list[heap->count++] = object;
	block->object = (uint32_t)heap->count;
	block->offset = offset;
	return true;
}

/* What the debug hooks (pydebug builds, -X dev) put before what they give out: Objects/obmalloc.c,
 * _PyMem_DebugRawAlloc(). */
static uint32_t find_start(const unsigned char *bytes)
{
	static const unsigned char forbidden[7] = {0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd};

	return strchr("omr", bytes[8]) && bytes[8] &&
			       memcmp(bytes + 9, forbidden, sizeof(forbidden)) == 0
		       ? 16
		       : 0;
}

/* Objects that the garbage collector may know have its links before them, and some the pointers to
 * their dict and weak references before those. */
static void find_object(struct look *look, const struct pool *pool, struct block *block,
			uint64_t address)
{
	const uint32_t start = find_start(pool->bytes + (address - pool->address));

	if (!add_object(look, pool, block, address, start, false) &&
	    !add_object(look, pool, block, address, start + 16, true))
		(void)!add_object(look, pool, block, address, start + 32, true);
}

static void find_objects(struct look *look)
{
	const struct memory *memory = &look->memory;

	for (size_t i = 0; i < memory->pool_count; i++) {
		const struct pool *pool = &memory->pools[i];

		for (uint32_t n = 0; n < pool->block_count; n++) {
			if (pool->is_free[n])
				continue;
			look->heap->blocks++;
			find_object(look, pool, &pool->blocks[n],
				    pool->address + POOL_HEADER + (uint64_t)n * pool->block_size);
		}
	}
}

/* `word` stands in the block `from` (NULL: elsewhere). An object that refers to itself does so with
 * its address; what else leads from its block into it are buffers in it. */
static void count_word(const struct memory *memory, uint64_t word, const struct block *from)
{
	const struct pool *pool;
	struct block *block = memory_block(memory, word, &pool);
	uint64_t address;

	if (!block || !block->object)
		return;
	address = pool->address + POOL_HEADER +
		  (uint64_t)(block - pool->blocks) * pool->block_size + block->offset;
	/* Tags in the lowest bits lead into the object, links of the collector before it. */
	if (block == from ? word == address : word >= address)
		block->pointers++;
}

static void count_words(const struct memory *memory, const unsigned char *bytes, uint64_t size,
			const struct block *from)
{
	for (uint64_t at = 0; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + at, sizeof(word));
		if (word >= memory->lowest)
			count_word(memory, word, from);
	}
}

static void count_pool(const struct memory *memory, const struct pool *pool)
{
	for (uint32_t n = 0; n < pool->block_count; n++)
		if (!pool->is_free[n])
			count_words(memory,
				    pool->bytes + POOL_HEADER + (size_t)n * pool->block_size,
				    pool->block_size, &pool->blocks[n]);
}

/* All of a region but its pools, of which only what is given out counts. */
static void count_region(const struct memory *memory, const struct region *region)
{
	uint64_t at = region->start;

	while (at < region->end) {
		const uint64_t place = (at - memory->lowest) / memory->pool_size;
		const bool is_pool =
			at >= memory->lowest && place < memory->at_count && memory->at[place];
		uint64_t next = (at & ~(memory->pool_size - 1)) + memory->pool_size;

		if (next > region->end)
			next = region->end;
		if (is_pool)
			count_pool(memory, &memory->pools[memory->at[place] - 1]);
		else
			count_words(memory, region->bytes + (at - region->start), next - at, NULL);
		at = next;
	}
}

static void count_registers(const struct memory *memory, const struct registers *registers)
{
	for (unsigned int n = 0; n < 16; n++)
		count_word(memory, registers_general(registers, n), NULL);
}

static void take_pointers(struct look *look)
{
	const struct memory *memory = &look->memory;

	for (size_t i = 0; i < memory->pool_count; i++) {
		const struct pool *pool = &memory->pools[i];

		for (uint32_t n = 0; n < pool->block_count; n++)
			if (pool->blocks[n].object)
				look->heap->list[pool->blocks[n].object - 1].pointers =
					pool->blocks[n].pointers;
	}
}

/*
 * From 3.11 on Python frames lie in chunks of memory of the thread's own (Include/internal/
 * pycore_frame.h). What lies beyond the last frame is left over from frames that are gone. The
 * thread's state has three words for it, which are known by what the first points at: the chunk,
 * its top, its end; and struct _stack_chunk has its size behind a link.
 */
static void forget_dead_frames(struct look *look, pid_t pid, const struct registers *registers)
{
	struct memory *memory = &look->memory;
	uint64_t thread;

	if (look->python->version->minor < 11)
		return;
	if (python_find_thread(look->python, pid, registers_thread_pointer(registers), &thread)) {
		fail_clear();
		return;
	}
	for (uint64_t at = thread; at < thread + THREAD_STATE_MAX; at += sizeof(uint64_t)) {
		uint64_t chunk, top, end, size;

		if (read_word(look, at, &chunk) && read_word(look, at + 8, &top) &&
		    read_word(look, at + 16, &end) && chunk < top && top <= end &&
		    read_word(look, chunk + 8, &size) && end - chunk == size) {
			memory_forget(memory, top, end);
			return;
		}
	}
}

int heap_read(struct heap *heap, const struct python *python, pid_t pid,
	      const struct registers *registers)
{
	struct look look = {.python = python, .heap = heap};
	int error = memory_copy(&look.memory, pid, registers_sp(registers));

	if (!error)
		error = memory_find_pools(&look.memory, python->version->minor);
	if (!error) {
		forget_dead_frames(&look, pid, registers);
		find_objects(&look);
		for (size_t i = 0; i < look.memory.region_count; i++)
			count_region(&look.memory, &look.memory.regions[i]);
		count_registers(&look.memory, registers);
		take_pointers(&look);
	}
	memory_free(&look.memory);
	return error;
}

void heap_free(struct heap *heap)
{
	free(heap->list);
	*heap = (struct heap){0};
}
