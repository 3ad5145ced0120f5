/* SPDX-License-Identifier: MIT */
/* What the files of heap.h share: a process's writable memory, copied once, and the allocator's
 * pools in it. */
#ifndef SIGSWEEP_PYTHON_HEAP_PRIVATE_H
#define SIGSWEEP_PYTHON_HEAP_PRIVATE_H

#include "harness/python/heap.h"
#include "harness/python/private.h"

struct region {
	uint64_t start;
	uint64_t end;
	unsigned char *bytes; /* owned */
};

/* Blocks of one size, given out one by one. */
struct pool {
	uint64_t address;
	const unsigned char *bytes;
	uint32_t block_size;
	uint32_t block_count; /* that were ever given out: the rest has never been touched */
	bool *is_free;        /* one each */
	struct block *blocks;
};

struct block {
	uint32_t object;   /* 1 + the index in the heap's list; 0: none that is known */
	uint32_t offset;   /* of the object in the block */
	uint32_t pointers; /* into the object, from elsewhere */
};

struct memory {
	struct region *regions; /* by address */
	size_t region_count;
	size_t region_capacity;
	struct pool *pools; /* by address */
	size_t pool_count;
	size_t pool_capacity;
	uint64_t pool_size;
	uint64_t lowest_mapped; /* no word below it points anywhere */
	uint64_t lowest;        /* of the pools */
	uint32_t *at;           /* 1 + the index of the pool, by (address - lowest) / pool_size */
	size_t at_count;
};

/* Copies all writable memory: of the stack what lies above `sp`. */
int memory_copy(struct memory *memory, pid_t pid, uint64_t sp) MUST_CHECK;
/* What lies from `start` to `end` is as if it were zero. */
void memory_forget(struct memory *memory, uint64_t start, uint64_t end);
/* Finds the pools in it. */
int memory_find_pools(struct memory *memory, unsigned int minor) MUST_CHECK;
void memory_free(struct memory *memory);

/* `size` bytes at an address, NULL: not in writable memory. */
const void *memory_at(const struct memory *memory, uint64_t address, size_t size);
/* The block that covers the address and is given out, or NULL. */
struct block *memory_block(const struct memory *memory, uint64_t address, const struct pool **pool);

#endif
