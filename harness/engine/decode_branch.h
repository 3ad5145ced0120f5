/* SPDX-License-Identifier: MIT */
/* Where an instruction leads. Knows nothing of where it comes from. */
#ifndef SIGSWEEP_ENGINE_DECODE_BRANCH_H
#define SIGSWEEP_ENGINE_DECODE_BRANCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct branch {
	uint8_t length;   /* of the instruction */
	bool goes_on;     /* the one behind it may be next: no jump, or one on a condition */
	bool is_call;     /* then that is where it returns */
	uint64_t target;  /* 0: none, or not told by the instruction */
	uint64_t pointer; /* where the target stands, at a fixed address (call *f@GOTPCREL(%rip),
			   * System V AMD64 ABI, 13.1); 0: nowhere */
};

/* False: no instruction, or it does not end within `size`. `pc` is its address. */
bool decode_branch(const uint8_t *bytes, size_t size, uint64_t pc, struct branch *branch);

#endif
