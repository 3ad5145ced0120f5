/* SPDX-License-Identifier: MIT */
/*
 * See maps.h. The whole file is taken in before it is parsed: the kernel writes each read(2) of
 * /proc/PID/maps anew, and large reads leave fewer seams at which a running process could change.
 */
#include "harness/kernel/maps.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_CHUNK 65536

static int read_whole(int fd, char **text)
{
	size_t used = 0;
	size_t room = 0;
	char *buffer = NULL;

	for (;;) {
		ssize_t got;

		if (room - used < READ_CHUNK + 1) {
			room = room ? room * 2 : 2 * READ_CHUNK;
			buffer = alloc_resize(buffer, room, 1);
		}
		got = read(fd, buffer + used, room - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int code = -errno;

			free(buffer);
			return code;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	buffer[used] = '\0';
	*text = buffer;
	return 0;
}

/* Undoes the one escape that the kernel makes in a path (fs/proc/task_mmu.c: "\n" as \012). */
static char *copy_path(const char *text)
{
	char *path = alloc_text(text);
	char *to = path;

	for (const char *from = path; *from;) {
		if (!strncmp(from, "\\012", 4)) {
			*to++ = '\n';
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return path;
}

/* One line: "START-END PERMS OFFSET MAJOR:MINOR INODE          PATH" (proc_pid_maps(5)). */
static int parse_line(const char *line, struct mapping *mapping)
{
	char permissions[5];
	unsigned long long start;
	unsigned long long end;
	unsigned long long offset;
	unsigned long long inode;
	int at = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %*x:%*x %llu%n", &start, &end, permissions, &offset,
		   &inode, &at) != 5 ||
	    at == 0 || strlen(permissions) != 4)
		return fail(-EPROTO, "cannot read this line of a process's maps: %s", line);
	mapping->start = start;
	mapping->end = end;
	mapping->offset = offset;
	mapping->inode = inode;
	mapping->readable = permissions[0] == 'r';
	mapping->writable = permissions[1] == 'w';
	mapping->executable = permissions[2] == 'x';
	mapping->shared = permissions[3] == 's';
	mapping->path = copy_path(line + at + strspn(line + at, " "));
	return 0;
}

static int parse(char *text, struct maps *maps)
{
	size_t capacity = 0;
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		int code;

		alloc_grow((void **)&maps->list, maps->count, &capacity, sizeof(*maps->list));
		code = parse_line(line, &maps->list[maps->count]);
		if (code)
			return code;
		maps->count++;
	}
	return 0;
}

int maps_read(struct maps *maps, pid_t pid)
{
	char path[32];
	char *text = NULL;
	int code;
	int fd;

	maps_free(maps);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		code = -errno;
		return fail(code, "cannot open %s: %s", path, strerror(-code));
	}
	code = read_whole(fd, &text);
	close(fd);
	if (code)
		return fail(code, "cannot read %s: %s", path, strerror(-code));
	code = parse(text, maps);
	free(text);
	if (code)
		maps_free(maps);
	return code;
}

void maps_free(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->list[i].path);
	free(maps->list);
	*maps = (struct maps){0};
}

const struct mapping *maps_find(const struct maps *maps, uint64_t address)
{
	size_t low = 0;
	size_t high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address >= maps->list[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == maps->count || address < maps->list[low].start)
		return NULL;
	return &maps->list[low];
}
