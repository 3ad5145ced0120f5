/* SPDX-License-Identifier: MIT */
/*
 * The program of the jump-KIND targets: it enters a section, works, and leaves it; the handler
 * jumps out with siglongjmp(). Bad: from the instruction that enters to the one that leaves, the
 * jump leaves the section entered, and the frame that entered it is gone. With DEFERRED, good: the
 * handler notes the signal while the section is entered, and the jump is made after it was left.
 *
 * Whoever includes this has defined enter(), leave() and look(), which says what is left behind.
 * SAVE_MASK may be defined as 0, FLAGS as the handler's, BEFORE and AFTER as functions to call
 * before and after the window, ASK as who is to look (by default another thread, since an owner may
 * be let in again).
 */
#ifndef TARGETS_STATE_SECTION_H
#define TARGETS_STATE_SECTION_H

#include "targets/state/state.h"

#include <setjmp.h>

#ifndef SAVE_MASK
#define SAVE_MASK 1
#endif
#ifndef ASK
#define ASK ask_other_thread
#endif

static sigjmp_buf back;
static volatile sig_atomic_t inside;
static volatile sig_atomic_t pending;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
#ifdef DEFERRED
	if (inside) {
		pending = 1;
		return;
	}
#endif
	siglongjmp(back, 1);
}

static __attribute__((noinline)) void work(void)
{
	inside = 1;
	enter();
	steps += 1;
	leave();
	inside = 0;
	if (pending)
		siglongjmp(back, 1);
}

int main(int count, char **arguments)
{
#ifdef BEFORE
	BEFORE();
#endif
	install(count, arguments, on_signal);
	if (sigsetjmp(back, SAVE_MASK) == 0) {
		SIGSWEEP_WINDOW_BEGIN();
		work();
	}
	SIGSWEEP_WINDOW_END();
#ifdef AFTER
	AFTER();
#endif
	if (telling)
		tell(ASK(look));
	return 0;
}

#endif
