/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a handler while a C++ exception is being handled. Bad: it stays on the stack of
 * caught exceptions (std::current_exception() has it for ever), from the window's begin in the
 * catch block to the instruction in __cxa_end_catch() that takes it off.
 */
#include "targets/state/state.h"

#include <exception>
#include <setjmp.h>

static sigjmp_buf back;
static volatile long steps;

static void on_signal(int)
{
	siglongjmp(back, 1);
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
