/* SPDX-License-Identifier: MIT */
/*
 * What the files of the oracle shared-data have in common. The survey steps the program through the
 * window once (the trace) and the handler in copies (samples: anew whenever something changed that
 * it reads); from both it is computed at which positions of the window which object is caught
 * half-way. A trial then only looks its position up.
 */
#ifndef SIGSWEEP_ORACLES_SHARED_DATA_H
#define SIGSWEEP_ORACLES_SHARED_DATA_H

#include "harness/engine/access.h"
#include "harness/model/inspect.h"
#include "harness/oracles/unsafe_call/unsafe_call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#define SHARED_REASON 200
#define SAMPLE_STEPS 100000 /* of a handler that are looked at */
#define GRANULE 8 /* bytes that are kept account of together, each with a bit of its own */

/* code.c: an instruction that was met, decoded once. */
struct code_line {
	uint64_t pc;
	uint8_t bytes[15];
	uint8_t length;
	struct register_flow flow;
	UT_hash_handle hh;
};

struct code_lines {
	struct code_line *lines; /* by pc */
};

/* The instruction at `pc` of a process; NULL where nothing can be read or decoded. */
const struct code_line *code_line_at(struct code_lines *lines, pid_t pid, uint64_t pc);
void code_lines_free(struct code_lines *lines);

/*
 * Whose memory an access is: what the standard libraries and the loader do with data of their own
 * is their business (and that of the oracle unsafe-call); what their functions do with the
 * program's objects counts as the program's doing.
 */
struct owning {
	struct names *names;
	uint64_t stub; /* the latest stub of a linkage table that was passed */
	uint64_t stub_sp;
	uint32_t flags; /* of the latest instruction */
	enum code_owner owner;
	bool is_on_arguments; /* in a library: in a function that touches but its arguments */
};

/* To be told of each instruction in turn, before it is executed. */
void owning_follow(struct owning *owning, uint64_t pc, uint64_t sp, uint32_t flags);
bool owning_counts(const struct owning *owning, uint64_t address);

/* handler.c: bytes that a handler touches; one bit for each byte of a granule. */
struct touch {
	uint64_t granule; /* address / GRANULE */
	uint8_t read;     /* bytes that count as read; none of what it only keeps and puts back */
	uint8_t written;
	uint8_t inputs; /* read before it wrote them: what it does depends on them */
	uint8_t part;   /* the bytes of the latest access to it */
	bool has_parts; /* other accesses were to other bytes */
	uint8_t before[GRANULE];
	uint64_t read_pc;
	uint64_t write_pc;
	UT_hash_handle hh;
};

struct sample {
	uint32_t position; /* of the first boundary for which it holds; the next one ends it */
	bool is_entered;
	uint64_t handler;
	enum inspect_end end;
	uint64_t errno_at; /* 0: not known */
	uint64_t thread_pointer;
	struct touch *touches;       /* by granule */
	char unknown[SHARED_REASON]; /* why it was not seen to its end; "" */
};

/*
 * What would the handler touch where the walker stands; or, where `copy` is given, where that copy
 * of it stands, which is used up (the sample then has errno_at and thread_pointer from an earlier
 * one)? *steps grows by those that it took.
 */
int sample_take(struct sample *sample, struct stage *stage, struct trial *copy,
		struct code_lines *lines, struct names *names, uint64_t limit,
		uint64_t *steps) MUST_CHECK;
/* Adds what it touches to `all`. */
void sample_merge(const struct sample *sample, struct touch **all);
void touches_free(struct touch **touches);
/* Of the bytes in [start, end): those of the granule that are read, or written, as asked. */
uint8_t touched_bits(struct touch *touches, uint64_t granule, uint64_t start, uint64_t end,
		     bool reads, bool writes);
bool touched_any(struct touch *touches, uint64_t start, uint64_t end, bool reads, bool writes);
/* Has one of its inputs another value in `pid` than when it was taken? */
bool sample_is_outdated(const struct sample *sample, pid_t pid);
/* Is one of these bytes an input? */
bool sample_depends_on(const struct sample *sample, uint64_t address, uint64_t size);
void sample_free(struct sample *sample);

/* trace.c: the window, instruction by instruction. */
struct trace_access {
	uint64_t address;
	uint32_t size;
	bool reads;
	bool writes;
	bool counts;     /* owning_counts() */
	bool is_compare; /* access.h */
	bool is_locked;
};

struct trace_step {
	const struct code_line *line;
	uint32_t first; /* of its accesses */
	uint32_t run;   /* the same number: no call, return or system call in between */
};

struct trace {
	struct trace_step *steps; /* position n is before the n-th of them, from 0 */
	size_t count;
	size_t capacity;
	struct trace_access *accesses;
	size_t access_count;
	size_t access_capacity;
	uint32_t *calls; /* positions of the system calls */
	size_t call_count;
	size_t call_capacity;
	struct sample *samples;
	size_t sample_count;
	size_t sample_capacity;
	struct touch *all; /* what all samples together read or write */
	uint64_t handler;  /* there is only this one, where the window is quiet */
	bool is_quiet; /* nothing is shared: no step was taken, and the sample holds throughout */
	bool is_complete;
	char reason[SHARED_REASON]; /* why not */
	struct code_lines lines;
};

/* Steps the stage's walker, at the window's start, to the window's end or the limit. */
int trace_take(struct trace *trace, struct stage *stage) MUST_CHECK;
void trace_free(struct trace *trace);
/* The accesses of a step: first, and *end is behind the last. */
const struct trace_access *trace_accesses(const struct trace *trace, size_t step,
					  const struct trace_access **end);
/* The sample that holds at a position; NULL: the trace has none. */
const struct sample *trace_sample(const struct trace *trace, size_t position);
/*
 * quick.c: the walker stands at the window's start, where the sample was taken. Could the
 * program, in the window, touch what the handler touches in a way that matters, or change the
 * handler?
 */
int quick_look(struct stage *stage, struct trace *trace, struct names *names,
	       bool *is_shared) MUST_CHECK;

/* flow.c: a store whose value was computed from what an earlier load found there. */
struct update {
	uint32_t load; /* positions of the two instructions */
	uint32_t store;
	uint64_t start; /* bytes that both touch */
	uint64_t end;
};

struct updates {
	struct update *list;
	size_t count;
	size_t capacity;
};

void updates_find(struct updates *updates, const struct trace *trace);

/* find.c: what a signal finds half-way at the positions from `first` to `last`. */
enum shared_kind { SHARED_TORN, SHARED_LOST, SHARED_PLAIN };

struct shared_finding {
	enum shared_kind kind;
	uint32_t first;
	uint32_t last;
	uint32_t reach;     /* highest `last` of this and all before */
	uint32_t sample;    /* index */
	uint64_t object;    /* names the object: its start */
	uint64_t address;   /* of a byte in question */
	uint64_t before_pc; /* the program's instructions on both sides */
	uint64_t after_pc;
	uint64_t handler_pc;
	bool handler_writes;
};

struct shared_findings {
	struct shared_finding *list; /* sorted by first */
	size_t count;
	size_t capacity;
};

/* Fills in all of them. */
void findings_find(struct shared_findings *findings, const struct trace *trace,
		   struct symbols *symbols);

/* What find.c and plain.c share. */
struct finder {
	const struct trace *trace;
	struct symbols *symbols;
	struct shared_findings *findings;
	struct data_place place; /* of the latest question */
	uint64_t asked;
};

const struct data_place *finder_place(struct finder *finder, uint64_t address);
/* Made to be shared with a handler: to read or write it whole is fine. */
bool shared_is_for_signals(const struct data_place *place);
/* Adds what holds from `first` to `last`, as far as the finding's sample does. */
void finder_add(struct finder *finder, struct shared_finding finding);

/* plain.c: adds those of SHARED_PLAIN. */
void find_plain(struct finder *finder);

#endif
