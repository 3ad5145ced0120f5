/* SPDX-License-Identifier: MIT */
/*
 * The table of a process's descriptors: see descriptors.h, and descriptors_parts.h for why it holds
 * no duplicates. Contents of files are in descriptors_files.c, bytes that wait in
 * descriptors_streams.c.
 */
#include "harness/engine/descriptors.h"

#include "harness/base/alloc.h"
#include "harness/engine/descriptors_parts.h"
#include "harness/kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Status flags that fcntl F_SETFL can change: they belong to the open file description. */
#define CHANGEABLE_FLAGS (O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)

struct descriptors *descriptors_new(void)
{
	struct descriptors *descriptors = alloc_zero(sizeof(*descriptors));

	descriptors->pidfd = -1;
	return descriptors;
}

static void clear(struct descriptors *descriptors)
{
	for (size_t n = 0; n < descriptors->count; n++)
		free(descriptors->list[n].bytes);
	descriptors->count = 0;
}

void descriptors_free(struct descriptors *descriptors)
{
	if (!descriptors)
		return;
	clear(descriptors);
	descriptors_begin_files(descriptors);
	descriptors_end_files(descriptors);
	if (descriptors->pidfd >= 0)
		close(descriptors->pidfd);
	free(descriptors->files);
	free(descriptors->list);
	free(descriptors);
}

int descriptors_duplicate(const struct descriptors *descriptors, int fd)
{
	int copy = (int)syscall(SYS_pidfd_getfd, descriptors->pidfd, fd, 0);

	return copy < 0 ? -errno : copy;
}

static int select_process(struct descriptors *descriptors, pid_t pid)
{
	if (descriptors->pidfd >= 0 && descriptors->pid == pid)
		return 0;
	if (descriptors->pidfd >= 0)
		close(descriptors->pidfd);
	descriptors->pid = pid;
	descriptors->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (descriptors->pidfd < 0)
		return fail(-errno, "cannot get hold of process %d: %s", pid, strerror(errno));
	return 0;
}

/* What is no file in a file system: of what kind is it? */
static void classify_anonymous(struct descriptor *of, int copy)
{
	static const struct {
		const char *prefix;
		const char *lost;
	} kinds[] = {
		{"anon_inode:[eventpoll]", "epoll"},   {"anon_inode:[timerfd]", "timer"},
		{"anon_inode:inotify", "inotify"},     {"anon_inode:[fanotify]", "inotify"},
		{"anon_inode:[io_uring]", "io-uring"},
	};
	struct process_descriptor facts;
	char target[64];

	if (procfs_descriptor_target(getpid(), copy, target, sizeof(target)) < 0)
		return;
	if (strcmp(target, "anon_inode:[eventfd]") == 0 &&
	    procfs_descriptor(getpid(), copy, &facts) == 0) {
		of->kind = DESCRIPTOR_COUNTER;
		of->counter = facts.eventfd_count;
		/* All anonymous files have one inode; the counter has a number of its own. */
		of->inode = facts.eventfd_id;
		return;
	}
	for (size_t n = 0; n < sizeof(kinds) / sizeof(*kinds); n++) {
		if (strcmp(target, kinds[n].prefix) == 0)
			of->lost = kinds[n].lost;
	}
}

static void classify(struct descriptors *descriptors, struct descriptor *of, int copy,
		     const struct stat *facts)
{
	switch (facts->st_mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFBLK:
		of->position = lseek(copy, 0, SEEK_CUR);
		if (of->position >= 0)
			of->kind = DESCRIPTOR_FILE;
		if (S_ISBLK(facts->st_mode) && (of->flags & O_ACCMODE) != O_RDONLY)
			of->lost = "device";
		if (S_ISREG(facts->st_mode) && (of->flags & O_ACCMODE) != O_RDONLY)
			descriptors_save_file(descriptors, of, facts);
		break;
	case S_IFCHR:
		if (isatty(copy))
			of->lost = "terminal";
		break;
	case S_IFIFO:
		of->lost = "pipe"; /* until its other end is found */
		break;
	case S_IFSOCK:
		of->lost = "socket";
		break;
	default:
		classify_anonymous(of, copy);
	}
}

static bool is_skipped(const struct stat *facts, const struct stat *skip, size_t skip_count)
{
	for (size_t n = 0; n < skip_count; n++) {
		if (facts->st_dev == skip[n].st_dev && facts->st_ino == skip[n].st_ino)
			return true;
	}
	return false;
}

static struct descriptor *add(struct descriptors *descriptors, int fd)
{
	struct descriptor *of;

	alloc_grow((void **)&descriptors->list, descriptors->count, &descriptors->capacity,
		   sizeof(*descriptors->list));
	of = &descriptors->list[descriptors->count++];
	*of = (struct descriptor){.fd = fd, .other_fd = -1};
	return of;
}

static int save_one(struct descriptors *descriptors, int fd, const struct stat *skip,
		    size_t skip_count)
{
	int copy = descriptors_duplicate(descriptors, fd);
	struct descriptor *of;
	struct stat facts;
	int flags;

	if (copy == -EBADF)
		return 0; /* closed by another thread */
	if (copy == -EMFILE || copy == -ENFILE)
		return fail(copy, "cannot duplicate descriptor %d of process %d: %s", fd,
			    descriptors->pid, strerror(-copy));
	if (copy < 0) {
		add(descriptors, fd)->lost = "hidden";
		return 0;
	}
	flags = fcntl(copy, F_GETFL);
	if (flags >= 0 && !(flags & O_PATH) && fstat(copy, &facts) == 0 &&
	    !is_skipped(&facts, skip, skip_count)) {
		of = add(descriptors, fd);
		of->flags = flags;
		of->device = facts.st_dev;
		of->inode = facts.st_ino;
		of->mode = facts.st_mode;
		classify(descriptors, of, copy, &facts);
	}
	close(copy);
	return 0;
}

int descriptors_save(struct descriptors *descriptors, pid_t pid, const int *skip_fds,
		     size_t skip_count)
{
	struct stat skip[skip_count ? skip_count : 1];
	size_t count;
	int *fds;
	int error = select_process(descriptors, pid);

	if (error)
		return error;
	for (size_t n = 0; n < skip_count; n++) {
		if (fstat(skip_fds[n], &skip[n]) < 0)
			return fail(-errno, "cannot look at an own file: %s", strerror(errno));
	}
	error = procfs_descriptors(pid, &fds, &count);
	if (error)
		return fail(error, "cannot list the descriptors of process %d: %s", pid,
			    strerror(-error));
	clear(descriptors);
	descriptors_begin_files(descriptors);
	for (size_t n = 0; n < count && !error; n++)
		error = save_one(descriptors, fds[n], skip, skip_count);
	free(fds);
	descriptors_end_files(descriptors);
	if (!error)
		descriptors_save_streams(descriptors);
	return error;
}

static int restore_one(struct descriptors *descriptors, const struct descriptor *of)
{
	int copy = descriptors_duplicate(descriptors, of->fd);
	int error = 0;

	if (copy < 0)
		return fail(copy, "cannot duplicate descriptor %d of process %d: %s", of->fd,
			    descriptors->pid, strerror(-copy));
	/* Fails only for a file system that refuses a flag, which then cannot have been changed. */
	if ((fcntl(copy, F_GETFL) ^ of->flags) & CHANGEABLE_FLAGS)
		(void)fcntl(copy, F_SETFL, of->flags & CHANGEABLE_FLAGS);
	if (of->kind == DESCRIPTOR_FILE && lseek(copy, of->position, SEEK_SET) < 0)
		error = fail(-errno, "cannot put back the position of descriptor %d: %s", of->fd,
			     strerror(errno));
	if (!error && S_ISREG(of->mode) && (of->flags & O_ACCMODE) != O_RDONLY)
		error = descriptors_restore_file(descriptors, of, copy);
	else if (!error && of->kind > DESCRIPTOR_FILE)
		error = descriptors_restore_stream(descriptors, of, copy);
	close(copy);
	return error;
}

int descriptors_restore(struct descriptors *descriptors)
{
	int first = 0;

	for (size_t n = 0; n < descriptors->count; n++) {
		const struct descriptor *of = &descriptors->list[n];
		int error = of->lost && strcmp(of->lost, "hidden") == 0
				    ? 0
				    : restore_one(descriptors, of);

		first = first ? first : error;
	}
	return first;
}

/* Sentences for the kinds of descriptor::lost; %d is the descriptor. */
static const struct sentence {
	const char *kind;
	const char *text;
} sentences[] = {
	{"hidden", "descriptor %d cannot be duplicated: what a trial does with it is not put back"},
	{"device", "descriptor %d is a block device: what a trial writes to it stays"},
	{"terminal", "descriptor %d is a terminal: what a trial reads, writes or sets there stays"},
	{"pipe", "descriptor %d is a pipe to another process: what a trial reads or writes stays"},
	{"pipe-contents", "descriptor %d is a pipe whose waiting bytes cannot be put back"},
	{"socket",
	 "descriptor %d is a socket to the outside: what a trial sends or receives stays"},
	{"socket-contents",
	 "descriptor %d is a socket with waiting bytes: what a trial receives of them is lost"},
	{"epoll", "descriptor %d is an epoll set: what a trial adds or removes stays"},
	{"timer", "descriptor %d is a timer: what a trial sets or reads there stays"},
	{"inotify", "descriptor %d reports file events: those that a trial reads are lost"},
	{"io-uring", "descriptor %d is an io_uring: a copy shares its rings"},
	{"file", "descriptor %d is a file too large to save: what a trial writes to it stays"},
};

static void say(const struct descriptor *of, const char *kind,
		void (*each)(void *context, const char *kind, const char *text), void *context)
{
	char text[160];

	for (size_t n = 0; n < sizeof(sentences) / sizeof(*sentences); n++) {
		if (strcmp(sentences[n].kind, kind) != 0)
			continue;
			/* The texts are the table's own, each with one %d. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), sentences[n].text, of->fd);
#pragma GCC diagnostic pop
		each(context, kind, text);
	}
}

void descriptors_fidelity(const struct descriptors *descriptors,
			  void (*each)(void *context, const char *kind, const char *text),
			  void *context)
{
	for (size_t n = 0; n < descriptors->count; n++) {
		const struct descriptor *of = &descriptors->list[n];

		if (of->lost)
			say(of, of->lost, each, context);
		else if (descriptors_file_is_lost(descriptors, of))
			say(of, "file", each, context);
	}
}
