/* SPDX-License-Identifier: MIT */
/*
 * What could wake a process although all its threads sleep in calls that nobody ends: a child
 * outside of the set that ends, a timer, a descriptor that sends signals, asynchronous I/O.
 */
#include "harness/engine/asleep_proof.h"
#include "harness/kernel/maps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static enum asleep_verdict judge_living(struct asleep_proof *proof, size_t thread)
{
	enum asleep_verdict verdict = ASLEEP_FOREVER;
	struct process_status status;
	pid_t *pids;
	size_t count;

	if (procfs_children(proof->sights[thread].pid, &pids, &count) < 0)
		return asleep_say(proof, thread, ASLEEP_NO, "the process ends");
	for (size_t n = 0; n < count && verdict == ASLEEP_FOREVER; n++) {
		bool is_gone = procfs_status(pids[n], &status) < 0;
		bool is_dead = !is_gone && (status.state == 'Z' || status.state == 'X');

		/* Its parent hears of a traced child's end only after its tracer has. */
		if (is_gone || (is_dead && status.tracer))
			verdict = asleep_say(proof, thread, ASLEEP_NO, "child %d has just ended",
					     pids[n]);
		else if (!is_dead && !asleep_is_ours(proof, pids[n]))
			verdict = asleep_say(proof, thread, ASLEEP_UNKNOWN,
					     "its child %d lives and may wake it", pids[n]);
	}
	free(pids);
	return verdict;
}

static enum asleep_verdict judge_descriptor_signals(struct asleep_proof *proof, size_t thread)
{
	pid_t tid = proof->sights[thread].tid;
	enum asleep_verdict verdict = ASLEEP_FOREVER;
	struct process_descriptor descriptor;
	char target[64];
	size_t count;
	int *fds;

	if (procfs_descriptors(tid, &fds, &count) < 0)
		return asleep_say(proof, thread, ASLEEP_UNKNOWN, "its descriptors are hidden");
	for (size_t n = 0; n < count && verdict == ASLEEP_FOREVER; n++) {
		if (procfs_descriptor_target(tid, fds[n], target, sizeof(target)) < 0 ||
		    procfs_descriptor(tid, fds[n], &descriptor) < 0)
			verdict = asleep_say(proof, thread, ASLEEP_UNKNOWN,
					     "descriptor %d cannot be looked at", fds[n]);
		else if (descriptor.flags & O_ASYNC)
			verdict =
				asleep_say(proof, thread, ASLEEP_UNKNOWN,
					   "descriptor %d sends a signal when it is ready", fds[n]);
		else if (strcmp(target, "anon_inode:[io_uring]") == 0 ||
			 strcmp(target, "anon_inode:[userfaultfd]") == 0)
			verdict = asleep_say(proof, thread, ASLEEP_UNKNOWN,
					     "descriptor %d (%s) may wake it", fds[n], target);
	}
	free(fds);
	return verdict;
}

/* io_setup(2) maps its ring under this name. */
static bool has_asynchronous_io(pid_t tid)
{
	struct maps maps = {0};
	bool found = maps_read(&maps, tid) < 0;

	for (size_t n = 0; n < maps.count && !found; n++)
		found = strncmp(maps.list[n].path, "/[aio]", 6) == 0;
	maps_free(&maps);
	return found;
}

/* A lease (fcntl F_SETLEASE) sends a signal when somebody opens the file. */
static bool has_lease(pid_t pid)
{
	struct process_lock *locks;
	size_t count;
	bool found = false;

	if (procfs_locks(&locks, &count) < 0)
		return false;
	for (size_t n = 0; n < count && !found; n++)
		found = locks[n].pid == pid && strcmp(locks[n].kind, "LEASE") == 0;
	free(locks);
	return found;
}

enum asleep_verdict asleep_judge_process(struct asleep_proof *proof, size_t thread)
{
	/* Through the thread, which lives: the main one may have ended and tell nothing. */
	pid_t tid = proof->sights[thread].tid;
	enum asleep_verdict verdict = judge_living(proof, thread);
	size_t timers;

	if (verdict == ASLEEP_FOREVER)
		verdict = judge_descriptor_signals(proof, thread);
	if (verdict != ASLEEP_FOREVER)
		return verdict;
	if (procfs_timers(tid, &timers) == 0 && timers > 0)
		return asleep_say(proof, thread, ASLEEP_UNKNOWN, "it has a POSIX timer");
	if (has_asynchronous_io(tid))
		return asleep_say(proof, thread, ASLEEP_UNKNOWN, "it has asynchronous I/O");
	if (has_lease(proof->sights[thread].pid))
		return asleep_say(proof, thread, ASLEEP_UNKNOWN, "it has a lease on a file");
	return ASLEEP_FOREVER;
}
