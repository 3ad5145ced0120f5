/* SPDX-License-Identifier: MIT */
/* See guard.h. */
#include "harness/engine/guard.h"

#include "harness/base/alloc.h"
#include "harness/engine/shm.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/registers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls that send a signal: which argument names the process, the thread (or -1), the signal. */
static const struct sender {
	long number;
	int process;
	int thread;
	int signal;
} senders[] = {
	{SYS_kill, 0, -1, 1},
	{SYS_tkill, -1, 0, 1},
	{SYS_tgkill, 0, 1, 2},
	{SYS_rt_sigqueueinfo, 0, -1, 1},
	{SYS_rt_tgsigqueueinfo, 0, 1, 2},
};
#define SENDERS (sizeof(senders) / sizeof(senders[0]))

/* Calls that only tell something. */
/* pidfd_send_signal(fd, signal, ...) is no row: its process is behind a descriptor. */
static const long tellers[] = {SYS_rt_sigaction, SYS_sigaltstack, SYS_shmget, SYS_shmctl};
#define TELLERS (sizeof(tellers) / sizeof(tellers[0]))

static const long timers[] = {SYS_setitimer, SYS_alarm, SYS_timer_settime};
#define TIMERS (sizeof(timers) / sizeof(timers[0]))

/* Calls by which a copy would notice that it is not its walker. F_GETLK, F_SETLK and F_SETLKW are 5
 * to 7 (fcntl.h), so that bit 4 is in each. */
#define LOCK_COMMANDS 4

struct filter *guard_filter(bool with_returns)
{
	const size_t count = SENDERS + TIMERS + TELLERS + undo_syscall_count + 5;
	struct filter_row *rows = alloc_resize(NULL, count, sizeof(*rows));
	struct filter *filter;
	size_t n = 0;

	for (size_t i = 0; i < SENDERS; i++)
		rows[n++] = (struct filter_row){.number = senders[i].number, .flags_argument = -1};
	for (size_t i = 0; i < TIMERS; i++)
		rows[n++] = (struct filter_row){.number = timers[i], .flags_argument = -1};
	for (size_t i = 0; i < TELLERS; i++)
		rows[n++] = (struct filter_row){.number = tellers[i], .flags_argument = -1};
	for (size_t i = 0; i < undo_syscall_count; i++)
		rows[n++] = (struct filter_row){.number = undo_syscalls[i].number,
						.flags_argument = undo_syscalls[i].flags_argument,
						.flags_mask = undo_syscalls[i].flags_mask};
	rows[n++] = (struct filter_row){.number = SYS_getpid, .flags_argument = -1};
	rows[n++] = (struct filter_row){
		.number = SYS_fcntl, .flags_argument = 1, .flags_mask = LOCK_COMMANDS};
	rows[n++] = (struct filter_row){.number = SYS_exit_group, .flags_argument = -1};
	rows[n++] = (struct filter_row){.number = SYS_pidfd_send_signal, .flags_argument = -1};
	if (with_returns)
		rows[n++] = (struct filter_row){.number = SYS_rt_sigreturn, .flags_argument = -1};
	filter = filter_new(rows, n);
	free(rows);
	return filter;
}

static const struct sender *find_sender(long number)
{
	for (size_t i = 0; i < SENDERS; i++)
		if (senders[i].number == number)
			return &senders[i];
	return NULL;
}

static bool is_timer(long number)
{
	for (size_t i = 0; i < TIMERS; i++)
		if (timers[i] == number)
			return true;
	return false;
}

static bool belongs_to(const struct guard *guard, pid_t pid, enum family_owner owner)
{
	for (size_t i = 0; i < guard->family->count; i++)
		if (guard->family->members[i].pid == pid &&
		    guard->family->members[i].owner == owner)
			return true;
	return false;
}

static bool is_harness(const struct guard *guard, pid_t pid)
{
	return pid == getpid() || pid == guard->harness || pid == getpgrp();
}

/* Does what a signal to the whole group (or to everyone) would do in a run of its own. */
static void signal_relatives(const struct guard *guard, pid_t self, enum family_owner owner,
			     int signal)
{
	size_t count;
	pid_t *pids = family_processes(guard->family, owner, &count);

	for (size_t i = 0; i < count; i++)
		if (pids[i] != self && signal)
			(void)!kill(pids[i], signal);
	free(pids);
}

enum decision { LET, TO_SELF, HOLD_BACK };

static enum decision decide(struct guard *guard, const struct family_member *member, pid_t target,
			    int signal)
{
	const bool is_trial = member->owner == FAMILY_TRIAL;

	if (is_harness(guard, target) || is_harness(guard, -target)) {
		guard->signalled_harness = true;
		return HOLD_BACK;
	}
	if (target == -1) {
		guard->signalled_harness = true;
		signal_relatives(guard, member->pid, member->owner, signal);
		return HOLD_BACK;
	}
	if (!is_trial)
		return LET;
	if (target == 0 || target == -guard->walker) {
		signal_relatives(guard, member->pid, FAMILY_TRIAL, signal);
		return TO_SELF;
	}
	if (target == guard->walker)
		return TO_SELF;
	if (target > 0 && belongs_to(guard, target, FAMILY_WALKER)) {
		guard->signalled_walker_child = true;
		return HOLD_BACK;
	}
	return LET;
}

static pid_t argument(const struct registers *registers, int n)
{
	return (pid_t)registers_syscall_argument(registers, (unsigned int)n);
}

static int watch_sender(struct guard *guard, const struct family_member *member,
			const struct sender *sender, struct registers *registers)
{
	const int by = sender->process >= 0 ? sender->process : sender->thread;
	const pid_t target = argument(registers, by);
	/* The trial's first process stands for its walker. */
	const pid_t self = target > 0 ? guard->trial : member->pid;

	/* Either may be remembered from before the copy was made, and the other asked for since. */
	const bool names_walker = member->owner == FAMILY_TRIAL && sender->thread >= 0 &&
				  argument(registers, sender->thread) == guard->walker;

	switch (decide(guard, member, target, argument(registers, sender->signal))) {
	case LET:
		if (!names_walker)
			return 0;
		break;
	case TO_SELF:
		if (sender->process >= 0)
			registers_set_syscall_argument(registers, (unsigned int)sender->process,
						       (uint64_t)self);
		break;
	case HOLD_BACK:
		registers_skip_syscall(registers);
		registers_set_result(registers, 0);
		return trace_set_registers(member->tid, registers);
	}
	if (names_walker)
		registers_set_syscall_argument(registers, (unsigned int)sender->thread,
					       (uint64_t)guard->trial);
	return trace_set_registers(member->tid, registers);
}

/* The process that a descriptor of pidfd_open(2) stands for: "Pid:" of its fdinfo; 0: none. */
static pid_t process_behind(pid_t tid, int fd)
{
	char path[64];
	char line[128];
	pid_t pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "Pid:", 4) == 0)
			pid = (pid_t)strtol(line + 4, NULL, 10);
	fclose(file);
	return pid;
}

/* Becomes kill(2), which is watched: the descriptor goes on naming the walker in its copies. */
static int watch_pidfd(struct guard *guard, const struct family_member *member,
		       struct registers *registers)
{
	const pid_t target = process_behind(member->tid, argument(registers, 0));
	int error;

	if (member->owner != FAMILY_TRIAL || target <= 0 || target != guard->walker)
		return 0;
	registers_set_syscall(registers, SYS_kill);
	registers_set_syscall_argument(registers, 0, (uint64_t)guard->trial);
	error = trace_set_registers(member->tid, registers);
	return error;
}

/* rt_sigaction(signal, new, ...): the kernel's struct is handler, flags, restorer, mask. */
static void note_action(struct guard_signals *signals, pid_t tid, const struct registers *registers)
{
	const uint64_t signal = registers_syscall_argument(registers, 0);
	const uint64_t new = registers_syscall_argument(registers, 1);
	struct guard_action action;

	if (new &&signal < GUARD_SIGNALS && memory_read(tid, new, &action, sizeof(action)) == 0)
		signals->actions[signal] = action;
}

/* sigaltstack(new, old): stack_t is pointer, flags, size (sigaltstack(2)). */
static void note_stack(struct guard_signals *signals, pid_t tid, const struct registers *registers)
{
	const uint64_t new = registers_syscall_argument(registers, 0);
	stack_t stack;

	if (!new || memory_read(tid, new, &stack, sizeof(stack)))
		return;
	signals->stack = stack.ss_flags & SS_DISABLE ? 0 : (uint64_t)(uintptr_t)stack.ss_sp;
	signals->stack_size = signals->stack ? stack.ss_size : 0;
}

/* shmctl(id, IPC_RMID, ...) of a copy would take the segment from its walker. */
static int keep_segment(struct guard *guard, const struct family_member *member,
			struct registers *registers)
{
	const int id = (int)registers_syscall_argument(registers, 0);

	if ((int)registers_syscall_argument(registers, 1) != IPC_RMID ||
	    !shm_is_of(id, guard->walker) || guard->removed_segment_count == GUARD_SEGMENTS)
		return 0;
	guard->removed_segments[guard->removed_segment_count++] = id;
	registers_skip_syscall(registers);
	registers_set_result(registers, 0);
	return trace_set_registers(member->tid, registers);
}

/* True when the call was one that only tells something. */
static bool listen(struct guard *guard, const struct family_member *member, long number,
		   const struct registers *registers)
{
	struct guard_signals *signals = member->tid == guard->walker  ? &guard->walker_signals
					: member->tid == guard->trial ? &guard->trial_signals
								      : NULL;

	if (number == SYS_shmget || number == SYS_shmctl)
		guard->uses_shm = true;
	else if (number == SYS_rt_sigaction && signals)
		note_action(signals, member->tid, registers);
	else if (number == SYS_sigaltstack && signals)
		note_stack(signals, member->tid, registers);
	return number == SYS_shmget || number == SYS_shmctl || number == SYS_rt_sigaction ||
	       number == SYS_sigaltstack;
}

/* Answers in the kernel's place. */
static int answer(pid_t tid, struct registers *registers, uint64_t result)
{
	registers_skip_syscall(registers);
	registers_set_result(registers, result);
	return trace_set_registers(tid, registers);
}

/*
 * Record locks belong to a process: the walker's would keep its copy out, which stands for it. So a
 * copy of a walker that locks is granted every lock, and finds none.
 */
static int watch_lock(struct guard *guard, pid_t tid, struct registers *registers)
{
	const uint64_t command = registers_syscall_argument(registers, 1);
	const uint64_t lock = registers_syscall_argument(registers, 2);
	const short unlocked = F_UNLCK; /* l_type, the first member of struct flock */

	if (command != F_GETLK && command != F_SETLK && command != F_SETLKW)
		return 0;
	if (tid == guard->walker)
		guard->walker_has_lock = true;
	if (tid != guard->trial || !guard->walker_has_lock)
		return 0;
	if (command == F_GETLK && memory_write(tid, lock, &unlocked, sizeof(unlocked)))
		return 0;
	return answer(tid, registers, 0);
}

static void take_turn(struct guard *guard)
{
	if (guard->turn_fd < 0 || guard->has_turn)
		return;
	while (flock(guard->turn_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	guard->has_turn = true;
}

void guard_end_turn(struct guard *guard)
{
	if (guard->has_turn)
		(void)!flock(guard->turn_fd, LOCK_UN);
	guard->has_turn = false;
}

/* setitimer(2) and timer_settime(2) are given the interval, all 0 for a timer that fires once, as
 * alarm(2) sets one, and then the time to the first tick, all 0 for one that is put out. */
static void note_timer(struct guard *guard, pid_t tid, const struct registers *registers)
{
	const long number = registers_syscall(registers);
	const unsigned int argument = number == SYS_setitimer ? 1 : 2;
	uint64_t times[4] = {0};

	guard->walker_has_timer = true;
	if (number == SYS_alarm ||
	    memory_read(tid, registers_syscall_argument(registers, argument), times,
			sizeof(times)) ||
	    (times[0] == 0 && times[1] == 0 && (times[2] || times[3])))
		guard->walker_has_alarm = true;
}

int guard_syscall(struct guard *guard, pid_t tid, struct registers *registers)
{
	struct family_member *member = family_find(guard->family, tid);
	const struct sender *sender;
	uint64_t arguments[6];
	int error = trace_get_registers(tid, registers);
	const long number = error ? -1 : registers_syscall(registers);

	if (error || !member || number == SYS_exit_group || number == SYS_rt_sigreturn)
		return error;
	if (number == SYS_getpid)
		return tid == guard->trial ? answer(tid, registers, (uint64_t)guard->walker) : 0;
	if (number == SYS_fcntl)
		return watch_lock(guard, tid, registers);
	if (listen(guard, member, number, registers))
		return number == SYS_shmctl && member->owner == FAMILY_TRIAL
			       ? keep_segment(guard, member, registers)
			       : 0;
	if (number == SYS_pidfd_send_signal)
		return watch_pidfd(guard, member, registers);
	sender = find_sender(number);
	if (sender)
		return watch_sender(guard, member, sender, registers);
	if (is_timer(number)) {
		if (member->owner == FAMILY_TRIAL)
			guard->has_timer = true;
		else
			note_timer(guard, tid, registers);
		return 0;
	}
	if (member->owner == FAMILY_TRIAL)
		take_turn(guard);
	for (unsigned int i = 0; i < 6; i++)
		arguments[i] = registers_syscall_argument(registers, i);
	return undo_before(guard->undo, tid, number, arguments);
}
