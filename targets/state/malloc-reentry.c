/* SPDX-License-Identifier: MIT */
/*
 * A handler that allocates. POSIX calls it undefined where the program is inside malloc() or free()
 * itself: definite there, from the first instruction of the function to its last, a warning at
 * every other boundary. Whether a trial comes to harm has nothing to do with it.
 */
#include "targets/state/state.h"

#include <stdlib.h>

static void *volatile kept;
static void *volatile mine;

static void on_signal(int number)
{
	(void)number;
	kept = malloc(100);
}

/* Spare blocks, so that a handler in the middle of malloc() does no harm that anyone could see. */
static void fill_cache(void)
{
	void *volatile spare[4];

	for (int n = 0; n < 4; n++)
		spare[n] = malloc(100);
	for (int n = 0; n < 4; n++)
		free(spare[n]);
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	fill_cache();
	SIGSWEEP_WINDOW_BEGIN();
	mine = malloc(100);
	getppid();
	free(mine);
	SIGSWEEP_WINDOW_END();
	return 0;
}
