/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing the memory of a traced process. Reads go through process_vm_readv(2), writes
 * through /proc/PID/mem, which also writes to pages that the process itself may only read or run.
 */
#ifndef SIGSWEEP_KERNEL_MEMORY_H
#define SIGSWEEP_KERNEL_MEMORY_H

#include "harness/base/fail.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads exactly `size` bytes at `address`; 0, or -EFAULT (or another errno) and nothing is known.
 */
int memory_read(pid_t pid, uint64_t address, void *buffer, size_t size) MUST_CHECK;

/* A value somewhere in a process, and where to put it. */
struct memory_part {
	uint64_t address;
	void *buffer;
	size_t size;
};

/* Reads them all at once (at most 8, else -EINVAL), 0; or -EFAULT (or another errno) and nothing is
 * known. */
int memory_read_parts(pid_t pid, const struct memory_part *parts, size_t count) MUST_CHECK;

/* Reads what is mapped of `size` bytes from `address` on: the number of bytes, or -errno. */
ssize_t memory_read_some(pid_t pid, uint64_t address, void *buffer, size_t size) MUST_CHECK;

/* Reads a NUL-terminated string of at most size-1 bytes: its length, or -errno; always ends it. */
ssize_t memory_read_text(pid_t pid, uint64_t address, char *text, size_t size) MUST_CHECK;

/* Writes exactly `size` bytes at `address`, whatever the page's protection. The process is stopped.
 */
int memory_write(pid_t pid, uint64_t address, const void *buffer, size_t size) MUST_CHECK;

#endif
