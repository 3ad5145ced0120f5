/* SPDX-License-Identifier: MIT */
/*
 * Undoing records, latest first. Each looks at what is there now: the call that it was made for may
 * have failed, or may never have run.
 */
#include "harness/base/alloc.h"
#include "harness/engine/undo_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1) /* linux/fs.h */
#endif

struct step {
	struct undo *undo;
	uint64_t offset;
	struct undo_record record;
	char *path;
	char *second;
};

static bool is_saved_file(const struct step *step, const struct stat *facts)
{
	return facts->st_dev == step->record.device && facts->st_ino == step->record.inode;
}

static bool same_time(const struct timespec *left, const struct timespec *right)
{
	return left->tv_sec == right->tv_sec && left->tv_nsec == right->tv_nsec;
}

static int failed(const struct step *step, const char *what)
{
	int error = errno;

	return fail(-error, "cannot undo a change of %s: %s: %s", step->path, what,
		    strerror(error));
}

/* The directory's times, as they were before its entry changed. */
static void restore_parent(const struct step *step, const char *path)
{
	const struct timespec *times = step->record.parent_times;
	char parent[PATH_MAX];
	struct stat facts;
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash)
		return;
	slash[slash == parent] = '\0';
	if (stat(parent, &facts) == 0 && !same_time(&facts.st_mtim, &times[1]))
		(void)utimensat(AT_FDCWD, parent, times, 0);
}

static int undo_absent(const struct step *step)
{
	struct stat facts;

	if (lstat(step->path, &facts) == 0 &&
	    (S_ISDIR(facts.st_mode) ? rmdir(step->path) : unlink(step->path)))
		return failed(step, "it cannot be removed");
	restore_parent(step, step->path);
	return 0;
}

/* Compares `size` bytes of the file with the log's; writes them where they differ, if `fd` is open
 * for writing, else tells through *differs. */
static int compare(const struct step *step, int fd, bool write, bool *differs)
{
	const struct undo_record *record = &step->record;
	uint64_t from = step->offset + sizeof(*record) + record->path_size + record->second_size;
	char saved[32768];
	char present[32768];

	for (uint64_t at = 0; at < record->data_size;) {
		size_t size = record->data_size - at < sizeof(saved)
				      ? (size_t)(record->data_size - at)
				      : sizeof(saved);
		ssize_t got = pread(step->undo->fd, saved, size, (off_t)(from + at));

		if (got <= 0)
			return failed(step, "the log cannot be read");
		size = (size_t)got;
		got = pread(fd, present, size, (off_t)at);
		if (got != (ssize_t)size || memcmp(saved, present, size) != 0) {
			*differs = true;
			if (!write)
				return 0;
			got = pwrite(fd, saved, size, (off_t)at);
			if (got <= 0)
				return failed(step, "it cannot be written");
			size = (size_t)got;
		}
		at += size;
	}
	return 0;
}

static int write_contents(const struct step *step)
{
	bool differs;
	int fd = open(step->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = 0;

	if (fd < 0)
		return failed(step, "it cannot be opened");
	if (ftruncate(fd, (off_t)step->record.data_size) < 0)
		error = failed(step, "it cannot be cut");
	if (!error)
		error = compare(step, fd, true, &differs);
	close(fd);
	return error;
}

/* Opened for writing only where it differs: a program that runs cannot be written to. */
static int restore_contents(const struct step *step, const struct stat *facts)
{
	bool differs = (uint64_t)facts->st_size != step->record.data_size;
	int error = 0;
	int fd;

	if (!differs) {
		fd = open(step->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			return failed(step, "it cannot be opened");
		error = compare(step, fd, false, &differs);
		close(fd);
	}
	return error || !differs ? error : write_contents(step);
}

static int restore_attributes(const struct step *step)
{
	const struct undo_record *record = &step->record;
	struct stat facts;

	if (lstat(step->path, &facts) < 0)
		return failed(step, "it is gone");
	if ((facts.st_uid != record->uid || facts.st_gid != record->gid) &&
	    lchown(step->path, record->uid, record->gid) < 0)
		return failed(step, "its owner cannot be set");
	/* Also after chown, which clears the set-user-id bit. */
	if (!S_ISLNK(record->mode) && lstat(step->path, &facts) == 0 &&
	    facts.st_mode != record->mode && chmod(step->path, record->mode & 07777) < 0)
		return failed(step, "its mode cannot be set");
	if (!same_time(&facts.st_atim, &record->times[0]) ||
	    !same_time(&facts.st_mtim, &record->times[1]))
		(void)utimensat(AT_FDCWD, step->path, record->times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int make_link(const struct step *step)
{
	const struct undo_record *record = &step->record;
	char text[PATH_MAX] = "";
	uint64_t from = step->offset + sizeof(*record) + record->path_size + record->second_size;

	if (pread(step->undo->fd, text, sizeof(text) - 1, (off_t)from) < 0)
		return -1;
	text[sizeof(text) - 1] = '\0';
	return symlink(text, step->path);
}

static int make_again(const struct step *step)
{
	const struct undo_record *record = &step->record;
	int result;

	if (S_ISDIR(record->mode))
		result = mkdir(step->path, 0700);
	else if (S_ISLNK(record->mode))
		result = make_link(step);
	else
		result = mknod(step->path, (record->mode & S_IFMT) | 0600, record->special);
	return result < 0 ? failed(step, "it cannot be made again") : 0;
}

static int undo_state(const struct step *step)
{
	struct stat facts;
	bool is_made = lstat(step->path, &facts) < 0;
	int error = is_made ? make_again(step) : 0;

	if (!error && lstat(step->path, &facts) < 0)
		error = failed(step, "it is gone");
	/* Something else is there: what put it there could not be undone, and has been told. */
	if (!error && ((facts.st_mode ^ step->record.mode) & S_IFMT))
		return 0;
	if (!error && step->record.has_data && S_ISREG(step->record.mode))
		error = restore_contents(step, &facts);
	if (!error)
		error = restore_attributes(step);
	if (is_made)
		restore_parent(step, step->path);
	return error;
}

static int undo_keep(const struct step *step)
{
	struct stat facts;

	if (lstat(step->path, &facts) == 0 && is_saved_file(step, &facts)) {
		/* Still there: rename(2) would leave both names of one file. */
		if (unlink(step->second) < 0 && errno != ENOENT)
			return failed(step, "its second link cannot be removed");
		return 0;
	}
	if (rename(step->second, step->path) < 0)
		return failed(step, "it cannot be moved back");
	restore_parent(step, step->path);
	return 0;
}

static int undo_rename(const struct step *step)
{
	struct stat facts;

	if (lstat(step->second, &facts) < 0 || !is_saved_file(step, &facts) ||
	    lstat(step->path, &facts) == 0)
		return 0;
	if (rename(step->second, step->path) < 0)
		return failed(step, "it cannot be renamed back");
	restore_parent(step, step->path);
	return 0;
}

static int undo_exchange(const struct step *step)
{
	struct stat facts;

	if (lstat(step->second, &facts) < 0 || !is_saved_file(step, &facts))
		return 0;
	if (syscall(SYS_renameat2, AT_FDCWD, step->second, AT_FDCWD, step->path, RENAME_EXCHANGE) <
	    0)
		return failed(step, "it cannot be exchanged back");
	restore_parent(step, step->path);
	return 0;
}

static int undo_stash(const struct step *step)
{
	if (rmdir(step->path) < 0 && errno != ENOENT)
		return failed(step, "the directory of saved files cannot be removed");
	restore_parent(step, step->path);
	return 0;
}

static int undo_step(const struct step *step)
{
	switch ((enum undo_kind)step->record.kind) {
	case UNDO_ABSENT:
		return undo_absent(step);
	case UNDO_STATE:
		return undo_state(step);
	case UNDO_KEEP:
		return undo_keep(step);
	case UNDO_RENAME:
		return undo_rename(step);
	case UNDO_EXCHANGE:
		return undo_exchange(step);
	case UNDO_STASH:
		return undo_stash(step);
	}
	return fail(-EILSEQ, "the log of changed files has a record of kind %u", step->record.kind);
}

/* Undoes the last record and drops it; *is_lost when the log itself cannot be gone on with. */
static int undo_last(struct undo *undo, bool *is_lost)
{
	struct step step = {.undo = undo, .offset = undo->last};
	int error = undo_read_record(undo, undo->last, &step.record, &step.path, &step.second);
	int dropped;

	*is_lost = error != 0;
	if (!error) {
		error = undo_step(&step);
		dropped = undo_drop_last(undo, &step.record);
		*is_lost = dropped != 0;
		error = error ? error : dropped;
	}
	free(step.path);
	free(step.second);
	return error;
}

int undo_rollback(struct undo *undo, size_t mark)
{
	char *first = NULL;
	bool is_lost = false;
	int result = 0;

	while (undo->last != 0 && undo->last >= mark && !is_lost) {
		int error = undo_last(undo, &is_lost);

		if (error && !result) {
			result = error;
			first = alloc_text(fail_text());
		}
	}
	undo_stash_forget(undo, mark);
	if (result)
		fail(result, "%s", first);
	free(first);
	return result;
}
