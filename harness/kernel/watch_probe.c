/* SPDX-License-Identifier: MIT */
/*
 * Do the breakpoints of the CPU stop anything? Virtual machines exist that take the registers'
 * values and never act on them, so it is tried, once, with a child that writes to a watched word.
 */
#include "harness/kernel/watch_probe.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITE_FOUR_BYTES 0xd0001 /* DR7: slot 0, on writes, to four bytes */

static volatile int32_t word;

static void be_watched(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && kill(getpid(), SIGSTOP) == 0)
		word = 1;
	_exit(0);
}

static bool wait_for_stop(pid_t pid, int signal)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return false;
	return WIFSTOPPED(status) && WSTOPSIG(status) == signal;
}

static bool set_register(pid_t pid, size_t number, uintptr_t value)
{
	const size_t offset = offsetof(struct user, u_debugreg) + number * sizeof(uint64_t);

	return ptrace(PTRACE_POKEUSER, pid, (void *)offset, (void *)value) == 0;
}

static bool try_out(void)
{
	const pid_t pid = fork();
	bool works;

	if (pid == 0)
		be_watched();
	if (pid < 0)
		return false;
	works = wait_for_stop(pid, SIGSTOP) && set_register(pid, 0, (uintptr_t)&word) &&
		set_register(pid, 7, WRITE_FOUR_BYTES) &&
		ptrace(PTRACE_CONT, pid, NULL, NULL) == 0 && wait_for_stop(pid, SIGTRAP);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return works;
}

bool watch_probe(void)
{
	static enum { NOT_ASKED, WORKS, FAILS } answer;

	if (answer == NOT_ASKED)
		answer = try_out() ? WORKS : FAILS;
	return answer == WORKS;
}
