/* SPDX-License-Identifier: MIT */
/*
 * The lists of /proc: threads, processes, children, descriptors, file locks, timers: see procfs.h.
 */
#include "harness/kernel/procfs.h"

#include "harness/base/alloc.h"
#include "harness/kernel/procfs_text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int procfs_read(const char *path, char **text, size_t *size)
{
	size_t capacity = 4096;
	size_t used = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*text = NULL;
	if (fd < 0)
		return -errno;
	*text = alloc_zero(capacity);
	while ((got = read(fd, *text + used, capacity - used - 1)) > 0) {
		used += (size_t)got;
		if (capacity - used < 1024) {
			capacity *= 2;
			*text = alloc_resize(*text, capacity, 1);
		}
	}
	got = got < 0 ? -errno : 0;
	close(fd);
	if (got < 0) {
		free(*text);
		*text = NULL;
		return (int)got;
	}
	(*text)[used] = '\0';
	if (size)
		*size = used;
	return 0;
}

static int compare_numbers(const void *left, const void *right)
{
	int a = *(const int *)left;
	int b = *(const int *)right;

	return (a > b) - (a < b);
}

static int list_numbers(const char *path, int **numbers, size_t *count)
{
	size_t capacity = 0;
	struct dirent *entry;
	DIR *directory = opendir(path);

	*numbers = NULL;
	*count = 0;
	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		alloc_grow((void **)numbers, *count, &capacity, sizeof(**numbers));
		(*numbers)[(*count)++] = atoi(entry->d_name);
	}
	closedir(directory);
	if (*count)
		qsort(*numbers, *count, sizeof(**numbers), compare_numbers);
	return 0;
}

int procfs_tasks(pid_t pid, pid_t **tids, size_t *count)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	error = list_numbers(path, tids, count);
	/* The directory of a process that ends meanwhile is empty. */
	return error || *count ? error : -ESRCH;
}

int procfs_processes(pid_t **pids, size_t *count)
{
	return list_numbers("/proc", pids, count);
}

int procfs_descriptors(pid_t pid, int **fds, size_t *count)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	return list_numbers(path, fds, count);
}

static int search_children(pid_t pid, pid_t **children, size_t *count)
{
	struct process_stat stat;
	pid_t *all;
	size_t total;
	int error = procfs_processes(&all, &total);

	if (error)
		return error;
	*count = 0;
	for (size_t n = 0; n < total; n++) {
		if (procfs_stat(all[n], all[n], &stat) == 0 && stat.parent == pid)
			all[(*count)++] = all[n];
	}
	*children = all;
	return 0;
}

static void add_children(const char *text, pid_t **children, size_t *count, size_t *capacity)
{
	char *end;

	for (;;) {
		pid_t child = (pid_t)strtol(text, &end, 10);

		if (end == text)
			return;
		alloc_grow((void **)children, *count, capacity, sizeof(**children));
		(*children)[(*count)++] = child;
		text = end;
	}
}

int procfs_children(pid_t pid, pid_t **children, size_t *count)
{
	size_t capacity = 0;
	size_t task_count;
	pid_t *tasks;
	int error = procfs_tasks(pid, &tasks, &task_count);

	*children = NULL;
	*count = 0;
	if (error)
		return error;
	for (size_t n = 0; n < task_count; n++) {
		char path[64];
		char *text;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tasks[n]);
		error = procfs_read(path, &text, NULL);
		if (error)
			break;
		add_children(text, children, count, &capacity);
		free(text);
	}
	free(tasks);
	if (!error)
		return 0;
	free(*children);
	*children = NULL;
	return search_children(pid, children, count);
}

static bool parse_lock(const char *line, struct process_lock *out)
{
	char access[16];
	char start[24];
	char end[24];

	memset(out, 0, sizeof(*out));
	line = strchr(line, ':');
	if (!line)
		return false;
	line += 1 + strspn(line + 1, " ");
	out->waiting = strncmp(line, "->", 2) == 0;
	if (out->waiting)
		line += 2;
	if (sscanf(line, "%15s %*s %15s %d %x:%x:%" SCNu64 " %23s %23s", out->kind, access,
		   &out->pid, &out->major, &out->minor, &out->inode, start, end) != 8)
		return false;
	out->exclusive = strcmp(access, "WRITE") == 0;
	out->start = strtoull(start, NULL, 10);
	out->end = strcmp(end, "EOF") == 0 ? UINT64_MAX : strtoull(end, NULL, 10);
	return true;
}

int procfs_locks(struct process_lock **locks, size_t *count)
{
	size_t capacity = 0;
	char *text;
	char *line;
	char *rest;
	int error = procfs_read("/proc/locks", &text, NULL);

	*locks = NULL;
	*count = 0;
	if (error)
		return error;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		alloc_grow((void **)locks, *count, &capacity, sizeof(**locks));
		if (parse_lock(line, &(*locks)[*count]))
			(*count)++;
	}
	free(text);
	return 0;
}

int procfs_timers(pid_t pid, size_t *count)
{
	char path[64];
	char *text;
	int error;

	*count = 0;
	snprintf(path, sizeof(path), "/proc/%d/timers", pid);
	error = procfs_read(path, &text, NULL);
	if (error)
		return error;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "ID:", 3) == 0)
			(*count)++;
	}
	free(text);
	return 0;
}
