/* SPDX-License-Identifier: MIT */
/* See watch.h. */
#include "harness/oracles/refcount/watch.h"

#include "harness/base/alloc.h"
#include "harness/engine/probe.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/watch_step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 80
#define STACK_MAX (INT64_C(1) << 23) /* bytes that a handler may use of its stack */

bool count_read(pid_t pid, uint64_t address, unsigned int width, int64_t *value)
{
	uint8_t bytes[sizeof(uint64_t)];

	if (width > sizeof(bytes) || memory_read(pid, address, bytes, width))
		return false;
	*value = count_value(bytes, width);
	return true;
}

uint64_t count_instruction_before(struct walker *walker, uint64_t pc,
				  struct instruction *instruction)
{
	const struct unwind_entry *entry = symbols_unwind_entry(walker->symbols, pc - 1);
	uint64_t at = entry ? entry->start : 0;
	struct place place;

	if (!entry && symbols_place(walker->symbols, pc - 1, &place))
		at = place.function_start;
	while (at && at < pc) {
		const struct code_entry *code =
			code_at(walker->code, walker->pid, &walker->maps, at);

		if (!code->instruction.length)
			return 0;
		*instruction = code->instruction;
		if (at + instruction->length == pc)
			return at;
		at += instruction->length;
	}
	return 0;
}

/* On the handler's side of the signal frame, whose return address lies where the handler's stack
 * pointer was at its first instruction. */
static bool is_in_handler(const struct count_watch *watch, const struct registers *registers)
{
	const int64_t below = (int64_t)(watch->handler_sp - registers_sp(registers));

	return watch->handler_sp && !watch->follow.has_returned &&
	       below >= -(int64_t)sizeof(uint64_t) && below < STACK_MAX;
}

static bool set_slot(struct count_watch *watch, const struct counter *counter)
{
	struct walker *walker = watch->follow.walker;
	unsigned int slot = 0;
	int error;

	while (slot < TRACE_WATCHES && (walker->watches & 1U << slot))
		slot++;
	if (slot == TRACE_WATCHES)
		return false;
	error = trace_set_watch(walker->pid, slot, WATCH_ACCESS, counter->address, counter->width);
	if (error) {
		watch->log->watch_error = error;
		return false;
	}
	walker->watches |= 1U << slot;
	watch->slots[slot].counter = *counter;
	if (!count_read(walker->pid, counter->address, counter->width, &watch->slots[slot].value))
		watch->slots[slot].value = 0;
	return true;
}

static void clear_slot(struct count_watch *watch, uint64_t address)
{
	struct walker *walker = watch->follow.walker;

	for (unsigned int slot = 0; slot < TRACE_WATCHES; slot++) {
		if (!(walker->watches & 1U << slot) ||
		    watch->slots[slot].counter.address != address)
			continue;
		(void)!trace_clear_watch(walker->pid, slot);
		walker->watches &= ~(1U << slot);
	}
}

static bool is_watched(const struct count_watch *watch, uint64_t address)
{
	for (unsigned int slot = 0; slot < TRACE_WATCHES; slot++)
		if ((watch->follow.walker->watches & 1U << slot) &&
		    watch->slots[slot].counter.address == address)
			return true;
	return false;
}

static int on_watch(void *context)
{
	struct count_watch *watch = context;
	struct walker *walker = watch->follow.walker;
	const struct registers *registers;
	int error = walker_registers(walker, &registers);

	for (unsigned int slot = 0; !error && slot < TRACE_WATCHES; slot++) {
		const struct counter *counter = &watch->slots[slot].counter;
		struct instruction instruction;
		struct touch touch;

		if (!(walker->watched & 1U << slot))
			continue;
		touch = (struct touch){.address = counter->address,
				       .before = watch->slots[slot].value,
				       .in_handler = is_in_handler(watch, registers)};
		if (!count_read(walker->pid, counter->address, counter->width, &touch.after))
			continue;
		watch->slots[slot].value = touch.after;
		touch.pc = count_instruction_before(walker, walker->pc, &instruction);
		touch.writes = touch.pc ? instruction.flags & INSTRUCTION_WRITES
					: touch.before != touch.after;
		touch.reads = touch.pc ? instruction.flags & INSTRUCTION_READS : true;
		count_log_touch(watch->log, &touch);
	}
	return error;
}

static void begin(struct count_watch *watch, const struct life *life)
{
	const struct counter counter = {life->address, life->width};

	count_log_begin(watch->log, life);
	if (watch->follows_lives && !life->is_object && !is_watched(watch, life->address))
		(void)!set_slot(watch, &counter);
}

/* SIGSWEEP_COUNTER(): address, width, name. */
static void announce(struct count_watch *watch, const struct count_site *site,
		     const struct registers *registers)
{
	const pid_t pid = watch->follow.walker->pid;
	struct life life = {.in_handler = is_in_handler(watch, registers)};
	char name[NAME_SIZE];
	uint64_t value;

	if (probe_argument(site->arguments, 0, pid, registers, &life.address) ||
	    probe_argument(site->arguments, 1, pid, registers, &value) || value < 1 ||
	    value > sizeof(uint64_t))
		return;
	life.width = (unsigned int)value;
	if (!probe_argument(site->arguments, 2, pid, registers, &value) &&
	    memory_read_text(pid, value, name, sizeof(name)) > 0)
		life.name = name;
	begin(watch, &life);
}

static void end(struct count_watch *watch, uint64_t address, unsigned int width)
{
	const struct life *open = count_log_open(watch->log, address);
	int64_t value;

	for (size_t i = 0; !open && i < watch->known_count; i++)
		if (watch->known[i].address == address)
			width = watch->known[i].width;
	if (open && open->width)
		width = open->width;
	count_log_end(watch->log, address,
		      width && count_read(watch->follow.walker->pid, address, width, &value)
			      ? &value
			      : NULL);
	if (watch->follows_lives)
		clear_slot(watch, address);
}

/* g_type_create_instance() is entered: what it makes is known when it returns. */
static int await_instance(struct count_watch *watch, const struct registers *registers)
{
	struct walker *walker = watch->follow.walker;
	uint64_t back;

	if (memory_read(walker->pid, registers_sp(registers), &back, sizeof(back)))
		return 0;
	for (size_t i = 0; i < watch->return_count; i++)
		if (watch->returns[i] == back)
			return 0;
	alloc_grow((void **)&watch->returns, watch->return_count, &watch->return_capacity,
		   sizeof(*watch->returns));
	watch->returns[watch->return_count++] = back;
	return walker_add_breakpoint(walker, back);
}

static void note_instance(struct count_watch *watch, const struct registers *registers)
{
	const uint64_t instance = (uint64_t)registers_result(registers);
	const struct count_class *class =
		count_classes_of(watch->classes, watch->follow.walker->pid, instance);
	const struct life life = {.address = instance + OBJECT_COUNT_OFFSET,
				  .width = OBJECT_COUNT_WIDTH,
				  .is_object = true,
				  .in_handler = is_in_handler(watch, registers),
				  .name = class ? class->name : NULL};

	if (class)
		begin(watch, &life);
}

/* A call is where it returns to, without the byte before, which is part of the call. */
static void note_call(struct count_watch *watch, const struct registers *registers)
{
	const pid_t pid = watch->follow.walker->pid;
	struct touch touch = {.address = registers_argument(registers, 0) + OBJECT_COUNT_OFFSET,
			      .reads = true,
			      .writes = true,
			      .is_call = true,
			      .in_handler = is_in_handler(watch, registers)};
	struct instruction instruction;
	uint64_t back;

	if (!count_read(pid, touch.address, OBJECT_COUNT_WIDTH, &touch.before))
		return;
	touch.after = touch.before;
	if (!memory_read(pid, registers_sp(registers), &back, sizeof(back)))
		touch.pc = count_instruction_before(watch->follow.walker, back, &instruction);
	count_log_touch(watch->log, &touch);
}

static int note(struct count_watch *watch, const struct count_site *site,
		const struct registers *registers)
{
	uint64_t address;

	switch (site->effect) {
	case COUNT_BEGIN:
		announce(watch, site, registers);
		break;
	case COUNT_END:
		if (!probe_argument(site->arguments, 0, watch->follow.walker->pid, registers,
				    &address))
			end(watch, address, 0);
		break;
	case COUNT_CREATE:
		return await_instance(watch, registers);
	case COUNT_FREE:
		end(watch, registers_argument(registers, 0) + OBJECT_COUNT_OFFSET,
		    OBJECT_COUNT_WIDTH);
		break;
	case COUNT_TAKE_OR_DROP:
		note_call(watch, registers);
		break;
	case COUNT_LOADER:
		watch->needs_sites = true;
		break;
	}
	return 0;
}

static int on_breakpoint(void *context)
{
	struct count_watch *watch = context;
	struct walker *walker = watch->follow.walker;
	const struct registers *registers;
	int error = walker_registers(walker, &registers);

	for (size_t i = 0; !error && i < watch->return_count; i++)
		if (watch->returns[i] == walker->pc)
			note_instance(watch, registers);
	for (size_t i = 0; !error && i < watch->sites->count; i++)
		if (watch->sites->list[i].pc == walker->pc)
			error = note(watch, &watch->sites->list[i], registers);
	watch->follow.is_done = watch->needs_sites || watch->log->is_full;
	return error;
}

static bool is_wanted(const struct count_watch *watch, const struct count_site *site)
{
	switch (site->effect) {
	case COUNT_CREATE:
	case COUNT_FREE:
		return watch->classes != NULL;
	case COUNT_TAKE_OR_DROP:
		return watch->classes && watch->calls;
	default:
		return true;
	}
}

/* What is not mapped now is a library that was unloaded, or that comes later. */
static void plant(struct count_watch *watch)
{
	for (size_t i = 0; i < watch->sites->count; i++)
		if (is_wanted(watch, &watch->sites->list[i]) &&
		    walker_add_breakpoint(watch->follow.walker, watch->sites->list[i].pc))
			fail_clear();
}

/* A breakpoint where it stands already would be stepped over. */
static int start(struct count_watch *watch)
{
	watch->has_started = true;
	for (size_t i = 0; i < watch->counter_count; i++)
		(void)!set_slot(watch, &watch->counters[i]);
	return watch->follow.walker->in_syscall ? 0 : on_breakpoint(watch);
}

/* What the counters say that have not ended when the process does. */
static void read_last(struct count_watch *watch)
{
	struct count_log *log = watch->log;

	log->has_threads = watch->follow.has_threads;
	log->is_at_exit = watch->follow.is_at_exit;
	for (size_t i = 0; log->is_at_exit && i < log->life_count; i++)
		if (!log->lives[i].has_ended)
			log->lives[i].is_known =
				count_read(watch->follow.walker->pid, log->lives[i].address,
					   log->lives[i].width, &log->lives[i].last);
}

int count_watch_run(struct count_watch *watch)
{
	int error;

	watch->follow.context = watch;
	watch->follow.on_breakpoint = on_breakpoint;
	watch->follow.on_watch = on_watch;
	error = watch->has_started ? 0 : start(watch);
	watch->needs_sites = false;
	if (error)
		return error;
	if (!watch->follow.has_threads)
		plant(watch);
	error = follow_run(&watch->follow);
	if (!error)
		read_last(watch);
	return error;
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct count_watch *watch = context;
	int error;

	watch->follow.walker = follower;
	watch->handler_sp = trial->handler_sp;
	do
		error = count_watch_run(watch);
	while (!error && watch->needs_sites);
	if (watch_step_is_lost(follower->pid))
		watch->log->watch_error = -ENOTSUP;
	watch->follow.walker = NULL;
	return error;
}

int count_retrace(struct count_watch *watch, struct stage *stage, const struct boundary *boundary,
		  bool with_signal, double limit)
{
	const struct retrace retrace = {
		.with_signal = with_signal, .limit = limit, .drive = drive, .context = watch};
	int error = retrace_run(&retrace, stage, boundary);

	free(watch->returns);
	watch->returns = NULL;
	watch->return_count = watch->return_capacity = 0;
	return error;
}
