/* SPDX-License-Identifier: MIT */
/*
 * The ground truth's own eyes: numbers the boundaries of a target's window with bare
 * PTRACE_SINGLESTEP and, with --inject, starts the target anew for each boundary, brings it there,
 * sends the signal and says how that run ended. Shares no code with the harness and knows nothing
 * of it: where both agree, they agree for different reasons.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEEKS_MAX 8

struct options {
	const char *from;     /* "handler" or "image+0xOFFSET" */
	uint64_t from_offset; /* OFFSET */
	const char *stdin_path;
	int signal;
	bool registers;
	uint64_t peeks[PEEKS_MAX];
	size_t peek_count;
	bool inject;
	unsigned long first; /* of the boundaries to inject at */
	unsigned long last;
	char **argv;
};

struct place {
	uint64_t pc;
	uint64_t sp;
};

/* Where each boundary of the walk is, from 1, to find it again in another run. */
struct path {
	struct place *places;
	unsigned long count;
};

static uint64_t hash_of(int fd)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	unsigned char bytes[4096];
	off_t at = 0;
	ssize_t count;

	while ((count = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		for (ssize_t n = 0; n < count; n++)
			hash = (hash ^ bytes[n]) * 0x100000001b3;
		at += count;
	}
	return hash;
}

static void print_end(const struct run *run, enum event event, int status)
{
	static const char *const names[] = {
		[ASLEEP] = "asleep", [SPINNING] = "spinning", [TIMED_OUT] = "timeout"};

	if (event != ENDED)
		printf("%s 0", names[event]);
	else if (WIFEXITED(status))
		printf("exit %d", WEXITSTATUS(status));
	else
		printf("signal %d", WTERMSIG(status));
	printf(" %016lx %016lx\n", hash_of(run->output[0]), hash_of(run->output[1]));
}

/* One more stop, for whoever can do nothing with anything else. */
static int resume(const struct run *run, int request, int signal)
{
	int status = 0;

	trace(request, run->pid, 0, (uintptr_t)signal);
	if (wait_event(run->pid, &status) != STOPPED)
		die("the window is never reached");
	return WSTOPSIG(status);
}

static bool installs_handler(const struct run *run, int signal)
{
	struct user_regs_struct registers;

	trace(PTRACE_GETREGS, run->pid, 0, (uintptr_t)&registers);
	return registers.orig_rax == SYS_rt_sigaction && (int)registers.rdi == signal &&
	       registers.rsi != 0 && peek(run->pid, registers.rsi) > (uintptr_t)SIG_IGN;
}

static void run_to_handler(const struct run *run, const struct options *options)
{
	int stop = 0;

	for (;;) {
		bool found;

		stop = resume(run, PTRACE_SYSCALL, stop == (SIGTRAP | 0x80) ? 0 : stop);
		if (stop != (SIGTRAP | 0x80))
			continue;
		found = installs_handler(run, options->signal);
		stop = resume(run, PTRACE_SYSCALL, 0);
		if (found)
			return;
	}
}

/* Runs on at full speed until the instruction at `pc` is next; it is not there now. */
static enum event run_to(const struct run *run, uint64_t pc, int *pending, int *status)
{
	uint64_t word = peek(run->pid, pc);
	enum event event;

	trace(PTRACE_POKEDATA, run->pid, pc, (word & ~0xffUL) | 0xcc);
	do {
		trace(PTRACE_CONT, run->pid, 0, (uintptr_t)*pending);
		event = wait_event(run->pid, status);
		*pending = event == STOPPED ? WSTOPSIG(*status) : 0;
	} while (event == STOPPED && *pending != SIGTRAP);
	*pending = 0;
	if (event == STOPPED) {
		trace(PTRACE_POKEDATA, run->pid, pc, word);
		trace(PTRACE_POKEUSER, run->pid, offsetof(struct user_regs_struct, rip), pc);
	}
	return event;
}

static void enter_window(const struct run *run, const struct options *options)
{
	int status;
	int pending = 0;

	if (strcmp(options->from, "handler") == 0)
		run_to_handler(run, options);
	else if (run_to(run, run->base + options->from_offset, &pending, &status) != STOPPED)
		die("the window is never reached");
}

/* One instruction on; a signal that is not the step's own is passed to the process with the next.
 */
static enum event step(const struct run *run, int *pending, int *status)
{
	enum event event;

	trace(PTRACE_SINGLESTEP, run->pid, 0, (uintptr_t)*pending);
	*pending = 0;
	event = wait_event(run->pid, status);
	if (event == STOPPED && WSTOPSIG(*status) != SIGTRAP)
		*pending = WSTOPSIG(*status);
	return event;
}

static void print_maps(const struct run *run)
{
	char path[64];
	char line[4352];
	FILE *file;

	printf("base %lx\n", run->base);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)run->pid);
	file = fopen(path, "re");
	if (!file)
		die("cannot read the mappings");
	while (fgets(line, sizeof(line), file)) {
		unsigned long start;
		unsigned long end;
		unsigned long offset;
		char name[4097];

		if (sscanf(line, "%lx-%lx %*4s %lx %*s %*s %4096[^\n]", &start, &end, &offset,
			   name) == 4)
			printf("map %lx %lx %lx %s\n", start, end, offset, name);
	}
	fclose(file);
}

static void print_boundary(const struct run *run, const struct options *options,
			   unsigned long index)
{
	struct user_regs_struct r;

	trace(PTRACE_GETREGS, run->pid, 0, (uintptr_t)&r);
	printf("%lu %llx", index, r.rip);
	if (options->registers)
		printf(" %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx %llx "
		       "%llx "
		       "%llx %llx",
		       r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10,
		       r.r11, r.r12, r.r13, r.r14, r.r15, r.fs_base);
	for (size_t n = 0; n < options->peek_count; n++)
		printf(" %lx", peek(run->pid, options->peeks[n]));
	putchar('\n');
}

/* Sends the signal, lets go of the process and waits for its end. */
static enum event let_go(const struct run *run, const struct options *options, int *status)
{
	kill(run->pid, options->signal);
	trace(PTRACE_DETACH, run->pid, 0, 0);
	return wait_event(run->pid, status);
}

/* The end of a walk that sleeps: the program waits for the signal, which it gets now. */
static enum event wake(const struct run *run, const struct options *options, int *status)
{
	kill(run->pid, options->signal);
	if (wait_event(run->pid, status) != STOPPED)
		die("the sleeping process does not stop");
	trace(PTRACE_DETACH, run->pid, 0, (uintptr_t)options->signal);
	return wait_event(run->pid, status);
}

static struct place place_of(const struct run *run)
{
	struct user_regs_struct registers;

	trace(PTRACE_GETREGS, run->pid, 0, (uintptr_t)&registers);
	return (struct place){registers.rip, registers.rsp};
}

static void remember(struct path *path, const struct run *run)
{
	if (path->count % 1024 == 0) {
		path->places =
			reallocarray(path->places, path->count + 1024, sizeof(*path->places));
		if (!path->places)
			die("out of memory");
	}
	path->places[path->count++] = place_of(run);
}

/* Steps through the whole window; prints it, or remembers it where `path` is not NULL. */
static void walk(const struct options *options, struct path *path)
{
	struct run run;
	enum event event = STOPPED;
	int status = 0;
	int pending = 0;

	run_start(&run, options->argv, options->stdin_path);
	enter_window(&run, options);
	if (!path)
		print_maps(&run);
	for (unsigned long index = 1; event == STOPPED; index++) {
		if (path)
			remember(path, &run);
		else
			print_boundary(&run, options, index);
		event = step(&run, &pending, &status);
	}
	if (!path) {
		printf("walk ");
		print_end(&run, event, status);
		if (event == ASLEEP)
			event = wake(&run, options, &status);
		printf("baseline ");
		print_end(&run, event, status);
	}
	run_end(&run);
}

/*
 * Brings a run that stands at boundary 1 to boundary `index`: the instruction is known from the
 * walk, and how often it is passed before. (Stepping all the way would be as good and much slower.)
 */
static enum event go_to(const struct run *run, const struct path *path, unsigned long index,
			int *status)
{
	const struct place wanted = path->places[index - 1];
	unsigned long passes = 0;
	enum event event = STOPPED;
	int pending = 0;

	for (unsigned long n = 0; n < index; n++)
		passes += path->places[n].pc == wanted.pc;
	while (event == STOPPED) {
		if (place_of(run).pc != wanted.pc)
			event = run_to(run, wanted.pc, &pending, status);
		else if (--passes == 0)
			break;
		else
			event = step(run, &pending, status);
	}
	if (event == STOPPED && place_of(run).sp != wanted.sp)
		die("the run to boundary %lu took another path than the walk", index);
	return event;
}

static void inject(const struct options *options, const struct path *path, unsigned long index)
{
	struct run run;
	enum event event;
	int status = 0;

	run_start(&run, options->argv, options->stdin_path);
	enter_window(&run, options);
	event = go_to(&run, path, index, &status);
	if (event != STOPPED)
		die("the run to boundary %lu ended before it", index);
	event = let_go(&run, options, &status);
	printf("%lu ", index);
	print_end(&run, event, status);
	run_end(&run);
}

static void sweep(const struct options *options)
{
	struct path path = {NULL, 0};

	walk(options, &path);
	for (unsigned long n = options->first; n <= options->last && n <= path.count; n++)
		inject(options, &path, n);
	free(path.places);
}

static char *need(char ***at)
{
	if (!(*at)[1])
		die("%s needs a value", **at);
	return *++*at;
}

static void parse_range(struct options *options, const char *text)
{
	options->inject = true;
	if (sscanf(text, "%lu-%lu", &options->first, &options->last) == 1)
		options->last = options->first;
	if (options->first == 0)
		die("boundaries are numbered from 1, not %s", text);
}

static void parse(struct options *options, char **at)
{
	for (; *at && strncmp(*at, "--", 2) == 0; at++) {
		if (strcmp(*at, "--registers") == 0)
			options->registers = true;
		else if (strcmp(*at, "--from") == 0)
			options->from = need(&at);
		else if (strcmp(*at, "--stdin") == 0)
			options->stdin_path = need(&at);
		else if (strcmp(*at, "--signal") == 0)
			options->signal = atoi(need(&at));
		else if (strcmp(*at, "--peek") == 0 && options->peek_count < PEEKS_MAX)
			options->peeks[options->peek_count++] = strtoull(need(&at), NULL, 16);
		else if (strcmp(*at, "--inject") == 0)
			parse_range(options, need(&at));
		else
			die("unknown option %s", *at);
	}
	if (sscanf(options->from, "image+%lx", &options->from_offset) != 1 &&
	    strcmp(options->from, "handler") != 0)
		die("the window starts at handler or image+0xOFFSET, not %s", options->from);
	options->argv = at;
	if (!*at)
		die("usage: stepper [--from handler|image+0xOFFSET] [--signal NUMBER] "
		    "[--stdin FILE] [--registers] [--peek ADDRESS]... [--inject FIRST[-LAST]] "
		    "PROGRAM [ARGUMENT...]");
}

int main(int count, char **arguments)
{
	struct options options = {.from = "handler", .stdin_path = "/dev/null", .signal = SIGINT};

	(void)count;
	parse(&options, arguments + 1);
	wait_settle();
	if (options.inject)
		sweep(&options);
	else
		walk(&options, NULL);
	return 0;
}
