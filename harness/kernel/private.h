/* SPDX-License-Identifier: MIT */
/* Gives a process that was just forked its own pages, so that it need not copy them itself. */
#ifndef SIGSWEEP_KERNEL_PRIVATE_H
#define SIGSWEEP_KERNEL_PRIVATE_H

#include "harness/base/fail.h"

#include <sys/types.h>

/* Each present page of the stopped process that is private and writable is written, as it is. 0 or
 * -errno; -E2BIG: they are more than 1 GiB. */
int private_pages(pid_t pid) MUST_CHECK;

#endif
