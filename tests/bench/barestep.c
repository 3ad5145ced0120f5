/* SPDX-License-Identifier: MIT */
/*
 * The barest loop that steps through a program: `barestep COUNT PROGRAM ARGUMENT...` lets the
 * program run until it stops itself, steps COUNT instructions with nothing done between two of
 * them, and prints the seconds that this took.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* To the program's own SIGSTOP; 0, or 1 when it never stopped. */
static int reach_stop(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGSTOP)
			return 0;
		if (ptrace(PTRACE_CONT, child, NULL, NULL) < 0)
			return 1;
	}
	return 1;
}

static int step(pid_t child, long count)
{
	const double start = now();
	int status;

	for (long i = 0; i < count; i++) {
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) < 0 ||
		    waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
			return 1;
	}
	printf("%.6f\n", now() - start);
	return 0;
}

int main(int argc, char **argv)
{
	int failed;
	pid_t child;

	if (argc < 3) {
		fprintf(stderr, "usage: %s COUNT PROGRAM ARGUMENT...\n", argv[0]);
		return 2;
	}
	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	failed = child < 0 || reach_stop(child) || step(child, strtol(argv[1], NULL, 10));
	if (child > 0)
		kill(child, SIGKILL);
	return failed;
}
