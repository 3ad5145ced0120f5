/* SPDX-License-Identifier: MIT */
/*
 * Every form of place that a window can begin or end at. The tests look for the lines that end in
 * a comment in capitals.
 */
#include "victim.h"

#define _SDT_HAS_SEMAPHORES 1 /* <sys/sdt.h>: for all probes of this file */
#include <sys/sdt.h>

/* A tracer raises the counter of the probe that it wants. */
unsigned short places_plain_semaphore __attribute__((section(".probes")));
unsigned short places_guarded_semaphore __attribute__((section(".probes")));

static volatile int sum;

__attribute__((noinline)) void first_step(void)
{
	sum += 1; /* FIRST LINE */
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void second_step(void)
{
	sum += 2;
	DTRACE_PROBE1(places, plain, sum);
	sum += 3;
}

__attribute__((noinline)) void third_step(void)
{
	if (places_guarded_semaphore)
		DTRACE_PROBE(places, guarded);
	sum += 4;
}

__attribute__((noinline)) void never_called(void)
{
	sum = 0;
}

int main(int count, char **arguments)
{
	(void)arguments;
	install(SIGINT);
	first_step();
	second_step();
	third_step();
	if (count > 99)
		never_called();
	say("done\n");
	_exit(0);
}
