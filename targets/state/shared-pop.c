/* SPDX-License-Identifier: MIT */
/*
 * The program takes a node from a list, the handler puts one on it. Bad: between the load of the
 * head and the store of the node behind it, the handler's node is lost.
 */
#include "targets/state/state.h"

#include <stddef.h>

struct node {
	struct node *next;
};

static struct node third;
static struct node second = {&third};
static struct node first = {&second};
static struct node spare;
static struct node *volatile head = &first;
static volatile sig_atomic_t seen;

static void on_signal(int number)
{
	(void)number;
	spare.next = head;
	head = &spare;
	seen = 1;
}

static __attribute__((noinline)) void work(void)
{
	struct node *node = head;

	head = node->next;
}

static long length(void)
{
	long count = 0;

	for (const struct node *node = head; node; node = node->next)
		count++;
	return count;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	work();
	SIGSWEEP_WINDOW_END();
	tell(length() - seen);
	return 0;
}
