/* SPDX-License-Identifier: MIT */
/*
 * A handler that calls siglongjmp() and nothing else, which is safe to call; but where it leaves
 * malloc() or free() that way, every unsafe function called later is undefined, and return from
 * main() calls exit(), which is one. Nothing is wrong at the other boundaries.
 */
#include "targets/state/state.h"

#include <setjmp.h>
#include <stdlib.h>

static sigjmp_buf place;
static void *volatile mine;

static void on_signal(int number)
{
	(void)number;
	siglongjmp(place, 1);
}

int main(int count, char **arguments)
{
	mine = malloc(100); /* the heap is ready then */
	free(mine);
	if (sigsetjmp(place, 1) != 0)
		return 0;
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	mine = malloc(100);
	getppid();
	free(mine);
	SIGSWEEP_WINDOW_END();
	return 0;
}
