/* SPDX-License-Identifier: MIT */
/*
 * What one run of a program does with its counters: when each begins and ends to be one, and who
 * touches it in between. Pure: is told of events, asks no process.
 */
#ifndef SIGSWEEP_ORACLES_REFCOUNT_LOG_H
#define SIGSWEEP_ORACLES_REFCOUNT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the announcement of a counter to its end. */
struct life {
	uint64_t address;
	unsigned int width; /* bytes: 1, 2, 4, 8 */
	bool is_object;     /* a GObject's, of itself; else announced */
	char *name;         /* announced, or the object's type; NULL: none */
	bool was_there;     /* it ended here and began before the log */
	bool in_handler;    /* begun by the handler */
	bool has_ended;
	size_t began_at; /* among all events of the log, from 1; 0: before it */
	size_t ended_at;
	bool is_known; /* last was read */
	int64_t last;  /* at its end, or where the log ends */
};

/* An instruction that touched a counter; of an object: a call that takes or drops a reference. */
struct touch {
	uint64_t address; /* the counter's */
	size_t at;        /* among all events */
	uint64_t pc;      /* of the instruction, of the call; 0: not known */
	bool reads;
	bool writes;
	bool is_call;
	bool in_handler;
	int64_t before; /* the counter's value */
	int64_t after;  /* of a call: as before */
};

struct count_log {
	struct life *lives;
	size_t life_count;
	size_t life_capacity;
	struct touch *touches;
	size_t touch_count;
	size_t touch_capacity;
	size_t events;

	bool is_full;     /* there was more than is kept */
	bool is_at_exit;  /* it goes to where the process ends itself */
	bool has_threads; /* it made a second thread: not followed from there */
	int watch_error;  /* -errno where a counter could not be watched */
};

/* A counter begins. One that is announced again while it is one stays what it is. `name` is copied.
 */
void count_log_begin(struct count_log *log, const struct life *life);
/* It ends with this value (NULL: not known). */
void count_log_end(struct count_log *log, uint64_t address, const int64_t *value);
void count_log_touch(struct count_log *log, const struct touch *touch);
void count_log_free(struct count_log *log);

/* The life at this address that has not ended; NULL: none began in the log. */
struct life *count_log_open(const struct count_log *log, uint64_t address);
/* The first life at this address, NULL: none. */
const struct life *count_log_first(const struct count_log *log, uint64_t address);

/* Was it a counter at the touch? `from_start`: it was one before the log began, if that does not
 * say otherwise. */
bool count_log_is_live(const struct count_log *log, const struct touch *touch, bool from_start);

/* Was it a counter when the log began? */
bool count_log_was_there(const struct count_log *log, uint64_t address, bool from_start);

/* The bytes of a counter as a number with sign. */
int64_t count_value(const void *bytes, unsigned int width);

#endif
