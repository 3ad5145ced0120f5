/* SPDX-License-Identifier: MIT */
/*
 * Announces with sigsweep.h. Its handler makes it end with status 3, which is a finding wherever
 * the signal comes, and leaves `seen` at 1; the argument says what is announced of that.
 */
#include "include/sigsweep.h"

#include "victim.h"

#include <sys/mman.h>

static volatile sig_atomic_t seen;
static volatile int steps;

static void on_signal(int number)
{
	note_signal(number);
	seen = 1;
}

static int is(char **arguments, const char *mode)
{
	return strcmp(arguments[1], mode) == 0;
}

/* Of a page that is gone at the end. */
static void announce_page(void)
{
	int *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	SIGSWEEP_INVARIANT(page, EQUAL, 0, "the page is empty");
	munmap(page, sizeof(*page));
}

int main(int count, char **arguments)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (count < 2)
		return 2;
	if (is(arguments, "harmless") || is(arguments, "part"))
		SIGSWEEP_BENIGN_BEGIN("it is only a test");
	if (is(arguments, "broken"))
		SIGSWEEP_INVARIANT(&steps, GREATER, 100, "many steps");
	if (is(arguments, "kept"))
		SIGSWEEP_INVARIANT(&seen, LESS, 1, "it was not seen");
	if (is(arguments, "page"))
		announce_page();
	sigaction(SIGINT, &action, NULL);
	steps += 1;
	getppid();
	if (is(arguments, "part"))
		SIGSWEEP_BENIGN_END();
	getppid();
	steps += 1;
	SIGSWEEP_WINDOW_END();
	return seen && !is(arguments, "kept") ? 3 : 0;
}
