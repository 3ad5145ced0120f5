/* SPDX-License-Identifier: MIT */
/* See family.h. Families are small (one to a few), so the list is searched from the end. */
#include "harness/engine/family.h"

#include "harness/base/alloc.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

void family_add(struct family *family, pid_t tid, pid_t pid, enum family_owner owner, bool is_fresh)
{
	if (family_find(family, tid))
		return;
	alloc_grow((void **)&family->members, family->count, &family->capacity,
		   sizeof(*family->members));
	family->members[family->count++] = (struct family_member){
		.tid = tid, .pid = pid, .owner = owner, .is_fresh = is_fresh};
}

struct family_member *family_find(struct family *family, pid_t tid)
{
	for (size_t i = family->count; i-- > 0;)
		if (family->members[i].tid == tid)
			return &family->members[i];
	return NULL;
}

void family_remove(struct family *family, pid_t tid)
{
	struct family_member *member = family_find(family, tid);

	if (!member)
		return;
	/* In their order: family_kill() ends threads before the process that they belong to. */
	family->count--;
	memmove(member, member + 1,
		(size_t)(family->members + family->count - member) * sizeof(*member));
}

/* "Tgid:" and "PPid:" of /proc/TID/status. */
static void read_parents(pid_t tid, pid_t *process, pid_t *parent)
{
	char path[40];
	char line[128];
	FILE *file;

	*process = tid;
	*parent = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Tgid:", 5) == 0)
			*process = (pid_t)strtol(line + 5, NULL, 10);
		else if (strncmp(line, "PPid:", 5) == 0)
			*parent = (pid_t)strtol(line + 5, NULL, 10);
	}
	fclose(file);
}

struct family_member *family_adopt(struct family *family, pid_t tid)
{
	const struct family_member *creator;
	pid_t process;
	pid_t parent;

	read_parents(tid, &process, &parent);
	creator = family_find(family, process != tid ? process : parent);
	family_add(family, tid, process, creator ? creator->owner : FAMILY_TRIAL, true);
	return family_find(family, tid);
}

pid_t *family_processes(const struct family *family, enum family_owner owner, size_t *count)
{
	pid_t *pids = alloc_resize(NULL, family->count, sizeof(*pids));

	*count = 0;
	for (size_t i = 0; i < family->count; i++)
		if (family->members[i].owner == owner &&
		    family->members[i].tid == family->members[i].pid)
			pids[(*count)++] = family->members[i].pid;
	return pids;
}

size_t family_others(const struct family *family, enum family_owner owner, pid_t tid)
{
	size_t others = 0;

	for (size_t i = 0; i < family->count; i++)
		others += family->members[i].owner == owner && family->members[i].tid != tid;
	return others;
}

static void reap(struct family *family, pid_t tid)
{
	/* A process that stands in its exit event is not woken by SIGKILL, since it is ending
	 * already. */
	(void)!trace_resume(tid, TRACE_CONTINUE, 0);
	for (;;) {
		struct stop stop;
		int error = trace_wait(tid, -1, &stop);

		if (error == -ECHILD)
			break;
		if (error)
			continue;
		if (stop.kind == STOP_EXITED || stop.kind == STOP_KILLED)
			break;
		/* A SIGKILL may still show an exit event (ptrace(2), PTRACE_EVENT_EXIT). */
		(void)!trace_resume(tid, TRACE_CONTINUE, 0);
	}
	family_remove(family, tid);
}

static pid_t last_of(const struct family *family, enum family_owner owner)
{
	for (size_t i = family->count; i-- > 0;)
		if (family->members[i].owner == owner)
			return family->members[i].tid;
	return 0;
}

void family_kill(struct family *family, enum family_owner owner)
{
	pid_t tid;

	for (size_t i = 0; i < family->count; i++)
		if (family->members[i].owner == owner)
			kill(family->members[i].pid, SIGKILL);
	/* Threads before the process that they belong to: a leader is reaped last (wait4(2)). */
	while ((tid = last_of(family, owner)) != 0)
		reap(family, tid);
}

void family_free(struct family *family)
{
	free(family->members);
	memset(family, 0, sizeof(*family));
}
