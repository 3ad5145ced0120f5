/* SPDX-License-Identifier: MIT */
/* See lock_watch.h. */
#include "harness/oracles/lock_watch.h"

#include "harness/base/alloc.h"
#include "harness/engine/probe.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/deliver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

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

static int note(struct lock_watch *watch, const struct lock_site *site)
{
	struct walker *walker = watch->walker;
	struct lock_event event = {.kind = site->kind, .effect = site->effect};
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	char name[NAME_SIZE];
	int error = walker_registers(walker, &registers);

	if (error)
		return error;
	watch->events++;
	if (!read_arguments(walker, site, registers, &event, name) ||
	    !is_of_interest(watch, event.address) ||
	    !lock_read(walker->pid, event.address, event.kind, &event.state))
		return 0;
	if (site->effect != LOCK_FORGET && site->effect != LOCK_DECLARE)
		event.count = unwind_stack(walker->unwinder, walker->pid, registers, frames,
					   TRIAL_FRAMES, NULL);
	event.frames = frames;
	lock_book_note(watch->book, &event);
	return 0;
}

static void note_window_end(struct lock_watch *watch)
{
	struct walker *walker = watch->walker;
	const struct registers *registers;
	struct trial_stack *stack = &watch->window_end;

	for (size_t i = 0; i < watch->end_count && !stack->count; i++)
		if (watch->ends[i] == walker->pc && !walker_registers(walker, &registers))
			stack->count = unwind_stack(walker->unwinder, walker->pid, registers,
						    stack->frames, TRIAL_FRAMES, &stack->complete);
}

static int on_breakpoint(struct lock_watch *watch)
{
	const struct lock_sites *sites = watch->sites;

	note_window_end(watch);
	for (size_t i = 0; i < sites->count; i++) {
		int error;

		if (sites->list[i].pc != watch->walker->pc)
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
	return 0;
}

static int on_syscall(struct lock_watch *watch)
{
	const struct registers *registers;
	int error = walker_registers(watch->walker, &registers);

	if (error)
		return error;
	watch->is_at_exit = registers_syscall(registers) == SYS_exit_group;
	watch->has_returned |= registers_syscall(registers) == SYS_rt_sigreturn;
	return 0;
}

/* Threads would run into the breakpoints too, and nobody would help them over. */
static void go_on_without(struct lock_watch *watch)
{
	struct walker *walker = watch->walker;

	watch->has_threads |= walker->end == WALKER_THREADS;
	walker->end = WALKER_RUNS;
	walker->allow_threads = true;
	walker_clear_breakpoints(walker);
}

static int settle(struct lock_watch *watch, bool at_breakpoint)
{
	struct walker *walker = watch->walker;

	if (walker->end == WALKER_THREADS)
		go_on_without(watch);
	watch->is_blocked = walker->end == WALKER_STUCK;
	watch->has_execed = walker->execed;
	if (walker->end != WALKER_RUNS || walker->execed)
		return 0;
	if (at_breakpoint)
		return on_breakpoint(watch);
	return walker->in_syscall ? on_syscall(watch) : 0;
}

/* What is not mapped now is a library that was unloaded, or that comes later. */
static void plant(struct lock_watch *watch)
{
	if (watch->has_threads)
		return;
	for (size_t i = 0; i < watch->sites->count; i++)
		if (walker_add_breakpoint(watch->walker, watch->sites->list[i].pc))
			fail_clear();
	for (size_t i = 0; i < watch->end_count; i++)
		if (walker_add_breakpoint(watch->walker, watch->ends[i]))
			fail_clear();
}

/* A breakpoint where it stands already would be stepped over. */
static int start(struct lock_watch *watch)
{
	watch->has_started = true;
	return watch->walker->in_syscall ? 0 : on_breakpoint(watch);
}

int lock_watch_run(struct lock_watch *watch)
{
	struct walker *walker = watch->walker;
	int error = watch->has_started ? 0 : start(watch);

	watch->needs_sites = false;
	plant(watch);
	while (!error && walker->end == WALKER_RUNS && !watch->is_at_exit &&
	       !watch->is_over_limit && !watch->needs_sites && !watch->has_execed) {
		bool at_breakpoint;

		error = walker_run_syscall(walker, &at_breakpoint);
		if (error == -ETIMEDOUT) {
			fail_clear();
			watch->is_blocked = true;
			return 0;
		}
		if (!error)
			error = settle(watch, at_breakpoint);
	}
	return error;
}

/* A walker that drives the copy: what is known of the program is the walker's. */
static int make_follower(struct walker *follower, const struct trial *trial, double limit)
{
	int error;

	*follower = trial->stage->walker;
	follower->pid = trial->pid;
	follower->maps = (struct maps){0};
	follower->registers_known = false;
	follower->in_syscall = false;
	follower->execed = false;
	follower->allow_threads = false;
	follower->limit = limit;
	follower->end = WALKER_RUNS;
	follower->asleep = (struct asleep){0};
	follower->queued = 0;
	follower->breakpoints = NULL;
	follower->breakpoint_count = 0;
	follower->breakpoint_capacity = 0;
	error = maps_read(&follower->maps, trial->pid);
	return error ? error : trace_get_pc(trial->pid, &follower->pc);
}

static int follow(struct lock_watch *watch, const struct trial *trial, double limit)
{
	struct walker *follower = alloc_zero(sizeof(*follower));
	int error = make_follower(follower, trial, limit);

	watch->walker = follower;
	while (!error) {
		error = lock_watch_run(watch);
		if (!watch->needs_sites)
			break;
	}
	watch->walker = NULL;
	/* The names are those of the walker's image again. */
	if (!error && follower->execed)
		error = walker_refresh(&trial->stage->walker);
	asleep_free(&follower->asleep);
	maps_free(&follower->maps);
	free(follower->breakpoints);
	free(follower);
	return error;
}

int lock_retrace(struct lock_watch *watch, struct stage *stage, const struct boundary *boundary,
		 bool with_signal, double limit)
{
	struct trial trial;
	struct stop stop;
	bool has_stop = false;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, boundary, !with_signal, NULL);
	if (!error && with_signal)
		error = deliver_signal(&trial, &stop, &has_stop);
	if (!error && !has_stop &&
	    !(trial.delivery == DELIVERY_BLOCKED && boundary->phase == PHASE_DURING))
		error = follow(watch, &trial, limit);
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}
