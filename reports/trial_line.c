/* SPDX-License-Identifier: MIT */
/* A scanner for the one form of trial line that workers write. */
#include "reports/trial_line.h"

#include <string.h>

struct scanner {
	const char *at;
	const char *end;
};

/* Skips `expected` if it stands here. */
static bool take(struct scanner *scanner, const char *expected)
{
	size_t size = strlen(expected);

	if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, expected, size) != 0)
		return false;
	scanner->at += size;
	return true;
}

/* At most 18 digits, without a leading zero: fits JSON's integers. */
static bool take_number(struct scanner *scanner, uint64_t *number)
{
	const char *start = scanner->at;

	*number = 0;
	while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9')
		*number = *number * 10 + (uint64_t)(*scanner->at++ - '0');
	return scanner->at > start && scanner->at - start <= 18 &&
	       (*start != '0' || scanner->at - start == 1);
}

/* A string that means just what it looks like. */
static bool take_string(struct scanner *scanner, struct slice *text)
{
	if (!take(scanner, "\""))
		return false;
	text->start = scanner->at;
	while (scanner->at < scanner->end && *scanner->at != '"') {
		if (*scanner->at < ' ' || *scanner->at == '\\' || *scanner->at > '~')
			return false;
		scanner->at++;
	}
	text->size = (size_t)(scanner->at - text->start);
	return take(scanner, "\"");
}

/* The rest of an object whose first brace was taken. */
static bool skip_rest(struct scanner *scanner)
{
	struct slice unused;
	size_t depth = 1;

	while (scanner->at < scanner->end && depth > 0) {
		if (*scanner->at == '"') {
			if (!take_string(scanner, &unused))
				return false;
			continue;
		}
		depth += *scanner->at == '{';
		depth -= *scanner->at++ == '}';
	}
	return depth == 0;
}

/* The place of an opcode. */
static bool skip_object(struct scanner *scanner)
{
	return take(scanner, "{") && skip_rest(scanner);
}

static bool take_list(struct scanner *scanner, struct slice_list *list)
{
	if (!take(scanner, "["))
		return false;
	do {
		if (list->count == TRIAL_LIST_MAX ||
		    !take_string(scanner, &list->items[list->count]))
			return false;
		list->count++;
	} while (take(scanner, ","));
	return take(scanner, "]");
}

bool trial_line_parse(const char *line, size_t size, struct trial_line *trial)
{
	struct scanner scanner = {.at = line, .end = line + size};
	struct slice unused;
	uint64_t instructions;

	trial->findings.count = 0;
	trial->unknown.count = 0;
	trial->went.size = 0;
	trial->benign = (struct slice){0};
	if (!take(&scanner, "{\"type\":\"trial\",\"index\":") ||
	    !take_number(&scanner, &trial->index) || !take(&scanner, ",\"pc\":") ||
	    !take_string(&scanner, &unused) || !take(&scanner, ",\"phase\":") ||
	    !take_string(&scanner, &unused) || !take(&scanner, ",\"delivery\":") ||
	    !take_string(&scanner, &trial->delivery))
		return false;
	if (take(&scanner, ",\"python\":") && !skip_object(&scanner))
		return false;
	if (take(&scanner, ",\"handler\":") && !take_string(&scanner, &unused))
		return false;
	if (!take(&scanner, ",\"outcome\":") || !take_string(&scanner, &trial->outcome))
		return false;
	if (take(&scanner, ",\"benign\":") &&
	    (!take_string(&scanner, &trial->benign) || !trial->benign.size))
		return false;
	if (take(&scanner, ",\"findings\":") && !take_list(&scanner, &trial->findings))
		return false;
	if (take(&scanner, ",\"unknown\":") && !take_list(&scanner, &trial->unknown))
		return false;
	if (take(&scanner, ",\"went\":{\"kind\":") &&
	    (!take_string(&scanner, &trial->went) || !skip_rest(&scanner)))
		return false;
	if (take(&scanner, ",\"instructions\":") && !take_number(&scanner, &instructions))
		return false;
	return take(&scanner, "}") && scanner.at == scanner.end && trial->index > 0;
}

bool slice_is(struct slice text, const char *other)
{
	return text.size == strlen(other) && memcmp(text.start, other, text.size) == 0;
}
