/* SPDX-License-Identifier: MIT */
/*
 * The man page from the tables, in the man(7) macros. Without a date, so that the same tree gives
 * the same page.
 */
#include "harness/base/options.h"

#include <stdio.h>
#include <string.h>

/* One line of text with everything that troff would take for its own escaped. */
static void print_escaped(const char *text, size_t size)
{
	if (size > 0 && (*text == '.' || *text == '\''))
		fputs("\\&", stdout);
	for (size_t n = 0; n < size; n++) {
		if (text[n] == '\\')
			fputs("\\e", stdout);
		else if (text[n] == '-')
			fputs("\\-", stdout);
		else
			putchar(text[n]);
	}
}

static void print_line(const char *text)
{
	print_escaped(text, strlen(text));
	putchar('\n');
}

/* The paragraphs of a description; lines that begin with a space are an example. */
static void print_description(const char *text)
{
	bool in_example = false;

	while (*text) {
		size_t line = strcspn(text, "\n");
		bool is_example = *text == ' ';

		if (is_example != in_example && line > 0) {
			fputs(is_example ? ".PP\n.nf\n" : ".fi\n.PP\n", stdout);
			in_example = is_example;
		}
		if (line == 0) {
			fputs(in_example ? "\n" : ".PP\n", stdout);
		} else {
			print_escaped(text, line);
			putchar('\n');
		}
		text += line + (text[line] == '\n');
	}
	if (in_example)
		fputs(".fi\n", stdout);
}

static void print_option(const struct option_row *row)
{
	fputs(".TP\n", stdout);
	if (row->letter)
		printf("\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB", stdout);
	print_escaped("--", 2);
	print_escaped(row->name, strlen(row->name));
	fputs("\\fR", stdout);
	if (row->argument) {
		fputs(" \\fI", stdout);
		print_escaped(row->argument, strlen(row->argument));
		fputs("\\fR", stdout);
	}
	putchar('\n');
	print_line(row->help);
}

static void print_command(const struct command *command)
{
	printf(".SS ");
	print_line(command->name);
	fputs("\\fBsigsweep ", stdout);
	print_escaped(command->name, strlen(command->name));
	fputs("\\fR ", stdout);
	print_line(command->operands);
	fputs(".PP\n", stdout);
	print_description(command->description);
	for (const struct option_row *row = command->options; row && row->name; row++)
		print_option(row);
}

static void print_exit_status(void)
{
	static const struct {
		int status;
		const char *meaning;
	} rows[] = {
		{0, "everything is as it should be."},
		{1, "there are findings, or a verdict that was not expected."},
		{2, "the command line or an input is wrong."},
		{3, "the harness or the machine failed: ptrace refused, disk full."},
		{77, "skipped, for a reason that is printed."},
	};

	fputs(".SH EXIT STATUS\n", stdout);
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++)
		printf(".TP\n.B %d\n%s\n", rows[n].status, rows[n].meaning);
}

void options_print_man(const struct command *const *commands)
{
	printf(".TH SIGSWEEP 1 \"\" \"sigsweep %s\" \"User Commands\"\n", SIGSWEEP_VERSION);
	fputs(".SH NAME\n"
	      "sigsweep \\- deliver a signal at every boundary of a program and say what broke\n"
	      ".SH SYNOPSIS\n",
	      stdout);
	for (const struct command *const *each = commands; *each; each++) {
		printf("%s\\fBsigsweep ", each == commands ? "" : ".br\n");
		print_escaped((*each)->name, strlen((*each)->name));
		fputs("\\fR ", stdout);
		print_line((*each)->operands);
	}
	fputs(".SH COMMANDS\n", stdout);
	for (const struct command *const *each = commands; *each; each++) {
		fputs(".TP\n.B ", stdout);
		print_line((*each)->name);
		print_line((*each)->summary);
	}
	fputs(".SH DETAILS\nEvery command knows \\fB\\-\\-help\\fR.\n", stdout);
	for (const struct command *const *each = commands; *each; each++)
		print_command(*each);
	print_exit_status();
}
