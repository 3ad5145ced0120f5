/* SPDX-License-Identifier: MIT */
/*
 * Command-line options as rows of a table, one table for each command, from which parsing, --help,
 * the man page and the shell completion are made. Knows no option by name but --help, which every
 * command has without a row for it.
 */
#ifndef SIGSWEEP_BASE_OPTIONS_H
#define SIGSWEEP_BASE_OPTIONS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>

struct option_row {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* short name, 0: none */
	/* What the argument is called in the help, NULL: none. The completion offers the words of
	 * "A|B|C", signals for "SIGNAL", files for all else. */
	const char *argument;
	const char *help; /* one sentence, for --help and the man page */
	/* Takes the value (NULL without an argument) into `settings`; 0, or -errno through fail(),
	 * whose sentence the parser puts the option's name before. */
	int (*set)(void *settings, const char *value);
};

struct command {
	const char *name;
	const char *operands; /* "[options] -- PROGRAM [ARG...]" */
	const char *summary;  /* one line */
	/* A paragraph or more, for --help and the man page. Empty lines part paragraphs, which are
	 * filled; lines that begin with a space are kept as they are. */
	const char *description;
	const struct option_row *options; /* NULL: none but --help */
	/* Runs the command; arguments[0] is its name, as options_parse() takes them. The exit
	 * status. */
	int (*run)(int count, char **arguments);
};

/*
 * Parses arguments[1..] by the table: fills `settings` through the rows' functions and gives the
 * index of the first operand in *first (`count` when there is none). Options stop at the first
 * operand or at "--" (so that PROGRAM's own options are never taken). `--help` and `-h` print and
 * make it return 1 (caller exits 0). 0, 1, or -EINVAL (or what the row's function returned) with a
 * sentence that names the option and the nearest one that exists.
 */
int options_parse(const struct command *command, int count, char **arguments, void *settings,
		  int *first) MUST_CHECK;

/*
 * The same for a command whose operands may stand before or between its options (show, check...);
 * after "--" everything is an operand. Where it returns 0 the operands have been moved together, in
 * their order: arguments[*first] to arguments[*count - 1].
 */
int options_parse_mixed(const struct command *command, int *count, char **arguments, void *settings,
			int *first) MUST_CHECK;

/* Helpers for rows: a whole number in decimal from `low` to `high`; a time that is not negative,
 * in seconds where it has no unit: "1.5", "200ms", "2m", "1h". -EINVAL with a sentence. */
int option_number(const char *value, unsigned long long low, unsigned long long high,
		  unsigned long long *number) MUST_CHECK;
int option_seconds(const char *value, double *seconds) MUST_CHECK;

/* On standard output. `commands` ends with NULL. */
void options_print_help(const struct command *command);
/* troff man page (man(7) macros) of the whole program; bash completion. */
void options_print_man(const struct command *const *commands);
void options_print_completion(const struct command *const *commands);

#endif
