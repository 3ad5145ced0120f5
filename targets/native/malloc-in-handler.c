/* SPDX-License-Identifier: MIT */
/*
 * A handler that allocates memory. Bad: a process with one thread gets small blocks from glibc's
 * thread cache, which has no lock: malloc() loads the first free block and then stores its
 * successor. A handler that calls malloc() between that load and that store is given the same
 * block. The program looks whether it shares its block with the handler and aborts; it does exactly
 * at the boundaries after the load up to and including the one before the store. Four spare blocks
 * are in the cache, so that elsewhere both sides get one of their own.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SPARE 4
#define SIZE 200

/* Volatile: compilers know that two live blocks never compare equal and would drop the test. */
static void *volatile kept;
static void *volatile mine;

static void on_signal(int number)
{
	(void)number;
	kept = malloc(SIZE);
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
	if (mine == NULL || mine == kept)
		abort();
	return write(STDOUT_FILENO, "mine\n", 5) != 5;
}
