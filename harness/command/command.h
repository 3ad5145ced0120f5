/* SPDX-License-Identifier: MIT */
/* The commands there are, and what they share. */
#ifndef SIGSWEEP_COMMAND_COMMAND_H
#define SIGSWEEP_COMMAND_COMMAND_H

#include "harness/base/options.h"

/* Exit statuses, the same everywhere. */
enum status {
	STATUS_OK = 0,
	STATUS_FINDINGS = 1, /* or an unexpected verdict */
	STATUS_USAGE = 2,    /* or bad input */
	STATUS_FAILED = 3,   /* the harness or the machine */
	STATUS_SKIPPED = 77,
};

extern const struct command command_run;
extern const struct command command_check;
extern const struct command command_replay;
extern const struct command command_show;
extern const struct command command_list;

extern const struct command *const command_table[]; /* NULL-terminated */

/* Prints the latest failure and gives the status that belongs to `error` (negative errno). */
int command_fail(int error);

#endif
