/* SPDX-License-Identifier: MIT */
/*
 * A counter of users, which is zero again and again and is then counted up by program and handler
 * alike. Good: here that is how it is meant, as the undisturbed program shows.
 */
#include "targets/state/state.h"

static long users;

static inline __attribute__((always_inline)) void use(void)
{
	__atomic_fetch_add(&users, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&users, 1, __ATOMIC_RELAXED);
}

static void on_signal(int number)
{
	(void)number;
	use();
}

static __attribute__((noinline)) void work(void)
{
	use();
	use();
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_COUNTER(&users, "users");
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(users);
	return 0;
}
