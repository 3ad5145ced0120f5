/* SPDX-License-Identifier: MIT */
/*
 * Follows a run of the program with breakpoints where counters are announced and where GObject
 * counts, and with the CPU's watches on up to four counters, and writes what they do into a log.
 */
#ifndef SIGSWEEP_ORACLES_REFCOUNT_WATCH_H
#define SIGSWEEP_ORACLES_REFCOUNT_WATCH_H

#include "harness/kernel/ptrace.h"
#include "harness/model/follow.h"
#include "harness/oracles/refcount/log.h"

/*
 * gobject/gobject.h, part of the ABI: struct _GObject is a GTypeInstance, which is one pointer to
 * the class, and then the unsigned int of the references.
 */
#define OBJECT_COUNT_OFFSET 8
#define OBJECT_COUNT_WIDTH 4

enum count_effect {
	COUNT_BEGIN,        /* probe counter */
	COUNT_END,          /* probe counter_end */
	COUNT_CREATE,       /* g_type_create_instance(): an object may be made */
	COUNT_FREE,         /* g_type_free_instance() */
	COUNT_TAKE_OR_DROP, /* g_object_ref(), g_object_unref() */
	COUNT_LOADER,       /* libraries came or went */
};

struct count_site {
	uint64_t pc;
	enum count_effect effect;
	const char *arguments; /* of a probe */
};

struct count_sites {
	struct count_site *list;
	size_t count;
	size_t capacity;
	bool has_probes;
	bool has_objects;
};

/* All sites of the modules as they are now. Strings are those of the symbols. */
void count_sites_find(struct count_sites *sites, struct symbols *symbols);
void count_sites_free(struct count_sites *sites);

/* What is known of a class: is it one of objects, what is its name? */
struct count_class {
	uint64_t address; /* what an instance's first word points to */
	bool is_object;
	char *name;
};

struct count_classes {
	struct count_class *list;
	size_t count;
	size_t capacity;
	struct stage *stage; /* whose walker can be asked of new ones; NULL: nobody */
};

/* The class of the instance; NULL: it is none of objects, or not known. */
const struct count_class *count_classes_of(struct count_classes *classes, pid_t pid,
					   uint64_t instance);
void count_classes_free(struct count_classes *classes);

/* A counter to watch. */
struct counter {
	uint64_t address;
	unsigned int width;
};

struct count_watch {
	struct follow follow;
	const struct count_sites *sites;
	struct count_classes *classes; /* NULL: objects are not followed */
	struct count_log *log;
	bool calls; /* calls that take and drop references of objects, too */
	struct counter counters[TRACE_WATCHES]; /* to watch from the start */
	size_t counter_count;
	const struct counter *known; /* that may have begun before: how wide they are */
	size_t known_count;
	bool follows_lives;  /* a watch ends with its counter, and others that begin are watched */
	uint64_t handler_sp; /* at the handler's first instruction; 0: there is none */

	bool needs_sites; /* it stands where the loader has changed the libraries */
	bool has_started;
	struct {
		struct counter counter;
		int64_t value; /* when it was last looked at */
	} slots[TRACE_WATCHES];
	uint64_t *returns; /* of g_type_create_instance() */
	size_t return_count;
	size_t return_capacity;
};

/* Runs on until the end, or needs_sites. 0 or -errno when the harness failed. */
int count_watch_run(struct count_watch *watch) MUST_CHECK;

/* A trial made once more, or (not with_signal) what the walker would do, from the boundary on. */
int count_retrace(struct count_watch *watch, struct stage *stage, const struct boundary *boundary,
		  bool with_signal, double limit) MUST_CHECK;

/* The instruction that ends at `pc` in a stopped process: its address, 0: not known. */
uint64_t count_instruction_before(struct walker *walker, uint64_t pc,
				  struct instruction *instruction);

/* Reads a counter; false when its memory is gone. */
bool count_read(pid_t pid, uint64_t address, unsigned int width, int64_t *value);

#endif
