/* SPDX-License-Identifier: MIT */
/*
 * The twin of malloc-in-handler: the handler sets a flag, and the program allocates for it where it
 * is not inside malloc(). Good: the two blocks are never the same one.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SPARE 4
#define SIZE 200

static volatile sig_atomic_t wanted;
/* Volatile: compilers know that two live blocks never compare equal and would drop the test. */
static void *volatile kept;
static void *volatile mine;

static void on_signal(int number)
{
	(void)number;
	wanted = 1;
}

static void fill_cache(void)
{
	void *volatile spare[SPARE];

	for (int n = 0; n < SPARE; n++)
		spare[n] = malloc(SIZE);
	for (int n = 0; n < SPARE; n++)
		free(spare[n]);
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	fill_cache();
	if (sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	mine = malloc(SIZE);
	if (wanted)
		kept = malloc(SIZE);
	if (mine == NULL || mine == kept)
		abort();
	return write(STDOUT_FILENO, "mine\n", 5) != 5;
}
