/* SPDX-License-Identifier: MIT */
/*
 * What the files of the oracle unsafe-call share: which code belongs to the standard libraries,
 * what a function of theirs is called, what a handler calls and what an interrupted stack is
 * inside.
 */
#ifndef SIGSWEEP_ORACLES_UNSAFE_CALL_H
#define SIGSWEEP_ORACLES_UNSAFE_CALL_H

#include "harness/model/outcome.h"
#include "harness/model/trial.h"
#include "harness/oracles/unsafe_call/async_signal_safe.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#define UNSAFE_CALLS_MAX (VERDICTS_MAX - 2) /* one each for a jump out and for what is unknown */
#define UNSAFE_NAME 120
#define UNSAFE_REASON 160

/* A function as it is called, not as it is implemented. */
struct callee {
	enum safety safety;
	bool is_named;
	char name[UNSAFE_NAME];     /* plain: "printf" */
	char exported[UNSAFE_NAME]; /* as the library exports it: "__printf_chk" */
};

/* Has it a name that no list of safe functions has? */
bool callee_is_unsafe(const struct callee *callee);

enum code_owner {
	OWNER_PROGRAM, /* all that is neither of these */
	OWNER_LOADER,  /* stands between the program and the libraries */
	OWNER_LIBRARY, /* of standard functions: C, mathematics, C++, memory */
};

/*
 * names.c: names of addresses, remembered, since the same few are asked for at every
 * boundary.
 */
struct names {
	struct walker *walker;
	struct name_entry *functions; /* by an address in them */
	struct name_entry *sites;     /* by the return address of the call */
	size_t module_count;          /* when they were filled */
	const struct module *last;    /* of the latest question, and its answer */
	enum code_owner last_owner;
};

void names_init(struct names *names, struct walker *walker);
void names_free(struct names *names);

enum code_owner names_owner(struct names *names, uint64_t address);
/* Is there such a library with symbols? Else why not, into `reason`. */
bool names_has_library(struct names *names, char *reason, size_t size);

/* The function that covers the address. */
const struct callee *names_function(struct names *names, uint64_t address);
/* The function that the call before this return address calls, if that is one of a library. */
const struct callee *names_called(struct names *names, uint64_t return_address);
/* Into `callee`: the function at `pc` that was entered through the stub at `stub` (0: none). */
void names_entered(struct names *names, uint64_t pc, uint64_t stub, struct callee *callee);

/* handler.c: an unsafe function that a handler reaches. */
struct unsafe_call {
	struct callee callee;
	json_t *path; /* the stack from what calls it to the handler */
};

/* What a handler does, as one inspection saw it. */
struct reach_key {
	uint64_t handler;
	uint64_t function; /* that was interrupted */
	uint64_t outcome;  /* of the trial */
};

struct reach {
	struct reach_key key;
	struct unsafe_call calls[UNSAFE_CALLS_MAX];
	size_t count;
	const char *jump; /* longjmp, siglongjmp: it jumps out with it; NULL: it does not */
	char unknown[UNSAFE_REASON]; /* why it was not seen to its end; "" */
	UT_hash_handle hh;
};

/* Steps the handler in a copy made at the trial's boundary, where the walker stands. */
int reach_learn(struct reach *reach, struct names *names, const struct trial *trial,
		uint64_t limit) MUST_CHECK;
void reach_clear(struct reach *reach);

/*
 * stack.c: the innermost unsafe function that the walker's stack is inside, or NULL.
 * *is_known: the stack could be followed far enough to say so.
 */
const struct callee *stack_unsafe_function(struct names *names, bool *is_known);

#endif
