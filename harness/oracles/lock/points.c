/* SPDX-License-Identifier: MIT */
/* The locks whose words are read when a trial ends: lists, and reading them in few system calls. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/lock/lock.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH 1024 /* bytes that are read at once, with whatever lies between */

struct lock_point *lock_points_find(const struct lock_points *points, uint64_t address)
{
	for (size_t i = 0; i < points->count; i++)
		if (points->list[i].address == address)
			return &points->list[i];
	return NULL;
}

struct lock_point *lock_points_add(struct lock_points *points, uint64_t address,
				   enum lock_kind kind)
{
	struct lock_point *point = lock_points_find(points, address);

	if (point)
		return point;
	alloc_grow((void **)&points->list, points->count, &points->capacity, sizeof(*points->list));
	point = &points->list[points->count++];
	*point = (struct lock_point){
		.address = address, .kind = kind, .free = lock_usual_free(kind)};
	points->sorted = false;
	return point;
}

/* Bytes of the whole object (bits/pthreadtypes-arch.h, bits/semaphore.h). */
static uint64_t extent(enum lock_kind kind)
{
	switch (kind) {
	case LOCK_MUTEX:
		return 40;
	case LOCK_RWLOCK:
		return 56;
	case LOCK_SEMAPHORE:
		return 32;
	case LOCK_FILE:
		return 16;
	case LOCK_PYMUTEX:
		return 1;
	default:
		return 8;
	}
}

struct lock_point *lock_points_around(const struct lock_points *points, uint64_t word)
{
	for (size_t i = 0; i < points->count; i++) {
		const struct lock_point *point = &points->list[i];

		if (word - point->address < extent(point->kind))
			return &points->list[i];
	}
	return NULL;
}

void lock_points_add_book(struct lock_points *points, const struct lock_book *book)
{
	for (size_t i = 0; i < book->count; i++) {
		const struct lock *lock = &book->locks[i];
		struct lock_point *point;

		if (lock->is_counter)
			continue;
		point = lock_points_add(points, lock->address, lock->kind);
		point->kind = lock->kind;
		point->free = lock->free;
		if (lock->width)
			point->width = lock->width;
		if (lock->name && !point->name)
			point->name = alloc_text(lock->name);
	}
}

void lock_points_copy(struct lock_points *to, const struct lock_points *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct lock_point *point =
			lock_points_add(to, from->list[i].address, from->list[i].kind);

		*point = from->list[i];
		point->name = alloc_text(from->list[i].name);
	}
}

void lock_points_free(struct lock_points *points)
{
	for (size_t i = 0; i < points->count; i++)
		free(points->list[i].name);
	free(points->list);
	*points = (struct lock_points){0};
}

static int compare(const void *left, const void *right)
{
	const struct lock_point *a = left;
	const struct lock_point *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static uint32_t level_of(const struct lock_point *point, const uint8_t bytes[LOCK_BYTES])
{
	const struct lock_state state = lock_state_read(point->kind, bytes);

	return state.is_sane ? lock_level(point->kind, &state, point->free, point->width) : 0;
}

uint32_t lock_point_level(const struct lock_point *point, pid_t pid)
{
	uint8_t bytes[LOCK_BYTES] = {0};

	if (memory_read(pid, point->address, bytes, lock_kind_size(point->kind)))
		return 0;
	return level_of(point, bytes);
}

/* The points from `first` on that one read covers: the position behind them. */
static size_t read_stretch(struct lock_points *points, size_t first, pid_t pid)
{
	const uint64_t start = points->list[first].address;
	uint8_t bytes[STRETCH + LOCK_BYTES] = {0};
	size_t end = first;
	size_t size = 0;

	while (end < points->count && points->list[end].address - start < STRETCH) {
		size = points->list[end].address - start + lock_kind_size(points->list[end].kind);
		end++;
	}
	if (memory_read(pid, start, bytes, size)) {
		/* Something between them is not mapped. */
		for (size_t i = first; i < end; i++)
			points->list[i].level = lock_point_level(&points->list[i], pid);
		return end;
	}
	for (size_t i = first; i < end; i++)
		points->list[i].level =
			level_of(&points->list[i], bytes + (points->list[i].address - start));
	return end;
}

bool lock_points_read(struct lock_points *points, pid_t pid)
{
	bool above = false;

	if (!points->sorted && points->count)
		qsort(points->list, points->count, sizeof(*points->list), compare);
	points->sorted = true;
	for (size_t i = 0; i < points->count;)
		i = read_stretch(points, i, pid);
	for (size_t i = 0; i < points->count; i++)
		above |= points->list[i].level > points->list[i].base || points->list[i].is_opaque;
	return above;
}
