/* SPDX-License-Identifier: MIT */
/* Places, stacks and texts as JSON, in the shapes of the report. */
#ifndef SIGSWEEP_MODEL_EVIDENCE_H
#define SIGSWEEP_MODEL_EVIDENCE_H

#include "harness/engine/unwind.h"
#include "harness/engine/walker.h"

#include <jansson.h>
#include <stddef.h>

/* "0x..." */
json_t *evidence_address(uint64_t address);

/* Bytes of the target as a JSON string: what is not UTF-8 is replaced, at most `limit` bytes. */
json_t *evidence_text(const char *bytes, size_t size, size_t limit);

/* {module, offset, function, file, line, instruction} of an address where execution is. */
json_t *evidence_where(struct walker *walker, uint64_t pc);

/* [{module, offset, function, file, line, signal_frame}, ...] */
json_t *evidence_stack(struct walker *walker, const struct frame *frames, size_t count);

/* The stack of a process that a handler has brought where it stands: from the caller of the
 * function there to the handler. */
json_t *evidence_call_path(struct walker *walker, pid_t pid, const struct registers *registers);

/* {name: "0x...", ...} */
json_t *evidence_registers(const struct registers *registers);

/* The name that a finding is grouped by: "module:function", or "module+0xOFFSET" of the function's
 * start (or of the address) where it has no name. Into `text`. */
void evidence_place(struct walker *walker, uint64_t pc, char *text, size_t size);

#endif
