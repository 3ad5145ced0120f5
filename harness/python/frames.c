/* SPDX-License-Identifier: MIT */
/* The threads of an interpreter and the chain of frames of one. */
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <string.h>

#define THREADS_MAX 100000 /* a longer list is a loop */
#define TAG_BITS 7ull      /* _PyStackRef, from 3.14 on, keeps flags in a pointer's low bits */
#define FIRST_WITH_NEXT                                                                            \
	13 /* 3.13: a frame that does not run notes what it executes next (instr_ptr,              \
	    * Include/internal/pycore_frame.h), before that what it executed last */
#define FRAMES_SKIPPED 1000 /* shims in a row: more is a loop */

int python_find_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
		       uint64_t *thread)
{
	const struct python_layout *at = &python->at;
	uint64_t next, id, last = 0;
	int error = read_pointer(pid, python->interpreter + at->interpreter_threads, &next);

	for (size_t n = 0; error == 0 && next != 0 && n < THREADS_MAX; n++) {
		last = next;
		error = read_pointer(pid, last + at->thread_id, &id);
		if (error == 0 && thread_pointer != 0 && id == thread_pointer) {
			*thread = last;
			return 0;
		}
		if (error == 0)
			error = read_pointer(pid, last + at->thread_next, &next);
	}
	if (error != 0)
		return error;
	if (thread_pointer != 0 || last == 0)
		return fail(-ENOENT, "the thread is none of CPython's");
	*thread = last; /* new threads are put before older ones: the last one is the first */
	return 0;
}

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

int python_running_code(const struct python *python, pid_t pid, uint64_t thread, uint64_t *code)
{
	uint64_t frame;
	int offset;
	int error = frames_innermost(python, pid, thread, &frame);

	*code = 0;
	return error != 0 || frame == 0 ? error : frames_code(python, pid, frame, code, &offset);
}

ssize_t python_frames(const struct python *python, pid_t pid, uint64_t thread,
		      struct python_frame *frames, size_t max)
{
	size_t count = 0, shims = 0;
	struct frame_words words = {0};
	uint64_t frame;
	int error = frames_innermost(python, pid, thread, &frame);

	while (error == 0 && frame != 0 && count < max && shims < FRAMES_SKIPPED) {
		struct python_frame *out = &frames[count];

		memset(out, 0, sizeof(*out));
		error = frames_read(python, pid, frame, &words);
		if (error == 0 && words.is_shim) {
			/* From 3.12 on a shim lies under the outermost frame of each run. */
			if (count > 0)
				frames[count - 1].is_entry = true;
			shims++;
		} else if (error == 0) {
			out->address = frame;
			out->owner = words.owner;
			out->is_entry = words.is_entry;
			error = python_fill_frame(python, pid, words.code, words.offset, out);
			count += error == 0;
		}
		frame = words.previous;
	}
	return error == 0 || count > 0 ? (ssize_t)count : error;
}

ssize_t python_places(const struct python *python, pid_t pid, uint64_t thread,
		      struct python_place *places, size_t max)
{
	size_t count = 0, shims = 0;
	struct frame_words words = {0};
	uint64_t frame;
	int error = frames_innermost(python, pid, thread, &frame);

	while (error == 0 && frame != 0 && count < max && shims < FRAMES_SKIPPED) {
		error = frames_read(python, pid, frame, &words);
		if (error == 0 && words.is_shim)
			shims++;
		else if (error == 0)
			places[count++] = (struct python_place){
				.frame = frame, .code = words.code, .offset = words.offset};
		frame = words.previous;
	}
	return error == 0 || count > 0 ? (ssize_t)count : error;
}
