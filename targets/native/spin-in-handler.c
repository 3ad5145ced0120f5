/* SPDX-License-Identifier: MIT */
/*
 * A handler that takes a spin lock which the interrupted code may hold. Bad: it then turns on the
 * CPU for ever, since the code that would release the lock cannot run. Spinning exactly at the
 * boundaries at which the lock is taken.
 */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int lock;
static volatile int total;

static void take(void)
{
	while (atomic_exchange(&lock, 1) != 0)
		;
}

static void release(void)
{
	atomic_store(&lock, 0);
}

static void on_signal(int number)
{
	(void)number;
	take();
	total += 1;
	release();
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	for (int round = 0; round < 2; round++) {
		take();
		total += 1;
		release();
	}
	return write(STDOUT_FILENO, "done\n", 5) != 5;
}
