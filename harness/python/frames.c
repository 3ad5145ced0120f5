/* SPDX-License-Identifier: MIT */
/* The chain of frames of a thread. */
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <string.h>

#define TAG_BITS 7ull /* _PyStackRef, from 3.14 on, keeps flags in a pointer's low bits */
#define FIRST_WITH_NEXT                                                                            \
	13 /* 3.13: a frame that does not run notes what it executes next (instr_ptr,              \
	    * Include/internal/pycore_frame.h), before that what it executed last */
#define FRAMES_SKIPPED 1000 /* shims: more are a loop */

int frames_innermost(const struct python *python, pid_t pid, uint64_t thread, uint64_t *frame)
{
	const struct python_layout *at = &python->at;
	uint64_t cframe;
	int error;

	if (at->thread_cframe == PYTHON_NONE)
		return read_pointer(pid, thread + at->thread_frame, frame);
	error = read_pointer(pid, thread + at->thread_cframe, &cframe);
	return error == 0 ? read_pointer(pid, cframe + at->cframe_current, frame) : error;
}

/* Offset in bytes of the instruction that a frame notes as its current one: up to 3.10 a number
 * (3.10 counts code units, 3.9 bytes; both -1 before the first), then an address. */
static int offset_of(const struct python *python, uint64_t noted, uint64_t code)
{
	const int32_t last = (int32_t)noted;

	if (python->version->minor >= 11)
		return (int)(int64_t)(noted - (code + python->at.code_bytes));
	return python->version->minor == 10 && last > 0 ? 2 * last : last;
}

static enum python_owner owner_of(const struct python_layout *at, uint8_t owner)
{
	if (owner == at->frame_owner_generator)
		return PYTHON_OWNER_GENERATOR;
	return owner == at->frame_owner_object ? PYTHON_OWNER_OBJECT : PYTHON_OWNER_THREAD;
}

int frames_read(const struct python *python, pid_t pid, uint64_t frame, struct frame_words *words)
{
	const struct python_layout *at = &python->at;
	uint8_t owner = 0, is_entry = 1;
	uint64_t noted = 0;
	struct memory_part parts[5] = {
		{frame + at->frame_code, &words->code, sizeof(words->code)},
		{frame + at->frame_instruction, &noted,
		 python->version->minor >= 11 ? sizeof(uint64_t) : sizeof(int32_t)},
		{frame + at->frame_previous, &words->previous, sizeof(words->previous)},
	};
	size_t count = 3;
	int error;

	if (at->frame_owner != PYTHON_NONE)
		parts[count++] =
			(struct memory_part){frame + at->frame_owner, &owner, sizeof(owner)};
	if (at->frame_owner != PYTHON_NONE && at->frame_is_entry != PYTHON_NONE)
		parts[count++] = (struct memory_part){frame + at->frame_is_entry, &is_entry,
						      sizeof(is_entry)};
	error = memory_read_parts(pid, parts, count);
	if (error != 0)
		return error;
	words->code &= ~TAG_BITS;
	words->offset = offset_of(python, noted, words->code);
	words->is_shim = at->frame_owner != PYTHON_NONE && at->frame_owner_shim != PYTHON_NONE &&
			 owner >= at->frame_owner_shim;
	words->owner = at->frame_owner == PYTHON_NONE ? PYTHON_OWNER_THREAD : owner_of(at, owner);
	/* From 3.12 on that is told by the shims. */
	words->is_entry = at->frame_owner == PYTHON_NONE ||
			  (at->frame_is_entry != PYTHON_NONE && is_entry != 0);
	return 0;
}

int frames_code(const struct python *python, pid_t pid, uint64_t frame, uint64_t *code, int *offset)
{
	struct frame_words words = {0};
	int error = frames_read(python, pid, frame, &words);

	*code = words.code;
	*offset = words.offset;
	return error;
}

int python_frame_code(const struct python *python, pid_t pid, uint64_t frame, uint64_t *code,
		      bool *is_new)
{
	int offset = -1;
	int error = frames_code(python, pid, frame, code, &offset);

	*is_new = python->version->minor >= FIRST_WITH_NEXT ? offset == 0 : offset < 0;
	return error;
}

int python_first_argument(const struct python *python, pid_t pid, uint64_t frame, uint64_t *object)
{
	int error;

	*object = 0;
	error = read_pointer(pid, frame + python->at.frame_locals, object);
	*object &= ~TAG_BITS;
	return error;
}

int frames_begin(struct frame_walk *walk)
{
	walk->shims = walk->outs = 0;
	return frames_innermost(walk->python, walk->pid, walk->thread, &walk->frame);
}

int frames_next(struct frame_walk *walk, struct frame_words *words)
{
	int error = 0;

	while (error == 0 && walk->frame == 0 && walk->goes_out) {
		const uint64_t outer =
			threads_outer(walk->python, walk->pid, walk->thread, walk->outs++);

		if (outer == 0)
			return 0;
		error = frames_innermost(walk->python, walk->pid, outer, &walk->frame);
	}
	if (error != 0 || walk->frame == 0 || walk->shims == FRAMES_SKIPPED)
		return error;
	words->address = walk->frame;
	error = frames_read(walk->python, walk->pid, walk->frame, words);
	walk->shims += words->is_shim;
	walk->frame = words->previous;
	return error != 0 ? error : 1;
}

static int put_frame(const struct frame_walk *walk, const struct frame_words *words,
		     struct python_frame *out)
{
	memset(out, 0, sizeof(*out));
	out->address = words->address;
	out->owner = words->owner;
	out->is_entry = words->is_entry;
	return python_fill_frame(walk->python, walk->pid, words->code, words->offset, out);
}

ssize_t python_frames(const struct python *python, pid_t pid, uint64_t thread,
		      struct python_frame *frames, size_t max)
{
	struct frame_walk walk = {.python = python, .pid = pid, .thread = thread, .goes_out = true};
	struct frame_words words = {0};
	size_t count = 0;
	int error = frames_begin(&walk);

	while (error == 0 && count < max && (error = frames_next(&walk, &words)) > 0) {
		if (words.is_shim) {
			/* From 3.12 on a shim lies under the outermost frame of each run. */
			if (count > 0)
				frames[count - 1].is_entry = true;
			error = 0;
		} else {
			error = put_frame(&walk, &words, &frames[count]);
			count += error == 0;
		}
	}
	return error == 0 || count > 0 ? (ssize_t)count : error;
}

ssize_t python_places(const struct python *python, pid_t pid, uint64_t thread,
		      struct python_place *places, size_t max)
{
	struct frame_walk walk = {.python = python, .pid = pid, .thread = thread, .goes_out = true};
	struct frame_words words = {0};
	size_t count = 0;
	int error = frames_begin(&walk);

	while (error == 0 && count < max && (error = frames_next(&walk, &words)) > 0) {
		error = 0;
		if (!words.is_shim)
			places[count++] = (struct python_place){
				.frame = words.address, .code = words.code, .offset = words.offset};
	}
	return error == 0 || count > 0 ? (ssize_t)count : error;
}

int python_running_code(const struct python *python, pid_t pid, uint64_t thread, uint64_t *code)
{
	struct python_place place;
	const ssize_t count = python_places(python, pid, thread, &place, 1);

	*code = count > 0 ? place.code : 0;
	return count < 0 ? (int)count : 0;
}
