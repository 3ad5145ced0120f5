/* SPDX-License-Identifier: MIT */
/*
 * A seccomp filter under which chosen system calls stop the process for its tracer
 * (SECCOMP_RET_TRACE) and all others run at full speed. Needs PTRACE_O_TRACESECCOMP on every
 * process that carries it: without a tracer those calls fail with ENOSYS (seccomp(2)).
 */
#ifndef SIGSWEEP_KERNEL_FILTER_H
#define SIGSWEEP_KERNEL_FILTER_H

#include "harness/base/fail.h"

#include <stddef.h>
#include <stdint.h>

struct filter_row {
	long number;
	int flags_argument;  /* >= 0: only where this argument has a bit of flags_mask */
	uint64_t flags_mask; /* the low 32 bits */
};

struct filter; /* a program ready to be installed */

/* Builds the program; filter_free() frees. */
struct filter *filter_new(const struct filter_row *rows, size_t count);
void filter_free(struct filter *filter);

/*
 * Installs it in the calling process for good; async-signal-safe, for a child between fork and
 * exec. Without CAP_SYS_ADMIN it sets PR_SET_NO_NEW_PRIVS first, which the kernel then demands.
 * -errno.
 */
int filter_install(const struct filter *filter) MUST_CHECK;

#endif
