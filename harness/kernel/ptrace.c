/* SPDX-License-Identifier: MIT */
/* See ptrace.h. */
#include "harness/kernel/ptrace_private.h"

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

int trace_resume_plain(pid_t tid, enum trace_resume how, int signal)
{
	static const int requests[] = {
		[TRACE_CONTINUE] = PTRACE_CONT,
		[TRACE_STEP] = PTRACE_SINGLESTEP,
		[TRACE_SYSCALL] = PTRACE_SYSCALL,
	};

	return request(requests[how], tid, NULL, (void *)(intptr_t)signal);
}

int trace_resume(pid_t tid, enum trace_resume how, int signal)
{
	int error;

	return watch_step_resume(tid, how, signal, &error) ? error
							   : trace_resume_plain(tid, how, signal);
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

int trace_peek_user(pid_t tid, size_t offset, uint64_t *value)
{
	errno = 0;
	*value = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, (void *)offset, NULL);
	return -errno;
}

int trace_get_pc(pid_t tid, uint64_t *pc)
{
	return trace_peek_user(tid, offsetof(struct user, regs.rip), pc);
}

int trace_get_result(pid_t tid, int64_t *result)
{
	return trace_peek_user(tid, offsetof(struct user, regs.rax), (uint64_t *)result);
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

int trace_poke_user(pid_t tid, size_t offset, uint64_t value)
{
	return request(PTRACE_POKEUSER, tid, (void *)offset, (void *)value);
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

bool trace_is_at_entry(pid_t tid)
{
	struct __ptrace_syscall_info info = {0};

	return ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

int trace_get_rseq(pid_t tid, uint64_t *start, uint64_t *end)
{
	struct __ptrace_rseq_configuration configuration = {0};

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, (void *)sizeof(configuration),
		   &configuration) < 0)
		return -errno;
	*start = configuration.rseq_abi_pointer;
	*end = *start + (*start ? configuration.rseq_abi_size : 0);
	return 0;
}

int trace_detach(pid_t tid, int signal)
{
	return request(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal);
}

static struct stop last_stop;

const struct stop *trace_last_stop(void)
{
	return &last_stop;
}

/* Is the stop one to be told? */
static bool take_stop(pid_t who, int status, struct stop *stop)
{
	*stop = stop_classify(who, status);
	if (watch_step_absorb(stop))
		return false;
	last_stop = *stop;
	return true;
}

static int wait_for_ever(pid_t tid, struct stop *stop)
{
	for (;;) {
		int status;
		pid_t who = waitpid(tid, &status, __WALL);

		if (who > 0 && take_stop(who, status, stop))
			return 0;
		if (who < 0 && errno != EINTR)
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

		if (who > 0 && take_stop(who, status, stop))
			return 0;
		if (who < 0 && errno != EINTR)
			return -errno;
		if (trace_interrupted)
			return -EINTR;
		if (who > 0) { /* it runs on, if slowly */
			deadline = clock_now() + timeout;
			continue;
		}
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
