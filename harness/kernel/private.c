/* SPDX-License-Identifier: MIT */
/*
 * See private.h. Which pages are there tells /proc/PID/pagemap, in eight bytes for each: bit 63 is
 * set for one in memory (Documentation/admin-guide/mm/pagemap.rst).
 */
#include "harness/kernel/private.h"

#include "harness/kernel/maps.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define PAGES_MAX (1 << 18) /* 1 GiB */
#define PAGES_AT_ONCE 512
#define IS_PRESENT (UINT64_C(1) << 63)

struct writing {
	pid_t pid;
	int pagemap;
	int memory;
	uint64_t page; /* bytes */
	size_t count;
};

static int write_page(struct writing *writing, uint64_t address)
{
	uint64_t word;
	int error = memory_read(writing->pid, address, &word, sizeof(word));

	if (writing->count++ == PAGES_MAX)
		return fail(-E2BIG, "it has more than 1 GiB of its own");
	if (!error && pwrite(writing->memory, &word, sizeof(word), (off_t)address) < 0)
		error = -errno;
	return error;
}

static int write_mapping(struct writing *writing, const struct mapping *mapping)
{
	uint64_t pages[PAGES_AT_ONCE];
	uint64_t at = mapping->start;
	int error = 0;

	while (!error && at < mapping->end) {
		const ssize_t length = pread(writing->pagemap, pages, sizeof(pages),
					     (off_t)(at / writing->page * sizeof(*pages)));
		const size_t count = length > 0 ? (size_t)length / sizeof(*pages) : 0;

		if (!count)
			return length < 0 ? -errno : 0;
		for (size_t i = 0; !error && i < count && at < mapping->end; i++) {
			if (pages[i] & IS_PRESENT)
				error = write_page(writing, at);
			at += writing->page;
		}
	}
	return error;
}

static int open_file(pid_t pid, const char *name, int flags)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = open(path, flags | O_CLOEXEC);
	return file < 0 ? -errno : file;
}

int private_pages(pid_t pid)
{
	struct writing writing = {.pid = pid,
				  .pagemap = open_file(pid, "pagemap", O_RDONLY),
				  .memory = open_file(pid, "mem", O_RDWR),
				  .page = (uint64_t)sysconf(_SC_PAGESIZE)};
	struct maps maps = {0};
	int error = maps_read(&maps, pid);

	if (!error && (writing.pagemap < 0 || writing.memory < 0))
		error = writing.pagemap < 0 ? writing.pagemap : writing.memory;
	for (size_t i = 0; !error && i < maps.count; i++)
		if (maps.list[i].readable && maps.list[i].writable && !maps.list[i].shared)
			error = write_mapping(&writing, &maps.list[i]);
	maps_free(&maps);
	if (writing.pagemap >= 0)
		close(writing.pagemap);
	if (writing.memory >= 0)
		close(writing.memory);
	return error;
}
