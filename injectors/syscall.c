/* SPDX-License-Identifier: MIT */
/*
 * Boundaries before each system call, in it while it blocks, and right after it; between them the
 * program runs at full speed.
 *
 * To stand before a call, the walker is stopped at its entry, the call is turned into none, and the
 * registers are set back to where they were: on the instruction, with its number. Then it is an
 * ordinary place from which copies can be made, and the walker makes the call when it goes on.
 */
#include "injectors/table.h"

#include "harness/base/alloc.h"
#include "harness/kernel/registers.h"

#include <stdlib.h>
#include <sys/syscall.h>

/* Calls that can put their caller to sleep (signal(7), "Interruption of system calls", and those
 * that wait by nature). Whether one does is tried out. */
static const long sleepers[] = {
	SYS_read,        SYS_write,         SYS_readv,           SYS_writev,    SYS_pread64,
	SYS_pwrite64,    SYS_poll,          SYS_ppoll,           SYS_select,    SYS_pselect6,
	SYS_pause,       SYS_nanosleep,     SYS_clock_nanosleep, SYS_accept,    SYS_accept4,
	SYS_connect,     SYS_recvfrom,      SYS_recvmsg,         SYS_recvmmsg,  SYS_sendto,
	SYS_sendmsg,     SYS_sendmmsg,      SYS_wait4,           SYS_waitid,    SYS_fcntl,
	SYS_flock,       SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_futex,     SYS_epoll_wait,
	SYS_epoll_pwait, SYS_epoll_pwait2,  SYS_msgsnd,          SYS_msgrcv,    SYS_semop,
	SYS_semtimedop,  SYS_mq_timedsend,  SYS_mq_timedreceive, SYS_open,      SYS_openat,
	SYS_splice,      SYS_sendfile,      SYS_io_getevents,    SYS_getrandom,
};

enum stand { START, BEFORE, DURING, AFTER };

struct state {
	enum stand place; /* where the last boundary was */
	uint64_t pc;      /* of the call's instruction */
	long number;
	bool blocks; /* the call before which the walker stands */
};

static bool may_sleep(long number)
{
	for (size_t i = 0; i < sizeof(sleepers) / sizeof(sleepers[0]); i++)
		if (sleepers[i] == number)
			return true;
	return false;
}

static int begin(struct injection *injection)
{
	int error = 0;

	injection->state = alloc_zero(sizeof(struct state));
	injection->window->sees_stops_only = true;
	for (size_t i = 0; !error && i < injection->window->end_count; i++)
		error = walker_add_breakpoint(injection->walker, injection->window->ends[i]);
	return error;
}

/* Runs to the next entry or exit; 0 at the window's end, 1 there, -errno. */
static int run(const struct injection *injection, bool to_entry)
{
	struct walker *walker = injection->walker;
	bool at_breakpoint;

	do {
		int error = walker_run_syscall(walker, &at_breakpoint);

		if (!error && walker->end == WALKER_RUNS && !at_breakpoint)
			error = window_pass_call(injection->window, walker);
		if (error)
			return error;
		if (walker->end != WALKER_RUNS ||
		    (at_breakpoint && window_is_end(injection->window, walker->pc)))
			return 0;
	} while (at_breakpoint || walker->in_syscall != to_entry);
	return 1;
}

/* From a call's entry back to before its instruction. */
static int rewind_call(const struct injection *injection, struct state *state)
{
	struct walker *walker = injection->walker;
	const struct registers *now;
	struct registers before;
	struct registers skipped;
	int error = walker_registers(walker, &now);
	int more;

	if (error)
		return error;
	before = *now;
	state->number = registers_syscall(now);
	state->pc = registers_pc(now) - SYSCALL_INSTRUCTION_SIZE;
	registers_set_pc(&before, state->pc);
	registers_set_result(&before, state->number);
	skipped = *now;
	registers_skip_syscall(&skipped);
	error = walker_set_registers(walker, &skipped);
	if (error)
		return error;
	more = run(injection, false);
	if (more <= 0)
		return more;
	walker->syscalls--; /* it was none */
	error = walker_set_registers(walker, &before);
	return error ? error : 1;
}

/* Does the call put its caller to sleep? Asked before the trials that are made here, so that all
 * jobs ask at the same point. */
static int ask_whether_it_blocks(const struct injection *injection, struct state *state)
{
	state->blocks = false;
	return may_sleep(state->number) ? injection->would_block(injection->context, &state->blocks)
					: 0;
}

static int go_before(const struct injection *injection, struct state *state)
{
	int more = run(injection, true);
	int error;

	state->place = BEFORE;
	if (more > 0)
		more = rewind_call(injection, state);
	if (more <= 0)
		return more;
	error = ask_whether_it_blocks(injection, state);
	return error ? error : 1;
}

/* A call that was interrupted by a signal of the program's own does not come back before that has
 * been seen to: there is no place after it then, but one before whatever is called next. */
static int go_after(const struct injection *injection, struct state *state)
{
	struct walker *walker = injection->walker;
	const struct registers *registers;
	int more = run(injection, true);
	int error;

	if (more > 0)
		more = run(injection, false);
	if (more <= 0)
		return more;
	error = walker_registers(walker, &registers);
	if (error)
		return error;
	if (registers_will_restart(registers))
		return go_before(injection, state);
	state->place = AFTER;
	return 1;
}

static int go_on(struct injection *injection, struct state *state)
{
	if (state->place == START || state->place == AFTER)
		return go_before(injection, state);
	if (!state->blocks || state->place == DURING)
		return go_after(injection, state);
	state->place = DURING;
	return 1;
}

static int next(struct injection *injection, struct boundary *boundary)
{
	static const enum phase phases[] = {
		[BEFORE] = PHASE_BEFORE, [DURING] = PHASE_DURING, [AFTER] = PHASE_AFTER};
	struct state *state = injection->state;
	int more = go_on(injection, state);

	if (more == 1)
		*boundary = (struct boundary){.tid = injection->walker->pid,
					      .pc = injection->walker->pc,
					      .phase = phases[state->place],
					      .syscall = state->number};
	return more;
}

static void finish(struct injection *injection)
{
	walker_clear_breakpoints(injection->walker);
	free(injection->state);
}

const struct injector injector_syscall = {
	.name = "syscall",
	.help = "before every system call, in it while it blocks, and right after it",
	.open = begin,
	.next = next,
	.close = finish,
};
