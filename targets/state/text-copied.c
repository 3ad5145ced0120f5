/* SPDX-License-Identifier: MIT */
/*
 * A text that the handler reads is copied by the C library. Bad: between the store of its first
 * byte and that of its last the handler sees half of each.
 */
#include "targets/state/state.h"

#include <stddef.h>

#define LENGTH 256

static char text[LENGTH];
static char next[LENGTH];
static volatile size_t length = LENGTH;
static volatile sig_atomic_t is_torn;

static void on_signal(int number)
{
	const volatile char *at = text;

	(void)number;
	if (at[0] != at[LENGTH - 1])
		is_torn = 1;
}

static __attribute__((noinline)) void work(void)
{
	memcpy(text, next, length);
}

int main(int count, char **arguments)
{
	memset(next, 'x', sizeof(next));
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	return is_torn ? 3 : 0;
}
