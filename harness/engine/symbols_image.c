/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a mapped file, whatever became of its name: deleted files through the kernel's links
 * to them, what never was a file (the vDSO) as a copy of the memory.
 */
#include "harness/engine/symbols_module.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COPY_CHUNK 65536

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

/* Works for deleted and replaced files, where the kernel lets us (CAP_CHECKPOINT_RESTORE). */
static int open_map_file(const struct mapping *mapping, pid_t pid)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)mapping->start, (unsigned long long)mapping->end);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The program's own file can always be had, deleted or not. */
static int open_program(const struct mapping *mapping, pid_t pid)
{
	char link[32];
	char target[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	if (strcmp(target, mapping->path))
		return -1;
	return open(link, O_RDONLY | O_CLOEXEC);
}

static int copy_mapping(int fd, const struct mapping *mapping, pid_t pid)
{
	static char buffer[COPY_CHUNK];
	uint64_t offset = mapping->inode ? mapping->offset : 0;

	for (uint64_t at = mapping->start; at < mapping->end; at += sizeof(buffer)) {
		size_t size =
			mapping->end - at < sizeof(buffer) ? mapping->end - at : sizeof(buffer);
		ssize_t got = memory_read_some(pid, at, buffer, size);

		if (got < 0)
			return (int)got;
		if (pwrite(fd, buffer, (size_t)got, (off_t)(offset + at - mapping->start)) != got)
			return -EIO;
	}
	return 0;
}

/* The file as far as it is mapped; enough for its unwind tables and often for its symbols. */
static int open_copy(const struct maps *maps, size_t first, pid_t pid)
{
	const struct mapping *start = &maps->list[first];
	int fd = memfd_create("sigsweep-image", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t i = first; i < maps->count; i++) {
		const struct mapping *mapping = &maps->list[i];
		int code;

		if (strcmp(mapping->path, start->path) || mapping->inode != start->inode)
			break;
		code = copy_mapping(fd, mapping, pid);
		if (code && i == first) {
			close(fd);
			return code;
		}
	}
	return fd;
}

int image_open(const struct maps *maps, size_t first, pid_t pid)
{
	const struct mapping *mapping = &maps->list[first];
	int fd = -1;

	if (mapping->inode && pid)
		fd = open_map_file(mapping, pid);
	if (fd < 0 && mapping->inode && !ends_with(mapping->path, " (deleted)"))
		fd = open(mapping->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && mapping->inode && pid)
		fd = open_program(mapping, pid);
	if (fd < 0 && pid)
		fd = open_copy(maps, first, pid);
	return fd < 0 ? -ENOENT : fd;
}
