/* SPDX-License-Identifier: MIT */
/* The descriptors of a process, from /proc/PID/fd and /proc/PID/fdinfo: see procfs.h. */
#include "harness/kernel/procfs.h"

#include "harness/base/alloc.h"
#include "harness/kernel/procfs_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t procfs_descriptor_target(pid_t pid, int fd, char *target, size_t size)
{
	char path[64];
	ssize_t used;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	used = readlink(path, target, size - 1);
	if (used < 0)
		used = errno == ENOENT ? -ESRCH : -errno;
	target[used > 0 ? used : 0] = '\0';
	return used;
}

static unsigned int count_lines(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);
	unsigned int count = 0;

	while (text) {
		if (strncmp(text, prefix, length) == 0)
			count++;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return count;
}

static bool timer_is_armed(const char *text)
{
	const char *value = procfs_field(text, "it_value");
	unsigned long long seconds = 0;
	unsigned long long nanoseconds = 0;

	return value && sscanf(value, "(%llu, %llu)", &seconds, &nanoseconds) == 2 &&
	       (seconds || nanoseconds);
}

static int read_info(pid_t pid, int fd, char **text)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	error = procfs_read(path, text, NULL);
	return error == -ENOENT ? -ESRCH : error;
}

int procfs_descriptor(pid_t pid, int fd, struct process_descriptor *out)
{
	char *text;
	int error = read_info(pid, fd, &text);

	memset(out, 0, sizeof(*out));
	if (error)
		return error;
	out->position = procfs_number(text, "pos", 10);
	out->flags = (unsigned int)procfs_number(text, "flags", 8);
	out->inode = procfs_number(text, "ino", 10);
	out->is_eventfd = procfs_field(text, "eventfd-count") != NULL;
	/* In hexadecimal, unlike all others (fs/eventfd.c, eventfd_show_fdinfo()). */
	out->eventfd_count = procfs_number(text, "eventfd-count", 16);
	out->eventfd_id = procfs_number(text, "eventfd-id", 10);
	out->is_timerfd = procfs_field(text, "clockid") != NULL;
	out->timerfd_armed = timer_is_armed(text);
	out->is_signalfd = procfs_field(text, "sigmask") != NULL;
	out->signalfd_mask = procfs_number(text, "sigmask", 16);
	/* Also of a pidfd: the only file with this line (kernel/fork.c, pidfd_show_fdinfo()). */
	out->pidfd = (pid_t)procfs_number(text, "Pid", 10);
	out->watches = count_lines(text, "tfd:") + count_lines(text, "inotify ");
	out->has_lock = procfs_field(text, "lock") != NULL;
	free(text);
	return 0;
}

int procfs_epoll_watches(pid_t pid, int fd, int **fds, size_t *count)
{
	size_t capacity = 0;
	char *text;
	int error = read_info(pid, fd, &text);
	const char *line = text;

	*fds = NULL;
	*count = 0;
	if (error)
		return error;
	while (line) {
		if (strncmp(line, "tfd:", 4) == 0) {
			alloc_grow((void **)fds, *count, &capacity, sizeof(**fds));
			(*fds)[(*count)++] = atoi(line + 4);
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	free(text);
	return 0;
}
