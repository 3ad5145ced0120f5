/* SPDX-License-Identifier: MIT */
/*
 * See cleanup.h: trials in which the exception comes up at one moment of the run have one verdict.
 * Where a place is come to once only, from the first of these trials on, all that have it are such.
 * In a loop it is told by the count of boundaries where they are opcodes; else by what the frames
 * hold, to which a variable or an iterator of the loop belongs.
 */
#include "harness/oracles/cleanup/cleanup.h"

#include "harness/base/alloc.h"
#include "harness/base/hash.h"
#include "harness/kernel/memory.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_READ 8  /* innermost ones */
#define FRAME_WORDS 96 /* of a frame, from its start: head, variables, stack */
#define OBJECT_WORDS 6 /* behind an object's count, which says nothing */

static uint64_t mix(uint64_t hash, const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = hash_add(hash, words[i]) ^ hash >> 29;
	return hash;
}

/* The words of a frame, and of the objects at which they point. */
static uint64_t mix_frame(uint64_t hash, pid_t pid, uint64_t frame)
{
	uint64_t words[FRAME_WORDS];
	const ssize_t length = memory_read_some(pid, frame, words, sizeof(words));
	const size_t count = length > 0 ? (size_t)length / sizeof(*words) : 0;

	hash = mix(hash, words, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t object[1 + OBJECT_WORDS];

		if (words[i] % sizeof(*words) == 0 && words[i] > UINT16_MAX &&
		    memory_read(pid, words[i], object, sizeof(object)) == 0)
			hash = mix(hash, object + 1, OBJECT_WORDS);
	}
	return hash;
}

uint64_t cleanup_fingerprint(pid_t pid, const struct python_place *frames, size_t count)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < count && i < FRAMES_READ; i++)
		hash = mix_frame(hash, pid, frames[i].frame);
	fail_clear();
	return hash;
}

/* Does the undisturbed course come to the place again, behind the event `after`? */
static bool recurs(const struct cleanup_course *course, const struct cleanup_event *place,
		   size_t after)
{
	for (size_t i = after; i < course->count; i++)
		if (course->events[i].code == place->code &&
		    course->events[i].offset == place->offset)
			return true;
	return false;
}

void cleanup_note_visit(struct cleanup_rising *rising, const struct boundary *boundary,
			const struct cleanup_event *frames, size_t frame_count,
			const struct cleanup_course *expected, const struct cleanup_course *got)
{
	const struct cleanup_event *place =
		got->handled_at ? &got->events[got->handled_at - 1] : frames;

	rising->until = boundary->walked + got->handled_at;
	rising->recurs =
		(got->handled_at || frame_count) && recurs(expected, place, got->handled_at);
}

/* From a boundary before that moment the exception comes up then, or at another place sooner. */
static bool is_visit(const struct cleanup_rising *rising, const struct boundary *boundary,
		     uint64_t fingerprint)
{
	if (!rising->recurs)
		return true;
	if (boundary->python)
		return boundary->walked < rising->until;
	return rising->fingerprint == fingerprint;
}

static struct cleanup_rising *find(const struct cleanup_rising *places, const char *key)
{
	struct cleanup_rising *rising;

	HASH_FIND_STR(places, key, rising);
	return rising;
}

/* Takes the key. */
static struct cleanup_rising *add(struct cleanup_rising **places, char *key, uint64_t fingerprint)
{
	struct cleanup_rising *rising = alloc_zero(sizeof(*rising));

	rising->key = key;
	rising->fingerprint = fingerprint;
	HASH_ADD_KEYPTR(hh, *places, rising->key, strlen(rising->key), rising);
	return rising;
}

struct cleanup_rising *cleanup_find_visit(struct cleanup_rising **places, char *key,
					  const struct boundary *boundary, uint64_t fingerprint,
					  bool *is_known)
{
	struct cleanup_rising *rising = find(*places, key);
	char *longer;

	*is_known = rising && is_visit(rising, boundary, fingerprint);
	if (!rising)
		return add(places, key, fingerprint);
	if (*is_known || boundary->python) { /* what was before does not come again */
		free(key);
		return rising;
	}
	longer = alloc_format("%s #%llx", key, (unsigned long long)fingerprint);
	free(key);
	rising = find(*places, longer);
	*is_known = rising != NULL;
	if (!rising)
		return add(places, longer, fingerprint);
	free(longer);
	return rising;
}

void cleanup_free_visits(struct cleanup_rising **places)
{
	struct cleanup_rising *rising;
	struct cleanup_rising *next;

	HASH_ITER (hh, *places, rising, next) {
		HASH_DEL(*places, rising);
		free(rising->key);
		free(rising->reason);
		free(rising);
	}
}
