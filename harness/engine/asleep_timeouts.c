/* SPDX-License-Identifier: MIT */
/*
 * How long a system call sleeps at least, by the timeout that it was given. Where the kernel counts
 * from the call's begin, which /proc does not tell, it is taken to have begun with its thread: the
 * true end is never earlier than what is said here.
 */
#include "harness/engine/asleep_proof.h"

#include "harness/kernel/memory.h"

#include <linux/futex.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1e-9
#define MICROSECONDS 1e-6
#define MILLISECONDS 1e-3

static int futex_operation(const struct process_syscall *call)
{
	return (int)call->arguments[1] & FUTEX_CMD_MASK;
}

/* Other operations have a number where these have the timeout (futex(2)). */
static bool has_futex_timeout(const struct process_syscall *call)
{
	switch (futex_operation(call)) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return call->arguments[3] != 0;
	default:
		return false;
	}
}

bool asleep_has_timeout(const struct process_syscall *call, enum asleep_timeout kind, int argument)
{
	switch (kind) {
	case TIMEOUT_TIMESPEC:
	case TIMEOUT_TIMEVAL:
		return call->arguments[argument] != 0;
	case TIMEOUT_MILLISECONDS:
		return (int)call->arguments[argument] >= 0;
	case TIMEOUT_FUTEX:
		return has_futex_timeout(call);
	case TIMEOUT_CLOCK:
		return true;
	case TIMEOUT_NONE:
		break;
	}
	return false;
}

static double read_timespec(const struct asleep_sight *sight, uint64_t address)
{
	struct timespec time;

	if (memory_read(sight->tid, address, &time, sizeof(time)))
		return 0;
	return (double)time.tv_sec + (double)time.tv_nsec * NANOSECONDS;
}

static double read_timeval(const struct asleep_sight *sight, uint64_t address)
{
	struct timeval time;

	if (memory_read(sight->tid, address, &time, sizeof(time)))
		return 0;
	return (double)time.tv_sec + (double)time.tv_usec * MICROSECONDS;
}

static double clock_of(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		return -1;
	return (double)now.tv_sec + (double)now.tv_nsec * NANOSECONDS;
}

/* A point in time; clocks that do not go on by themselves (a process's time on the CPU) are none.
 */
static double until(const struct asleep_sight *sight, clockid_t clock, uint64_t address)
{
	const double now =
		clock >= 0 && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID
			? clock_of(clock)
			: -1;

	return now < 0 ? 0 : read_timespec(sight, address) - now;
}

/* Of a length that began when the thread did, what is left. */
static double from_start(const struct asleep_sight *sight, double length)
{
	struct process_stat stat;
	const double now = clock_of(CLOCK_BOOTTIME);

	if (now < 0 || procfs_stat(sight->pid, sight->tid, &stat))
		return 0;
	return length - (now - (double)stat.started / (double)sysconf(_SC_CLK_TCK));
}

/* clock_nanosleep(clock, flags, time, left) */
static double clock_left(const struct asleep_sight *sight)
{
	const uint64_t *arguments = sight->call.arguments;

	if ((int)arguments[1] & TIMER_ABSTIME)
		return until(sight, (clockid_t)arguments[0], arguments[2]);
	if ((clockid_t)arguments[0] < 0 || (clockid_t)arguments[0] == CLOCK_PROCESS_CPUTIME_ID)
		return 0;
	return from_start(sight, read_timespec(sight, arguments[2]));
}

/* futex(2): FUTEX_WAIT has a length, the others a point in time, of CLOCK_REALTIME if they say so
 * and for FUTEX_LOCK_PI always. */
static double futex_left(const struct asleep_sight *sight)
{
	const uint64_t *arguments = sight->call.arguments;
	const int operation = futex_operation(&sight->call);
	const bool is_real =
		operation == FUTEX_LOCK_PI || ((int)arguments[1] & FUTEX_CLOCK_REALTIME) != 0;

	if (operation == FUTEX_WAIT)
		return from_start(sight, read_timespec(sight, arguments[3]));
	return until(sight, is_real ? CLOCK_REALTIME : CLOCK_MONOTONIC, arguments[3]);
}

double asleep_seconds_left(const struct asleep_sight *sight, enum asleep_timeout kind, int argument)
{
	const uint64_t value = sight->call.arguments[argument];

	switch (kind) {
	case TIMEOUT_TIMESPEC:
		return from_start(sight, read_timespec(sight, value));
	case TIMEOUT_TIMEVAL:
		return from_start(sight, read_timeval(sight, value));
	case TIMEOUT_MILLISECONDS:
		return from_start(sight, (double)(int)value * MILLISECONDS);
	case TIMEOUT_CLOCK:
		return clock_left(sight);
	case TIMEOUT_FUTEX:
		return futex_left(sight);
	case TIMEOUT_NONE:
		break;
	}
	return 0;
}
