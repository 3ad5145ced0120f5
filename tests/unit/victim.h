/* SPDX-License-Identifier: MIT */
/*
 * For unit tests: small programs built on the spot and held by raw ptrace. It must not use the
 * harness's own tracer, so that a test of one part says nothing about another.
 */
#ifndef TESTS_UNIT_VICTIM_H
#define TESTS_UNIT_VICTIM_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNUSED_HELPER __attribute__((unused))

static char victim_folder[64];

/* A folder of this test's own, removed at exit. */
static void victim_remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", victim_folder);
	if (victim_folder[0] && system(command))
		fprintf(stderr, "cannot remove %s\n", victim_folder);
}

UNUSED_HELPER static const char *victim_make_folder(void)
{
	if (!victim_folder[0]) {
		strcpy(victim_folder, "/tmp/sigsweep-unit-XXXXXX");
		if (!mkdtemp(victim_folder)) {
			perror("mkdtemp");
			abort();
		}
		atexit(victim_remove_folder);
	}
	return victim_folder;
}

/* Runs a shell command in the folder; the test ends when it fails. */
__attribute__((format(printf, 1, 2))) UNUSED_HELPER static void victim_shell(const char *format,
									     ...)
{
	char command[4096];
	int used = snprintf(command, sizeof(command), "cd '%s' && ", victim_make_folder());
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + used, sizeof(command) - (size_t)used, format, arguments);
	va_end(arguments);
	if (system(command)) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

/* Does a shell command succeed? For tools that a machine may lack. */
UNUSED_HELPER static bool victim_has(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "command -v %s >/dev/null 2>&1", command);
	return system(line) == 0;
}

/* Writes a file into the folder. */
UNUSED_HELPER static void victim_write(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", victim_make_folder(), name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file)) {
		perror(path);
		abort();
	}
}

/* The full path of a file of the folder, in one of a few static buffers. */
UNUSED_HELPER static const char *victim_path(const char *name)
{
	static char paths[8][PATH_MAX];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, PATH_MAX, "%s/%s", victim_make_folder(), name);
	return path;
}

/* Starts a program without address randomisation, traced, stopped after its exec. */
UNUSED_HELPER static pid_t victim_start(const char *path, char *const arguments[])
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		personality(ADDR_NO_RANDOMIZE);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(path, arguments);
		perror(path);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "cannot start %s\n", path);
		abort();
	}
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL);
	return pid;
}

/* Runs to the first execution of `address`, over a breakpoint that is taken away again. */
UNUSED_HELPER static void victim_run_to(pid_t pid, uint64_t address)
{
	struct user_regs_struct registers;
	long word;
	int status;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, (void *)address, NULL);
	if (errno ||
	    ptrace(PTRACE_POKETEXT, pid, (void *)address, (void *)((word & ~0xffL) | 0xccL)))
		abort();
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "the victim did not reach 0x%lx\n", (long)address);
		abort();
	}
	ptrace(PTRACE_POKETEXT, pid, (void *)address, (void *)word);
	ptrace(PTRACE_GETREGS, pid, NULL, &registers);
	registers.rip = address;
	ptrace(PTRACE_SETREGS, pid, NULL, &registers);
}

/* One instruction, passing on the signal that the last stop was about. False when it has ended. */
UNUSED_HELPER static bool victim_step(pid_t pid, int *signal)
{
	int status;

	ptrace(PTRACE_SINGLESTEP, pid, NULL, (void *)(long)*signal);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return false;
	*signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
	return true;
}

UNUSED_HELPER static void victim_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The value of the symbol as nm prints it, 0 when there is none. */
UNUSED_HELPER static uint64_t victim_nm(const char *path, const char *symbol)
{
	char line[PATH_MAX + 512];
	uint64_t value = 0;
	FILE *pipe;

	snprintf(line, sizeof(line), "nm '%s' 2>/dev/null", path);
	pipe = popen(line, "r");
	while (fgets(line, sizeof(line), pipe)) {
		char name[512];
		char type;
		unsigned long at;

		if (sscanf(line, "%lx %c %511s", &at, &type, name) == 3 && !strcmp(name, symbol))
			value = at;
	}
	pclose(pipe);
	return value;
}

#endif
