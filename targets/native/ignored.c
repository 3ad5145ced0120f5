/* SPDX-License-Identifier: MIT */
/*
 * A program that ignores the signal. Good, and each delivery must be seen as `ignored`: a harness
 * that counts these as trials that passed has tried nothing. The window starts at work(), when the
 * signal is ignored already: SIG_IGN is no handler that could open it.
 */
#include <signal.h>
#include <unistd.h>

__attribute__((noinline)) static int work(void)
{
	return write(STDOUT_FILENO, "done\n", 5) != 5;
}

int main(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	return work();
}
