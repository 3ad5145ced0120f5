/* SPDX-License-Identifier: MIT */
/*
 * Contents of regular files that the process has open for writing: read when they have changed
 * since the last save, and written back when they have changed since. Size and times tell whether
 * they have; but the kernel stamps files by a clock that ticks every few milliseconds, so two
 * changes within a tick have the same stamp. A stamp that is not older than the latest moment at
 * which the contents were known is therefore not believed: then the bytes are compared.
 */
#include "harness/base/alloc.h"
#include "harness/engine/descriptors_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct descriptor_file *find(const struct descriptors *descriptors, dev_t device,
				    ino_t inode)
{
	for (size_t n = 0; n < descriptors->file_count; n++) {
		struct descriptor_file *file = &descriptors->files[n];

		if (file->device == device && file->inode == inode)
			return file;
	}
	return NULL;
}

static bool is_before(const struct timespec *left, const struct timespec *right)
{
	return left->tv_sec != right->tv_sec ? left->tv_sec < right->tv_sec
					     : left->tv_nsec < right->tv_nsec;
}

static bool is_equal(const struct timespec *left, const struct timespec *right)
{
	return left->tv_sec == right->tv_sec && left->tv_nsec == right->tv_nsec;
}

/* The clock that file times are taken from (fs/inode.c, current_time()). */
static struct timespec coarse_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}

/* Is the file certainly as it was saved? */
static bool is_unchanged(const struct descriptor_file *file, const struct stat *facts)
{
	return (size_t)facts->st_size == file->size && is_equal(&facts->st_mtim, &file->modified) &&
	       is_equal(&facts->st_ctim, &file->changed) && is_before(&file->changed, &file->since);
}

/* A description of our own on the same file, deleted ones and memfds included. */
static int reopen(const struct descriptors *descriptors, int fd, int flags)
{
	char path[64];
	int own;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", descriptors->pid, fd);
	own = open(path, flags | O_CLOEXEC);
	return own < 0 ? -errno : own;
}

static int read_all(int fd, uint8_t *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = pread(fd, bytes + used, size - used, (off_t)used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		used += (size_t)got;
	}
	return 0;
}

static void remember(struct descriptor_file *file, const struct stat *facts)
{
	file->size = (size_t)facts->st_size;
	file->modified = facts->st_mtim;
	file->changed = facts->st_ctim;
}

static void read_contents(struct descriptors *descriptors, struct descriptor_file *file,
			  const struct stat *facts)
{
	int own = -1;
	int error = 0;

	file->since = coarse_now();
	remember(file, facts);
	file->too_large = facts->st_size > DESCRIPTORS_FILE_MAX;
	if (!file->too_large) {
		own = reopen(descriptors, file->fd, O_RDONLY);
		error = own < 0 ? own : 0;
	}
	if (own >= 0) {
		file->bytes = alloc_resize(file->bytes, file->size, 1);
		error = read_all(own, file->bytes, file->size);
		close(own);
	}
	/* One that may be written but not read cannot be saved: it goes to the fidelity list. */
	if (error)
		file->too_large = true;
}

void descriptors_save_file(struct descriptors *descriptors, const struct descriptor *of,
			   const struct stat *facts)
{
	struct descriptor_file *file = find(descriptors, of->device, of->inode);

	if (file && file->in_use)
		return;
	if (!file) {
		alloc_grow((void **)&descriptors->files, descriptors->file_count,
			   &descriptors->file_capacity, sizeof(*descriptors->files));
		file = &descriptors->files[descriptors->file_count++];
		*file = (struct descriptor_file){.device = of->device, .inode = of->inode};
	}
	file->in_use = true;
	file->fd = of->fd;
	if (!is_unchanged(file, facts))
		read_contents(descriptors, file, facts);
}

void descriptors_begin_files(struct descriptors *descriptors)
{
	for (size_t n = 0; n < descriptors->file_count; n++)
		descriptors->files[n].in_use = false;
}

void descriptors_end_files(struct descriptors *descriptors)
{
	size_t kept = 0;

	for (size_t n = 0; n < descriptors->file_count; n++) {
		if (descriptors->files[n].in_use)
			descriptors->files[kept++] = descriptors->files[n];
		else
			free(descriptors->files[n].bytes);
	}
	descriptors->file_count = kept;
}

bool descriptors_file_is_lost(const struct descriptors *descriptors, const struct descriptor *of)
{
	const struct descriptor_file *file = find(descriptors, of->device, of->inode);

	return file && S_ISREG(of->mode) && file->too_large;
}

/* Writes `bytes` where the file differs from them. */
static int write_differences(int own, const struct descriptor_file *file, bool *differed)
{
	uint8_t present[65536];

	for (size_t at = 0; at < file->size;) {
		size_t size = file->size - at < sizeof(present) ? file->size - at : sizeof(present);
		ssize_t got = pread(own, present, size, (off_t)at);

		if (got < 0)
			return -errno;
		if ((size_t)got != size || memcmp(present, file->bytes + at, size) != 0) {
			*differed = true;
			got = pwrite(own, file->bytes + at, size, (off_t)at);
			if (got <= 0)
				return got < 0 ? -errno : -EIO;
			size = (size_t)got;
		}
		at += size;
	}
	return 0;
}

static int put_back(struct descriptors *descriptors, struct descriptor_file *file,
		    const struct stat *facts)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, file->modified};
	bool differed = (size_t)facts->st_size != file->size;
	/* Without O_APPEND: pwrite(2) would append. */
	int own = reopen(descriptors, file->fd, O_RDWR);
	int error = own < 0 ? own : 0;

	if (!error && differed && ftruncate(own, (off_t)file->size) < 0)
		error = -errno;
	if (!error)
		error = write_differences(own, file, &differed);
	if (!error && (differed || !is_equal(&facts->st_mtim, &file->modified)))
		(void)futimens(own, times); /* an older time is no harm */
	if (own >= 0)
		close(own);
	return error ? fail(error, "cannot put back what a trial wrote to descriptor %d: %s",
			    file->fd, strerror(-error))
		     : 0;
}

int descriptors_restore_file(struct descriptors *descriptors, const struct descriptor *of, int copy)
{
	struct descriptor_file *file = find(descriptors, of->device, of->inode);
	struct timespec now;
	struct stat facts;
	int error = 0;

	/* Another descriptor of the same file has seen to it. */
	if (!file || file->too_large || file->fd != of->fd)
		return 0;
	if (fstat(copy, &facts) < 0)
		return fail(-errno, "cannot look at descriptor %d: %s", of->fd, strerror(errno));
	now = coarse_now();
	if (!is_unchanged(file, &facts)) {
		error = put_back(descriptors, file, &facts);
		if (!error && fstat(copy, &facts) == 0)
			file->changed = facts.st_ctim;
	}
	file->since = now;
	return error;
}
