/* SPDX-License-Identifier: MIT */
/* See watch.h. */
#include "harness/oracles/lock/watch.h"

#include "harness/base/alloc.h"
#include "harness/engine/probe.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>

#define NAME_SIZE 80

bool lock_read(pid_t pid, uint64_t address, enum lock_kind kind, struct lock_state *state)
{
	uint8_t bytes[LOCK_BYTES] = {0};

	if (memory_read(pid, address, bytes, lock_kind_size(kind)))
		return false;
	*state = lock_state_read(kind, bytes);
	return true;
}

/* What the site says of a lock; false when it cannot be made out. */
static bool read_arguments(struct walker *walker, const struct lock_site *site,
			   const struct registers *registers, struct lock_event *event,
			   char name[NAME_SIZE])
{
	const char *arguments = site->arguments;
	unsigned int n = 1;
	uint64_t value;

	if (!arguments) {
		event->address = registers_argument(registers, 0);
		return site->kind != LOCK_FILE ||
		       !memory_read(walker->pid, event->address + FILE_LOCK_OFFSET, &event->address,
				    sizeof(event->address));
	}
	if (probe_argument(arguments, 0, walker->pid, registers, &event->address))
		return false;
	if (site->kind == LOCK_WORD) {
		if (probe_argument(arguments, n++, walker->pid, registers, &value))
			return false;
		event->width = (unsigned int)value;
	}
	if (!probe_argument(arguments, n, walker->pid, registers, &value) &&
	    memory_read_text(walker->pid, value, name, NAME_SIZE) > 0)
		event->name = name;
	return true;
}

static bool is_of_interest(const struct lock_watch *watch, uint64_t address)
{
	for (size_t i = 0; i < watch->only_count; i++)
		if (watch->only[i] == address)
			return true;
	return !watch->only;
}

/* At the first instruction of a function of semaphores: who calls it? */
static bool is_inner(const struct lock_watch *watch, const struct lock_site *site,
		     const struct registers *registers)
{
	uint64_t back;

	return site->kind == LOCK_SEMAPHORE && watch->sites->inner_end &&
	       !memory_read(watch->follow.walker->pid, registers_sp(registers), &back,
			    sizeof(back)) &&
	       back >= watch->sites->inner_start && back < watch->sites->inner_end;
}

static int note(struct lock_watch *watch, const struct lock_site *site)
{
	struct walker *walker = watch->follow.walker;
	struct lock_event event = {.kind = site->kind, .effect = site->effect};
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	char name[NAME_SIZE];
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	watch->events++;
	if (is_inner(watch, site, registers) ||
	    !read_arguments(walker, site, registers, &event, name) ||
	    !is_of_interest(watch, event.address) ||
	    !lock_read(walker->pid, event.address, event.kind, &event.state))
		return 0;
	if (site->effect != LOCK_FORGET && site->effect != LOCK_DECLARE)
		event.count = unwind_stack(walker->unwinder, walker->pid, registers, frames,
					   TRIAL_FRAMES, NULL);
	event.frames = frames;
	if (event.count && site->effect != LOCK_RELEASE)
		python_stack_take(&event.python, watch->interpreter, walker->pid, registers);
	lock_book_note(watch->book, &event);
	python_stack_free(&event.python);
	return 0;
}

static void note_window_end(struct lock_watch *watch)
{
	struct walker *walker = watch->follow.walker;
	const struct registers *registers;
	struct trial_stack *stack = &watch->window_end;

	for (size_t i = 0; i < watch->end_count && !stack->count; i++)
		if (watch->ends[i] == walker->pc && !walker_registers(walker, &registers))
			stack->count = unwind_stack(walker->unwinder, walker->pid, registers,
						    stack->frames, TRIAL_FRAMES, &stack->complete);
}

static int on_breakpoint(void *context)
{
	struct lock_watch *watch = context;
	const struct lock_sites *sites = watch->sites;

	note_window_end(watch);
	for (size_t i = 0; i < sites->count; i++) {
		int error;

		if (sites->list[i].pc != watch->follow.walker->pc)
			continue;
		if (sites->list[i].is_loader) {
			watch->needs_sites = true;
			continue;
		}
		error = note(watch, &sites->list[i]);
		if (error)
			return error;
	}
	watch->is_over_limit = watch->limit && watch->events >= watch->limit;
	watch->follow.is_done = watch->is_over_limit || watch->needs_sites;
	return 0;
}

/* What is not mapped now is a library that was unloaded, or that comes later. */
static void plant(struct lock_watch *watch)
{
	if (watch->follow.has_threads)
		return;
	for (size_t i = 0; i < watch->sites->count; i++)
		if (walker_add_breakpoint(watch->follow.walker, watch->sites->list[i].pc))
			fail_clear();
	for (size_t i = 0; i < watch->end_count; i++)
		if (walker_add_breakpoint(watch->follow.walker, watch->ends[i]))
			fail_clear();
}

/* A breakpoint where it stands already would be stepped over. */
static int start(struct lock_watch *watch)
{
	watch->has_started = true;
	return watch->follow.walker->in_syscall ? 0 : on_breakpoint(watch);
}

int lock_watch_run(struct lock_watch *watch)
{
	int error = watch->has_started ? 0 : start(watch);

	watch->needs_sites = false;
	plant(watch);
	if (error || watch->is_over_limit)
		return error;
	watch->follow.context = watch;
	watch->follow.on_breakpoint = on_breakpoint;
	return follow_run(&watch->follow);
}

static int drive(void *context, struct walker *follower, const struct trial *trial)
{
	struct lock_watch *watch = context;
	int error;

	(void)trial;
	watch->follow.walker = follower;
	do
		error = lock_watch_run(watch);
	while (!error && watch->needs_sites);
	watch->follow.walker = NULL;
	return error;
}

int lock_retrace(struct lock_watch *watch, struct stage *stage, const struct boundary *boundary,
		 bool with_signal, double limit)
{
	const struct retrace retrace = {
		.with_signal = with_signal, .limit = limit, .drive = drive, .context = watch};

	return retrace_run(&retrace, stage, boundary);
}
