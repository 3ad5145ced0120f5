/* SPDX-License-Identifier: MIT */
/*
 * The record as a file of lines (docs/record.md): appended to as a run goes, read back after a run
 * that may have been cut off anywhere. Knows nothing of what the lines say.
 */
#ifndef SIGSWEEP_REPORTS_RECORD_H
#define SIGSWEEP_REPORTS_RECORD_H

#include "harness/base/fail.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_SCHEMA "sigsweep/record/1"

struct record_writer;

/*
 * Opens the record `path` to append to, creating it when it is not there. A last line that a killed
 * run left unfinished is cut off; a file that is no record is refused and left as it is; so is one
 * that another process is writing (-EBUSY). FIFOs and devices are written as they are.
 */
int record_writer_open(const char *path, struct record_writer **writer) MUST_CHECK;

/* The same for a record that is to begin anew: what an earlier run wrote is dropped, once it is
 * sure that the file is a record that nobody is writing. */
int record_writer_replace(const char *path, struct record_writer **writer) MUST_CHECK;

/* A writer to an open descriptor, a worker's pipe for one; `name` is for messages. The descriptor
 * is closed with the writer. SIGPIPE is the caller's to ignore. */
struct record_writer *record_writer_for(int fd, const char *name);

/* Takes one line (without its newline) into the buffer; written by record_flush(), or when 64 KiB
 * have gathered. Errors as record_flush(). */
int record_write(struct record_writer *writer, const json_t *line) MUST_CHECK;
int record_write_text(struct record_writer *writer, const char *line, size_t size) MUST_CHECK;

/*
 * Hands all lines to the kernel, from where they survive the process. A failure (-ENOSPC, -EPIPE,
 * ...) names the file; the file then ends with a whole line, what was not written stays in the
 * buffer, and a later call tries again.
 */
int record_flush(struct record_writer *writer) MUST_CHECK;

/* Flushes, closes and frees, whatever the result is. NULL: nothing. */
int record_writer_close(struct record_writer *writer) MUST_CHECK;

struct record_reader;

/* Opens a record to read from its start. */
int record_reader_open(const char *path, struct record_reader **reader) MUST_CHECK;

/*
 * The next line: 1 and *line (NUL-terminated, without its newline, valid until the next call), 0 at
 * the end, or -errno with FILE:LINE in the sentence. A line that is visibly no JSON object is an
 * error; a last line without a newline is dropped and leaves a note.
 */
int record_reader_next(struct record_reader *reader, const char **line, size_t *size) MUST_CHECK;

/* Puts "FILE:LINE: " of the latest line before the latest failure's sentence; returns `code`. For
 * a caller that could not make sense of the line. */
int record_reader_fail(const struct record_reader *reader, int code);

/* A sentence on the partial line that was dropped, NULL when there was none; lives as long as the
 * reader. */
const char *record_reader_note(const struct record_reader *reader);

void record_reader_close(struct record_reader *reader);

#endif
