/* SPDX-License-Identifier: MIT */
/*
 * Sleeping for a child, for a futex, for a file lock: who could end it? See asleep_proof.h for the
 * argument.
 */
#include "harness/engine/asleep_proof.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The only child that the call waits for, 0: any may end it. */
static pid_t awaited_child(const struct process_syscall *call)
{
	if (call->number == SYS_wait4 && (int)call->arguments[0] > 0)
		return (pid_t)call->arguments[0];
	if (call->number == SYS_waitid && call->arguments[0] == P_PID)
		return (pid_t)call->arguments[1];
	return 0;
}

/* A tracer's wait also ends when one of its tracees stops, and that may be anybody's child. */
static bool traces_strangers(const struct asleep_proof *proof, pid_t pid)
{
	struct process_status status;
	pid_t *pids;
	size_t count;
	bool found = false;

	if (procfs_processes(&pids, &count) < 0)
		return true;
	for (size_t n = 0; n < count && !found; n++) {
		if (asleep_is_ours(proof, pids[n]))
			continue;
		found = procfs_status(pids[n], &status) == 0 && status.tracer == pid;
	}
	free(pids);
	return found;
}

enum asleep_verdict asleep_judge_children(struct asleep_proof *proof, size_t thread,
					  const char *call)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	pid_t awaited = awaited_child(&sight->call);
	struct process_status status;
	bool ended = false;
	pid_t *pids;
	size_t count;

	if (procfs_children(sight->pid, &pids, &count) < 0)
		return asleep_say(proof, thread, ASLEEP_NO, "%s: the process ends", call);
	for (size_t n = 0; n < count; n++) {
		if (awaited == 0 || pids[n] == awaited)
			ended = ended || procfs_status(pids[n], &status) < 0 ||
				status.state == 'Z' || status.state == 'X';
	}
	free(pids);
	if (ended)
		return asleep_say(proof, thread, ASLEEP_NO, "%s: a child has ended", call);
	if (count == 0 || traces_strangers(proof, sight->pid))
		return asleep_say(proof, thread, ASLEEP_UNKNOWN,
				  "%s: it waits for a process outside", call);
	/* Children outside of the set are found by asleep_judge_process(). */
	return asleep_say(proof, thread, ASLEEP_FOREVER, "%s: its children all sleep", call);
}

/* A line of /proc/PID/maps, as far as it tells what memory it is. */
struct memory {
	unsigned int major;
	unsigned int minor;
	unsigned long long inode;
	bool is_shared;
	bool is_anonymous; /* shared, and without a name that a stranger could open */
};

/* The mapping that the line describes; does it hold `address`? */
static bool parse_mapping(const char *line, uint64_t address, struct memory *memory)
{
	unsigned long long start;
	unsigned long long end;
	char permissions[5];
	int at = 0;

	if (sscanf(line, "%llx-%llx %4s %*x %x:%x %llu%n", &start, &end, permissions,
		   &memory->major, &memory->minor, &memory->inode, &at) != 6 ||
	    !at)
		return false;
	line += at + strspn(line + at, " ");
	memory->is_shared = permissions[3] == 's';
	memory->is_anonymous = strncmp(line, "/dev/zero (deleted)", 19) == 0;
	return address >= start && address < end;
}

/* Runs through the lines of the maps of `pid`: finds the one that holds `address`. 0 or -errno. */
static int find_memory(pid_t pid, uint64_t address, struct memory *memory)
{
	int error = -ENOENT;
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	if (procfs_read(path, &text, NULL) < 0)
		return -ESRCH;
	for (const char *line = text; line && *line && error; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (parse_mapping(line, address, memory))
			error = 0;
	}
	free(text);
	return error;
}

/* Does the stranger map that memory, or may it? */
static bool stranger_maps(pid_t pid, const struct memory *memory)
{
	struct memory other;
	bool found = false;
	char path[64];
	char *text;
	int error;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	error = procfs_read(path, &text, NULL);
	if (error == -ENOENT || error == -ESRCH)
		return false;
	/* Memory without a name came into being after the target's exec, and is handed on by fork
	 * alone: to members of the set. */
	if (error)
		return !memory->is_anonymous;
	for (const char *line = text; line && *line && !found; line = strchr(line, '\n')) {
		line += *line == '\n';
		memset(&other, 0, sizeof(other));
		parse_mapping(line, 0, &other);
		found = other.is_shared && other.inode == memory->inode &&
			other.major == memory->major && other.minor == memory->minor;
	}
	free(text);
	return found;
}

static bool strangers_map(const struct asleep_proof *proof, const struct memory *memory)
{
	bool found = false;
	pid_t *pids;
	size_t count;

	if (procfs_processes(&pids, &count) < 0)
		return true;
	for (size_t n = 0; n < count && !found; n++) {
		struct process_stat stat;

		if (asleep_is_ours(proof, pids[n]) || procfs_stat(pids[n], pids[n], &stat) < 0 ||
		    stat.is_kernel_thread || stat.state == 'Z')
			continue;
		found = stranger_maps(pids[n], memory);
	}
	free(pids);
	return found;
}

static enum asleep_verdict judge_futex_memory(struct asleep_proof *proof, size_t thread)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	uint64_t address = sight->call.arguments[0];
	struct memory memory = {0};

	if (find_memory(sight->tid, address, &memory) < 0 ||
	    (memory.is_shared && strangers_map(proof, &memory)))
		return asleep_say(proof, thread, ASLEEP_UNKNOWN,
				  "futex at %#llx, in memory shared with others",
				  (unsigned long long)address);
	return asleep_say(proof, thread, ASLEEP_FOREVER,
			  "futex at %#llx: all that could wake it sleep",
			  (unsigned long long)address);
}

enum asleep_verdict asleep_judge_futex(struct asleep_proof *proof, size_t thread)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	const uint64_t *arguments = sight->call.arguments;

	switch ((int)arguments[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		break;
	default:
		return asleep_say(proof, thread, ASLEEP_UNKNOWN, "futex: operation %llu",
				  (unsigned long long)arguments[1]);
	}
	/* Private: only threads of this address space, all of which are in the set. */
	if (arguments[1] & FUTEX_PRIVATE_FLAG)
		return asleep_say(proof, thread, ASLEEP_FOREVER,
				  "futex at %#llx: all that could wake it sleep",
				  (unsigned long long)arguments[0]);
	return judge_futex_memory(proof, thread);
}

/*
 * /proc/locks lists after each lock those that wait for it ("->"), directly or behind one another;
 * none gets on before the lock at the head is released. Gives the process outside of the set that
 * holds such a lock (-1: one that is not known), or 0.
 */
static pid_t find_stranger(const struct asleep_proof *proof, pid_t waiter, bool *is_waiting)
{
	struct process_lock *locks;
	pid_t head = -1;
	pid_t stranger = 0;
	size_t count;

	*is_waiting = false;
	if (procfs_locks(&locks, &count) < 0)
		return -1;
	for (size_t n = 0; n < count; n++) {
		if (!locks[n].waiting) {
			head = locks[n].pid;
		} else if (locks[n].pid == waiter) {
			*is_waiting = true;
			if (head <= 0 || !asleep_is_ours(proof, head))
				stranger = head > 0 ? head : -1;
		}
	}
	free(locks);
	return stranger;
}

enum asleep_verdict asleep_judge_lock(struct asleep_proof *proof, size_t thread, const char *call)
{
	bool is_waiting;
	pid_t stranger = find_stranger(proof, proof->sights[thread].pid, &is_waiting);

	if (!is_waiting)
		return asleep_say(proof, thread, ASLEEP_UNKNOWN,
				  "%s: /proc/locks does not tell who holds the lock", call);
	if (stranger)
		return asleep_say(proof, thread, ASLEEP_UNKNOWN,
				  "%s: the lock may be held outside (process %d)", call, stranger);
	return asleep_say(proof, thread, ASLEEP_FOREVER, "%s: the lock's holder sleeps too", call);
}
