/* SPDX-License-Identifier: MIT */
/*
 * The words of memory in which a signal's way through an interpreter shows, for whoever can watch
 * them: the flag that CPython's C handler sets, the exception on its way, the one being handled,
 * the instruction of a frame. Reads only; knows nothing of watches.
 */
#ifndef SIGSWEEP_PYTHON_INTERRUPTION_H
#define SIGSWEEP_PYTHON_INTERRUPTION_H

#include "harness/base/fail.h"
#include "harness/python/python.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct python_word {
	uint64_t address;
	size_t size; /* bytes, 4 or 8; the address is a multiple of it */
};

/*
 * Not zero from where the C handler has noted a signal to where PyErr_CheckSignals() calls its
 * Python handler (Modules/signalmodule.c, Handlers[signal].tripped). -ENOTSUP: the table of
 * handlers was not found.
 */
int python_signal_word(const struct python *python, int signal,
		       struct python_word *word) MUST_CHECK;

/* Does the interpreter take everything down? Then the flag is taken back without a call. */
bool python_is_finalizing(const struct python *python, pid_t pid);

/* The Python handler of a signal, as signal.getsignal() gives it. */
int python_signal_handler(const struct python *python, pid_t pid, int signal,
			  uint64_t *handler) MUST_CHECK;

/*
 * Written whenever an exception is raised in a thread, or what was raised is taken: the exception,
 * or 0. Up to 3.11 the value alone, which is 0 also for one that is raised as a mere class;
 * python_is_raised() says which.
 */
struct python_word python_exception_word(const struct python *python, uint64_t thread);

/* Is an exception being raised, and which? *value 0: as a mere class. */
int python_is_raised(const struct python *python, pid_t pid, uint64_t thread, bool *is_raised,
		     uint64_t *value) MUST_CHECK;

/* The exception that the innermost except clause handles; 0 or None: there is none. Another word
 * for each generator. */
int python_handled_word(const struct python *python, pid_t pid, uint64_t thread,
			struct python_word *word) MUST_CHECK;

/* What a frame notes as its instruction: written whenever it goes on to another one (from 3.13 on:
 * one that can fail). */
struct python_word python_instruction_word(const struct python *python, uint64_t frame);

/* A frame without its names: little to read. */
struct python_bare_frame {
	uint64_t address;
	uint64_t code;
	int offset;    /* of the instruction that it notes, in bytes; -1: not started */
	bool is_entry; /* as in struct python_frame */
};

/* The frames of a thread, innermost first: their number, at most `max`, or -errno. */
ssize_t python_bare_frames(const struct python *python, pid_t pid, uint64_t thread,
			   struct python_bare_frame *frames, size_t max) MUST_CHECK;

/* Where the instruction `offset` bytes into a code object stands, and its opcode there. */
int python_read_instruction(const struct python *python, pid_t pid, uint64_t code, int offset,
			    uint64_t *address, uint8_t *opcode) MUST_CHECK;

/* The name of the opcode that the compiler emitted for one in memory, as dis has it; "": none. */
const char *python_opcode_name(const struct python *python, uint8_t opcode);

/* Up to 3.10: a frame notes at run time where its handlers are, a code object has no table. */
bool python_has_blocks(const struct python *python);

/* Does an exception at the instruction `offset` of a code object find a handler in it? True
 * where python_has_blocks(). */
bool python_has_handler(const struct python *python, pid_t pid, uint64_t code, int offset);

/* Does a handler of the code object's exception table begin at `offset`? 1 or 0; -ENODATA: the
 * table has too many rows, cannot be read, or there is none, as python_has_blocks(). */
int python_is_handler(const struct python *python, pid_t pid, uint64_t code, int offset);

enum python_clause {
	PYTHON_CLAUSE_UNKNOWN,
	PYTHON_CLAUSE_TYPED, /* except with a class */
	PYTHON_CLAUSE_BARE,  /* except without one, or a finally that leaves by return, break... */
	PYTHON_CLAUSE_WITH,  /* __exit__ of a context manager */
	PYTHON_CLAUSE_FINALLY, /* runs whatever was raised, and raises it again */
};

/*
 * Of which kind the clause is that handles an exception: `start` is the first instruction of the
 * handlers (of a try statement: of all its clauses), `at` one inside the clause that was taken.
 */
enum python_clause python_clause_of(const struct python *python, pid_t pid, uint64_t code,
				    int start, int at);

#endif
