/* SPDX-License-Identifier: MIT */
/*
 * A handler that reaches strtol() through a helper's tail call. Undefined where the program is
 * inside qsort(), also while qsort() runs the program's own comparison; a warning elsewhere, the
 * program's own functions and strlen() included, which POSIX lists as safe.
 */
#include "targets/state/state.h"

#include <stdlib.h>

static volatile long number_read;
static volatile size_t length;
static int numbers[] = {3, 1, 2};
static char text[] __attribute__((aligned(64))) = "sorted";

__attribute__((noinline)) static long read_number(const char *digits)
{
	return strtol(digits, NULL, 10);
}

static void on_signal(int number)
{
	(void)number;
	number_read = read_number("23");
}

static int compare(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

int main(int count, char **arguments)
{
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	qsort(numbers, sizeof(numbers) / sizeof(numbers[0]), sizeof(numbers[0]), compare);
	length = strlen(text);
	SIGSWEEP_WINDOW_END();
	return numbers[0] != 1 || length != 6;
}
