/* SPDX-License-Identifier: MIT */
/* What memory an instruction is about to touch. Knows nothing of where it comes from. */
#ifndef SIGSWEEP_ENGINE_DECODE_ACCESS_H
#define SIGSWEEP_ENGINE_DECODE_ACCESS_H

#include "harness/kernel/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum access { ACCESS_NONE, ACCESS_READ = 1 << 0, ACCESS_WRITE = 1 << 1 };

/*
 * Does the instruction at the start of `bytes`, executed with these registers, read or write any of
 * the `length` bytes at `address`? A set of enum access. Operands that are relative to a segment
 * other than the flat ones, and instructions that cannot be decoded, touch nothing.
 */
unsigned int decode_access(const uint8_t *bytes, size_t size, const struct registers *registers,
			   uint64_t address, size_t length);

#endif
