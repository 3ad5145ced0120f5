/* SPDX-License-Identifier: MIT */
/* See deadline.h. */
#include "harness/engine/deadline.h"

#include "harness/base/clock.h"
#include "harness/kernel/memory.h"

#include <linux/futex.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#define AHEAD 0.2 /* seconds: for a copy to be made and seen asleep */
#define NANOSECONDS 1e9

/* A point in time, by a clock that goes on while the process stands. */
struct point {
	clockid_t clock;
	uint64_t address; /* of a struct timespec in the process; 0: there is none */
};

/* clock_nanosleep(clock, flags, time, left) */
static struct point find_in_sleep(const struct registers *registers)
{
	const clockid_t clock = (clockid_t)registers_syscall_argument(registers, 0);
	const bool is_point = (registers_syscall_argument(registers, 1) & TIMER_ABSTIME) != 0;
	const bool goes_on =
		clock >= 0 && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID;

	return (struct point){clock,
			      is_point && goes_on ? registers_syscall_argument(registers, 2) : 0};
}

/* futex(2): FUTEX_WAIT has a length, the other waits a point in time, of CLOCK_REALTIME if they say
 * so and for FUTEX_LOCK_PI always. */
static struct point find_in_futex(const struct registers *registers)
{
	const int flags = (int)registers_syscall_argument(registers, 1);
	const int operation = flags & FUTEX_CMD_MASK;
	struct point point = {CLOCK_MONOTONIC, registers_syscall_argument(registers, 3)};

	if (operation == FUTEX_LOCK_PI || (flags & FUTEX_CLOCK_REALTIME) != 0)
		point.clock = CLOCK_REALTIME;
	if (operation != FUTEX_WAIT_BITSET && operation != FUTEX_WAIT_REQUEUE_PI &&
	    operation != FUTEX_LOCK_PI && operation != FUTEX_LOCK_PI2)
		point.address = 0;
	return point;
}

static struct point find(const struct registers *registers)
{
	switch (registers_syscall(registers)) {
	case SYS_clock_nanosleep:
		return find_in_sleep(registers);
	case SYS_futex:
		return find_in_futex(registers);
	case SYS_mq_timedsend:
	case SYS_mq_timedreceive:
		return (struct point){CLOCK_REALTIME, registers_syscall_argument(registers, 4)};
	default:
		return (struct point){CLOCK_MONOTONIC, 0};
	}
}

static double seconds(const struct timespec *time)
{
	return (double)time->tv_sec + (double)time->tv_nsec / NANOSECONDS;
}

void deadline_renew(struct deadline *deadline, pid_t pid, const struct registers *registers,
		    double since)
{
	const struct point point = find(registers);
	struct timespec now;
	struct timespec time;
	double left;

	deadline->address = 0;
	if (!point.address || clock_gettime(point.clock, &now) ||
	    memory_read(pid, point.address, &time, sizeof(time)))
		return;
	left = seconds(&time) - seconds(&now);
	if (left >= AHEAD || left < since - clock_now())
		return;
	*deadline = (struct deadline){point.address, time};
	left = (double)now.tv_nsec / NANOSECONDS + AHEAD;
	time.tv_sec = now.tv_sec + (time_t)floor(left);
	time.tv_nsec = (long)((left - floor(left)) * NANOSECONDS);
	if (!memory_write(pid, point.address, &time, sizeof(time)))
		return;
	deadline->address = 0; /* memory that nobody may write */
	fail_clear();
}

int deadline_restore(struct deadline *deadline, pid_t pid)
{
	const uint64_t address = deadline->address;

	deadline->address = 0;
	return address ? memory_write(pid, address, &deadline->original, sizeof(deadline->original))
		       : 0;
}
