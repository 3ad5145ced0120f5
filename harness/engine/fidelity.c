/* SPDX-License-Identifier: MIT */
/* One function for each kind of what fork(2) does not copy (its manual page has the list). */
#include "harness/engine/fidelity.h"

#include "harness/kernel/maps.h"
#include "harness/kernel/procfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct teller {
	pid_t pid;
	void (*each)(void *context, const char *kind, const char *text);
	void *context;
};

static void tell(const struct teller *teller, const char *kind, const char *format, ...)
	PRINTF_LIKE(3, 4);

static void tell(const struct teller *teller, const char *kind, const char *format, ...)
{
	char text[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	teller->each(teller->context, kind, text);
}

static void tell_status(const struct teller *teller)
{
	struct process_status status;

	if (procfs_status(teller->pid, &status) < 0) {
		tell(teller, "hidden", "the process's state cannot be read");
		return;
	}
	if (status.threads > 1)
		tell(teller, "threads",
		     "the process has %u threads; a copy has only the one that makes it",
		     status.threads);
	if (status.locked_kib > 0)
		tell(teller, "locked-memory",
		     "%llu KiB of memory are locked (mlock); a copy's are not",
		     (unsigned long long)status.locked_kib);
}

static void tell_children(const struct teller *teller)
{
	struct process_status status;
	size_t living = 0;
	size_t ended = 0;
	pid_t *pids;
	size_t count;

	if (procfs_children(teller->pid, &pids, &count) < 0)
		return;
	for (size_t n = 0; n < count; n++) {
		if (procfs_status(pids[n], &status) == 0 && status.state == 'Z')
			ended++;
		else
			living++;
	}
	free(pids);
	if (living > 0)
		tell(teller, "children",
		     "the process has %zu living %s; a copy cannot wait for them, and they "
		     "stand still while it runs",
		     living, living == 1 ? "child" : "children");
	if (ended > 0)
		tell(teller, "children",
		     "the process has %zu ended %s not waited for yet; a copy cannot wait for them",
		     ended, ended == 1 ? "child" : "children");
}

/* A shared mapping that may be written: both see what either writes, and no one puts it back. */
static void tell_memory(const struct teller *teller)
{
	struct maps maps = {0};

	if (maps_read(&maps, teller->pid) < 0) {
		tell(teller, "hidden", "the process's mappings cannot be read");
		return;
	}
	for (size_t n = 0; n < maps.count; n++) {
		const struct mapping *mapping = &maps.list[n];

		if (strncmp(mapping->path, "/[aio]", 6) == 0) {
			tell(teller, "asynchronous-io",
			     "the process uses asynchronous I/O (io_setup); a copy has none");
		} else if (mapping->shared && mapping->writable) {
			bool is_anonymous = strncmp(mapping->path, "/dev/zero", 9) == 0;
			/* A path may be at several addresses, so the sentence names the address. */
			tell(teller, "shared-memory",
			     "%s is mapped shared and writable at %#llx, %llu bytes: what a trial "
			     "writes there stays",
			     is_anonymous ? "anonymous memory" : mapping->path,
			     (unsigned long long)mapping->start,
			     (unsigned long long)(mapping->end - mapping->start));
		}
	}
	maps_free(&maps);
}

static void tell_timers(const struct teller *teller)
{
	size_t count;

	if (procfs_timers(teller->pid, &count) == 0 && count > 0)
		tell(teller, "timer",
		     "the process has %zu POSIX %s (timer_create); a copy has none", count,
		     count == 1 ? "timer" : "timers");
}

/* Locks of a process are not the copy's; those of an open file description are shared with it. */
static void tell_locks(const struct teller *teller)
{
	struct process_lock *locks;
	size_t count;

	if (procfs_locks(&locks, &count) < 0)
		return;
	for (size_t n = 0; n < count; n++) {
		const struct process_lock *lock = &locks[n];

		if (lock->waiting || lock->pid != teller->pid)
			continue;
		if (strcmp(lock->kind, "POSIX") == 0)
			tell(teller, "file-lock",
			     "the process holds a record lock (fcntl) on file %02x:%02x:%llu; a "
			     "copy does not",
			     lock->major, lock->minor, (unsigned long long)lock->inode);
		else if (strcmp(lock->kind, "FLOCK") == 0)
			tell(teller, "file-lock",
			     "the process holds a lock (flock) on file %02x:%02x:%llu; a copy that "
			     "unlocks it unlocks it for both",
			     lock->major, lock->minor, (unsigned long long)lock->inode);
		else if (strcmp(lock->kind, "LEASE") == 0)
			tell(teller, "file-lock",
			     "the process holds a lease on file %02x:%02x:%llu; a copy shares it",
			     lock->major, lock->minor, (unsigned long long)lock->inode);
	}
	free(locks);
}

static void tell_page_faults(const struct teller *teller)
{
	char target[64];
	size_t count;
	int *fds;

	if (procfs_descriptors(teller->pid, &fds, &count) < 0)
		return;
	for (size_t n = 0; n < count; n++) {
		if (procfs_descriptor_target(teller->pid, fds[n], target, sizeof(target)) < 0)
			continue;
		if (strcmp(target, "anon_inode:[userfaultfd]") == 0)
			tell(teller, "shared-memory",
			     "descriptor %d handles page faults (userfaultfd); a copy's are not",
			     fds[n]);
	}
	free(fds);
}

static bool link_differs(pid_t pid, const char *name)
{
	char path[64];
	char theirs[64];
	char ours[64];
	ssize_t their_size;
	ssize_t our_size;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	their_size = readlink(path, theirs, sizeof(theirs));
	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	our_size = readlink(path, ours, sizeof(ours));
	return their_size > 0 && our_size > 0 &&
	       (their_size != our_size || memcmp(theirs, ours, (size_t)our_size) != 0);
}

static void tell_namespaces(const struct teller *teller)
{
	static const struct {
		const char *name;
		const char *text;
	} kinds[] = {
		{"mnt", "mounts: changes to files there may not be put back"},
		{"pid", "process ids: signals to a process id are not redirected"},
		{"ipc", "System V objects and message queues"},
		{"net", "network"},
		{"user", "users: what the harness may do there is limited"},
		{"time", "clocks"},
	};

	for (size_t n = 0; n < sizeof(kinds) / sizeof(*kinds); n++) {
		if (link_differs(teller->pid, kinds[n].name))
			tell(teller, "namespace", "the process has a namespace of its own for %s",
			     kinds[n].text);
	}
}

void fidelity_process(pid_t pid, void (*each)(void *context, const char *kind, const char *text),
		      void *context)
{
	const struct teller teller = {.pid = pid, .each = each, .context = context};

	tell_status(&teller);
	tell_children(&teller);
	tell_memory(&teller);
	tell_timers(&teller);
	tell_locks(&teller);
	tell_page_faults(&teller);
	tell_namespaces(&teller);
}
