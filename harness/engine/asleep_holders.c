/* SPDX-License-Identifier: MIT */
/*
 * Does any process outside of the set hold an object that a thread of the set waits for? Goes
 * through the descriptors of all processes of the machine.
 *
 * Descriptors of some processes cannot be looked at: another user's, or those of one with more
 * capabilities. They may hold what the target inherited through this process, which has it still,
 * without close-on-exec; an object that the target made itself goes to its descendants, all of
 * which are in the set. Not seen is what the target hands over a socket to such a process: like a
 * signal from there, that is taken not to happen.
 */
#include "harness/engine/asleep_proof.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_mode(pid_t pid, int fd, mode_t bit)
{
	struct stat link;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return lstat(path, &link) < 0 ? errno != ENOENT : (link.st_mode & bit) != 0;
}

static bool is_holder(const struct asleep_source *source, pid_t pid, int fd, const char *target)
{
	if (strcmp(source->target, target) != 0)
		return false;
	/* Other answers than 0 (the same) are 1 to 3 (different); -1: not known. */
	if (source->compare) {
		long order =
			syscall(SYS_kcmp, source->tid, pid, KCMP_FILE, (long)source->fd, (long)fd);

		return order == 0 || (order < 0 && errno != ESRCH && errno != EBADF);
	}
	switch (source->holder) {
	case HOLDER_READER:
		return has_mode(pid, fd, S_IRUSR);
	case HOLDER_WRITER:
		return has_mode(pid, fd, S_IWUSR);
	case HOLDER_ANY:
		break;
	}
	return true;
}

/* The source that descriptor `fd` of `pid` is; *error where it cannot be looked at. */
static const struct asleep_source *find_held(const struct asleep_proof *proof, pid_t pid, int fd,
					     int *error)
{
	char target[64];
	ssize_t length = procfs_descriptor_target(pid, fd, target, sizeof(target));

	if (length < 0) {
		if (length != -ESRCH)
			*error = (int)length;
		return NULL;
	}
	for (size_t n = 0; n < proof->source_count; n++) {
		if (is_holder(&proof->sources[n], pid, fd, target))
			return &proof->sources[n];
	}
	return NULL;
}

/* A source that the target may have inherited: this process holds it without close-on-exec. */
static const struct asleep_source *find_inherited(const struct asleep_proof *proof)
{
	const struct asleep_source *found = NULL;
	int error = 0;
	size_t count;
	int *fds;

	if (procfs_descriptors(getpid(), &fds, &count) < 0)
		return &proof->sources[0];
	for (size_t n = 0; n < count && !found; n++) {
		int flags = fcntl(fds[n], F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			found = find_held(proof, getpid(), fds[n], &error);
	}
	free(fds);
	return found;
}

static enum asleep_verdict judge_hidden(struct asleep_proof *proof, pid_t pid, size_t *which)
{
	const struct asleep_source *inherited = find_inherited(proof);

	if (!inherited)
		return ASLEEP_FOREVER;
	*which = inherited->thread;
	return asleep_say(proof, *which, ASLEEP_UNKNOWN,
			  "process %d hides its descriptors and may hold what it waits for (%s)",
			  pid, inherited->target);
}

static enum asleep_verdict judge_stranger(struct asleep_proof *proof, pid_t pid, size_t *which)
{
	const struct asleep_source *held = NULL;
	struct process_stat stat;
	size_t count;
	int *fds;
	int error;

	if (procfs_stat(pid, pid, &stat) < 0 || stat.is_kernel_thread || stat.state == 'Z')
		return ASLEEP_FOREVER;
	error = procfs_descriptors(pid, &fds, &count);
	if (error == -ESRCH)
		return ASLEEP_FOREVER;
	for (size_t n = 0; n < count && !held && !error; n++)
		held = find_held(proof, pid, fds[n], &error);
	free(fds);
	if (error)
		return judge_hidden(proof, pid, which);
	if (!held)
		return ASLEEP_FOREVER;
	*which = held->thread;
	return asleep_say(proof, *which, ASLEEP_UNKNOWN,
			  "process %d outside holds what it waits for (%s)", pid, held->target);
}

enum asleep_verdict asleep_judge_holders(struct asleep_proof *proof, size_t *which)
{
	enum asleep_verdict verdict = ASLEEP_FOREVER;
	pid_t *pids;
	size_t count;

	if (proof->source_count == 0)
		return ASLEEP_FOREVER;
	if (procfs_processes(&pids, &count) < 0)
		return asleep_say(proof, *which, ASLEEP_UNKNOWN, "/proc cannot be listed");
	for (size_t n = 0; n < count && verdict == ASLEEP_FOREVER; n++) {
		if (!asleep_is_ours(proof, pids[n]))
			verdict = judge_stranger(proof, pids[n], which);
	}
	free(pids);
	return verdict;
}
