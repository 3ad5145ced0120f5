/* SPDX-License-Identifier: MIT */
/*
 * The kernel starts a handler with the default floating-point environment and puts the program's
 * back when it returns. Bad: a handler that jumps does not return, and the rounding that the
 * program had chosen is lost.
 */
#include "targets/state/state.h"

#include <fenv.h>
#include <setjmp.h>

static sigjmp_buf back;
static volatile sig_atomic_t armed;
static volatile long steps;

static void on_signal(int number)
{
	(void)number;
	if (armed)
		siglongjmp(back, 1);
}

int main(int count, char **arguments)
{
	fenv_t before;

	install(count, arguments, on_signal);
	if (fesetround(FE_UPWARD) != 0 || fegetenv(&before) != 0)
		return 2;
	SIGSWEEP_WINDOW_BEGIN();
	if (sigsetjmp(back, 1) == 0) {
		armed = 1;
		steps += 1;
		armed = 0;
	}
	SIGSWEEP_WINDOW_END();
	tell(fegetround());
	return 0;
}
