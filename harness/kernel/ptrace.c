/* SPDX-License-Identifier: MIT */
/* See ptrace.h. */
#include "harness/kernel/ptrace.h"

#include "harness/base/clock.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRAP_FLAG (UINT64_C(1) << 8) /* Intel SDM volume 1, 3.4.3: TF */

volatile sig_atomic_t trace_interrupted;

static int request(int what, pid_t tid, void *address, void *data)
{
	return ptrace(what, tid, address, data) < 0 ? -errno : 0;
}

int trace_me(void)
{
	return request(PTRACE_TRACEME, 0, NULL, NULL);
}

int trace_resume(pid_t tid, enum trace_resume how, int signal)
{
	static const int requests[] = {
		[TRACE_CONTINUE] = PTRACE_CONT,
		[TRACE_STEP] = PTRACE_SINGLESTEP,
		[TRACE_SYSCALL] = PTRACE_SYSCALL,
	};

	return request(requests[how], tid, NULL, (void *)(intptr_t)signal);
}

int trace_set_options(pid_t tid, unsigned long options)
{
	return request(PTRACE_SETOPTIONS, tid, NULL, (void *)options);
}

int trace_event_message(pid_t tid, unsigned long *message)
{
	return request(PTRACE_GETEVENTMSG, tid, NULL, message);
}

int trace_get_registers(pid_t tid, struct registers *registers)
{
	return request(PTRACE_GETREGS, tid, NULL, &registers->user);
}

int trace_set_registers(pid_t tid, const struct registers *registers)
{
	return request(PTRACE_SETREGS, tid, NULL, (void *)&registers->user);
}

static int peek_user(pid_t tid, size_t offset, uint64_t *value)
{
	errno = 0;
	*value = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, (void *)offset, NULL);
	return -errno;
}

int trace_get_pc(pid_t tid, uint64_t *pc)
{
	return peek_user(tid, offsetof(struct user, regs.rip), pc);
}

int trace_get_result(pid_t tid, int64_t *result)
{
	return peek_user(tid, offsetof(struct user, regs.rax), (uint64_t *)result);
}

int trace_clear_trap_flag(pid_t tid, uint64_t at)
{
	uint64_t flags;
	int error = memory_read(tid, at, &flags, sizeof(flags));

	if (error)
		return error;
	flags &= ~TRAP_FLAG;
	return memory_write(tid, at, &flags, sizeof(flags));
}

int trace_get_float_control(pid_t tid, uint32_t *control)
{
	struct user_fpregs_struct registers;
	int error = request(PTRACE_GETFPREGS, tid, NULL, &registers);

	if (!error)
		*control = (uint32_t)registers.cwd << 16 | (registers.mxcsr & 0xffc0);
	return error;
}

static int poke_user(pid_t tid, size_t offset, uint64_t value)
{
	return request(PTRACE_POKEUSER, tid, (void *)offset, (void *)value);
}

static size_t debug_register(unsigned int number)
{
	return offsetof(struct user, u_debugreg) + number * sizeof(uint64_t);
}

/* DR7: two bits that enable each slot, then four that say what it waits for (volume 3, 17.2.4). */
static uint64_t watch_bits(unsigned int slot, enum trace_watch kind, size_t size)
{
	static const uint64_t kinds[] = {
		[WATCH_EXECUTE] = 0, [WATCH_WRITE] = 1, [WATCH_ACCESS] = 3};
	static const uint64_t sizes[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};

	return UINT64_C(1) << (2 * slot) | (kinds[kind] | sizes[size] << 2) << (16 + 4 * slot);
}

static uint64_t watch_mask(unsigned int slot)
{
	return UINT64_C(3) << (2 * slot) | UINT64_C(15) << (16 + 4 * slot);
}

int trace_clear_watch(pid_t tid, unsigned int slot)
{
	uint64_t control;
	int error = peek_user(tid, debug_register(7), &control);

	return error ? error : poke_user(tid, debug_register(7), control & ~watch_mask(slot));
}

static volatile uint64_t probed;

/* What is traced by the probe: touches the watched bytes once. */
static void touch(void)
{
	if (trace_me() == 0 && raise(SIGSTOP) == 0)
		probed = 1;
	_exit(0);
}

static bool try_watch(pid_t pid)
{
	int status;

	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
	       poke_user(pid, debug_register(0), (uint64_t)(uintptr_t)&probed) == 0 &&
	       poke_user(pid, debug_register(7), watch_bits(0, WATCH_WRITE, sizeof(probed))) == 0 &&
	       request(PTRACE_CONT, pid, NULL, NULL) == 0 && waitpid(pid, &status, __WALL) == pid &&
	       WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

bool trace_has_watches(void)
{
	static enum { UNKNOWN, NONE, SOME } found;
	pid_t pid;

	if (found != UNKNOWN)
		return found == SOME;
	pid = fork();
	if (pid == 0)
		touch();
	if (pid < 0)
		return false;
	found = try_watch(pid) ? SOME : NONE;
	if (kill(pid, SIGKILL) == 0)
		(void)!waitpid(pid, NULL, __WALL);
	return found == SOME;
}

int trace_set_watch(pid_t tid, unsigned int slot, enum trace_watch kind, uint64_t address,
		    size_t size)
{
	uint64_t control;
	int error;

	if ((size != 1 && size != 2 && size != 4 && size != 8) || address % size ||
	    (kind == WATCH_EXECUTE && size != 1))
		return -EINVAL;
	if (!trace_has_watches())
		return -ENOTSUP;
	error = peek_user(tid, debug_register(7), &control);
	if (!error)
		error = poke_user(tid, debug_register(slot), address);
	control &= ~watch_mask(slot);
	if (!error)
		error = poke_user(tid, debug_register(7), control | watch_bits(slot, kind, size));
	/* Without the registers, or all of them taken by somebody else (perf). */
	return error == -EIO || error == -ENOSPC || error == -ENODEV ? -ENOTSUP : error;
}

int trace_take_watch_hits(pid_t tid, unsigned int *slots)
{
	uint64_t status;
	int error = peek_user(tid, debug_register(6), &status);

	*slots = 0;
	if (error)
		return error;
	*slots = status & ((1U << TRACE_WATCHES) - 1);
	/* Older kernels add to it. */
	return *slots ? poke_user(tid, debug_register(6), 0) : 0;
}

int trace_get_siginfo(pid_t tid, siginfo_t *info)
{
	return request(PTRACE_GETSIGINFO, tid, NULL, info);
}

int trace_set_siginfo(pid_t tid, const siginfo_t *info)
{
	return request(PTRACE_SETSIGINFO, tid, NULL, (void *)info);
}

int trace_get_mask(pid_t tid, uint64_t *mask)
{
	return request(PTRACE_GETSIGMASK, tid, (void *)sizeof(*mask), mask);
}

int trace_set_mask(pid_t tid, uint64_t mask)
{
	return request(PTRACE_SETSIGMASK, tid, (void *)sizeof(mask), &mask);
}

int trace_detach(pid_t tid, int signal)
{
	return request(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal);
}

static int wait_for_ever(pid_t tid, struct stop *stop)
{
	for (;;) {
		int status;
		pid_t who = waitpid(tid, &status, __WALL);

		if (who > 0) {
			*stop = stop_classify(who, status);
			return 0;
		}
		if (errno != EINTR)
			return -errno;
		if (trace_interrupted)
			return -EINTR;
	}
}

/* SIGCHLD is blocked, so that one that comes between the look and the sleep is not lost. */
static void sleep_until_child(double seconds)
{
	struct timespec limit;
	sigset_t set;

	if (seconds < 0)
		seconds = 0;
	limit.tv_sec = (time_t)seconds;
	limit.tv_nsec = (long)((seconds - (double)limit.tv_sec) * 1e9);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	(void)sigtimedwait(&set, NULL, &limit);
}

int trace_wait(pid_t tid, double timeout, struct stop *stop)
{
	double deadline;

	if (timeout < 0)
		return wait_for_ever(tid, stop);
	deadline = clock_now() + timeout;
	for (;;) {
		int status;
		pid_t who = waitpid(tid, &status, __WALL | WNOHANG);
		double left;

		if (who > 0) {
			*stop = stop_classify(who, status);
			return 0;
		}
		if (who < 0 && errno != EINTR)
			return -errno;
		if (trace_interrupted)
			return -EINTR;
		left = deadline - clock_now();
		if (left <= 0)
			return -ETIMEDOUT;
		sleep_until_child(left);
	}
}

int trace_probe(void)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0)
		return fail(-errno, "cannot make a process: %s", strerror(errno));
	if (child == 0) {
		int error = trace_me();

		if (error)
			_exit(-error & 0x7f);
		raise(SIGSTOP);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return 0;
	}
	return fail(
		-EPERM,
		"ptrace is refused here (%s): in a container, allow the ptrace system call (for "
		"example --cap-add=SYS_PTRACE --security-opt seccomp=unconfined); where "
		"/proc/sys/kernel/yama/ptrace_scope says 3, no process may be traced until reboot",
		WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "the probe was killed");
}
