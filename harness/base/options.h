/* SPDX-License-Identifier: MIT */
/*
 * Command-line options as rows of a table, one table for each command, from which parsing, --help,
 * the man page and the shell completions are made.
 */
#ifndef SIGSWEEP_BASE_OPTIONS_H
#define SIGSWEEP_BASE_OPTIONS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>

struct option_row {
	const char *name;     /* long name without dashes; NULL ends the table */
	char letter;          /* short name, 0: none */
	const char *argument; /* what the argument is called in the help, NULL: none */
	const char *help;     /* one sentence, for --help and the man page */
	/* Takes the value (NULL without an argument) into `settings`; 0, or -errno through fail().
	 */
	int (*set)(void *settings, const char *value);
};

struct command {
	const char *name;
	const char *operands;    /* "[options] -- PROGRAM [ARG...]" */
	const char *summary;     /* one line */
	const char *description; /* a paragraph or more, for --help and the man page */
	const struct option_row *options;
	/* Runs the command; operands are what follows the options. The exit status. */
	int (*run)(int count, char **arguments);
};

/*
 * Parses arguments[1..] by the table: fills `settings` through the rows' functions and gives the
 * index of the first operand in *first. Options stop at the first operand or at "--" (so that
 * PROGRAM's own options are never taken). `--help` prints and makes it return 1 (caller exits 0).
 * 0, 1, or -EINVAL with a sentence that names the option and the nearest one that exists.
 */
int options_parse(const struct command *command, int count, char **arguments, void *settings,
		  int *first) MUST_CHECK;

/* The same for a command whose operands may stand before or between its options (show, check...).
 */
int options_parse_mixed(const struct command *command, int *count, char **arguments, void *settings,
			int *first) MUST_CHECK;

/* Helpers for rows. */
int option_number(const char *value, unsigned long long low, unsigned long long high,
		  unsigned long long *number) MUST_CHECK;
int option_seconds(const char *value, double *seconds) MUST_CHECK; /* "1.5", "200ms", "2m" */

void options_print_help(const struct command *command);
/* troff man page of the whole program; bash completion. */
void options_print_man(const struct command *const *commands);
void options_print_completion(const struct command *const *commands);

#endif
