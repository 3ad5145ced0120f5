/* SPDX-License-Identifier: MIT */
/*
 * Program and handler each take a reference without an atomic operation; the handler's is dropped
 * at the end. Bad: a handler between the load and the store of the program's addition is forgotten,
 * and the counter ends one too low.
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
	add(1);
	seen = 1;
}

static __attribute__((noinline)) void work(void)
{
	add(1);
}

/* What the handler did. */
static void undo(void)
{
	add(-1);
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
