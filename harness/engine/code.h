/* SPDX-License-Identifier: MIT */
/*
 * What stands at each pc that a walker passes, decoded once. Code in writable or anonymous memory
 * (a JIT's) may change and is decoded at every visit.
 */
#ifndef SIGSWEEP_ENGINE_CODE_H
#define SIGSWEEP_ENGINE_CODE_H

#include "harness/engine/decode.h"
#include "harness/kernel/maps.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct code_entry {
	uint64_t pc;
	struct instruction instruction;
	bool is_fixed;       /* from a mapping that cannot change */
	int8_t eligible;     /* for the walker's user: -1 not yet asked, 0 no, 1 yes */
	uint32_t generation; /* code.c's */
};

struct code;

struct code *code_new(void);
void code_free(struct code *code);
void code_forget(struct code *code); /* after an exec or a change of the mappings */

/* The entry of `pc`; what cannot be read or decoded has no flags and length 0. Valid until the next
 * call. `maps` are those of `pid`. */
struct code_entry *code_at(struct code *code, pid_t pid, const struct maps *maps, uint64_t pc);

#endif
