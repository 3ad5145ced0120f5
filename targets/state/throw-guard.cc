/* SPDX-License-Identifier: MIT */
/*
 * A handler that throws into a region with a std::lock_guard, compiled with -fnon-call-exceptions.
 * Bad: the compiler's tables cover instructions that may trap and calls that may throw, and what
 * the C library does is neither. Where the exception finds no entry std::terminate() is called;
 * where it is thrown before the guard exists or after it has gone, and the mutex is taken, the
 * mutex stays so. Which of these an instruction is the compiler decides.
 */
#include "targets/state/state.h"

#include <mutex>

static std::mutex lock;
static volatile long steps;

static void on_signal(int number)
{
	throw number;
}

/* Through a pointer, so that it may trap. */
static __attribute__((noinline)) void work(volatile long *place)
{
	std::lock_guard<std::mutex> guard(lock);

	*place = *place + 1;
	*place = *place + 1;
}

static long look()
{
	return !lock.try_lock();
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	try {
		SIGSWEEP_WINDOW_BEGIN();
		work(&steps);
	} catch (int) {
	}
	SIGSWEEP_WINDOW_END();
	if (telling)
		tell(ask_other_thread(look));
	return 0;
}
