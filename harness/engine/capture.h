/* SPDX-License-Identifier: MIT */
/*
 * Standard output and error of a target, caught in memory: each run has a pair of memfds. A copy
 * shares its walker's pair; what it wrote is taken off again after the trial.
 */
#ifndef SIGSWEEP_ENGINE_CAPTURE_H
#define SIGSWEEP_ENGINE_CAPTURE_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CAPTURE_OUT, CAPTURE_ERR, CAPTURE_STREAMS };

struct capture_stream {
	int fd;
	off_t size; /* at the mark */
	off_t position;
};

struct capture {
	struct capture_stream streams[CAPTURE_STREAMS];
};

struct text {
	char *bytes; /* NUL-terminated behind its size, for convenience */
	size_t size;
};

int capture_open(struct capture *capture) MUST_CHECK;
void capture_close(struct capture *capture);

/* Remembers sizes and file position, as they are before a copy runs. */
void capture_mark(struct capture *capture);

/* Takes back all that was written since the mark, and the position. */
void capture_reset(struct capture *capture);

/* Everything in the stream, but no more than `limit` bytes (a spoiled program can print without
 * end, or far behind the end); the caller frees bytes. */
int capture_read(const struct capture *capture, int stream, size_t limit,
		 struct text *text) MUST_CHECK;

/* Bytes of memory that both streams take. */
off_t capture_weight(const struct capture *capture);

/* Does the stream hold exactly `text`? Compares only from `from` on (what a walker wrote before was
 * compared when it wrote it). */
bool capture_equals(const struct capture *capture, int stream, const struct text *text, off_t from);

#endif
