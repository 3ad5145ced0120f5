/* SPDX-License-Identifier: MIT */
/* See campaign.h. */
#include "harness/model/campaign.h"

#include "harness/base/alloc.h"
#include "harness/base/clock.h"
#include "harness/engine/undo.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/baseline.h"
#include "harness/model/job.h"
#include "harness/model/story.h"
#include "harness/model/survey.h"
#include "harness/model/window_default.h"
#include "harness/model/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef SIGSWEEP_VERSION
#define SIGSWEEP_VERSION "unknown"
#endif

#define TICK_MS 200
#define SECONDS_PER_TRIAL 0.001 /* a first guess, for spreading a budget of seconds */
#define COUNT_SHARE 0.25        /* of a budget of seconds, for finding out how long the window is */
#define JOBS_MAX 256
#define STOP_SECONDS 10 /* that jobs have for stopping when asked to */

struct run {
	struct campaign *campaign;
	struct baseline baseline;
	int stdin_fd;
	int turn_fd; /* see guard.h */
	int log_fds[JOBS_MAX];
	struct job jobs[JOBS_MAX];
	unsigned int running;
	bool has_begun; /* the record has its first line */
	uint64_t total; /* trials to be made, 0: not known */
	uint64_t stride;
	double start;
	double jobs_start;
	double stop_deadline; /* 0: nobody was asked to stop */
	uint64_t trials;      /* lines of trials that came */
	char *failure;        /* the first of a job's */
	int code;
};

static void stop_soon(int signal)
{
	(void)signal;
	trace_interrupted = 1;
}

static void set_signals(void)
{
	struct sigaction action = {.sa_handler = stop_soon};
	sigset_t set;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The n-th CPU that this process may use, round and round. */
static int choose_cpu(unsigned int n)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) < 0 || (count = CPU_COUNT(&set)) == 0)
		return -1;
	n %= (unsigned int)count;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && n-- == 0)
			return cpu;
	return -1;
}

static int write_run(struct run *run)
{
	struct utsname host = {0};

	run->has_begun = true;
	uname(&host);
	return story_write_line(json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s, s:i}, s:o, s:I}",
					  "type", "run", "schema", "sigsweep/record/1", "tool",
					  "name", "sigsweep", "version", SIGSWEEP_VERSION, "host",
					  "kernel", host.release, "machine", host.machine, "cpus",
					  (int)sysconf(_SC_NPROCESSORS_ONLN), "scenario",
					  scenario_json(run->campaign->scenario), "started",
					  (json_int_t)time(NULL)),
				&run->campaign->sink);
}

static struct resources resources_of(const struct run *run, unsigned int job)
{
	return (struct resources){.log_fd = run->log_fds[job],
				  .turn_fd = run->campaign->scenario->jobs > 1 ? run->turn_fd : -1,
				  .stdin_fd = run->stdin_fd,
				  .cpu = choose_cpu(job)};
}

/* What becomes a CPython runs in another environment than other programs. */
static int run_baseline(struct baseline *baseline, struct scenario *scenario,
			const struct resources *resources)
{
	bool becomes_python = false;
	int error = baseline_run(baseline, scenario, resources);

	if (!error)
		error = window_becomes_python(scenario, baseline, resources, &becomes_python);
	if (error || !becomes_python)
		return error;
	scenario_take_python(scenario);
	baseline_free(baseline);
	return baseline_run(baseline, scenario, resources);
}

static int make_baseline(struct run *run)
{
	const struct resources resources = resources_of(run, 0);
	struct scenario *scenario = run->campaign->scenario;
	const struct sink *sink = &run->campaign->sink;
	int error = run_baseline(&run->baseline, scenario, &resources);

	if (error)
		return error;
	/* Two walkers that make files of the same names would meet. */
	if (run->baseline.shares_files)
		scenario->jobs = 1;
	error = window_default(scenario, &run->baseline, &resources);
	if (!error)
		error = write_run(run);
	if (!error)
		error = story_write_line(baseline_json(&run->baseline), sink);
	return !error && sink->flush ? sink->flush(sink->context) : error;
}

static int drop_line(void *context, const char *line, size_t size)
{
	(void)context;
	(void)line;
	(void)size;
	return 0;
}

static struct worker make_worker(struct run *run, unsigned int job)
{
	const struct scenario *scenario = run->campaign->scenario;

	return (struct worker){
		.scenario = scenario,
		.baseline = &run->baseline,
		.selector = {.only = run->campaign->only,
			     .stride = run->stride,
			     .job = job,
			     .jobs = scenario->jobs},
		.tell_all = run->campaign->only != 0,
		.resources = resources_of(run, job),
		.deadline =
			scenario->budget_seconds > 0 ? run->start + scenario->budget_seconds : 0,
	};
}

/* A walk without trials: how many boundaries are there? With a budget of seconds only for a share
 * of them: a window that is longer is sampled as far as was seen, and walks on as far as time
 * allows. */
static int count(struct run *run)
{
	const double seconds = run->campaign->scenario->budget_seconds;
	struct worker worker = make_worker(run, 0);
	int error;

	worker.selector.none = true;
	worker.sink = (struct sink){.line = drop_line};
	worker.deadline = seconds > 0 ? clock_now() + seconds * COUNT_SHARE : 0;
	error = worker_run(&worker);
	if (!error)
		run->total = worker.eligible;
	return error;
}

/* Spreads a budget evenly over the window. */
static void spread(struct run *run)
{
	const struct scenario *scenario = run->campaign->scenario;
	uint64_t trials = scenario->budget_trials;

	if (!trials && scenario->budget_seconds > 0) {
		const double each = run->baseline.seconds > SECONDS_PER_TRIAL
					    ? run->baseline.seconds
					    : SECONDS_PER_TRIAL;

		trials = (uint64_t)(scenario->budget_seconds * scenario->jobs / each) + 1;
	}
	if (trials && run->total > trials)
		run->stride = (run->total + trials - 1) / trials;
	run->total = (run->total + run->stride - 1) / run->stride;
}

static int survey(struct run *run)
{
	const struct resources resources = resources_of(run, 0);

	return survey_run(&run->baseline, run->campaign->scenario, &resources);
}

static int prepare(struct run *run)
{
	const struct scenario *scenario = run->campaign->scenario;
	const bool is_sample = scenario->budget_trials || scenario->budget_seconds > 0;
	int error = trace_probe();

	if (!error && scenario->jobs > JOBS_MAX)
		error = fail(-EINVAL, "more than %d jobs", JOBS_MAX);
	for (unsigned int i = 0; !error && i < scenario->jobs; i++)
		if ((run->log_fds[i] = undo_make_fd()) < 0)
			error = run->log_fds[i];
	if (!error && (run->stdin_fd = stage_input(scenario)) < 0)
		error = run->stdin_fd;
	if (!error && (run->turn_fd = memfd_create("sigsweep-turn", MFD_CLOEXEC)) < 0)
		error = fail(-errno, "cannot make a lock: %s", strerror(errno));
	if (!error)
		error = make_baseline(run);
	if (!error)
		error = survey(run);
	if (!error && (is_sample || run->campaign->count_first))
		error = count(run);
	if (!error)
		spread(run);
	return error;
}

/* Passes a job's line on and counts the trials, for the rate. */
static int pass_line(void *context, const char *line, size_t size)
{
	static const char mark[] = "{\"type\":\"trial\"";
	struct run *run = context;

	run->trials += size >= sizeof(mark) - 1 && memcmp(line, mark, sizeof(mark) - 1) == 0;
	return run->campaign->sink.line(run->campaign->sink.context, line, size);
}

static int start_jobs(struct run *run)
{
	const unsigned int jobs = run->campaign->scenario->jobs;

	run->jobs_start = clock_now();
	for (unsigned int i = 0; i < jobs; i++) {
		const struct worker worker = make_worker(run, i);
		int error = job_start(&run->jobs[i], &worker);

		if (error)
			return error;
		run->running++;
	}
	return 0;
}

/* Asks the jobs to stop, or (SIGKILL) makes them: what they trace ends with them, and what their
 * trials changed is undone from here. */
static void stop_jobs(struct run *run, int signal)
{
	for (unsigned int i = 0; i < run->campaign->scenario->jobs; i++)
		if (run->jobs[i].pid > 0)
			kill(run->jobs[i].pid, signal);
	if (run->stop_deadline == 0)
		run->stop_deadline = clock_now() + STOP_SECONDS;
}

static void note_failure(struct run *run, int error)
{
	if (run->code)
		return;
	run->code = error;
	run->failure = alloc_text(fail_text());
}

static void end_job(struct run *run, struct job *job)
{
	int error = job_finish(job);

	if (error)
		note_failure(run, error);
	run->running--;
}

static void read_jobs(struct run *run, const struct pollfd *polls)
{
	const struct sink sink = {.line = pass_line, .context = run};

	for (unsigned int i = 0; i < run->campaign->scenario->jobs; i++) {
		struct job *job = &run->jobs[i];
		int more;

		if (job->pid <= 0 || !polls[i].revents)
			continue;
		more = job_read(job, &sink);
		if (more < 0) {
			note_failure(run, more);
			stop_jobs(run, SIGTERM);
		} else if (more == 0) {
			end_job(run, job);
		}
	}
}

static void follow_jobs(struct run *run)
{
	const unsigned int jobs = run->campaign->scenario->jobs;
	struct pollfd polls[JOBS_MAX];

	while (run->running) {
		for (unsigned int i = 0; i < jobs; i++)
			polls[i] =
				(struct pollfd){.fd = run->jobs[i].pid > 0 ? run->jobs[i].fd : -1,
						.events = POLLIN};
		if (poll(polls, jobs, TICK_MS) > 0)
			read_jobs(run, polls);
		if (trace_interrupted && run->stop_deadline == 0)
			stop_jobs(run, SIGTERM);
		if (run->stop_deadline > 0 && clock_now() > run->stop_deadline)
			stop_jobs(run, SIGKILL);
		if (run->campaign->sink.flush)
			(void)!run->campaign->sink.flush(run->campaign->sink.context);
		if (run->campaign->tick)
			run->campaign->tick(run->campaign->tick_context, run->total);
	}
}

static int write_end(struct run *run)
{
	const double seconds = clock_now() - run->jobs_start;
	json_t *reasons = json_array();
	json_t *line;

	if (run->failure)
		json_array_append_new(reasons, json_string(run->failure));
	if (trace_interrupted)
		json_array_append_new(reasons, json_string("the sweep was interrupted"));
	if (run->stride > 1)
		json_array_append_new(
			reasons, json_sprintf("a sample: every %llu. boundary was tried, as the "
					      "budget asked",
					      (unsigned long long)run->stride));
	line = json_pack("{s:s, s:o, s:f}", "type", "end", "why_incomplete", reasons, "seconds",
			 clock_now() - run->start);
	if (run->jobs_start > 0 && seconds > 0)
		json_object_set_new(line, "injections_per_second",
				    json_real((double)run->trials / seconds));
	return story_write_line(line, &run->campaign->sink);
}

static int sweep(struct run *run)
{
	int error = prepare(run);

	if (error == -EINTR && trace_interrupted)
		return 0;
	if (!error)
		error = start_jobs(run);
	if (error)
		note_failure(run, error);
	follow_jobs(run);
	if (run->code == -EINTR)
		run->code = 0;
	return 0;
}

int campaign_run(struct campaign *campaign)
{
	struct run *run = alloc_zero(sizeof(*run));
	int error;

	run->campaign = campaign;
	run->stride = 1;
	run->start = clock_now();
	run->stdin_fd = -1;
	run->turn_fd = -1;
	set_signals();
	error = sweep(run);
	campaign->was_interrupted = trace_interrupted;
	if (!error && !run->has_begun)
		error = write_run(run);
	if (!error)
		error = write_end(run);
	if (!error && campaign->sink.flush)
		error = campaign->sink.flush(campaign->sink.context);
	if (!error && run->code)
		error = fail(run->code, "%s", run->failure);
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		if (run->log_fds[i] > 0)
			close(run->log_fds[i]);
	if (run->stdin_fd >= 0)
		close(run->stdin_fd);
	if (run->turn_fd >= 0)
		close(run->turn_fd);
	survey_free(&run->baseline, campaign->scenario);
	baseline_free(&run->baseline);
	free(run->failure);
	free(run);
	return error;
}
