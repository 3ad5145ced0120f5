/* SPDX-License-Identifier: MIT */
/* How the files of procfs*.c read and take apart text of /proc. For nobody else. */
#ifndef SIGSWEEP_KERNEL_PROCFS_TEXT_H
#define SIGSWEEP_KERNEL_PROCFS_TEXT_H

#include "harness/base/fail.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads the file (at most size-1 bytes, in one read) that the format names: its length, or -errno
 * with -ESRCH for a file that is not there. Always ends the text. */
ssize_t procfs_read_small(char *text, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* What follows "NAME:" and blanks at the start of a line; NULL when there is no such line. */
const char *procfs_field(const char *text, const char *name);

/* The same as a number of this base, 0 when there is none. */
uint64_t procfs_number(const char *text, const char *name, int base);

#endif
