/* SPDX-License-Identifier: MIT */
/* See launch.h. */
#include "harness/engine/launch.h"

#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RANDOM_SIZE 16 /* bytes at AT_RANDOM, getauxval(3) */

const unsigned long launch_options =
	PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
	PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESECCOMP;

/* What the child could not do, sent through the pipe that exec closes. */
struct trouble {
	int error;
	char step[60];
};

static _Noreturn void give_up(int pipe_fd, const char *step, int error)
{
	struct trouble trouble = {.error = error};

	strncpy(trouble.step, step, sizeof(trouble.step) - 1);
	(void)!write(pipe_fd, &trouble, sizeof(trouble));
	_exit(127);
}

static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void connect_stream(int fd, int as, int pipe_fd)
{
	if (dup2(fd, as) < 0)
		give_up(pipe_fd, "connecting its standard streams", errno);
}

/* A description of its own, so that its reads move no other run's offset. */
static int reopen(int fd)
{
	char path[40];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? fd : again;
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void close_others(int pipe_fd)
{
	/* Ours are close-on-exec; what the harness inherited is passed on, as without it. */
	(void)fcntl(pipe_fd, F_SETFD, FD_CLOEXEC);
}

/* A program that is set-user-id for who runs it anyway: the bit means nothing, but the kernel would
 * take the fixed address layout away (execve(2); linux/personality.h, PER_CLEAR_ON_SETID). */
static void ignore_own_set_id(const char *program)
{
	struct stat status;

	if (stat(program, &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)))
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static _Noreturn void become_target(const struct launch *launch, int pipe_fd, pid_t parent)
{
	const struct rlimit no_core = {0, 0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setsid();
	pin(launch->cpu);
	setrlimit(RLIMIT_CORE, &no_core);
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		give_up(pipe_fd, "fixing its address layout", errno);
	ignore_own_set_id(launch->program);
	close_others(pipe_fd);
	connect_stream(reopen(launch->stdin_fd), STDIN_FILENO, pipe_fd);
	connect_stream(launch->stdout_fd, STDOUT_FILENO, pipe_fd);
	connect_stream(launch->stderr_fd, STDERR_FILENO, pipe_fd);
	if (launch->directory && chdir(launch->directory) < 0)
		give_up(pipe_fd, "entering its directory", errno);
	reset_signals();
	if (trace_me() < 0)
		give_up(pipe_fd, "being traced", errno);
	raise(SIGSTOP);
	if (launch->filter) {
		int error = filter_install(launch->filter);

		if (error)
			give_up(pipe_fd, "installing the system call filter", -error);
	}
	execve(launch->program, launch->argv, launch->envp);
	give_up(pipe_fd, "exec", errno);
}

static int explain(const struct launch *launch, int pipe_fd)
{
	static const char advice[] = " (in a container, allow what it needs, for example with "
				     "--security-opt seccomp=unconfined)";
	struct trouble trouble;

	if (read(pipe_fd, &trouble, sizeof(trouble)) != (ssize_t)sizeof(trouble))
		return fail(-ECHILD, "%s died before it ran", launch->program);
	return fail(-trouble.error, "%s cannot be started: %s: %s%s", launch->program, trouble.step,
		    strerror(trouble.error), trouble.error == EPERM ? advice : "");
}

static int reach_exec(pid_t pid)
{
	struct stop stop;
	int error = trace_wait(pid, -1, &stop);

	if (error)
		return error;
	if (stop.kind != STOP_SIGNAL)
		return -ECHILD;
	error = trace_set_options(pid, launch_options);
	if (!error)
		error = trace_resume(pid, TRACE_CONTINUE, 0);
	while (!error) {
		error = trace_wait(pid, -1, &stop);
		if (error)
			break;
		if (stop.kind == STOP_EVENT && stop.event == PTRACE_EVENT_EXEC)
			return 0;
		if (stop.kind == STOP_EXITED || stop.kind == STOP_KILLED)
			return -ECHILD;
		error = trace_resume(pid, TRACE_CONTINUE,
				     stop.kind == STOP_SIGNAL ? stop.signal : 0);
	}
	return error;
}

/* Kills and reaps it; a SIGKILL may still show an exit event (ptrace(2), PTRACE_EVENT_EXIT). */
static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		(void)!trace_resume(pid, TRACE_CONTINUE, 0);
}

int launch_start(const struct launch *launch, pid_t *pid)
{
	pid_t self = getpid();
	int fds[2];
	int error;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail(-errno, "cannot make a pipe: %s", strerror(errno));
	*pid = fork();
	if (*pid < 0) {
		error = fail(-errno, "cannot make a process: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	if (*pid == 0)
		become_target(launch, fds[1], self);
	close(fds[1]);
	error = reach_exec(*pid);
	if (error) {
		/* First, since as long as it is there the pipe has no end. */
		end(*pid);
		if (error != -EINTR)
			error = explain(launch, fds[0]);
	} else {
		error = launch_after_exec(launch, *pid);
		if (error)
			end(*pid);
	}
	close(fds[0]);
	return error;
}

int launch_auxiliary(pid_t pid, unsigned long type, unsigned long *value)
{
	Elf64_auxv_t entries[64];
	char path[40];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, entries, sizeof(entries));
	close(fd);
	for (size_t i = 0; size > 0 && i < (size_t)size / sizeof(entries[0]); i++) {
		if (entries[i].a_type == type) {
			*value = entries[i].a_un.a_val;
			return 0;
		}
	}
	return -ENOENT;
}

/* Skips a NULL-terminated vector of pointers: the address behind it, 0 when it cannot be read. */
static uint64_t behind_vector(pid_t pid, uint64_t at)
{
	uint64_t pointer;

	do {
		if (memory_read(pid, at, &pointer, sizeof(pointer)))
			return 0;
		at += sizeof(pointer);
	} while (pointer);
	return at;
}

/* The initial stack: argc, argv..., NULL, envp..., NULL, auxv (System V AMD64 ABI 3.4.1). */
static int hide_vdso(pid_t pid)
{
	struct registers registers;
	Elf64_auxv_t entry;
	int error = trace_get_registers(pid, &registers);
	uint64_t at;

	if (error)
		return error;
	at = behind_vector(pid, registers_sp(&registers) + sizeof(uint64_t));
	at = at ? behind_vector(pid, at) : 0;
	for (; at; at += sizeof(entry)) {
		error = memory_read(pid, at, &entry, sizeof(entry));
		if (error || entry.a_type == AT_NULL)
			return error;
		if (entry.a_type == AT_SYSINFO_EHDR) {
			entry.a_type = AT_IGNORE;
			return memory_write(pid, at, &entry, sizeof(entry));
		}
	}
	return -EFAULT;
}

/* The stack protector's canary and the pointer guard come from these bytes: fixed, they make a run
 * like the next. The first byte of the canary is zero in any case. */
static int fix_random(pid_t pid)
{
	static const uint8_t bytes[RANDOM_SIZE] = {0x5a, 0xc3, 0x17, 0x8e, 0x21, 0xf4, 0x6b, 0x9d,
						   0x34, 0xe8, 0x52, 0xb1, 0x7f, 0x06, 0xcd, 0x49};
	unsigned long at = 0;
	int error = launch_auxiliary(pid, AT_RANDOM, &at);

	return error ? error : memory_write(pid, at, bytes, sizeof(bytes));
}

int launch_after_exec(const struct launch *launch, pid_t pid)
{
	int error = launch->keep_vdso ? 0 : hide_vdso(pid);

	if (!error)
		error = fix_random(pid);
	if (error)
		return fail(error, "cannot prepare %s after its start: %s", launch->program,
			    strerror(-error));
	return 0;
}
