/* SPDX-License-Identifier: MIT */
/* Signals by name and by number, for people. Knows nothing of what is done with them. */
#ifndef SIGSWEEP_BASE_SIGNALS_H
#define SIGSWEEP_BASE_SIGNALS_H

#include "harness/base/fail.h"

#define SIGNAL_NAME_SIZE 16

/*
 * The number of the signal that `text` names: "INT", "SIGINT", "2", "RTMIN", "RTMIN+3", "RTMAX-1",
 * in any letter case. 0, or -EINVAL with a sentence.
 */
int signal_from_name(const char *text, int *signal) MUST_CHECK;

/*
 * "SIGINT", "SIGRTMIN+3"; "SIG32" for the numbers that have no name (the C library keeps 32 and 33
 * for itself, nptl(7)). Gives `buffer`.
 */
const char *signal_name(int signal, char buffer[SIGNAL_NAME_SIZE]);

#endif
