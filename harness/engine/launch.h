/* SPDX-License-Identifier: MIT */
/*
 * Starting a target so that each run of it is like the other: no address space randomisation,
 * signal dispositions and mask as after boot, no core dumps, a session of its own (a Ctrl-C meant
 * for the harness does not reach it), the vDSO hidden, the kernel's random bytes for it fixed.
 */
#ifndef SIGSWEEP_ENGINE_LAUNCH_H
#define SIGSWEEP_ENGINE_LAUNCH_H

#include "harness/base/fail.h"
#include "harness/kernel/filter.h"

#include <stdbool.h>
#include <sys/types.h>

struct launch {
	const char *program; /* path to execute */
	char *const *argv;
	char *const *envp;
	const char *directory; /* NULL: the present one */
	int stdin_fd;          /* reopened through /proc/self/fd for an offset of its own */
	int stdout_fd;
	int stderr_fd;
	const struct filter *filter; /* NULL: none */
	bool keep_vdso;
	int cpu; /* >= 0: pin to it */
};

/*
 * Starts the target and leaves it stopped right after its exec, before its first instruction,
 * traced with LAUNCH_OPTIONS. It dies with this process (PTRACE_O_EXITKILL). -errno with a sentence
 * on what went wrong (exec refused, no permission, ...).
 */
int launch_start(const struct launch *launch, pid_t *pid) MUST_CHECK;

/* Does for a target that has just executed another program what launch_start() did after exec. */
int launch_after_exec(const struct launch *launch, pid_t pid) MUST_CHECK;

/* The options that every traced process carries; walkers drop those for new processes while they
 * copy themselves (see snapshot_fork.c). */
extern const unsigned long launch_options;

/* Reads the value of an auxiliary vector entry (getauxval(3): AT_ENTRY, ...) of `pid`. */
int launch_auxiliary(pid_t pid, unsigned long type, unsigned long *value) MUST_CHECK;

#endif
