/* SPDX-License-Identifier: MIT */
/*
 * See shared_data.h: most programs leave alone in the window what their handlers touch. The CPU
 * watches these bytes in copies that run at full speed to the window's end; where nothing hits
 * them, there is nothing to be caught half-way, and nobody needs to step. Where the program changes
 * a word that the handler only reads, it is looked what the handler does then.
 */
#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/base/hash.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"
#include "harness/model/window.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#define COPIES_MAX 16  /* with four places each; a handler that touches more is stepped */
#define SAMPLES_MAX 64 /* of the handler; one that depends on more is stepped with the program */
#define ALL_STEPS_MAX 60000 /* in all of them; more would take longer than that */
#define SLICE 0.02          /* seconds between two looks whether a copy sleeps for ever */

struct watched {
	uint64_t address;
	size_t size;
	enum trace_watch kind;
};

struct quick {
	struct stage *stage;
	struct trace *trace;
	struct names *names;
	struct touch *all; /* of all samples */
	struct watched *list;
	size_t count;
	size_t capacity;
	uint64_t seen[SAMPLES_MAX + 1]; /* what the handler's inputs were when it was sampled */
	size_t seen_count;
	size_t samples;
	uint64_t steps;
	uint8_t *saved;  /* what stood where the window ends */
	bool is_shared;  /* something was hit, or cannot be known this way */
	bool is_grown;   /* a sample showed something new: all has to be watched again */
	bool is_sampled; /* the copy was used up for a sample */
};

/* Does the program's reading matter as well? find_plain() says where. */
static bool matters_read(struct symbols *symbols, const struct touch *touch)
{
	struct data_place place;

	for (unsigned int i = 0; i < GRANULE; i++)
		if ((touch->written >> i & 1) &&
		    symbols_data_at(symbols, touch->granule * GRANULE + i, &place) &&
		    place.is_typed && !place.is_volatile && !place.is_atomic)
			return true;
	return false;
}

/* The least that covers these bytes of a granule and can be watched: 1, 2, 4 or 8 of them. */
static struct watched cover(uint64_t granule, uint8_t bits)
{
	struct watched watched = {.address = granule * GRANULE, .size = GRANULE};

	while (watched.size > 1) {
		const size_t half = watched.size / 2;
		const unsigned int at = (unsigned int)(watched.address % GRANULE);
		const uint8_t low = (uint8_t)(((1u << half) - 1) << at);
		const uint8_t high = (uint8_t)(low << half);

		if ((bits & low) && (bits & high))
			break;
		watched.address += bits & high ? half : 0;
		watched.size = half;
	}
	return watched;
}

static void list_watched(struct quick *quick)
{
	quick->count = 0;
	for (const struct touch *touch = quick->all; touch; touch = touch->hh.next) {
		const uint8_t bits = touch->inputs | touch->read | touch->written;
		struct watched watched = cover(touch->granule, bits);

		if (!bits)
			continue;
		watched.kind = matters_read(quick->stage->walker.symbols, touch) ? WATCH_ACCESS
										 : WATCH_WRITE;
		alloc_grow((void **)&quick->list, quick->count, &quick->capacity,
			   sizeof(*quick->list));
		quick->list[quick->count++] = watched;
	}
}

static bool is_touched(const struct quick *quick, uint64_t granule)
{
	return touched_bits(quick->all, granule, granule * GRANULE, (granule + 1) * GRANULE, true,
			    true);
}

/* Does the handler touch anything else of the object in which the granule is? */
static bool has_company(const struct quick *quick, uint64_t granule)
{
	struct data_place place;
	uint64_t start = (granule - 1) * GRANULE;
	uint64_t end = (granule + 2) * GRANULE;

	if (symbols_data_at(quick->stage->walker.symbols, granule * GRANULE, &place) &&
	    place.symbol) {
		start = place.is_typed ? place.object_start : place.symbol_start;
		end = start + (place.is_typed ? place.object_size : place.symbol_size);
	}
	for (uint64_t other = start / GRANULE; other * GRANULE < end; other++)
		if (other != granule && is_touched(quick, other))
			return true;
	return false;
}

/* Can a write of the program to the granule meet the handler in the middle of something? Not where
 * the handler only reads a word. */
static bool can_clash(const struct quick *quick, uint64_t granule)
{
	struct touch *touch;

	HASH_FIND(hh, quick->all, &granule, sizeof(granule), touch);
	if (!touch || touch->written)
		return true;
	/* No object is half written at a system call (find.c: what is a run). */
	return strcmp(quick->stage->scenario->injector->name, "syscall") != 0 &&
	       (touch->has_parts || has_company(quick, granule));
}

/* The values of all that the handler depends on, as one number. */
static uint64_t hash_inputs(const struct quick *quick, pid_t pid)
{
	uint64_t hash = HASH_START;

	for (const struct touch *touch = quick->all; touch; touch = touch->hh.next) {
		uint8_t now[GRANULE];

		if (!touch->inputs || memory_read(pid, touch->granule * GRANULE, now, sizeof(now)))
			continue;
		for (unsigned int i = 0; i < GRANULE; i++)
			if (touch->inputs >> i & 1)
				hash = hash_add(hash, now[i]);
	}
	return hash;
}

static bool has_seen(const struct quick *quick, uint64_t hash)
{
	for (size_t i = 0; i < quick->seen_count; i++)
		if (quick->seen[i] == hash)
			return true;
	return false;
}

/* What is touched in all, as a number that grows with it. */
static size_t weigh(const struct quick *quick)
{
	size_t weight = 0;

	for (const struct touch *touch = quick->all; touch; touch = touch->hh.next)
		weight += 1 +
			  (size_t)__builtin_popcount(touch->read | touch->inputs << 8 |
						     touch->written << 16) +
			  touch->has_parts;
	return weight;
}

/* The copy stands behind an instruction that changed an input: what would the handler do now? */
static int sample_here(struct quick *quick, struct trial *trial)
{
	const struct sample *first = &quick->trace->samples[0];
	const uint64_t hash = hash_inputs(quick, trial->pid);
	const size_t weight = weigh(quick);
	struct sample sample = {.errno_at = first->errno_at,
				.thread_pointer = first->thread_pointer};
	struct boundary boundary = {.tid = trial->pid, .phase = PHASE_AT, .syscall = -1};
	int error = 0;

	if (has_seen(quick, hash))
		return 1;
	if (quick->samples++ == SAMPLES_MAX || quick->steps > ALL_STEPS_MAX) {
		quick->is_shared = true;
		return 0;
	}
	for (unsigned int slot = 0; !error && slot < trace_watch_count(); slot++)
		error = trace_clear_watch(trial->pid, slot);
	if (!error)
		error = trace_get_pc(trial->pid, &boundary.pc);
	trial->boundary = &boundary;
	if (!error)
		error = sample_take(&sample, quick->stage, trial, &quick->trace->lines,
				    quick->names, SAMPLE_STEPS, &quick->steps);
	quick->is_sampled = true;
	quick->is_shared |=
		*sample.unknown || (sample.is_entered && sample.handler != quick->trace->handler);
	sample_merge(&sample, &quick->all);
	sample_free(&sample);
	quick->is_grown = weigh(quick) != weight;
	if (quick->is_grown)
		quick->seen_count = 0; /* they were of fewer inputs */
	else
		quick->seen[quick->seen_count++] = hash;
	return error;
}

/* Watches were hit. 1: the copy goes on; 0: there is no more to see in it. */
static int on_hit(struct quick *quick, struct trial *trial, size_t first, unsigned int slots)
{
	for (unsigned int slot = 0; slot < trace_watch_count(); slot++)
		if ((slots >> slot & 1) &&
		    can_clash(quick, quick->list[first + slot].address / GRANULE))
			quick->is_shared = true;
	return quick->is_shared ? 0 : sample_here(quick, trial);
}

/* Of ends that only may be one (Python's) none is met: the copy runs to its own end then. */
static size_t end_count(const struct quick *quick)
{
	const struct window *window = quick->stage->window;

	return window->ends_in_python ? 0 : window->end_count;
}

static bool is_window_end(const struct quick *quick, pid_t pid)
{
	struct registers registers;

	if (trace_get_registers(pid, &registers))
		return false;
	for (size_t i = 0; i < end_count(quick); i++)
		if (registers_pc(&registers) == quick->stage->window->ends[i] + BREAKPOINT_SIZE)
			return true;
	return false;
}

static int prepare(const struct quick *quick, pid_t pid, size_t first)
{
	const uint64_t *ends = quick->stage->window->ends;
	int error = 0;

	for (size_t i = 0; !error && i < end_count(quick); i++) {
		error = memory_read(pid, ends[i], &quick->saved[i], BREAKPOINT_SIZE);
		if (!error)
			error = memory_write(pid, ends[i], breakpoint_instruction, BREAKPOINT_SIZE);
	}
	for (size_t i = first; !error && i < quick->count && i < first + trace_watch_count(); i++)
		error = trace_set_watch(pid, (unsigned int)(i - first), quick->list[i].kind,
					quick->list[i].address, quick->list[i].size);
	return error;
}

/* Is another handler about to be set? Where there is none (any more), nothing can clash. */
static bool changes_handler(const struct quick *quick)
{
	const int signal = quick->stage->scenario->signal;
	const uint64_t handler = quick->stage->guard.trial_signals.actions[signal].handler;

	return handler > 1 && handler != quick->trace->handler;
}

/* A process that the copy made: one with memory of its own has the breakpoints, too. */
static void adopt(const struct quick *quick, struct trial *trial, int event)
{
	unsigned long tid;

	if (trace_event_message(trial->pid, &tid))
		return;
	if (!family_find(&trial->stage->family, (pid_t)tid))
		family_adopt(&trial->stage->family, (pid_t)tid);
	for (size_t i = 0; event == PTRACE_EVENT_FORK && i < end_count(quick); i++)
		(void)!memory_write((pid_t)tid, quick->stage->window->ends[i], &quick->saved[i],
				    BREAKPOINT_SIZE);
}

/* One stop of the copy. 1: it goes on; 0: there is no more to see. */
static int settle(struct quick *quick, struct trial *trial, size_t first, const struct stop *stop)
{
	struct registers registers;
	unsigned int slots;
	int signal = 0;
	int error;

	switch (stop->kind) {
	case STOP_EXITED:
	case STOP_KILLED:
		family_remove(&quick->stage->family, trial->pid);
		return 0;
	case STOP_TRAP:
		error = trace_take_watch_hits(trial->pid, &slots);
		if (error || (!slots && is_window_end(quick, trial->pid)))
			return error;
		if (!slots && trace_is_stray_watch(trial->pid))
			quick->is_shared = true; /* it may have been any of them */
		else if (!slots)
			signal = stop->signal;
		else
			error = on_hit(quick, trial, first, slots);
		if (slots && error != 1)
			return error;
		break;
	case STOP_SIGNAL:
		signal = stop->signal;
		break;
	case STOP_EVENT:
		if (stop->event == PTRACE_EVENT_EXIT || stop->event == PTRACE_EVENT_EXEC)
			return 0;
		if (stop->event != PTRACE_EVENT_SECCOMP) {
			adopt(quick, trial, stop->event);
			break;
		}
		error = guard_syscall(&quick->stage->guard, trial->pid, &registers);
		quick->is_shared |= changes_handler(quick);
		if (error || quick->is_shared)
			return error;
		break;
	case STOP_SYSCALL:
		break;
	}
	error = trace_resume(trial->pid, TRACE_CONTINUE, signal);
	return error ? error : 1;
}

/* 1: it may still go on; 0: it sleeps for ever, or has had its time. */
static int look(struct quick *quick, double start)
{
	struct stage *stage = quick->stage;
	struct asleep asleep = {0};
	size_t count;
	pid_t *pids = family_processes(&stage->family, FAMILY_TRIAL, &count);
	size_t stopped_count;
	pid_t *stopped = family_processes(&stage->family, FAMILY_WALKER, &stopped_count);
	int error = asleep_prove(pids, count, stopped, stopped_count, stage->guard.has_timer,
				 stage->baseline->trial_limit, &asleep);
	const bool is_over = asleep.verdict >= ASLEEP_LONG;

	free(pids);
	free(stopped);
	asleep_free(&asleep);
	if (error || is_over)
		return error;
	quick->is_shared |= clock_now() - start > stage->baseline->trial_limit;
	return !quick->is_shared;
}

static int follow(struct quick *quick, struct trial *trial, size_t first)
{
	const double start = clock_now();
	int more = trace_resume(trial->pid, TRACE_CONTINUE, 0);

	more = more ? more : 1;
	while (more == 1) {
		struct stop stop;
		int error = trace_wait(-1, SLICE, &stop);

		if (error == -ETIMEDOUT)
			more = look(quick, start);
		else if (!error && stop.tid == trial->pid)
			more = settle(quick, trial, first, &stop);
		else if (!error)
			error = walker_serve(&quick->stage->walker, &stop);
		if (error && error != -ETIMEDOUT)
			more = error;
	}
	return more == -ESRCH ? 0 : more;
}

/* A copy with the places from `first` on watched. */
static int run_copy(struct quick *quick, size_t first)
{
	struct walker *walker = &quick->stage->walker;
	const struct boundary boundary = {
		.tid = walker->pid, .pc = walker->pc, .phase = PHASE_AT, .syscall = -1};
	struct trial trial;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, quick->stage, &boundary, true, NULL);
	if (!error)
		error = prepare(quick, trial.pid, first);
	if (!error)
		error = follow(quick, &trial, first);
	quick->is_shared |= watch_step_is_lost(trial.pid); /* not seen to be none */
	restored = trial_put_back(&trial);
	trial_free(&trial);
	return error ? error : restored;
}

/* Watches everything, and again with what is learnt meanwhile. */
static int watch_all(struct quick *quick)
{
	size_t first = 0;
	int error = 0;

	list_watched(quick);
	do {
		if (quick->count > COPIES_MAX * trace_watch_count()) {
			quick->is_shared = true;
			return 0;
		}
		quick->is_grown = false;
		quick->is_sampled = false;
		error = run_copy(quick, first);
		if (quick->is_grown) {
			list_watched(quick);
			first = 0;
		} else if (!quick->is_sampled) {
			first += trace_watch_count();
		}
	} while (!error && !quick->is_shared && (quick->is_sampled || first < quick->count));
	return error;
}

/* Where the signal is blocked: what the handler would touch if it were let in. */
static int sample_forced(struct quick *quick)
{
	struct stage *stage = quick->stage;
	const struct sample *first = &quick->trace->samples[0];
	const struct boundary boundary = {
		.tid = stage->walker.pid, .pc = stage->walker.pc, .phase = PHASE_AT, .syscall = -1};
	struct sample sample = {.errno_at = first->errno_at,
				.thread_pointer = first->thread_pointer};
	struct trial trial;
	uint64_t mask;
	int restored;
	int error;

	memset(&trial, 0, sizeof(trial));
	error = trial_begin(&trial, stage, &boundary, false, NULL);
	if (!error)
		error = trace_get_mask(trial.pid, &mask);
	if (!error)
		error = trace_set_mask(trial.pid,
				       mask & ~(UINT64_C(1) << (stage->scenario->signal - 1)));
	stage->signal_blocked = false;
	if (!error)
		error = sample_take(&sample, stage, &trial, &quick->trace->lines, quick->names,
				    SAMPLE_STEPS, &quick->steps);
	stage->signal_blocked = true;
	restored = trial_put_back(&trial);
	trial_free(&trial);
	quick->is_shared |= *sample.unknown != '\0';
	quick->trace->handler = sample.handler;
	sample_merge(&sample, &quick->all);
	sample_free(&sample);
	return error ? error : restored;
}

int quick_look(struct stage *stage, struct trace *trace, struct names *names, bool *is_shared)
{
	struct quick quick = {.stage = stage, .trace = trace, .names = names};
	int error = 0;

	*is_shared = true;
	if (*trace->samples[0].unknown)
		return 0;
	trace->handler = trace->samples[0].handler;
	sample_merge(&trace->samples[0], &quick.all);
	if (stage->signal_blocked && !stage->signal_ignored)
		error = sample_forced(&quick);
	quick.seen[quick.seen_count++] = hash_inputs(&quick, stage->walker.pid);
	quick.saved = alloc_zero(end_count(&quick) * BREAKPOINT_SIZE + 1);
	if (!error && !quick.is_shared)
		error = watch_all(&quick);
	*is_shared = quick.is_shared;
	touches_free(&quick.all);
	free(quick.list);
	free(quick.saved);
	if (error == -ENOTSUP) { /* no such registers on this machine */
		*is_shared = true;
		fail_clear();
		return 0;
	}
	return error;
}
