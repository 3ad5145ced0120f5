/* SPDX-License-Identifier: MIT */
/* What an instruction is and what it looks like. With access.h and decode_branch.h the only user of
 * the disassembler library. */
#ifndef SIGSWEEP_ENGINE_DECODE_H
#define SIGSWEEP_ENGINE_DECODE_H

#include "harness/base/fail.h"

#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_MAX 15 /* bytes, Intel SDM volume 2, 2.3.11 */

enum instruction_flag {
	INSTRUCTION_CALL = 1 << 0,
	INSTRUCTION_RETURN = 1 << 1,
	INSTRUCTION_SYSCALL = 1 << 2,    /* the 64-bit `syscall` */
	INSTRUCTION_OTHER_GATE = 1 << 3, /* int 0x80, sysenter */
	INSTRUCTION_REPEAT = 1 << 4, /* rep-prefixed string instruction: a step is one iteration */
	INSTRUCTION_PUSH_FLAGS = 1 << 5, /* pushf: would show the trap flag of the stepper */
	INSTRUCTION_POP_FLAGS = 1 << 6,  /* popf, iret */
	INSTRUCTION_TRAP = 1 << 7,       /* int3, int1: its own SIGTRAP */
	INSTRUCTION_JUMP = 1 << 8,       /* any branch that is no call or return */
	INSTRUCTION_INDIRECT = 1 << 9,   /* target of call or jump from a register or memory */
	INSTRUCTION_TIMESTAMP =
		1 << 10,             /* rdtsc, rdtscp, rdrand, rdseed: differs from run to run */
	INSTRUCTION_READS = 1 << 11, /* reads memory, the stack engine's push/pop/ret included */
	INSTRUCTION_WRITES = 1 << 12,
	INSTRUCTION_LOCKED = 1 << 13, /* lock prefix, or xchg with memory */
};

struct instruction {
	uint8_t length;
	uint32_t flags;
};

/* Decodes the instruction at the start of `bytes`; -EILSEQ when it is none or does not end there.
 */
int decode_instruction(const uint8_t *bytes, size_t size, struct instruction *out) MUST_CHECK;

/* Its text as gdb and objdump print it (AT&T); `pc` resolves relative targets. Always ends `text`,
 * with "(bad)" for what cannot be decoded. */
void decode_text(const uint8_t *bytes, size_t size, uint64_t pc, char *text, size_t text_size);

#endif
