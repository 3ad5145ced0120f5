/* SPDX-License-Identifier: MIT */
/*
 * The twin of throw-guard, throw-noexcept and throw-in-throw: the handler sets a flag, and the
 * program throws for it where it is ready to. Good: the guard gives the mutex back.
 */
#include "targets/state/state.h"

#include <mutex>

static std::mutex lock;
static volatile sig_atomic_t seen;
static volatile long steps;

static void on_signal(int)
{
	seen = 1;
}

static __attribute__((noinline)) void work()
{
	std::lock_guard<std::mutex> guard(lock);

	steps = steps + 1;
	if (seen)
		throw 2;
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
		work();
	} catch (int) {
	}
	SIGSWEEP_WINDOW_END();
	if (telling)
		tell(ask_other_thread(look));
	return 0;
}
