/* SPDX-License-Identifier: MIT */
/* See job.h. A line that begins with '!' is no JSON: the sentence of a worker that failed. */
#include "harness/model/job.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/engine/undo.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILURE_MARK '!'
#define GATHERED 65536 /* bytes that a worker gathers before it writes */

struct outbox {
	int fd;
	char bytes[GATHERED];
	size_t used;
};

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t part = write(fd, bytes, size);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return fail(-errno, "the campaign is gone");
		bytes += part;
		size -= (size_t)part;
	}
	return 0;
}

static int outbox_flush(void *context)
{
	struct outbox *outbox = context;
	int error = write_all(outbox->fd, outbox->bytes, outbox->used);

	outbox->used = 0;
	return error;
}

static int outbox_line(void *context, const char *line, size_t size)
{
	struct outbox *outbox = context;
	int error = outbox->used + size + 1 > GATHERED ? outbox_flush(outbox) : 0;

	if (error)
		return error;
	if (size + 1 > GATHERED) {
		error = write_all(outbox->fd, line, size);
		return error ? error : write_all(outbox->fd, "\n", 1);
	}
	memcpy(outbox->bytes + outbox->used, line, size);
	outbox->used += size;
	outbox->bytes[outbox->used++] = '\n';
	return 0;
}

static void stop_soon(int signal)
{
	(void)signal;
	trace_interrupted = 1;
}

/* A worker is told to stop by SIGTERM, also by the kernel when the campaign is killed; a Ctrl-C on
 * the terminal is the campaign's to answer. */
static void set_signals(void)
{
	struct sigaction action = {.sa_handler = stop_soon};
	sigset_t set;

	sigaction(SIGTERM, &action, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* A lock of flock(2) belongs to an open file description, so that each job needs one of its own. */
static int own_turn(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
}

static _Noreturn void run_worker(const struct worker *worker, int fd, pid_t parent)
{
	struct outbox *outbox = alloc_zero(sizeof(*outbox));
	struct worker own = *worker;
	int error;

	set_signals();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(3);
	pin(worker->resources.cpu);
	outbox->fd = fd;
	own.sink = (struct sink){.line = outbox_line, .flush = outbox_flush, .context = outbox};
	own.resources.turn_fd = own_turn(worker->resources.turn_fd);
	error = worker_run(&own);
	if (error && error != -EINTR) {
		char *line = alloc_format("%c%d %s", FAILURE_MARK, -error, fail_text());

		(void)!outbox_line(outbox, line, strlen(line));
	}
	(void)!outbox_flush(outbox);
	_exit(error && error != -EINTR ? 3 : 0);
}

int job_start(struct job *job, const struct worker *worker)
{
	const pid_t self = getpid();
	int fds[2];

	memset(job, 0, sizeof(*job));
	job->log_fd = worker->resources.log_fd;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail(-errno, "cannot make a pipe: %s", strerror(errno));
	job->pid = fork();
	if (job->pid < 0)
		return fail(-errno, "cannot make a process: %s", strerror(errno));
	if (job->pid == 0) {
		close(fds[0]);
		run_worker(worker, fds[1], self);
	}
	close(fds[1]);
	job->fd = fds[0];
	return 0;
}

static int take_line(struct job *job, const struct sink *sink, char *line, size_t size)
{
	if (line[0] != FAILURE_MARK)
		return sink->line(sink->context, line, size);
	line[size] = '\0';
	free(job->failure);
	job->failure = alloc_text(line + 1);
	return 0;
}

static int take_lines(struct job *job, const struct sink *sink)
{
	char *at = job->pending;
	char *const end = job->pending + job->pending_size;
	int error = 0;

	for (;;) {
		char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline || error)
			break;
		error = take_line(job, sink, at, (size_t)(newline - at));
		at = newline + 1;
	}
	job->pending_size = (size_t)(end - at);
	memmove(job->pending, at, job->pending_size);
	return error;
}

int job_read(struct job *job, const struct sink *sink)
{
	ssize_t size;
	int error;

	if (job->pending_capacity - job->pending_size < GATHERED) {
		job->pending_capacity = job->pending_size + 2 * GATHERED;
		job->pending = alloc_resize(job->pending, job->pending_capacity, 1);
	}
	size = read(job->fd, job->pending + job->pending_size,
		    job->pending_capacity - job->pending_size - 1);
	if (size < 0 && errno == EINTR)
		return 1;
	if (size <= 0) {
		close(job->fd);
		job->fd = -1;
		return 0;
	}
	job->pending_size += (size_t)size;
	error = take_lines(job, sink);
	return error ? error : 1;
}

static int roll_back(struct job *job)
{
	struct undo *undo = undo_open(job->log_fd);
	int error = undo_rollback(undo, 0);

	undo_close(undo);
	return error;
}

static int judge_end(struct job *job, int status)
{
	char name[SIGNAL_NAME_SIZE];
	char *text;
	int code;

	if (job->failure) {
		code = (int)strtol(job->failure, &text, 10);
		return fail(code ? -code : -EIO, "%s", *text ? text + 1 : "a job failed");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return fail(-EIO, "a job ended with status %d", WEXITSTATUS(status));
	code = roll_back(job);
	signal_name(WTERMSIG(status), name);
	return code ? fail_prefix(code, "a job was killed by %s, and ", name)
		    : fail(-ECHILD, "a job was killed by %s", name);
}

int job_finish(struct job *job)
{
	int status = 0;
	int error;

	if (job->fd >= 0)
		close(job->fd);
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	job->pid = 0;
	error = judge_end(job, status);
	free(job->pending);
	free(job->failure);
	job->pending = NULL;
	job->failure = NULL;
	return error;
}
