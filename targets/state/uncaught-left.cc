/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a handler while a C++ exception is on its way. Bad: it counts as uncaught for ever,
 * and std::uncaught_exceptions() is 1 to whoever asks. The window is a destructor that the
 * exception runs; from the store that notes its steps the handler jumps, before it only returns.
 */
#include "targets/state/state.h"

#include <exception>
#include <setjmp.h>

static sigjmp_buf back;
static volatile sig_atomic_t armed;
static volatile long steps;

static void on_signal(int)
{
	if (armed)
		siglongjmp(back, 1);
}

struct guard {
	~guard();
};

__attribute__((noinline)) guard::~guard()
{
	SIGSWEEP_WINDOW_BEGIN();
	armed = 1;
	steps = steps + 1;
	armed = 0;
	SIGSWEEP_WINDOW_END();
}

static __attribute__((noinline)) void work()
{
	guard guard;

	if (steps == 0)
		throw 1;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	if (sigsetjmp(back, 1) == 0) {
		try {
			work();
		} catch (int) {
		}
	}
	tell(std::uncaught_exceptions());
	return 0;
}
