/* SPDX-License-Identifier: MIT */
/*
 * What the files of undo*.c share, for nobody else: the records of the log and the targets of
 * system calls.
 *
 * The log is a memfd: a header, then records one behind the other. A record is complete before the
 * header counts it, and the header stops counting one after it has been undone, so that whoever
 * holds the memfd can go on from any moment at which the writer was killed.
 */
#ifndef SIGSWEEP_ENGINE_UNDO_PARTS_H
#define SIGSWEEP_ENGINE_UNDO_PARTS_H

#include "harness/base/fail.h"
#include "harness/engine/undo.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define UNDO_CONTENTS_MAX (64 << 20)     /* bytes of one file */
#define UNDO_LOG_MAX (UINT64_C(4) << 30) /* bytes of the log: what comes then is lost */

enum undo_kind {
	UNDO_ABSENT,   /* there was nothing at `path`: remove what is there */
	UNDO_STATE,    /* what was at `path` had these attributes, and contents where has_data */
	UNDO_KEEP,     /* what was at `path` has a second link, `second`: move that back */
	UNDO_RENAME,   /* `path` was about to be renamed to `second` */
	UNDO_EXCHANGE, /* `path` and `second` were about to change places */
	UNDO_STASH,    /* `path` is a directory of ours that holds second links */
};

struct undo_record {
	uint64_t size;     /* with all that follows the struct */
	uint64_t previous; /* where the record before begins, 0: none */
	uint32_t kind;
	uint32_t has_data;
	uint64_t device; /* of what was at `path` */
	uint64_t inode;
	uint64_t special; /* device number of a device file */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t path_size;   /* with the NUL; the path follows the struct */
	uint32_t second_size; /* then another path (0: none) */
	uint32_t reserved;
	uint64_t data_size;       /* then contents of a file, or the text of a symbolic link */
	struct timespec times[2]; /* of access and modification */
	struct timespec parent_times[2]; /* of the directory */
};

/* Second links live in a directory of ours on the same file system. */
struct undo_stash {
	uint64_t device;
	uint64_t offset; /* of its record */
	char *path;
};

struct undo {
	int fd;
	uint64_t end;  /* where the next record will begin */
	uint64_t last; /* where the last one begins, 0: none */
	char **lost;
	size_t lost_count;
	size_t lost_capacity;
	struct undo_stash *stashes;
	size_t stash_count;
	size_t stash_capacity;
	unsigned int links; /* second links made: numbers their names */
};

/* What a path of a system call names. */
struct undo_target {
	char path[PATH_MAX]; /* absolute, its directory without symbolic links */
	bool exists;
	struct stat facts; /* where it exists */
	struct timespec parent_times[2];
};

/* undo.c */
int undo_append(struct undo *undo, struct undo_record *record, const char *path, const char *second,
		int data_fd, const void *data) MUST_CHECK;
int undo_read_record(const struct undo *undo, uint64_t offset, struct undo_record *record,
		     char **path, char **second) MUST_CHECK;
int undo_drop_last(struct undo *undo, const struct undo_record *record) MUST_CHECK;
void undo_lose(struct undo *undo, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * undo_paths.c: finds what (`directory`, the text at `address`) means to the thread. False when
 * nothing of it needs to be saved: the call will fail, or it is about /proc and the like. `follow`:
 * a symbolic link at the end is followed.
 */
bool undo_resolve(struct undo *undo, pid_t tid, int directory, uint64_t address, bool follow,
		  struct undo_target *target);
bool undo_resolve_text(struct undo *undo, pid_t tid, int directory, const char *text, bool follow,
		       struct undo_target *target);
/* The same for a descriptor; false also when what it names has no path any more. */
bool undo_resolve_descriptor(pid_t tid, int fd, struct undo_target *target);

/* undo_save.c: each appends what is needed; 0 or -errno of the log. */
int undo_save_absent(struct undo *undo, const struct undo_target *target) MUST_CHECK;
int undo_save_attributes(struct undo *undo, const struct undo_target *target) MUST_CHECK;
int undo_save_contents(struct undo *undo, const struct undo_target *target) MUST_CHECK;
/* What is at the target will be gone (unlink, rmdir, replaced by rename). */
int undo_save_whole(struct undo *undo, const struct undo_target *target) MUST_CHECK;
int undo_save_rename(struct undo *undo, const struct undo_target *from,
		     const struct undo_target *to, bool exchange) MUST_CHECK;

/* undo_stash.c: makes a second link to the target; its path (caller frees), or NULL where that is
 * not possible. *error: of the log. */
char *undo_stash_link(struct undo *undo, const struct undo_target *target, int *error);
/* Forgets directories whose record lies at or behind `mark`. */
void undo_stash_forget(struct undo *undo, uint64_t mark);

#endif
