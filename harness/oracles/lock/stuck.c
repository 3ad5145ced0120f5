/* SPDX-License-Identifier: MIT */
/*
 * A trial that sleeps for ever in futex(2), or spins in pthread_spin_lock(): for which lock, and
 * who has it?
 */
#include "harness/base/signals.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/lock/lock.h"

#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define CONTENDED 2 /* what glibc's own locks hold while somebody waits (lowlevellock.h) */

/* The word that the trial's main thread waits at; 0: none. *value: what it expects there. */
static uint64_t waits_at(const struct trial *trial, uint64_t *value)
{
	for (size_t i = 0; i < trial->asleep.count; i++) {
		const struct asleep_thread *thread = &trial->asleep.threads[i];

		if (thread->tid != trial->pid || thread->syscall != SYS_futex)
			continue;
		*value = thread->arguments[2];
		switch (thread->arguments[1] & FUTEX_CMD_MASK) {
		case FUTEX_WAIT:
		case FUTEX_WAIT_BITSET:
		case FUTEX_LOCK_PI:
		case FUTEX_LOCK_PI2:
			return thread->arguments[0];
		default:
			return 0;
		}
	}
	return 0;
}

/* The spin lock in whose loop it was stopped. The loop leaves the argument register alone. */
static uint64_t spins_at(const struct trial *trial)
{
	const struct frame *frame = trial->end_stack.frames;
	struct place place;

	if (trial->outcome.kind != OUTCOME_SPINNING || !trial->end_stack.count ||
	    !symbols_place(trial->stage->walker.symbols, frame->pc, &place) || !place.function ||
	    strcmp(place.function, "pthread_spin_lock") != 0)
		return 0;
	return registers_argument(&trial->end_registers, 0);
}

/* The lock that the trial waits for; false: it waits for something else. */
static bool find_lock(struct lock_oracle *oracle, const struct trial *trial,
		      struct lock_point *point)
{
	uint64_t value = 0;
	uint64_t word = spins_at(trial);
	const struct lock_point *known;

	if (word) {
		*point = (struct lock_point){.address = word, .kind = LOCK_SPIN, .free = 1};
		return true;
	}
	word = waits_at(trial, &value);
	if (!word)
		return false;
	known = lock_points_around(&oracle->points, word);
	if (!known && lock_oracle_retrace(oracle, trial, true)) {
		/* One that only this trial has come to. */
		lock_oracle_learn(oracle, trial);
		known = lock_points_around(&oracle->points, word);
	}
	if (known) {
		*point = *known;
		return true;
	}
	if (value != CONTENDED)
		return false;
	*point = (struct lock_point){.address = word, .kind = LOCK_LOW_LEVEL};
	return true;
}

/* The function of the C library that waits, as the program called it. */
static void name_waiter(const struct trial *trial, char *name, size_t size)
{
	struct symbols *symbols = trial->stage->walker.symbols;
	const struct trial_stack *stack = &trial->end_stack;
	const struct module *module =
		stack->count ? symbols_module_at(symbols, stack->frames[0].pc) : NULL;

	*name = '\0';
	for (size_t i = 0; i < stack->count; i++) {
		char function[100];

		if (stack->frames[i].is_signal_frame ||
		    symbols_module_at(symbols, stack->frames[i].pc) != module)
			return;
		lock_frame_name(symbols, &stack->frames[i], function, sizeof(function));
		if (*function)
			snprintf(name, size, "%s", function);
	}
}

/* Who has it: the interrupted code, unless the trial shows another. */
static void find_holder(struct lock_oracle *oracle, const struct trial *trial,
			const struct lock_point *point, struct lock_holder *holder)
{
	if (!lock_find_holder(oracle, trial, point, holder))
		fail_clear();
}

size_t lock_judge_stuck(struct lock_oracle *oracle, const struct trial *trial,
			struct verdict *verdicts, size_t count, uint64_t *waited_for)
{
	struct symbols *symbols = trial->stage->walker.symbols;
	struct verdict *verdict = &verdicts[count];
	struct lock_holder holder = {0};
	struct lock_point point;
	char sent[SIGNAL_NAME_SIZE];
	char waiter[100];
	char owner[100] = "";

	if ((trial->outcome.kind != OUTCOME_STUCK && trial->outcome.kind != OUTCOME_SPINNING &&
	     trial->outcome.kind != OUTCOME_TIMEOUT) ||
	    !find_lock(oracle, trial, &point))
		return count;
	*waited_for = point.address;
	find_holder(oracle, trial, &point, &holder);
	if (holder.is_owner_known)
		lock_frame_name(symbols, &holder.owner, owner, sizeof(owner));
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = "stuck";
	verdict->severity = SEVERITY_ERROR;
	lock_place(symbols, &point, &holder, verdict->place, sizeof(verdict->place));
	name_waiter(trial, waiter, sizeof(waiter));
	snprintf(verdict->title, sizeof(verdict->title),
		 "after %s here %.40s waits for ever for %.80s, which %.40s holds",
		 signal_name(trial->stage->scenario->signal, sent),
		 *waiter ? waiter : "the program", verdict->place,
		 *owner          ? owner
		 : holder.before ? "the interrupted code"
				 : "somebody else");
	if (notes_is_new_finding(&oracle->told, trial, "stuck", verdict->place))
		verdict->evidence = lock_evidence(oracle, trial, &point, &holder, true);
	return count + 1;
}
