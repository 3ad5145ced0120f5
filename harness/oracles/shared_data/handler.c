/* SPDX-License-Identifier: MIT */
/*
 * See shared_data.h: steps a handler in a copy and notes which bytes it touches, but for its own
 * stack. What it keeps and puts back before it returns it does not touch: nobody can see that.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/model/ask.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define STACK_MAX (UINT64_C(1) << 23) /* bytes that a handler may use of its stack */
#define RED_ZONE 128                  /* System V AMD64 ABI 3.2.2 */
#define THREAD_RECORD 0x900           /* bytes of glibc's struct pthread, and of musl's */
#define FRAME_MAX (UINT64_C(1) << 14) /* of a signal frame, with all of the vector registers */

struct visit {
	struct inspection inspection;
	struct sample *sample;
	struct code_lines *lines;
	struct owning owning;
	uint64_t stack_start; /* the handler's own; 0, 0: not yet known */
	uint64_t stack_end;
	uint64_t handler_sp;
	uint64_t thread_pointer;
	uint64_t errno_at; /* 0: not known */
};

/* Where its own stack is: below what it interrupted, or the alternate stack, which the signal frame
 * tells (the third argument is its ucontext, registers.h). */
static void find_stack(struct visit *visit, pid_t pid, const struct registers *registers)
{
	const uint64_t sp = registers_sp(registers);
	stack_t stack;

	visit->handler_sp = sp;
	visit->stack_start = sp - STACK_MAX;
	visit->stack_end = sp + FRAME_MAX;
	if (sp < visit->inspection.interrupted_sp &&
	    visit->inspection.interrupted_sp - sp <= FRAME_MAX)
		visit->stack_end = visit->inspection.interrupted_sp - RED_ZONE;
	if (memory_read(pid, registers_argument(registers, 2) + offsetof(ucontext_t, uc_stack),
			&stack, sizeof(stack)) ||
	    sp - (uint64_t)(uintptr_t)stack.ss_sp >= stack.ss_size)
		return;
	visit->stack_start = (uint64_t)(uintptr_t)stack.ss_sp;
	visit->stack_end = visit->stack_start + stack.ss_size;
}

/* Before the handler has touched it: the copy's memory is what the handler found. */
static struct touch *touch_at(struct sample *sample, uint64_t granule, pid_t pid)
{
	struct touch *touch;

	HASH_FIND(hh, sample->touches, &granule, sizeof(granule), touch);
	if (touch)
		return touch;
	touch = alloc_zero(sizeof(*touch));
	touch->granule = granule;
	if (memory_read(pid, granule * GRANULE, touch->before, GRANULE))
		memset(touch->before, 0, GRANULE);
	HASH_ADD(hh, sample->touches, granule, sizeof(touch->granule), touch);
	return touch;
}

/* The bytes of the granule that lie in [start, end). */
static uint8_t bits_of(uint64_t granule, uint64_t start, uint64_t end)
{
	const uint64_t base = granule * GRANULE;
	const unsigned int from = start > base ? (unsigned int)(start - base) : 0;
	const unsigned int to = end < base + GRANULE ? (unsigned int)(end - base) : GRANULE;

	return (uint8_t)((1u << to) - (1u << from));
}

static void note(struct visit *visit, pid_t pid, const struct memory_access *access, uint64_t pc)
{
	const uint64_t end = access->address + access->size;

	for (uint64_t granule = access->address / GRANULE; granule * GRANULE < end; granule++) {
		struct touch *touch = touch_at(visit->sample, granule, pid);
		const uint8_t bits = bits_of(granule, access->address, end);

		touch->has_parts |= touch->part && touch->part != bits;
		touch->part = bits;
		if (access->reads) {
			touch->inputs |= bits & (uint8_t)~touch->written;
			touch->read |= bits;
			touch->read_pc = touch->read_pc ? touch->read_pc : pc;
		}
		if (access->writes) {
			touch->written |= bits;
			touch->write_pc = pc;
		}
	}
}

/* errno, and the thread's own record of the C library, on which the thread pointer is: the first is
 * the oracle state's business, the second the library's. */
static bool is_of_library(const struct visit *visit, const struct memory_access *access)
{
	const uint64_t end = access->address + access->size;

	return (access->address < visit->errno_at + sizeof(int) && visit->errno_at < end) ||
	       access->address - visit->thread_pointer < THREAD_RECORD;
}

/* At the handler's end: bytes that it read first and that are as they were again. */
static void drop_restored(struct sample *sample, pid_t pid)
{
	struct touch *touch;
	struct touch *next;

	HASH_ITER (hh, sample->touches, touch, next) {
		uint8_t after[GRANULE];

		if (!(touch->inputs & touch->written) ||
		    memory_read(pid, touch->granule * GRANULE, after, sizeof(after)))
			continue;
		for (unsigned int i = 0; i < GRANULE; i++) {
			const uint8_t bit = (uint8_t)(1u << i);

			if (!(touch->inputs & touch->written & bit) || after[i] != touch->before[i])
				continue;
			touch->written &= (uint8_t)~bit;
			touch->read &= (uint8_t)~bit;
		}
	}
}

static bool visit_instruction(void *context, pid_t pid, const struct code_entry *code,
			      const struct registers *registers)
{
	struct visit *visit = context;
	const struct code_line *line = code_line_at(visit->lines, pid, code->pc);
	struct access_list accesses;

	if (!visit->stack_end)
		find_stack(visit, pid, registers);
	owning_follow(&visit->owning, code->pc, registers_sp(registers), code->instruction.flags);
	if (!line || access_list_of(line->bytes, line->length, registers, &accesses))
		return true;
	for (size_t i = 0; i < accesses.count; i++) {
		const struct memory_access *access = &accesses.list[i];

		if (access->address + access->size > visit->stack_start &&
		    access->address < visit->stack_end)
			continue;
		if (!is_of_library(visit, access) && owning_counts(&visit->owning, access->address))
			note(visit, pid, access, code->pc);
	}
	if ((code->instruction.flags & INSTRUCTION_SYSCALL) &&
	    registers_syscall_about_to_run(registers) == SYS_rt_sigreturn &&
	    registers_sp(registers) == visit->handler_sp + sizeof(uint64_t))
		drop_restored(visit->sample, pid);
	return true;
}

static void explain(struct sample *sample, uint64_t limit)
{
	switch (sample->end) {
	case INSPECT_RETURNED:
	case INSPECT_LEFT:
	case INSPECT_ENDED:
	case INSPECT_STOPPED:
	case INSPECT_NOT_ENTERED:
		return;
	case INSPECT_BLOCKED:
		snprintf(sample->unknown, sizeof(sample->unknown),
			 "the handler sleeps in a system call: what it touches after it was not "
			 "seen");
		return;
	case INSPECT_LIMIT:
		snprintf(sample->unknown, sizeof(sample->unknown),
			 "the handler did not return within %llu instructions: what it touches "
			 "after them was not seen",
			 (unsigned long long)limit);
		return;
	}
}

/* What is the same for all samples of a run: where errno is, and the thread's record. */
static int prepare(struct visit *visit, struct stage *stage)
{
	const struct registers *registers;
	bool is_new;
	int error = stage_save(stage, &is_new);

	if (!error && ask_copy(stage, "__errno_location", &visit->errno_at)) {
		visit->errno_at = 0;
		fail_clear();
	}
	if (!error)
		error = walker_registers(&stage->walker, &registers);
	if (!error)
		visit->thread_pointer = registers_thread_pointer(registers);
	return error;
}

int sample_take(struct sample *sample, struct stage *stage, struct trial *copy,
		struct code_lines *lines, struct names *names, uint64_t limit, uint64_t *steps)
{
	struct walker *walker = &stage->walker;
	const struct boundary boundary = {
		.tid = walker->pid, .pc = walker->pc, .phase = PHASE_AT, .syscall = -1};
	struct visit visit = {
		.inspection = {.visit = visit_instruction, .context = &visit, .limit = limit},
		.sample = sample,
		.lines = lines,
		.owning = {.names = names},
		.errno_at = sample->errno_at,
		.thread_pointer = sample->thread_pointer,
	};
	int error = copy ? 0 : prepare(&visit, stage);

	if (!error)
		error = copy ? inspect_copy(&visit.inspection, copy)
			     : inspect_run(&visit.inspection, stage, &boundary);
	sample->errno_at = visit.errno_at;
	sample->thread_pointer = visit.thread_pointer;
	*steps += visit.inspection.steps;
	sample->end = visit.inspection.end;
	sample->handler = visit.inspection.handler;
	sample->is_entered = sample->end != INSPECT_NOT_ENTERED;
	explain(sample, limit);
	return error;
}

bool sample_is_outdated(const struct sample *sample, pid_t pid)
{
	for (const struct touch *touch = sample->touches; touch; touch = touch->hh.next) {
		uint8_t now[GRANULE];

		if (!touch->inputs || memory_read(pid, touch->granule * GRANULE, now, sizeof(now)))
			continue;
		for (unsigned int i = 0; i < GRANULE; i++)
			if ((touch->inputs >> i & 1) && now[i] != touch->before[i])
				return true;
	}
	return false;
}

bool sample_depends_on(const struct sample *sample, uint64_t address, uint64_t size)
{
	for (uint64_t granule = address / GRANULE; granule * GRANULE < address + size; granule++) {
		struct touch *touch;

		HASH_FIND(hh, sample->touches, &granule, sizeof(granule), touch);
		if (touch && (touch->inputs & bits_of(granule, address, address + size)))
			return true;
	}
	return false;
}

void sample_merge(const struct sample *sample, struct touch **all)
{
	for (const struct touch *touch = sample->touches; touch; touch = touch->hh.next) {
		struct touch *merged;

		HASH_FIND(hh, *all, &touch->granule, sizeof(touch->granule), merged);
		if (!merged) {
			merged = alloc_zero(sizeof(*merged));
			merged->granule = touch->granule;
			HASH_ADD(hh, *all, granule, sizeof(merged->granule), merged);
		}
		merged->inputs |= touch->inputs;
		merged->has_parts |= touch->has_parts;
		merged->read |= touch->read;
		merged->written |= touch->written;
	}
}

uint8_t touched_bits(struct touch *touches, uint64_t granule, uint64_t start, uint64_t end,
		     bool reads, bool writes)
{
	struct touch *touch;

	HASH_FIND(hh, touches, &granule, sizeof(granule), touch);
	if (!touch)
		return 0;
	return bits_of(granule, start, end) &
	       ((reads ? touch->read : 0) | (writes ? touch->written : 0));
}

bool touched_any(struct touch *touches, uint64_t start, uint64_t end, bool reads, bool writes)
{
	for (uint64_t granule = start / GRANULE; granule * GRANULE < end; granule++)
		if (touched_bits(touches, granule, start, end, reads, writes))
			return true;
	return false;
}

void touches_free(struct touch **touches)
{
	struct touch *touch;
	struct touch *next;

	HASH_ITER (hh, *touches, touch, next) {
		HASH_DEL(*touches, touch);
		free(touch);
	}
}

void sample_free(struct sample *sample)
{
	touches_free(&sample->touches);
}
