/* SPDX-License-Identifier: MIT */
/*
 * A handler that throws while another exception is on its way: a destructor runs, and no exception
 * may leave it. Bad: at each of the destructor's boundaries the program ends through
 * std::terminate().
 */
#include "targets/state/state.h"

static volatile long steps;

static void on_signal(int number)
{
	throw number;
}

struct guard {
	~guard();
};

__attribute__((noinline)) guard::~guard()
{
	SIGSWEEP_WINDOW_BEGIN();
	steps = steps + 1;
	steps = steps + 1;
	SIGSWEEP_WINDOW_END();
}

static __attribute__((noinline)) void work()
{
	guard guard;

	if (steps == 0)
		throw 1.5;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	try {
		work();
	} catch (double) {
	} catch (int) {
	}
	return 0;
}
