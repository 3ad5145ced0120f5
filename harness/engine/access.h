/* SPDX-License-Identifier: MIT */
/*
 * Which bytes of memory an instruction is about to touch, where a thread stands before it with
 * these registers. Reads no memory of the target; knows nothing of what the bytes are.
 */
#ifndef SIGSWEEP_ENGINE_ACCESS_H
#define SIGSWEEP_ENGINE_ACCESS_H

#include "harness/base/fail.h"
#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCESSES_MAX 4

struct memory_access {
	uint64_t address;
	uint32_t size;   /* bytes */
	bool reads;      /* both: a read-modify-write */
	bool writes;     /* also where it may write or not: cmpxchg writes back what it found */
	bool is_stack;   /* by the stack engine: push, pop, call, ret, enter, leave */
	bool is_compare; /* cmpxchg: it writes something new only over what it expected */
	bool is_masked;  /* not of all of these bytes: some are left out by a mask */
};

/*
 * Of one execution; of a repeated string instruction that is one iteration, as a step is. Reads
 * come before writes. The code itself, what a system call makes the kernel touch and what is only
 * named (lea, prefetch, nop) are not among them.
 */
struct access_list {
	struct memory_access list[ACCESSES_MAX];
	size_t count;
	bool is_locked;  /* lock prefix, or xchg with memory: indivisible for other CPUs too */
	bool is_unknown; /* touches memory that the list does not have: gathers, xsave, iret */
};

/*
 * The accesses of the instruction at the start of `bytes`. -EILSEQ when it is none or does not end
 * there. Rules of address and size: Intel SDM volume 1, 3.7.5 and volume 2 (push, pop, bts, string
 * instructions).
 */
int access_list_of(const uint8_t *bytes, size_t size, const struct registers *registers,
		   struct access_list *accesses) MUST_CHECK;

/* Lets watches be made by stepping where the CPU's do not work (kernel/watch_step.h). Once, before
 * anything is traced. `max`: instructions that one thread is stepped at most. */
void access_serve_watches(uint64_t max);

/*
 * Which registers an instruction's results are computed from. Bit n below 16 is general register n
 * (registers_general()), bit 16 + n vector register n; x87, mask and other registers are one bit.
 * Flags are left out: what only decides which way to go is not part of a value.
 */
struct register_flow {
	uint64_t values;    /* read, and part of what is written to registers or memory */
	uint64_t addresses; /* read to find the memory that is read */
	uint64_t results;   /* written */
};

int access_flow_of(const uint8_t *bytes, size_t size, struct register_flow *flow) MUST_CHECK;

#endif
