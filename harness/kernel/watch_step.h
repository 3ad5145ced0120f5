/* SPDX-License-Identifier: MIT */
/*
 * Watches where the CPU has none that work: a thread with watches on data is stepped, instruction
 * by instruction, and stops are given only where a watched byte was touched, so that nobody above
 * sees a difference but in speed. Where nothing has been written near a watched word for a while,
 * its page is closed and the thread runs (watch_pages.h). Watches on code are breakpoints in the
 * thread's memory.
 */
#ifndef SIGSWEEP_KERNEL_WATCH_STEP_H
#define SIGSWEEP_KERNEL_WATCH_STEP_H

#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_STEP_TOUCHES 4
/* Instructions that one thread is stepped at most; beyond them its watches are lost. Some seconds.
 */
#define WATCH_STEP_MAX 200000

struct watch_step_touch {
	uint64_t address;
	size_t size;
	bool writes;
};

/* What a fault on a closed page is taken to cost the process, in nanoseconds. Chosen, not measured:
 * some steps, which take 20 to 70 microseconds each where an exception into the kernel is dear. Too
 * much only lets a trial that turns for ever turn longer. */
#define WATCH_STEP_FAULT 100000

/*
 * Says what the instruction at the start of `bytes` is about to touch: fills at most
 * WATCH_STEP_TOUCHES and gives their number. Given by whoever knows instructions; without it
 * watches on data are refused (-ENOTSUP). `max`: WATCH_STEP_MAX.
 */
typedef size_t watch_step_look(const uint8_t *bytes, size_t size, const struct registers *registers,
			       struct watch_step_touch *touches);
void watch_step_use(watch_step_look *look, uint64_t max);

/* Were the thread's watches given up, since it ran on for too long? What they would have seen is
 * not known then. */
bool watch_step_is_lost(pid_t tid);

/* What stepping took of a thread's time, which it would not have needed else. All zeros for one
 * that was not stepped. */
struct watch_step_cost {
	uint64_t steps;
	uint64_t faults; /* at closed pages, each of which takes up to WATCH_STEP_FAULT */
	uint64_t cpu;    /* nanoseconds of its process on the CPU, faults not included */
	double seconds;  /* on the clock, faults included */
};
struct watch_step_cost watch_step_cost(pid_t tid);

/* Of so many nanoseconds of its process on the CPU, what is its own at least, in seconds. */
double watch_step_own_seconds(pid_t tid, uint64_t cpu);

/* The thread is gone, or its number was given to another one. */
void watch_step_forget(pid_t tid);

#endif
