/* SPDX-License-Identifier: MIT */
/*
 * The twin of refcount-take and refcount-drop: atomic operations. Good: no boundary lies between
 * load and store.
 */
#include "targets/state/state.h"

static long references = 2;
static volatile sig_atomic_t seen;

/* Not one instruction, whatever the compiler would like. */
static inline __attribute__((always_inline, unused)) void add(long change)
{
	long value = *(volatile long *)&references;

	__asm__ volatile("" : "+r"(value));
	*(volatile long *)&references = value + change;
}

static inline __attribute__((always_inline, unused)) void add_atomically(long change)
{
	__atomic_fetch_add(&references, change, __ATOMIC_RELAXED);
}

static void on_signal(int number)
{
	(void)number;
	add_atomically(1);
	seen = 1;
}

static __attribute__((noinline)) void work(void)
{
	add_atomically(1);
}

/* What the handler did. */
static void undo(void)
{
	add_atomically(-1);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_COUNTER(&references, "object");
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	if (seen)
		undo();
	tell(references);
	return 0;
}
