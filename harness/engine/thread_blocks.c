/* SPDX-License-Identifier: MIT */
/* See thread_blocks.h. */
#include "harness/engine/thread_blocks.h"

#include "harness/kernel/memory.h"

#include <errno.h>

#define VECTOR 8 /* of the control block */

struct pair {
	uint64_t address;
	uint64_t to_free;
};

int thread_blocks_read(pid_t pid, uint64_t thread, struct thread_blocks *blocks)
{
	struct pair pairs[THREAD_BLOCKS];
	uint64_t vector;
	uint64_t count;
	int error = memory_read(pid, thread + VECTOR, &vector, sizeof(vector));

	blocks->count = 0;
	if (!error)
		error = memory_read(pid, vector - sizeof(struct pair), &count, sizeof(count));
	if (!error && count > THREAD_BLOCKS)
		error = fail(-ENOTSUP, "the thread has too many blocks of variables");
	if (!error)
		error = memory_read(pid, vector + sizeof(struct pair), pairs,
				    count * sizeof(struct pair));
	if (error)
		return error;
	blocks->count = count;
	for (size_t n = 0; n < count; n++)
		blocks->address[n] = pairs[n].address;
	return 0;
}

/* 0: none. */
static uint64_t at(const struct thread_blocks *blocks, size_t n)
{
	return n < blocks->count && blocks->address[n] != UINT64_MAX ? blocks->address[n] : 0;
}

bool thread_blocks_equal(const struct thread_blocks *left, const struct thread_blocks *right)
{
	for (size_t n = 0; n < left->count || n < right->count; n++)
		if (at(left, n) != at(right, n))
			return false;
	return true;
}
