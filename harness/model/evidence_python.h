/* SPDX-License-Identifier: MIT */
/* Python frames as JSON, and stacks in which they stand where their native frames are. */
#ifndef SIGSWEEP_MODEL_EVIDENCE_PYTHON_H
#define SIGSWEEP_MODEL_EVIDENCE_PYTHON_H

#include "harness/engine/unwind.h"
#include "harness/model/interpreter.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* {file, line, function, opcode, offset} of a frame; the opcode as dis names it. */
json_t *evidence_python_place(const struct python_frame *frame);

/* The Python frames of a process at one moment. */
struct python_stack {
	struct python_frame *frames; /* innermost first */
	size_t count;
};

/* Takes them; none where there is no interpreter or nothing can be read. python_stack_free()
 * frees. */
void python_stack_take(struct python_stack *stack, struct interpreter *interpreter, pid_t pid,
		       const struct registers *registers);
void python_stack_free(struct python_stack *stack);

/*
 * evidence_stack() with the Python frames among the native ones: each native frame of the
 * interpreter's loop becomes one row for each Python frame that it executes, with the member
 * `python`. `complete`: the native stack goes to its outermost frame.
 */
json_t *evidence_mixed_stack(struct walker *walker, struct interpreter *interpreter,
			     const struct frame *frames, size_t count, bool complete,
			     const struct python_stack *python);

/* evidence_where() for the place where the walker stands, with the innermost Python frame. */
json_t *evidence_python_where(struct walker *walker, struct interpreter *interpreter);

#endif
