/* SPDX-License-Identifier: MIT */
/* See shm.h. */
#include "harness/engine/shm.h"

#include <stdio.h>
#include <sys/ipc.h>
#include <sys/shm.h>

/* Calls `each` with every segment that `pid` created, until it says false. */
static void each_of(pid_t pid, bool (*each)(void *context, int id), void *context)
{
	FILE *file = fopen("/proc/sysvipc/shm", "re");
	bool more = true;
	char line[512];

	while (more && file && fgets(line, sizeof(line), file)) {
		int creator;
		int id;

		/* key shmid perms size cpid ... (proc(5)); the first line is a heading. */
		if (sscanf(line, "%*d %d %*o %*u %d", &id, &creator) == 2 && creator == pid)
			more = each(context, id);
	}
	if (file)
		fclose(file);
}

struct search {
	int id;
	bool found;
};

static bool compare(void *context, int id)
{
	struct search *search = context;

	search->found |= id == search->id;
	return !search->found;
}

bool shm_is_of(int id, pid_t pid)
{
	struct search search = {.id = id};

	each_of(pid, compare, &search);
	return search.found;
}

struct tally {
	const int *except;
	size_t except_count;
	size_t count;
};

static bool count(void *context, int id)
{
	struct tally *tally = context;
	bool is_excepted = false;

	for (size_t i = 0; i < tally->except_count; i++)
		is_excepted |= tally->except[i] == id;
	tally->count += !is_excepted;
	return true;
}

size_t shm_count_of(pid_t pid, const int *except, size_t except_count)
{
	struct tally tally = {.except = except, .except_count = except_count};

	each_of(pid, count, &tally);
	return tally.count;
}

static bool remove_one(void *context, int id)
{
	size_t *removed = context;

	*removed += shmctl(id, IPC_RMID, NULL) == 0;
	return true;
}

size_t shm_remove_of(pid_t pid)
{
	size_t removed = 0;

	each_of(pid, remove_one, &removed);
	return removed;
}
