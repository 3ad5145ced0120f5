/* SPDX-License-Identifier: MIT */
/*
 * System calls that a thread may sleep in, and what ends each: a timeout, a descriptor, a process,
 * a lock or a signal alone. A call that is not in the table is not understood and proves nothing.
 */
#include "harness/engine/asleep_proof.h"
#include "harness/kernel/memory.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define DESCRIPTORS_MAX 1024 /* of one poll or select; more are not looked at */
#define CLOCKS_MAX 4096      /* no pointer is that low */

struct call {
	long number;
	const char *name;
	enum asleep_verdict (*judge)(struct asleep_proof *proof, size_t thread,
				     const struct call *call);
	enum asleep_timeout timeout;
	int timeout_argument;
	int descriptor; /* argument that is one */
	int second;     /* another, 0: none */
	int option;     /* of a socket, that would end the call */
};

static const uint64_t *arguments_of(const struct asleep_proof *proof, size_t thread)
{
	return proof->sights[thread].call.arguments;
}

static enum asleep_verdict judge_signal(struct asleep_proof *proof, size_t thread,
					const struct call *call)
{
	return asleep_say(proof, thread, ASLEEP_FOREVER, "%s: only a signal ends it", call->name);
}

/* A signal of the awaited set that is pending though blocked ends the call. */
static enum asleep_verdict judge_signal_set(struct asleep_proof *proof, size_t thread,
					    const struct call *call)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	const struct process_status *status = &sight->status;
	uint64_t awaited;

	if (memory_read(sight->tid, sight->call.arguments[0], &awaited, sizeof(awaited)) < 0)
		return asleep_say(proof, thread, ASLEEP_UNKNOWN, "%s: its set cannot be read",
				  call->name);
	if ((status->signals_pending | status->signals_pending_shared) & awaited)
		return asleep_say(proof, thread, ASLEEP_NO, "%s: a signal is there", call->name);
	return judge_signal(proof, thread, call);
}

static enum asleep_verdict judge_descriptor(struct asleep_proof *proof, size_t thread,
					    const struct call *call)
{
	const uint64_t *arguments = arguments_of(proof, thread);
	enum asleep_verdict verdict = asleep_judge_descriptor(
		proof, thread, (int)arguments[call->descriptor], call->name, call->option);

	if (call->second && verdict == ASLEEP_FOREVER)
		verdict = asleep_judge_descriptor(proof, thread, (int)arguments[call->second],
						  call->name, call->option);
	return verdict;
}

/* The descriptors of a poll or select: all must be out of others' reach. */
static enum asleep_verdict judge_several(struct asleep_proof *proof, size_t thread,
					 const struct call *call, const int *fds, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		enum asleep_verdict verdict =
			asleep_judge_descriptor(proof, thread, fds[n], call->name, 0);

		if (verdict != ASLEEP_FOREVER)
			return verdict;
	}
	if (count == 0)
		return judge_signal(proof, thread, call);
	return count == 1 ? ASLEEP_FOREVER
			  : asleep_say(proof, thread, ASLEEP_FOREVER,
				       "%s on %zu descriptors that nobody else can make ready",
				       call->name, count);
}

static enum asleep_verdict unreadable(struct asleep_proof *proof, size_t thread,
				      const struct call *call)
{
	return asleep_say(proof, thread, ASLEEP_UNKNOWN,
			  "%s: the descriptors that it waits for cannot be read", call->name);
}

static enum asleep_verdict judge_poll(struct asleep_proof *proof, size_t thread,
				      const struct call *call)
{
	const uint64_t *arguments = arguments_of(proof, thread);
	struct pollfd polled[DESCRIPTORS_MAX];
	int fds[DESCRIPTORS_MAX];
	size_t count = (unsigned int)arguments[1];
	size_t used = 0;

	if (count > DESCRIPTORS_MAX ||
	    (count > 0 && memory_read(proof->sights[thread].tid, arguments[0], polled,
				      count * sizeof(*polled)) < 0))
		return unreadable(proof, thread, call);
	for (size_t n = 0; n < count; n++) {
		if (polled[n].fd >= 0)
			fds[used++] = polled[n].fd;
	}
	return judge_several(proof, thread, call, fds, used);
}

/* Adds to `set` the bits of the set at `address` in the thread's memory. */
static int add_set(pid_t tid, uint64_t address, size_t words, uint64_t *set)
{
	uint64_t bits[DESCRIPTORS_MAX / 64];
	int error;

	if (address == 0)
		return 0;
	error = memory_read(tid, address, bits, words * sizeof(*bits));
	for (size_t n = 0; n < words && !error; n++)
		set[n] |= bits[n];
	return error;
}

static enum asleep_verdict judge_select(struct asleep_proof *proof, size_t thread,
					const struct call *call)
{
	const uint64_t *arguments = arguments_of(proof, thread);
	uint64_t set[DESCRIPTORS_MAX / 64] = {0};
	int fds[DESCRIPTORS_MAX];
	int count = (int)arguments[0];
	size_t used = 0;

	if (count < 0 || count > DESCRIPTORS_MAX)
		return unreadable(proof, thread, call);
	for (int n = 1; n <= 3 && count > 0; n++) {
		if (add_set(proof->sights[thread].tid, arguments[n], ((size_t)count + 63) / 64,
			    set) < 0)
			return unreadable(proof, thread, call);
	}
	for (int fd = 0; fd < count; fd++) {
		if (set[fd / 64] >> (fd % 64) & 1)
			fds[used++] = fd;
	}
	return judge_several(proof, thread, call, fds, used);
}

static enum asleep_verdict judge_futex(struct asleep_proof *proof, size_t thread,
				       const struct call *call)
{
	(void)call;
	return asleep_judge_futex(proof, thread);
}

static enum asleep_verdict judge_wait(struct asleep_proof *proof, size_t thread,
				      const struct call *call)
{
	return asleep_judge_children(proof, thread, call->name);
}

/* vfork(2) and its relatives sleep until the child has called exec or has ended. */
static enum asleep_verdict judge_clone(struct asleep_proof *proof, size_t thread,
				       const struct call *call)
{
	uint64_t flags = call->number == SYS_vfork ? CLONE_VFORK : arguments_of(proof, thread)[0];

	/* The flags are the first member of struct clone_args. */
	if (call->number == SYS_clone3 &&
	    memory_read(proof->sights[thread].tid, flags, &flags, sizeof(flags)) < 0)
		flags = 0;
	if (!(flags & CLONE_VFORK))
		return asleep_say(proof, thread, ASLEEP_NO, "%s: ends by itself", call->name);
	return asleep_judge_children(proof, thread, call->name);
}

static enum asleep_verdict judge_flock(struct asleep_proof *proof, size_t thread,
				       const struct call *call)
{
	return asleep_judge_lock(proof, thread, call->name);
}

static enum asleep_verdict judge_fcntl(struct asleep_proof *proof, size_t thread,
				       const struct call *call)
{
	uint64_t command = arguments_of(proof, thread)[1];

	if (command != F_SETLKW && command != F_OFD_SETLKW)
		return asleep_say(proof, thread, ASLEEP_NO, "%s: ends by itself", call->name);
	return asleep_judge_lock(proof, thread, call->name);
}

#define DESCRIPTOR(number_of, argument, socket_option)                                             \
	{                                                                                          \
		.number = SYS_##number_of, .name = #number_of, .judge = judge_descriptor,          \
		.descriptor = (argument), .option = (socket_option)                                \
	}
#define WAIT(number_of, function, kind, argument)                                                  \
	{                                                                                          \
		.number = SYS_##number_of, .name = #number_of, .judge = (function),                \
		.timeout = (kind), .timeout_argument = (argument)                                  \
	}

static const struct call calls[] = {
	WAIT(pause, judge_signal, TIMEOUT_NONE, 0),
	WAIT(rt_sigsuspend, judge_signal, TIMEOUT_NONE, 0),
	WAIT(rt_sigtimedwait, judge_signal_set, TIMEOUT_TIMESPEC, 2),
	WAIT(futex, judge_futex, TIMEOUT_FUTEX, 3),
	WAIT(nanosleep, judge_signal, TIMEOUT_TIMESPEC, 0),
	WAIT(clock_nanosleep, judge_signal, TIMEOUT_CLOCK, 2),
	WAIT(wait4, judge_wait, TIMEOUT_NONE, 0),
	WAIT(waitid, judge_wait, TIMEOUT_NONE, 0),
	WAIT(vfork, judge_clone, TIMEOUT_NONE, 0),
	WAIT(clone, judge_clone, TIMEOUT_NONE, 0),
	WAIT(clone3, judge_clone, TIMEOUT_NONE, 0),
	WAIT(flock, judge_flock, TIMEOUT_NONE, 0),
	WAIT(fcntl, judge_fcntl, TIMEOUT_NONE, 0),
	WAIT(poll, judge_poll, TIMEOUT_MILLISECONDS, 2),
	WAIT(ppoll, judge_poll, TIMEOUT_TIMESPEC, 2),
	WAIT(select, judge_select, TIMEOUT_TIMEVAL, 4),
	WAIT(pselect6, judge_select, TIMEOUT_TIMESPEC, 4),
	WAIT(epoll_wait, judge_descriptor, TIMEOUT_MILLISECONDS, 3),
	WAIT(epoll_pwait, judge_descriptor, TIMEOUT_MILLISECONDS, 3),
	WAIT(epoll_pwait2, judge_descriptor, TIMEOUT_TIMESPEC, 3),
	DESCRIPTOR(read, 0, SO_RCVTIMEO),
	DESCRIPTOR(readv, 0, SO_RCVTIMEO),
	DESCRIPTOR(preadv2, 0, SO_RCVTIMEO),
	DESCRIPTOR(recvfrom, 0, SO_RCVTIMEO),
	DESCRIPTOR(recvmsg, 0, SO_RCVTIMEO),
	DESCRIPTOR(accept, 0, SO_RCVTIMEO),
	DESCRIPTOR(accept4, 0, SO_RCVTIMEO),
	DESCRIPTOR(write, 0, SO_SNDTIMEO),
	DESCRIPTOR(writev, 0, SO_SNDTIMEO),
	DESCRIPTOR(pwritev2, 0, SO_SNDTIMEO),
	DESCRIPTOR(sendto, 0, SO_SNDTIMEO),
	DESCRIPTOR(sendmsg, 0, SO_SNDTIMEO),
	DESCRIPTOR(connect, 0, SO_SNDTIMEO),
	{.number = SYS_recvmmsg,
	 .name = "recvmmsg",
	 .judge = judge_descriptor,
	 .timeout = TIMEOUT_TIMESPEC,
	 .timeout_argument = 4,
	 .option = SO_RCVTIMEO},
	{.number = SYS_tee, .name = "tee", .judge = judge_descriptor, .second = 1},
};

static const struct call *find(long number)
{
	for (size_t n = 0; n < sizeof(calls) / sizeof(*calls); n++) {
		if (calls[n].number == number)
			return &calls[n];
	}
	return NULL;
}

/* Was the number given to the 64-bit `syscall` instruction? With int 0x80 it means another call. */
static bool is_native(const struct asleep_sight *sight)
{
	static const uint8_t expected[] = {0x0f, 0x05};
	uint8_t bytes[sizeof(expected)];

	return memory_read(sight->tid, sight->call.pc - sizeof(bytes), bytes, sizeof(bytes)) == 0 &&
	       memcmp(bytes, expected, sizeof(bytes)) == 0;
}

/*
 * restart_syscall(2) continues a call that was interrupted without a handler and that counts time:
 * sleeps, futex and poll (of these only poll without a timeout too, fs/select.c,
 * do_restart_poll()). The registers are those of that call, and where the thread sleeps in the
 * kernel tells which it is. 0: it does not.
 */
static long restarted(const struct asleep_sight *sight)
{
	char path[64];
	char *text;
	long number = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/wchan", sight->pid, sight->tid);
	if (procfs_read(path, &text, NULL) < 0)
		return 0;
	if (strstr(text, "futex"))
		number = SYS_futex;
	else if (strstr(text, "poll") && !strstr(text, "epoll"))
		number = SYS_poll;
	else if (strcmp(text, "0") != 0)
		/* Their own functions are left out of wchan. The first argument of one is a clock's
		 * number, of the other a pointer. */
		number =
			sight->call.arguments[0] < CLOCKS_MAX ? SYS_clock_nanosleep : SYS_nanosleep;
	free(text);
	return number;
}

/* In a call with a timeout: what it is where that is left out, if it is far enough away. */
static enum asleep_verdict judge_timed(struct asleep_proof *proof, size_t thread,
				       const struct call *call)
{
	enum asleep_verdict verdict;

	if (proof->limit <= 0 || asleep_seconds_left(&proof->sights[thread], call->timeout,
						     call->timeout_argument) <= proof->limit)
		return asleep_say(proof, thread, ASLEEP_NO, "%s: it has a timeout", call->name);
	verdict = call->judge(proof, thread, call);
	if (verdict != ASLEEP_FOREVER)
		return verdict;
	return asleep_say(proof, thread, ASLEEP_LONG, "%s: only a signal ends it within %g s",
			  call->name, proof->limit);
}

enum asleep_verdict asleep_judge_call(struct asleep_proof *proof, size_t thread)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	long number = sight->call.number;
	const struct call *call;

	if (number == SYS_restart_syscall)
		number = restarted(sight);
	if (number == 0 && sight->call.number == SYS_restart_syscall)
		return asleep_say(proof, thread, ASLEEP_NO,
				  "restart_syscall: it may end by itself");
	call = find(number);
	if (!call || !is_native(sight))
		return asleep_say(proof, thread, ASLEEP_UNKNOWN,
				  "sleeps in system call %ld, of which nothing is known", number);
	if (asleep_has_timeout(&sight->call, call->timeout, call->timeout_argument))
		return judge_timed(proof, thread, call);
	return call->judge(proof, thread, call);
}
