/* SPDX-License-Identifier: MIT */
/*
 * What a path means to the traced thread, as a path of our own that stays true when the thread
 * changes its directory or ends. Only the directory is resolved by the kernel, through
 * /proc/TID/cwd, root and fd; a symbolic link at the end is read here, since whether it is followed
 * depends on the call.
 */
#include "harness/engine/undo_parts.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it (path_resolution(7)) */

/* File systems in which files are no storage: what is written there acts elsewhere. */
static bool is_virtual(int fd)
{
	struct statfs facts;

	if (fstatfs(fd, &facts) < 0)
		return true;
	switch ((unsigned long)facts.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	case BPF_FS_MAGIC:
		return true;
	}
	return false;
}

static int open_path(const char *format, pid_t tid, int number)
{
	char path[64];

	if (number >= 0)
		snprintf(path, sizeof(path), "/proc/%d/%s/%d", tid, format, number);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", tid, format);
	return open(path, O_PATH | O_CLOEXEC);
}

static bool is_same_file(const struct stat *left, const struct stat *right)
{
	return left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

static bool is_our_root(int fd)
{
	struct stat theirs;
	struct stat ours;

	return fstat(fd, &theirs) == 0 && stat("/", &ours) == 0 && is_same_file(&theirs, &ours);
}

/* Opens the directory `text` as the thread would; -1 when it cannot be. */
static int open_directory(pid_t tid, int base, const char *text)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC};
	bool is_absolute = *text == '/';
	int root = -1;
	int fd;

	if (is_absolute) {
		root = open_path("root", tid, -1);
		/* In another root, absolute symbolic links begin there too. */
		if (root >= 0 && !is_our_root(root))
			how.resolve = RESOLVE_IN_ROOT;
		base = root;
		text += strspn(text, "/");
	}
	fd = (int)syscall(SYS_openat2, base, *text ? text : ".", &how, sizeof(how));
	if (root >= 0)
		close(root);
	return fd;
}

static int open_base(pid_t tid, int directory)
{
	return directory == AT_FDCWD ? open_path("cwd", tid, -1) : open_path("fd", tid, directory);
}

/* The path of an open file, if that path leads to it here. */
static bool path_of(int fd, char *path, size_t size)
{
	char link[64];
	struct stat facts;
	struct stat found;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, size - 1);
	if (length < 0 || (size_t)length >= size - 1)
		return false;
	path[length] = '\0';
	return path[0] == '/' && fstat(fd, &facts) == 0 && lstat(path, &found) == 0 &&
	       is_same_file(&facts, &found);
}

/* An unknown time is left alone (utimensat(2)). */
static void omit_parent_times(struct undo_target *target)
{
	target->parent_times[0].tv_nsec = UTIME_OMIT;
	target->parent_times[1].tv_nsec = UTIME_OMIT;
}

/* "/proc/self/..." means the thread's own, not ours. */
static void name_self(pid_t tid, char *text, size_t size)
{
	static const char *const selves[] = {"/proc/self/", "/proc/thread-self/"};
	char rest[PATH_MAX];

	for (size_t n = 0; n < sizeof(selves) / sizeof(*selves); n++) {
		size_t length = strlen(selves[n]);

		if (strncmp(text, selves[n], length) == 0) {
			snprintf(rest, sizeof(rest), "%s", text + length);
			/* Too long for the kernel as well. */
			if ((size_t)snprintf(text, size, "/proc/%d/%s", tid, rest) >= size)
				*text = '\0';
			return;
		}
	}
}

/* Cuts `text` into directory and last component; slashes at the end do not count. The component
 * points into the text; NULL when there is none, or it is "." or "..". */
static char *split(char *text, const char **directory)
{
	size_t length = strlen(text);
	char *slash;
	char *last;

	while (length > 1 && text[length - 1] == '/')
		text[--length] = '\0';
	slash = strrchr(text, '/');
	last = slash ? slash + 1 : text;
	if (*last == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return NULL;
	if (!slash) {
		*directory = ".";
	} else if (slash == text) {
		*directory = "/";
	} else {
		*slash = '\0';
		*directory = text;
	}
	return last;
}

static void take_parent_times(int parent, struct undo_target *target)
{
	struct stat facts;

	if (fstat(parent, &facts) < 0) {
		omit_parent_times(target);
		return;
	}
	target->parent_times[0] = facts.st_atim;
	target->parent_times[1] = facts.st_mtim;
}

/* A path that is a directory as a whole: "/", ".", "a/..". */
static bool resolve_whole(pid_t tid, int base, const char *text, struct undo_target *target)
{
	int fd = open_directory(tid, base, text);
	bool found = fd >= 0 && !is_virtual(fd) &&
		     path_of(fd, target->path, sizeof(target->path)) &&
		     fstat(fd, &target->facts) == 0;

	target->exists = found;
	omit_parent_times(target);
	if (fd >= 0)
		close(fd);
	return found;
}

enum step { STEP_NOTHING, STEP_FOUND, STEP_LINK };

/* One component: STEP_LINK leaves the link's text in `text` and its directory open in *base. */
static enum step resolve_last(struct undo *undo, int parent, const char *last, bool follow,
			      char *text, struct undo_target *target)
{
	size_t used;
	ssize_t length;

	if (is_virtual(parent))
		return STEP_NOTHING;
	target->exists = fstatat(parent, last, &target->facts, AT_SYMLINK_NOFOLLOW) == 0;
	if (target->exists && follow && S_ISLNK(target->facts.st_mode)) {
		length = readlinkat(parent, last, text, PATH_MAX - 1);
		if (length <= 0)
			return STEP_NOTHING;
		text[length] = '\0';
		return STEP_LINK;
	}
	if (!path_of(parent, target->path, sizeof(target->path))) {
		undo_lose(undo,
			  "a file %s in a directory that the harness cannot reach may have "
			  "been changed",
			  last);
		return STEP_NOTHING;
	}
	used = strlen(target->path);
	if (used > 1)
		target->path[used++] = '/';
	if (snprintf(target->path + used, sizeof(target->path) - used, "%s", last) >=
	    (int)(sizeof(target->path) - used))
		return STEP_NOTHING;
	take_parent_times(parent, target);
	return STEP_FOUND;
}

static bool resolve_from(struct undo *undo, pid_t tid, int *base, char *text, bool follow,
			 struct undo_target *target)
{
	for (int links = 0; links < LINKS_MAX; links++) {
		const char *directory;
		char component[NAME_MAX + 1];
		enum step step;
		char *last;
		int parent;

		name_self(tid, text, PATH_MAX);
		last = split(text, &directory);
		if (!last)
			return resolve_whole(tid, *base, text, target);
		if (strlen(last) > NAME_MAX)
			return false;
		memcpy(component, last, strlen(last) + 1);
		parent = open_directory(tid, *base, directory);
		if (parent < 0)
			return false;
		step = resolve_last(undo, parent, component, follow, text, target);
		close(*base);
		*base = parent;
		if (step != STEP_LINK)
			return step == STEP_FOUND;
	}
	return false;
}

bool undo_resolve_text(struct undo *undo, pid_t tid, int directory, const char *text, bool follow,
		       struct undo_target *target)
{
	char path[PATH_MAX];
	bool found;
	int base;

	if (*text == '\0' || strlen(text) >= sizeof(path))
		return false;
	snprintf(path, sizeof(path), "%s", text);
	/* An absolute path does not care for a directory that is none. */
	base = open_base(tid, *text == '/' ? AT_FDCWD : directory);
	if (base < 0)
		return false;
	found = resolve_from(undo, tid, &base, path, follow, target);
	close(base);
	return found;
}

bool undo_resolve(struct undo *undo, pid_t tid, int directory, uint64_t address, bool follow,
		  struct undo_target *target)
{
	char text[PATH_MAX];

	if (memory_read_text(tid, address, text, sizeof(text)) < 0)
		return false;
	return undo_resolve_text(undo, tid, directory, text, follow, target);
}

bool undo_resolve_descriptor(pid_t tid, int fd, struct undo_target *target)
{
	int own = open_path("fd", tid, fd);
	bool found;

	if (own < 0)
		return false;
	found = !is_virtual(own) && path_of(own, target->path, sizeof(target->path)) &&
		fstat(own, &target->facts) == 0;
	target->exists = found;
	/* Attributes of a file do not touch its directory. */
	omit_parent_times(target);
	close(own);
	return found;
}
