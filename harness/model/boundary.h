/* SPDX-License-Identifier: MIT */
/* A boundary: a gap in which an interrupt can arrive. */
#ifndef SIGSWEEP_MODEL_BOUNDARY_H
#define SIGSWEEP_MODEL_BOUNDARY_H

#include <stdint.h>
#include <sys/types.h>

#define PHASE_LIST(X)                                                                              \
	X(AT, "at")         /* between two instructions */                                         \
	X(BEFORE, "before") /* a system call about to be made */                                   \
	X(DURING, "during") /* a system call that blocks */                                        \
	X(AFTER, "after")   /* a system call that has just returned */

enum phase {
#define X(name, text) PHASE_##name,
	PHASE_LIST(X)
#undef X
};

struct interpreter_place;

struct boundary {
	uint64_t index;  /* among the eligible ones, from 1; 0: not eligible */
	uint64_t walked; /* among all that the injector comes to, from 1 */
	pid_t tid;
	uint64_t pc; /* of the instruction before which it lies (for during: of the syscall) */
	enum phase phase;
	long syscall;       /* for before, during and after: the number; else -1 */
	const char *benign; /* why the program says that interruptions are harmless here; NULL: it
			     * does not */
	const struct interpreter_place *python; /* of an opcode; NULL: it is none */
	const struct interpreter_place *within; /* the opcode that is being executed, where it is
						 * known and the boundary is none of opcodes' own */
};

const char *phase_text(enum phase phase);

#endif
