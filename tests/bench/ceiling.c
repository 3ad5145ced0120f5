/* SPDX-License-Identifier: MIT */
/*
 * The program that `make bench` sweeps, and what it could do by itself at most: the same
 * interruptions, made by a program that forks itself where the window begins, with nobody tracing
 * it. Knows nothing of the harness.
 *
 *   ceiling sweep LENGTH         the program: a handler that sets a flag, a window, some output
 *   ceiling calls LENGTH         the same, with system calls in the window
 *   ceiling fork LENGTH COUNT    the window's start COUNT times over, each time in a fork,
 * signalled ceiling bare LENGTH COUNT    as many forks that end at once ceiling stop LENGTH stops
 * itself where the window begins (for barestep.c)
 *
 * fork and bare keep the output in memory and print the seconds that they took.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where the window begins and ends; the empty statement keeps compilers from dropping the calls. */
__attribute__((noinline)) void window_begin(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void window_end(void)
{
	__asm__ volatile("");
}

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static unsigned int compute(unsigned int length)
{
	unsigned int value = 1;

	for (unsigned int i = 0; i < length; i++)
		value = value * 31 + (i ^ value >> 7);
	return value;
}

static void call(unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		(void)getppid();
}

static int finish(unsigned int value)
{
	window_end();
	printf("%u\n", value);
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* 0 in a child that is to go through the window. */
static int make_children(unsigned int count, int is_bare)
{
	const int terminal = dup(STDOUT_FILENO);
	const int memory = memfd_create("ceiling-stdout", MFD_CLOEXEC);
	const double start = now();

	if (dup2(memory, STDOUT_FILENO) < 0)
		return 1;
	for (unsigned int i = 0; i < count; i++) {
		int status;
		const pid_t child = fork();

		if (child == 0 && is_bare)
			_exit(0);
		if (child == 0)
			return 0;
		if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
			return 1;
		/* The next one begins with empty output, as a trial does. */
		if (ftruncate(STDOUT_FILENO, 0) < 0 || lseek(STDOUT_FILENO, 0, SEEK_SET) < 0)
			return 1;
	}
	dprintf(terminal, "%.6f\n", now() - start);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "sweep";
	const unsigned int length = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 100;
	const unsigned int count = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1;
	const int is_bare = strcmp(mode, "bare") == 0;

	signal(SIGINT, on_signal);
	if (is_bare || strcmp(mode, "fork") == 0) {
		if (make_children(count, is_bare))
			return 1;
		raise(SIGINT);
	}
	if (strcmp(mode, "stop") == 0)
		raise(SIGSTOP);
	window_begin();
	if (strcmp(mode, "calls") == 0) {
		call(length);
		return finish(length);
	}
	return finish(compute(length));
}
