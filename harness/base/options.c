/* SPDX-License-Identifier: MIT */
/*
 * The parser of options.h and the helpers for values. Not getopt_long(3): its sentences go to
 * standard error by themselves, it takes any beginning of a name as that name, and it knows no "did
 * you mean". What is printed from the tables is in options_help.c, options_man.c and
 * options_completion.c.
 */
#include "harness/base/options.h"

#include "harness/base/alloc.h"
#include "harness/base/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRINTED_HELP 1

struct parse {
	const struct command *command;
	char **arguments;
	int count;
	int at; /* index of the argument to look at next */
	void *settings;
};

static const struct option_row *row_by_name(const struct command *command, const char *name,
					    size_t length)
{
	for (const struct option_row *row = command->options; row && row->name; row++)
		if (strlen(row->name) == length && !memcmp(row->name, name, length))
			return row;
	return NULL;
}

static const struct option_row *row_by_letter(const struct command *command, char letter)
{
	for (const struct option_row *row = command->options; row && row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static int fail_unknown_name(const struct command *command, const char *name, size_t length)
{
	const char **names = NULL;
	size_t count = 0;
	size_t capacity = 0;
	char *given = alloc_format("%.*s", (int)length, name);
	const char *nearest;
	int result;

	for (const struct option_row *row = command->options; row && row->name; row++) {
		alloc_grow((void **)&names, count, &capacity, sizeof(*names));
		names[count++] = row->name;
	}
	nearest = word_nearest(given, names, count);
	if (nearest)
		result = fail(-EINVAL, "unknown option --%s; did you mean --%s?", given, nearest);
	else
		result = fail(-EINVAL, "unknown option --%s; \"sigsweep %s --help\" lists them all",
			      given, command->name);
	free(names);
	free(given);
	return result;
}

/* Hands the value to the row; `given` is the option as the user wrote it, for the sentence. */
static int set_value(struct parse *parse, const struct option_row *row, const char *given,
		     const char *value)
{
	int result = row->set(parse->settings, value);

	return result < 0 ? fail_prefix(result, "%s: ", given) : 0;
}

/* The value of an option that has none attached: the next argument, whatever it looks like. */
static int take_next(struct parse *parse, const struct option_row *row, const char *given)
{
	if (parse->at >= parse->count)
		return fail(-EINVAL, "%s needs a value: %s %s", given, given, row->argument);
	return set_value(parse, row, given, parse->arguments[parse->at++]);
}

/* `text` is the argument after its two dashes. */
static int parse_long(struct parse *parse, const char *text)
{
	size_t length = strcspn(text, "=");
	const char *value = text[length] == '=' ? text + length + 1 : NULL;
	const struct option_row *row = row_by_name(parse->command, text, length);
	char *given;
	int result;

	if (!row && !strcmp(text, "help")) {
		options_print_help(parse->command);
		return PRINTED_HELP;
	}
	if (!row)
		return fail_unknown_name(parse->command, text, length);
	given = alloc_format("--%s", row->name);
	if (!row->argument && value)
		result = fail(-EINVAL, "%s takes no value, and \"%s\" was given", given, value);
	else if (!row->argument || value)
		result = set_value(parse, row, given, value);
	else
		result = take_next(parse, row, given);
	free(given);
	return result;
}

/* `text` is the argument after its dash: flags, the last of which may take the rest as its value.
 */
static int parse_letters(struct parse *parse, const char *text)
{
	for (; *text; text++) {
		const struct option_row *row = row_by_letter(parse->command, *text);
		char given[] = {'-', *text, '\0'};
		int result;

		if (!row && *text == 'h') {
			options_print_help(parse->command);
			return PRINTED_HELP;
		}
		if (!row)
			return fail(-EINVAL, "unknown option %s; \"sigsweep %s --help\" lists them",
				    given, parse->command->name);
		if (row->argument && text[1])
			return set_value(parse, row, given, text + 1);
		if (row->argument)
			return take_next(parse, row, given);
		result = set_value(parse, row, given, NULL);
		if (result)
			return result;
	}
	return 0;
}

/* A lone "-" is an operand: it names standard input or output. */
static bool is_option(const char *argument)
{
	return argument[0] == '-' && argument[1];
}

static int parse_one(struct parse *parse)
{
	const char *argument = parse->arguments[parse->at++];

	if (argument[1] == '-')
		return parse_long(parse, argument + 2);
	return parse_letters(parse, argument + 1);
}

int options_parse(const struct command *command, int count, char **arguments, void *settings,
		  int *first)
{
	struct parse parse = {command, arguments, count, 1, settings};

	while (parse.at < count && is_option(arguments[parse.at])) {
		int result;

		if (!strcmp(arguments[parse.at], "--")) {
			parse.at++;
			break;
		}
		result = parse_one(&parse);
		if (result)
			return result;
	}
	*first = parse.at < count ? parse.at : count;
	return 0;
}

int options_parse_mixed(const struct command *command, int *count, char **arguments, void *settings,
			int *first)
{
	struct parse parse = {command, arguments, *count, 1, settings};
	char **operands = alloc_resize(NULL, (size_t)*count + 1, sizeof(*operands));
	int operand_count = 0;
	int result = 0;

	while (!result && parse.at < *count) {
		char *argument = arguments[parse.at];

		if (!strcmp(argument, "--")) {
			for (parse.at++; parse.at < *count; parse.at++)
				operands[operand_count++] = arguments[parse.at];
		} else if (is_option(argument)) {
			result = parse_one(&parse);
		} else {
			operands[operand_count++] = argument;
			parse.at++;
		}
	}
	if (!result) {
		/* The options' own arguments are done with: operands may lie over them. */
		memcpy(arguments + 1, operands, (size_t)operand_count * sizeof(*operands));
		if (1 + operand_count < *count)
			arguments[1 + operand_count] = NULL;
		*first = 1;
		*count = 1 + operand_count;
	}
	free(operands);
	return result;
}

int option_number(const char *value, unsigned long long low, unsigned long long high,
		  unsigned long long *number)
{
	unsigned long long parsed;
	bool decimal = *value && value[strspn(value, "0123456789")] == '\0';

	errno = 0;
	parsed = strtoull(value, NULL, 10);
	if (decimal && errno == 0 && parsed >= low && parsed <= high) {
		*number = parsed;
		return 0;
	}
	if (high == ~0ULL)
		return fail(-EINVAL, "\"%s\" is not a whole number from %llu on", value, low);
	return fail(-EINVAL, "\"%s\" is not a whole number from %llu to %llu", value, low, high);
}

int option_seconds(const char *value, double *seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"h", 3600}};
	/* Only these, so that strtod() takes no hexadecimal, "inf", "nan" or sign. */
	size_t digits = strspn(value, "0123456789.");
	char *number = alloc_format("%.*s", (int)digits, value);
	char *end;
	double parsed = strtod(number, &end);
	bool right = *number && !*end && isfinite(parsed);

	free(number);
	for (size_t n = 0; right && n < sizeof(units) / sizeof(units[0]); n++)
		if (!strcmp(value + digits, units[n].name)) {
			*seconds = parsed * units[n].seconds;
			return 0;
		}
	return fail(-EINVAL, "\"%s\" is not a time such as 10, 1.5, 200ms, 2m or 1h", value);
}
