/* SPDX-License-Identifier: MIT */
/* The arguments of an SDT probe where a thread stands before its nop. Knows nothing of what probes
 * mean. */
#ifndef SIGSWEEP_ENGINE_PROBE_H
#define SIGSWEEP_ENGINE_PROBE_H

#include "harness/base/fail.h"
#include "harness/engine/symbols.h"
#include "harness/kernel/registers.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * The n-th argument (from 0) of the site, sign-extended where the probe says that it is signed.
 * `text` is struct probe_site's `arguments`: a list of SIZE@OPERAND, the operand as the assembler
 * writes it (SystemTap's sys/sdt.h, version 3). Understands registers of all widths, constants, and
 * memory with base, index and scale; not memory that is named by a symbol: -ENOTSUP. -ENOENT: there
 * is no such argument.
 */
int probe_argument(const char *text, unsigned int n, pid_t tid, const struct registers *registers,
		   uint64_t *value) MUST_CHECK;

#endif
