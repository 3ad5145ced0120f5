/* SPDX-License-Identifier: MIT */
/* The stack of a stopped thread: the only user of libunwind. Names are symbols.h's business. */
#ifndef SIGSWEEP_ENGINE_UNWIND_H
#define SIGSWEEP_ENGINE_UNWIND_H

#include "harness/base/fail.h"
#include "harness/engine/symbols.h"
#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct frame {
	uint64_t pc;
	uint64_t cfa; /* canonical frame address: names the frame for as long as it exists */
	uint64_t function_start; /* of the unwind table entry that covers pc; 0: none */
	bool is_signal_frame;    /* this frame is the kernel's: the next one was interrupted */
	bool is_exact; /* pc is where execution is (innermost or interrupted), not a return address:
			  look a return address up at pc - 1 */
};

struct unwinder; /* caches unwind tables of one address space; may serve its forked copies too */

struct unwinder *unwinder_new(struct symbols *symbols);
void unwinder_free(struct unwinder *unwinder);

/* Forgets cached tables and read-only memory: after an exec, a dlopen or a dlclose. */
void unwinder_forget(struct unwinder *unwinder);

/*
 * The frames of `tid`, stopped with these registers, innermost first: their number (at least 1: the
 * pc itself), at most `max`. An unwind that breaks off early sets *complete to false (NULL: not
 * asked); complete means that it ended at the outermost frame (no return address).
 */
size_t unwind_stack(struct unwinder *unwinder, pid_t tid, const struct registers *registers,
		    struct frame *frames, size_t max, bool *complete);

#endif
