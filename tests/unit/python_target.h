/* SPDX-License-Identifier: MIT */
/*
 * For the tests of harness/python: the interpreters to test, and a Python program started under a
 * bare ptrace and run until it stops itself with SIGSTOP. Shares no code with the harness's engine.
 */
#ifndef SIGSWEEP_TESTS_PYTHON_TARGET_H
#define SIGSWEEP_TESTS_PYTHON_TARGET_H

#include "harness/engine/symbols.h"
#include "harness/kernel/maps.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TARGET_OUTPUT_MAX (1 << 20)

struct target {
	pid_t pid;
	int output; /* its file descriptor 3 */
	struct user_regs_struct registers;
	struct symbols *symbols;
};

/*
 * The interpreter for "3.13d", or skips the test with the reason. "host" is the host's own; "extra"
 * is what SIGSWEEP_EXTRA_PYTHON names, for a version that Debian does not have.
 */
static inline const char *target_interpreter(const char *version)
{
	static char path[4096];
	const char *folder = getenv("SIGSWEEP_PYTHONS");
	const char *extra = getenv("SIGSWEEP_EXTRA_PYTHON");

	if (strcmp(version, "host") == 0)
		snprintf(path, sizeof(path), "/usr/bin/python3.11");
	else if (strcmp(version, "extra") == 0)
		snprintf(path, sizeof(path), "%s", extra ? extra : "SIGSWEEP_EXTRA_PYTHON");
	else
		snprintf(path, sizeof(path), "%s/%s/python", folder ? folder : "build/pythons",
			 version);
	if (access(path, X_OK) != 0) {
		print_message("skipped: no %s (scripts/get-python unpacks interpreters)\n", path);
		skip();
	}
	return path;
}

/* Waits for the target's next stop by a signal; fails the test when it ends instead. */
static inline int target_wait(struct target *target)
{
	int status = 0;

	assert_int_equal(waitpid(target->pid, &status, 0), target->pid);
	if (!WIFSTOPPED(status))
		fail_msg("the target ended: status 0x%x", status);
	return WSTOPSIG(status);
}

/* Runs on to its next SIGSTOP and takes its registers and modules. */
static inline void target_run_to_stop(struct target *target)
{
	struct maps maps = {0};
	int signal = 0;

	do {
		assert_int_equal(ptrace(PTRACE_CONT, target->pid, 0, signal), 0);
		signal = target_wait(target);
		if (signal == SIGTRAP) /* of an exec */
			signal = 0;
	} while (signal != SIGSTOP);
	assert_int_equal(ptrace(PTRACE_GETREGS, target->pid, 0, &target->registers), 0);
	assert_int_equal(maps_read(&maps, target->pid), 0);
	assert_int_equal(symbols_update(target->symbols, &maps, target->pid), 0);
	maps_free(&maps);
}

/* Starts INTERPRETER -S -E SCRIPT ARGUMENT and runs it to its first SIGSTOP. */
static inline void target_start(struct target *target, const char *interpreter, const char *script,
				const char *argument)
{
	int output = memfd_create("output", 0);

	assert_true(output >= 0);
	target->output = output;
	target->symbols = symbols_new();
	target->pid = fork();
	if (target->pid == 0) {
		dup2(output, 3);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl(interpreter, interpreter, "-S", "-E", script, argument, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(target_wait(target), SIGTRAP);
	ptrace(PTRACE_SETOPTIONS, target->pid, 0, PTRACE_O_EXITKILL);
	target_run_to_stop(target);
}

static inline void target_end(struct target *target)
{
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
	symbols_free(target->symbols);
	close(target->output);
}

/* What the target has written so far; the caller frees. */
static inline char *target_output(const struct target *target)
{
	char *text = calloc(1, TARGET_OUTPUT_MAX);
	ssize_t got = pread(target->output, text, TARGET_OUTPUT_MAX - 1, 0);

	assert_true(got >= 0);
	return text;
}

#endif
