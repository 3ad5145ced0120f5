/* SPDX-License-Identifier: MIT */
/*
 * What the files of descriptors*.c share, for nobody else.
 *
 * No duplicate of a target's descriptor is kept while the target may run: it would hold back the
 * end of file of a pipe, the release of a lock, the death of a socket. Duplicates are taken when
 * state is saved or put back, and closed at once.
 */
#ifndef SIGSWEEP_ENGINE_DESCRIPTORS_PARTS_H
#define SIGSWEEP_ENGINE_DESCRIPTORS_PARTS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

enum descriptor_kind {
	DESCRIPTOR_PLAIN,   /* nothing but its flags is put back */
	DESCRIPTOR_FILE,    /* has a position */
	DESCRIPTOR_PIPE,    /* both ends are the process's own, this is the reading one */
	DESCRIPTOR_PAIR,    /* an end of a socket pair, both ends of which are the process's own */
	DESCRIPTOR_COUNTER, /* eventfd */
};

/* A descriptor as it was at the last save. */
struct descriptor {
	int fd;       /* in the process */
	int other_fd; /* of a pipe: the writing end */
	enum descriptor_kind kind;
	int flags;
	dev_t device;
	ino_t inode;
	mode_t mode;
	off_t position;
	uint64_t counter;
	uint8_t *bytes; /* that wait in a pipe */
	size_t size;
	const char *lost; /* what of it cannot be put back: kind of the fidelity list, or NULL */
};

/* Contents of a regular file that the process has open for writing. */
struct descriptor_file {
	int fd; /* one of its descriptors */
	dev_t device;
	ino_t inode;
	bool in_use; /* at the save that is being made */
	bool too_large;
	uint8_t *bytes;
	size_t size;
	struct timespec modified;
	struct timespec changed;
	struct timespec since; /* coarse clock: no later change was made before */
};

struct descriptors {
	pid_t pid;
	int pidfd;
	struct descriptor *list;
	size_t count;
	size_t capacity;
	struct descriptor_file *files;
	size_t file_count;
	size_t file_capacity;
};

#define DESCRIPTORS_FILE_MAX (64 << 20) /* bytes */

/* A duplicate of the process's descriptor, sharing its position and flags (pidfd_getfd(2)); the
 * caller closes it. -errno. */
int descriptors_duplicate(const struct descriptors *descriptors, int fd);

/* descriptors_files.c; `copy` is a duplicate. What cannot be saved is told by ..._is_lost(). */
void descriptors_save_file(struct descriptors *descriptors, const struct descriptor *of,
			   const struct stat *facts);
int descriptors_restore_file(struct descriptors *descriptors, const struct descriptor *of,
			     int copy) MUST_CHECK;
bool descriptors_file_is_lost(const struct descriptors *descriptors, const struct descriptor *of);
void descriptors_begin_files(struct descriptors *descriptors);
void descriptors_end_files(struct descriptors *descriptors); /* forgets those not in use */

/* descriptors_streams.c: called once all descriptors are listed, since a pipe or pair is put back
 * only if both its ends are there. */
void descriptors_save_streams(struct descriptors *descriptors);
int descriptors_restore_stream(struct descriptors *descriptors, const struct descriptor *of,
			       int copy) MUST_CHECK;

#endif
