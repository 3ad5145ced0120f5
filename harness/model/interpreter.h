/* SPDX-License-Identifier: MIT */
/*
 * The CPython inside a walker: opened once, asked at every boundary, so everything that a code
 * object says is kept. Serves the walker's copies too, which have its addresses. Knows nothing of
 * windows or findings.
 */
#ifndef SIGSWEEP_MODEL_INTERPRETER_H
#define SIGSWEEP_MODEL_INTERPRETER_H

#include "harness/base/fail.h"
#include "harness/engine/walker.h"
#include "harness/python/dispatch.h"
#include "harness/python/interruption.h"
#include "harness/python/python.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct interpreter;

/* Opens the interpreter of a walker, which must outlive it. Errors as of python_attach(). */
int interpreter_open(struct walker *walker, struct interpreter **interpreter) MUST_CHECK;
void interpreter_free(struct interpreter *interpreter);

const struct python *interpreter_python(const struct interpreter *interpreter);

/* Its dispatch points, looked for when first asked for. It belongs to the interpreter. */
int interpreter_dispatch(struct interpreter *interpreter, struct dispatch **dispatch) MUST_CHECK;

/* What is asked of a code object again and again. Answers that others keep here are -1 until they
 * were found. */
struct interpreter_code {
	uint64_t address;
	uint64_t stamp;
	char *file;
	char *function; /* not shortened; "<module>" for what is executed when a module is loaded */
	int8_t is_in;   /* does `--in` let it through? */
	int8_t is_from; /* can the window begin in it? */
	int8_t is_to;   /* can it end in it? */
};

/* NULL when the code object cannot be read. Valid as long as the interpreter. */
struct interpreter_code *interpreter_code(struct interpreter *interpreter, pid_t pid,
					  uint64_t code);

/* The code object that the walker's thread executes; NULL: none, or it cannot be read. */
struct interpreter_code *interpreter_running(struct interpreter *interpreter);

/* The instruction that starts where the walker stands, which is a dispatch point. -ENOENT: none. */
int interpreter_instruction(struct interpreter *interpreter,
			    struct dispatch_instruction *instruction) MUST_CHECK;

/* Forgets the stop before: the next one is compared with none (struct dispatch_instruction,
 * is_again). */
void interpreter_forget(struct interpreter *interpreter);

/* A boundary in Python's terms. */
struct interpreter_place {
	char *json;  /* {"file", "line", "function", "opcode", "offset"} */
	char *place; /* "script.py:function", which findings are grouped by */
};

/* Of an instruction of the walker or of a copy; kept. NULL when its code cannot be read. */
const struct interpreter_place *interpreter_place(struct interpreter *interpreter, pid_t pid,
						  const struct dispatch_instruction *instruction);

/* The same of the instruction at `offset` of a frame, as the frame notes it; -1: of one that is
 * about to start. */
const struct interpreter_place *interpreter_place_of(struct interpreter *interpreter, pid_t pid,
						     const struct python_bare_frame *frame,
						     int offset);

/* What the walker's thread executes, as its innermost frame notes it. NULL: no Python code. */
const struct interpreter_place *interpreter_place_now(struct interpreter *interpreter);

/* The PyThreadState of a process (the walker or a copy) stopped with these registers. -ENOENT: none
 * (any more). */
int interpreter_thread(struct interpreter *interpreter, pid_t pid,
		       const struct registers *registers, uint64_t *thread) MUST_CHECK;

/* The one that calls the handlers of signals: the same, but while a subinterpreter is executed.
 * Where there is none any more, the one that was. */
int interpreter_main_thread(const struct interpreter *interpreter, pid_t pid,
			    const struct registers *registers, uint64_t *thread) MUST_CHECK;

/* The handler that CPython installs for SIGINT, signal.default_int_handler, in a process (the
 * walker or a copy). It is looked for once: the module is never loaded anew. 0: it is not there. */
uint64_t interpreter_default_handler(struct interpreter *interpreter, pid_t pid);

/* The Python frames of a process (the walker or a copy), stopped with these registers, innermost
 * first: their number, at most `max`, or -errno. */
ssize_t interpreter_frames(struct interpreter *interpreter, pid_t pid,
			   const struct registers *registers, struct python_frame *frames,
			   size_t max) MUST_CHECK;

/* Is the code at `pc` a part of the interpreter's loop? */
bool interpreter_is_loop(struct interpreter *interpreter, uint64_t pc);

#endif
