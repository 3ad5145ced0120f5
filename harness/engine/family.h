/* SPDX-License-Identifier: MIT */
/*
 * All threads and processes that this process traces, and to whom each belongs: the walker (and
 * what it started), or the trial that runs at the moment (and what it started). Every one is
 * traced, so that none outlives the harness.
 */
#ifndef SIGSWEEP_ENGINE_FAMILY_H
#define SIGSWEEP_ENGINE_FAMILY_H

#include "harness/base/fail.h"
#include "harness/kernel/stop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum family_owner { FAMILY_WALKER, FAMILY_TRIAL };

struct family_member {
	pid_t tid;
	pid_t pid; /* its process */
	enum family_owner owner;
	bool is_fresh;  /* its first SIGSTOP, the mark of a new tracee, is still to come */
	bool is_frozen; /* freeze.h */
};

struct family {
	struct family_member *members;
	size_t count;
	size_t capacity;
};

void family_add(struct family *family, pid_t tid, pid_t pid, enum family_owner owner,
		bool is_fresh);
void family_remove(struct family *family, pid_t tid);
struct family_member *family_find(struct family *family, pid_t tid);

/* A thread that stopped before its creator's event told of it: finds its owner through /proc. */
struct family_member *family_adopt(struct family *family, pid_t tid);

/* The processes (not threads) of an owner: a new array (caller frees) and its length. */
pid_t *family_processes(const struct family *family, enum family_owner owner, size_t *count);
/* How many threads and processes of the owner there are beside `tid`. */
size_t family_others(const struct family *family, enum family_owner owner, pid_t tid);

/* Kills all of an owner's processes and reaps them. */
void family_kill(struct family *family, enum family_owner owner);

void family_free(struct family *family);

#endif
