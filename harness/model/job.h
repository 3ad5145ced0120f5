/* SPDX-License-Identifier: MIT */
/* A worker in a process of its own, and the pipe through which its lines come. */
#ifndef SIGSWEEP_MODEL_JOB_H
#define SIGSWEEP_MODEL_JOB_H

#include "harness/base/fail.h"
#include "harness/model/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct job {
	pid_t pid;     /* 0: not running */
	int fd;        /* its lines; -1: closed */
	int log_fd;    /* its undo log, to be rolled back if it is killed */
	char *pending; /* an unfinished line */
	size_t pending_size;
	size_t pending_capacity;
	char *failure; /* what it said is wrong, NULL: nothing */
};

/* Starts `worker` (whose sink is set here) in a child. */
int job_start(struct job *job, const struct worker *worker) MUST_CHECK;

/* Reads what is there and gives whole lines to the sink. 1: more will come; 0: the end; -errno. */
int job_read(struct job *job, const struct sink *sink) MUST_CHECK;

/* Reaps it. 0; -errno with its sentence when it failed, or one on how it was killed (then its
 * changes to files are rolled back here). */
int job_finish(struct job *job) MUST_CHECK;

#endif
