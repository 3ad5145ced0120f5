/* SPDX-License-Identifier: MIT */
/* See log.h. */
#include "harness/oracles/refcount/log.h"

#include "harness/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define LIVES_MAX 20000
#define TOUCHES_MAX 100000

int64_t count_value(const void *bytes, unsigned int width)
{
	const unsigned int unused = 64 - 8 * width;
	uint64_t value = 0;

	memcpy(&value, bytes, width);
	return (int64_t)(value << unused) >> unused;
}

struct life *count_log_open(const struct count_log *log, uint64_t address)
{
	for (size_t i = log->life_count; i > 0; i--)
		if (log->lives[i - 1].address == address)
			return log->lives[i - 1].has_ended ? NULL : &log->lives[i - 1];
	return NULL;
}

const struct life *count_log_first(const struct count_log *log, uint64_t address)
{
	for (size_t i = 0; i < log->life_count; i++)
		if (log->lives[i].address == address)
			return &log->lives[i];
	return NULL;
}

static struct life *add_life(struct count_log *log, const struct life *life)
{
	struct life *added;

	log->events++;
	if (log->life_count >= LIVES_MAX) {
		log->is_full = true;
		return NULL;
	}
	alloc_grow((void **)&log->lives, log->life_count, &log->life_capacity, sizeof(*log->lives));
	added = &log->lives[log->life_count++];
	*added = *life;
	added->name = alloc_text(life->name);
	added->began_at = log->events;
	return added;
}

void count_log_begin(struct count_log *log, const struct life *life)
{
	if (!count_log_open(log, life->address))
		add_life(log, life);
}

void count_log_end(struct count_log *log, uint64_t address, const int64_t *value)
{
	const struct life before = {.address = address, .was_there = true};
	struct life *life = count_log_open(log, address);

	/* What was dead already does not end again. */
	if (!life && count_log_first(log, address))
		return;
	if (life)
		log->events++;
	else
		life = add_life(log, &before);
	if (!life)
		return;
	if (life->was_there)
		life->began_at = 0;
	life->has_ended = true;
	life->ended_at = log->events;
	life->is_known = value != NULL;
	life->last = value ? *value : 0;
}

void count_log_touch(struct count_log *log, const struct touch *touch)
{
	log->events++;
	if (log->touch_count >= TOUCHES_MAX) {
		log->is_full = true;
		return;
	}
	alloc_grow((void **)&log->touches, log->touch_count, &log->touch_capacity,
		   sizeof(*log->touches));
	log->touches[log->touch_count] = *touch;
	log->touches[log->touch_count++].at = log->events;
}

bool count_log_was_there(const struct count_log *log, uint64_t address, bool from_start)
{
	const struct life *first = count_log_first(log, address);

	return first ? first->was_there : from_start;
}

bool count_log_is_live(const struct count_log *log, const struct touch *touch, bool from_start)
{
	for (size_t i = 0; i < log->life_count; i++) {
		const struct life *life = &log->lives[i];

		if (life->address == touch->address && life->began_at < touch->at &&
		    (!life->has_ended || touch->at < life->ended_at))
			return true;
	}
	return !count_log_first(log, touch->address) && from_start;
}

void count_log_free(struct count_log *log)
{
	for (size_t i = 0; i < log->life_count; i++)
		free(log->lives[i].name);
	free(log->lives);
	free(log->touches);
	*log = (struct count_log){0};
}
