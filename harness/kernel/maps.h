/* SPDX-License-Identifier: MIT */
/* The mappings of a process, as /proc/PID/maps lists them. */
#ifndef SIGSWEEP_KERNEL_MAPS_H
#define SIGSWEEP_KERNEL_MAPS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t start;
	uint64_t end;    /* exclusive */
	uint64_t offset; /* in the file, bytes */
	uint64_t inode;  /* 0: not a file */
	bool readable;
	bool writable;
	bool executable;
	bool shared;
	char *path; /* owned by the maps; "" when anonymous, "[stack]" and the like, or a file */
};

struct maps {
	struct mapping *list; /* sorted by start */
	size_t count;
};

/* Reads the mappings of `pid` into `maps` (zeroed or read before); 0 or -errno. */
int maps_read(struct maps *maps, pid_t pid) MUST_CHECK;

/* Frees what maps_read() took; the struct can be read into again. */
void maps_free(struct maps *maps);

/* The mapping that holds `address`, or NULL. Valid until the next maps_read() or maps_free(). */
const struct mapping *maps_find(const struct maps *maps, uint64_t address);

#endif
