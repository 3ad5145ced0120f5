/* SPDX-License-Identifier: MIT */
/*
 * What a fork copy of a process would not have, or would share with it, beside its descriptors
 * (descriptors.h tells of those). Reads /proc only; judges nothing.
 */
#ifndef SIGSWEEP_ENGINE_FIDELITY_H
#define SIGSWEEP_ENGINE_FIDELITY_H

#include <sys/types.h>

/*
 * Calls `each` with a kind ("threads", "children", "shared-memory", "timer", "locked-memory",
 * "file-lock", "asynchronous-io", "namespace") and a sentence for everything that is found in
 * `pid`. Both texts are valid during the call only. What cannot be read is told as "hidden".
 */
void fidelity_process(pid_t pid, void (*each)(void *context, const char *kind, const char *text),
		      void *context);

#endif
