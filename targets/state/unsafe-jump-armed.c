/* SPDX-License-Identifier: MIT */
/*
 * The handler of unsafe-jump jumps only while it is armed, else it returns. Undefined where it
 * leaves malloc() or free() armed; the same functions interrupted unarmed are as they should be,
 * though the program ends in the same way.
 */
#include "targets/state/state.h"

#include <setjmp.h>
#include <stdlib.h>

static sigjmp_buf place;
static void *volatile mine;
static volatile int armed;

static void on_signal(int number)
{
	(void)number;
	if (armed)
		siglongjmp(place, 1);
}

int main(int count, char **arguments)
{
	mine = malloc(100); /* the heap is ready then */
	free(mine);
	if (sigsetjmp(place, 1) != 0)
		return 0;
	install(count, arguments, on_signal);
	armed = 1;
	SIGSWEEP_WINDOW_BEGIN();
	mine = malloc(100);
	free(mine);
	armed = 0;
	mine = malloc(100);
	free(mine);
	SIGSWEEP_WINDOW_END();
	return 0;
}
