/* SPDX-License-Identifier: MIT */
/* A trial that has not stopped for a while: is it asleep for ever, out of time, or just slow? */
#include "harness/model/trial_private.h"

#include "harness/base/clock.h"
#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"
#include "harness/model/tell.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#define LONGEST_LOOK 0.05
#define SHORTEST_LOOK 0.001
#define LINGER 0.2 /* seconds that what a trial started may outlive it before it is ended */
#define STOP_LIMIT 2.0
#define OUTPUT_MAX ((off_t)1 << 30) /* bytes of memory, after which a trial counts as spinning */

/* Stops a trial that sleeps or runs on, for a look at its stack. */
static void stop_for_look(struct trial *trial)
{
	const double limit = clock_now() + STOP_LIMIT;
	struct stop stop;

	if (kill(trial->pid, SIGSTOP) < 0)
		return;
	while (clock_now() < limit) {
		if (trace_wait(-1, STOP_LIMIT, &stop))
			return;
		if (stop.tid == trial->pid) {
			if (stop.kind == STOP_EXITED || stop.kind == STOP_KILLED)
				family_remove(&trial->stage->family, trial->pid);
			else
				trial_keep_stack(trial);
			tell_oracles(trial, MOMENT_STOPPED);
			return;
		}
		(void)!walker_serve(&trial->stage->walker, &stop);
	}
}

static void give_up(struct trial *trial, struct course *course, enum outcome_kind kind)
{
	trial->outcome = (struct outcome){.kind = kind};
	stop_for_look(trial);
	course->has_ended = true;
}

static double cpu_seconds(const struct trial *trial)
{
	uint64_t nanoseconds;

	/* Less what it took to step it where the CPU has no watches. */
	return procfs_cpu_time(trial->pid, trial->pid, &nanoseconds)
		       ? 0
		       : watch_step_own_seconds(trial->pid, nanoseconds);
}

static int look_asleep(struct trial *trial)
{
	struct stage *stage = trial->stage;
	size_t count;
	size_t stopped_count;
	pid_t *pids = family_processes(&stage->family, FAMILY_TRIAL, &count);
	pid_t *stopped = family_processes(&stage->family, FAMILY_WALKER, &stopped_count);
	int error;

	asleep_free(&trial->asleep);
	error = asleep_prove(pids, count, stopped, stopped_count, stage->guard.has_timer,
			     stage->baseline->trial_limit, &trial->asleep);
	free(pids);
	free(stopped);
	return error;
}

static bool prints_without_end(const struct trial *trial)
{
	return capture_weight(&trial->stage->capture) > OUTPUT_MAX;
}

/* A trial that has not stopped for a while: asleep for ever, out of time, or just slow? */
static int look(struct trial *trial, struct course *course)
{
	const struct baseline *baseline = trial->stage->baseline;
	const double time = clock_now();
	int error;

	course->slice = course->slice * 2 > LONGEST_LOOK ? LONGEST_LOOK : course->slice * 2;
	if (course->main_ended > 0) {
		course->has_ended = time - course->main_ended > LINGER;
		return 0;
	}
	error = look_asleep(trial);
	if (error)
		return error;
	if (trial->asleep.verdict >= ASLEEP_LONG) {
		if (trial->is_control && baseline->awaits_signal && !course->was_woken) {
			course->was_woken = true;
			return kill(trial->pid, trial->stage->scenario->signal) < 0 ? -errno : 0;
		}
		give_up(trial, course,
			trial->asleep.verdict == ASLEEP_FOREVER ? OUTCOME_STUCK : OUTCOME_TIMEOUT);
	} else if (cpu_seconds(trial) > baseline->cpu_limit || prints_without_end(trial)) {
		give_up(trial, course, OUTCOME_SPINNING);
	} else if (time - course->start - watch_step_cost(trial->pid).seconds >
		   baseline->trial_limit) {
		give_up(trial, course, OUTCOME_TIMEOUT);
	}
	return 0;
}

/* How long to wait for the next stop. One thread cannot have more time on the CPU than passes. */
double trial_patience(const struct trial *trial, const struct course *course)
{
	const double due = went_sample_due(trial);

	if (course->is_sampling || due > course->slice)
		return course->slice;
	return due > SHORTEST_LOOK ? due : SHORTEST_LOOK;
}

/* Nothing has happened for a while. */
int trial_on_silence(struct trial *trial, struct course *course)
{
	if (!course->is_sampling && went_sample_due(trial) <= 0)
		course->is_sampling = kill(trial->pid, SIGSTOP) == 0;
	return look(trial, course);
}
