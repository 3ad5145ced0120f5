/* SPDX-License-Identifier: MIT */
/*
 * The lost wakeup: the flag is tested, then pause(2) waits for the signal that sets it. Bad: a
 * signal that comes after the flag's load and before the system call sets the flag that nobody will
 * look at again, and pause() sleeps for ever. Stuck exactly at the boundaries after the load up to
 * and including the one before the `syscall` instruction. One boundary earlier the load sees the
 * flag; later the process is in the call and the signal ends it.
 */
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t woken;

static void on_signal(int number)
{
	(void)number;
	woken = 1;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	while (!woken)
		pause();
	return write(STDOUT_FILENO, "woken\n", 6) != 6;
}
