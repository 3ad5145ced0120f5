/* SPDX-License-Identifier: MIT */
/* --help from a command's table, for a terminal of 80 columns. */
#include "harness/base/options.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 80
#define HELP_COLUMN 29

/* Prints `text` (up to `size` bytes) filled, from `column` on, further lines indented to `indent`.
 */
static void print_filled(const char *text, size_t size, size_t column, size_t indent)
{
	const char *end = text + size;
	bool is_first = true;

	while (text < end) {
		size_t word;

		text += strspn(text, " \n");
		if (text >= end)
			break;
		word = strcspn(text, " \n");
		if (word > (size_t)(end - text))
			word = (size_t)(end - text);
		if (!is_first && column + 1 + word > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!is_first) {
			putchar(' ');
			column++;
		}
		fwrite(text, 1, word, stdout);
		column += word;
		text += word;
		is_first = false;
	}
	putchar('\n');
}

/* Lines that begin with a space are examples and stay as they are; others are filled. */
static void print_description(const char *text)
{
	while (*text) {
		const char *end = text;

		if (*text == '\n' || *text == ' ') {
			size_t line = strcspn(text, "\n");

			printf("%.*s\n", (int)line, text);
			text += line + (text[line] == '\n');
			continue;
		}
		do {
			end += strcspn(end, "\n");
			end += *end == '\n';
		} while (*end && *end != '\n' && *end != ' ');
		print_filled(text, (size_t)(end - text), 0, 0);
		text = end;
	}
}

static void print_row(const struct option_row *row)
{
	char letter[8] = "    ";
	int column;

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	column = printf("  %s--%s%s%s", letter, row->name, row->argument ? " " : "",
			row->argument ? row->argument : "");
	if (column + 2 > HELP_COLUMN)
		printf("\n%*s", HELP_COLUMN, "");
	else
		printf("%*s", HELP_COLUMN - column, "");
	print_filled(row->help, strlen(row->help), HELP_COLUMN, HELP_COLUMN);
}

void options_print_help(const struct command *command)
{
	static const struct option_row help = {
		.name = "help",
		.letter = 'h',
		.help = "print this and do nothing else",
	};
	bool has_letter_h = false;

	printf("usage: sigsweep %s%s%s\n\n", command->name, *command->operands ? " " : "",
	       command->operands);
	print_description(command->description);
	printf("\nOptions:\n");
	for (const struct option_row *row = command->options; row && row->name; row++) {
		print_row(row);
		has_letter_h = has_letter_h || row->letter == 'h';
	}
	if (has_letter_h)
		print_row(&(struct option_row){.name = help.name, .help = help.help});
	else
		print_row(&help);
}
