/* SPDX-License-Identifier: MIT */
/*
 * The twin of exception-left: the handler sets a flag, and the program jumps for it after the catch
 * block. Good: no exception stays.
 */
#include "targets/state/state.h"

#include <exception>
#include <setjmp.h>

static sigjmp_buf back;
static volatile sig_atomic_t seen;
static volatile long steps;

static void on_signal(int)
{
	seen = 1;
}

/* The first time resolves what libstdc++ calls, which takes thousands of instructions. */
static __attribute__((noinline)) void warm_up()
{
	try {
		throw 1;
	} catch (int) {
		steps = steps + 1;
	}
}

static __attribute__((noinline)) void work()
{
	try {
		throw 1;
	} catch (int) {
		SIGSWEEP_WINDOW_BEGIN();
		steps = steps + 1;
	}
	if (seen)
		siglongjmp(back, 1);
}

int main(int count, char **arguments)
{
	warm_up();
	install(count, arguments, on_signal);
	if (sigsetjmp(back, 1) == 0)
		work();
	SIGSWEEP_WINDOW_END();
	tell(std::current_exception() != nullptr);
	return 0;
}
