/* SPDX-License-Identifier: MIT */
/* The simplest program that can be swept: a handler, a sum, a line. Built in several ways. */
#include "victim.h"

static volatile int sum;

int main(int count, char **arguments)
{
	install(SIGINT);
	for (int i = 0; i < 3; i++)
		sum += i;
	say(count > 1 ? arguments[1] : "done\n");
	_exit(0);
}
