/* SPDX-License-Identifier: MIT */
/* What a signal at whose delivery a process is stopped will do to it. */
#ifndef SIGSWEEP_MODEL_FATAL_H
#define SIGSWEEP_MODEL_FATAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Is it one of those whose default action dumps core (signal(7)), but for the user's own SIGQUIT?
 */
bool fatal_is_crash(int signal);

/* Will it kill the process, since that neither catches nor ignores it? */
bool fatal_will_kill(pid_t pid, int signal);

/* Does the process catch it? */
bool fatal_is_caught(pid_t pid, int signal);

#endif
