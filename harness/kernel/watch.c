/* SPDX-License-Identifier: MIT */
/*
 * Watches of the CPU, and whether it has any: virtual machines exist that take the debug registers
 * and never stop (seen with nested ones), so that this is tried out once and never assumed.
 */
#include "harness/kernel/ptrace_private.h"

#include "harness/kernel/memory.h"
#include "harness/kernel/watch_step.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int set(pid_t tid, unsigned int slot, enum trace_watch kind, uint64_t address, size_t size)
{
	uint64_t control;
	int error = trace_peek_user(tid, debug_register(7), &control);

	if (!error)
		error = trace_poke_user(tid, debug_register(slot), address);
	control &= ~watch_mask(slot);
	if (!error)
		error = trace_poke_user(tid, debug_register(7),
					control | watch_bits(slot, kind, size));
	/* Without the registers, or all of them taken by somebody else (perf). */
	return error == -EIO || error == -ENOSPC || error == -ENODEV ? -ENOTSUP : error;
}

static int take(pid_t tid, unsigned int *slots)
{
	uint64_t status;
	int error = trace_peek_user(tid, debug_register(6), &status);

	*slots = 0;
	if (error)
		return error;
	*slots = status & ((1U << TRACE_WATCHES) - 1);
	/* Older kernels add to it. */
	return *slots ? trace_poke_user(tid, debug_register(6), 0) : 0;
}

static volatile uint64_t probed;

static _Noreturn void be_probed(void)
{
	if (trace_me())
		_exit(1);
	raise(SIGSTOP);
	probed = 1;
	_exit(0);
}

static bool wait_stopped(pid_t pid, int signal)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return false;
	return WIFSTOPPED(status) && WSTOPSIG(status) == signal;
}

/* A child of ours writes to a word that it is watched for. */
static bool try_out(void)
{
	const pid_t child = fork();
	unsigned int slots = 0;
	bool works;

	if (child < 0)
		return false;
	if (child == 0)
		be_probed();
	works = wait_stopped(child, SIGSTOP) &&
		set(child, 0, WATCH_WRITE, (uint64_t)(uintptr_t)&probed, sizeof(probed)) == 0 &&
		trace_resume_plain(child, TRACE_CONTINUE, 0) == 0 && wait_stopped(child, SIGTRAP) &&
		take(child, &slots) == 0 && slots == 1;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, __WALL) > 0 || errno == EINTR)
		;
	return works;
}

bool trace_has_watches(void)
{
	static enum { UNTRIED, WORK, FAIL } known;

	if (known == UNTRIED)
		known = !getenv("SIGSWEEP_NO_WATCHPOINTS") && try_out() ? WORK : FAIL;
	return known == WORK;
}

unsigned int trace_watch_count(void)
{
	return trace_has_watches() ? TRACE_WATCHES : TRACE_WATCHES_MAX;
}

int trace_set_watch(pid_t tid, unsigned int slot, enum trace_watch kind, uint64_t address,
		    size_t size)
{
	if ((size != 1 && size != 2 && size != 4 && size != 8) || address % size ||
	    (kind == WATCH_EXECUTE && size != 1))
		return -EINVAL;
	return trace_has_watches() ? set(tid, slot, kind, address, size)
				   : watch_step_set(tid, slot, kind, address, size);
}

int trace_clear_watch(pid_t tid, unsigned int slot)
{
	uint64_t control;
	int error;

	if (!trace_has_watches())
		return watch_step_clear(tid, slot);
	error = trace_peek_user(tid, debug_register(7), &control);
	return error ? error : trace_poke_user(tid, debug_register(7), control & ~watch_mask(slot));
}

bool trace_is_stray_watch(pid_t tid)
{
	static const uint8_t int1 = 0xf1;
	siginfo_t info;
	uint64_t pc;
	uint8_t before = 0;

	if (!trace_has_watches() || trace_get_siginfo(tid, &info) || info.si_signo != SIGTRAP)
		return false;
	if (info.si_code == TRAP_HWBKPT)
		return true;
	return info.si_code == TRAP_BRKPT && trace_get_pc(tid, &pc) == 0 &&
	       memory_read(tid, pc - 1, &before, sizeof(before)) == 0 && before != int1;
}

int trace_take_watch_hits(pid_t tid, unsigned int *slots)
{
	if (trace_has_watches())
		return take(tid, slots);
	*slots = watch_step_take(tid);
	return 0;
}
