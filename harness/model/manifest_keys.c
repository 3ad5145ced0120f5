/* SPDX-License-Identifier: MIT */
/*
 * What each key of a manifest means: a table with a row for each, as docs/manifest.md lists them.
 * Knows nothing of files and line ends.
 */
#include "harness/model/manifest_keys.h"

#include "harness/base/alloc.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct key {
	const char *name;
	bool repeats;
	int (*take)(struct manifest *manifest, const struct key *key, const char *value,
		    unsigned int line);
	size_t offset; /* of the field that the plain rows fill */
};

static const char *after(const char *value, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(value, prefix, size) == 0 ? value + size : NULL;
}

const char *manifest_build_name(const char *value)
{
	return after(value, "build:");
}

char *manifest_beside(const struct manifest *manifest, const char *value)
{
	const char *file = after(value, "manifest:");

	return file ? alloc_format("%s/%s", manifest->folder, file) : alloc_text(value);
}

/* One more zeroed element at the end of an array whose capacity is not kept: manifests are short.
 */
static void *append(void *array, size_t *count, size_t size)
{
	char *grown = alloc_resize(array, *count + 1, size);

	memset(grown + *count * size, 0, size);
	(*count)++;
	return grown;
}

static int take_text(struct manifest *manifest, const struct key *key, const char *value,
		     unsigned int line)
{
	struct manifest_text *field = (void *)((char *)manifest + key->offset);

	*field = (struct manifest_text){alloc_text(value), line};
	return 0;
}

static int take_item(struct manifest *manifest, const struct key *key, const char *value,
		     unsigned int line)
{
	struct manifest_list *list = (void *)((char *)manifest + key->offset);

	if (strcmp(value, "manifest:") == 0)
		return fail(-EINVAL, "`manifest:` needs the name of a file");
	alloc_grow((void **)&list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = (struct manifest_text){alloc_text(value), line};
	return 0;
}

static int take_program(struct manifest *manifest, const struct key *key, const char *value,
			unsigned int line)
{
	const char *name = manifest_build_name(value);

	if (name && (*name == '\0' || strchr(name, '/')))
		return fail(-EINVAL, "`build:` needs the name of a target, not \"%.60s\"", name);
	manifest->is_python = strcmp(value, "python") == 0;
	return take_text(manifest, key, value, line);
}

static int take_environment(struct manifest *manifest, const struct key *key, const char *value,
			    unsigned int line)
{
	if (*value == '=')
		return fail(-EINVAL, "\"%.60s\" has no name before the equals sign", value);
	return take_item(manifest, key, value, line);
}

/* Decodes \n \t \r \0 \\ from `text` into `out`, which is as large; the size, or -EINVAL. */
static ssize_t decode_escapes(const char *text, char *out)
{
	static const char letters[] = "ntr0\\";
	static const char bytes[] = "\n\t\r\0\\";
	size_t size = 0;

	for (; *text; text++) {
		const char *letter;

		if (*text != '\\') {
			out[size++] = *text;
			continue;
		}
		text++;
		letter = *text ? strchr(letters, *text) : NULL;
		if (!letter)
			return fail(-EINVAL, "\"\\%.1s\" is no escape: \\n \\t \\r \\0 \\\\ are",
				    text);
		out[size++] = bytes[letter - letters];
	}
	return (ssize_t)size;
}

static int take_stdin(struct manifest *manifest, const struct key *key, const char *value,
		      unsigned int line)
{
	const char *text = after(value, "text:");
	ssize_t size;

	(void)key;
	(void)line;
	if (!text) {
		if (strcmp(value, "manifest:") == 0)
			return fail(-EINVAL, "`manifest:` needs the name of a file");
		manifest->stdin_kind = MANIFEST_STDIN_FILE;
		manifest->stdin_text = manifest_beside(manifest, value);
		manifest->stdin_size = strlen(manifest->stdin_text);
		return 0;
	}
	manifest->stdin_kind = MANIFEST_STDIN_TEXT;
	manifest->stdin_text = alloc_zero(strlen(text) + 1);
	size = decode_escapes(text, manifest->stdin_text);
	if (size < 0)
		return (int)size;
	manifest->stdin_size = (size_t)size;
	return 0;
}

static int take_verdict(struct manifest *manifest, const struct key *key, const char *value,
			unsigned int line)
{
	(void)key;
	(void)line;
	if (strcmp(value, "good") != 0 && strcmp(value, "bad") != 0)
		return fail(-EINVAL, "the verdict is good or bad, not \"%.60s\"", value);
	manifest->verdict = *value == 'g' ? MANIFEST_GOOD : MANIFEST_BAD;
	return 0;
}

static int take_choice(struct manifest *manifest, const struct key *key, const char *value,
		       unsigned int line)
{
	(void)line;
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return fail(-EINVAL, "`%s` is yes or no, not \"%.60s\"", key->name, value);
	*(bool *)((char *)manifest + key->offset) = *value == 'y';
	return 0;
}

/* The first word of `text` in new memory; *rest is what follows it, without blanks between. */
static char *first_word(const char *text, const char **rest)
{
	size_t size = strcspn(text, " \t");

	*rest = text + size + strspn(text + size, " \t");
	return alloc_format("%.*s", (int)size, text);
}

static int fill_need(struct manifest_need *need, const char *word, const char *rest)
{
	const bool is_root = strcmp(word, "root") == 0;

	if (is_root || strcmp(word, "watchpoints") == 0) {
		need->kind = is_root ? MANIFEST_NEED_ROOT : MANIFEST_NEED_WATCHPOINTS;
		return *rest ? fail(-EINVAL, "`%s` stands alone, without \"%.60s\"", word, rest)
			     : 0;
	}
	if (strcmp(word, "command") == 0)
		need->kind = MANIFEST_NEED_COMMAND;
	else if (strcmp(word, "file") == 0)
		need->kind = MANIFEST_NEED_FILE;
	else
		return fail(-EINVAL,
			    "needs are `command NAME`, `file PATH`, `root` or `watchpoints`, not "
			    "\"%.60s\"",
			    word);
	if (*rest == '\0')
		return fail(-EINVAL, "`%s` needs a name after it", word);
	need->text = alloc_text(rest);
	return 0;
}

static int take_need(struct manifest *manifest, const struct key *key, const char *value,
		     unsigned int line)
{
	struct manifest_need *need;
	const char *rest;
	char *word = first_word(value, &rest);
	int error;

	(void)key;
	manifest->needs = append(manifest->needs, &manifest->need_count, sizeof(*need));
	need = &manifest->needs[manifest->need_count - 1];
	need->line = line;
	error = fill_need(need, word, rest);
	free(word);
	return error;
}

static bool is_name(const char *text, size_t size)
{
	for (size_t n = 0; n < size; n++)
		if (!isalnum((unsigned char)text[n]) && text[n] != '-' && text[n] != '_')
			return false;
	return size > 0;
}

static int fill_finding(struct manifest_finding *finding, const char *word, const char *rest)
{
	const char *slash = strchr(word, '/');
	const char *function;

	if (!slash || !is_name(word, (size_t)(slash - word)) ||
	    !is_name(slash + 1, strlen(slash + 1)))
		return fail(-EINVAL, "a finding is ORACLE/KIND, not \"%.60s\"", word);
	finding->oracle = alloc_format("%.*s", (int)(slash - word), word);
	finding->kind = alloc_text(slash + 1);
	if (*rest == '\0')
		return 0;
	function = after(rest, "in");
	if (!function || (*function && *function != ' ' && *function != '\t'))
		return fail(-EINVAL,
			    "after ORACLE/KIND comes `in FUNCTION` or nothing, not \"%.60s\"",
			    rest);
	function += strspn(function, " \t");
	if (*function == '\0')
		return fail(-EINVAL, "`in` needs a function after it");
	finding->function = alloc_text(function);
	return 0;
}

static int add_finding(struct manifest_finding **list, size_t *count, const char *value,
		       unsigned int line)
{
	const char *rest;
	char *word = first_word(value, &rest);
	int error;

	*list = append(*list, count, sizeof(**list));
	(*list)[*count - 1].line = line;
	error = fill_finding(&(*list)[*count - 1], word, rest);
	free(word);
	return error;
}

static int take_finding(struct manifest *manifest, const struct key *key, const char *value,
			unsigned int line)
{
	(void)key;
	return add_finding(&manifest->findings, &manifest->finding_count, value, line);
}

static int take_benign(struct manifest *manifest, const struct key *key, const char *value,
		       unsigned int line)
{
	(void)key;
	return add_finding(&manifest->benign, &manifest->benign_count, value, line);
}

static int fill_count(struct manifest_count *entry, const char *text)
{
	char *end;

	if (*text == '\0')
		return 0;
	errno = 0;
	entry->has_count = true;
	entry->count = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || entry->count == 0)
		return fail(-EINVAL,
			    "after the name comes how often it must occur, from 1, not "
			    "\"%.60s\"",
			    text);
	return 0;
}

static int take_count(struct manifest_count **list, size_t *count, const char *value,
		      unsigned int line)
{
	const char *rest;
	char *name = first_word(value, &rest);

	for (size_t n = 0; n < *count; n++) {
		if (strcmp((*list)[n].name, name) != 0)
			continue;
		free(name);
		return fail(-EINVAL, "%.60s was named in line %u already", (*list)[n].name,
			    (*list)[n].line);
	}
	*list = append(*list, count, sizeof(**list));
	(*list)[*count - 1].name = name;
	(*list)[*count - 1].line = line;
	return fill_count(&(*list)[*count - 1], rest);
}

static int take_outcome(struct manifest *manifest, const struct key *key, const char *value,
			unsigned int line)
{
	(void)key;
	return take_count(&manifest->outcomes, &manifest->outcome_count, value, line);
}

static int take_went(struct manifest *manifest, const struct key *key, const char *value,
		     unsigned int line)
{
	(void)key;
	return take_count(&manifest->wents, &manifest->went_count, value, line);
}

static int take_delivery(struct manifest *manifest, const struct key *key, const char *value,
			 unsigned int line)
{
	static const char *const names[] = {"entered", "default", "ignored", "blocked", "no-room"};
	size_t size = strcspn(value, " \t");

	(void)key;
	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (strlen(names[n]) == size && strncmp(value, names[n], size) == 0)
			return take_count(&manifest->deliveries, &manifest->delivery_count, value,
					  line);
	return fail(-EINVAL,
		    "a delivery is entered, default, ignored, blocked or no-room, not \"%.*s\"",
		    size > 60 ? 60 : (int)size, value);
}

#define TEXT(key)                                                                                  \
	{                                                                                          \
#key, false, take_text, offsetof(struct manifest, key)                             \
	}

static const struct key keys[] = {
	TEXT(title),
	{"program", false, take_program, offsetof(struct manifest, program)},
	{"argument", true, take_item, offsetof(struct manifest, arguments)},
	{"environment", true, take_environment, offsetof(struct manifest, environment)},
	{"stdin", false, take_stdin, 0},
	TEXT(signal),
	TEXT(boundary),
	TEXT(from),
	TEXT(to),
	TEXT(in),
	TEXT(oracles),
	TEXT(expect),
	TEXT(budget),
	TEXT(timeout),
	TEXT(status),
	{"max-latency", false, take_text, offsetof(struct manifest, max_latency)},
	{"needs", true, take_need, 0},
	{"verdict", false, take_verdict, 0},
	{"finding", true, take_finding, 0},
	{"benign", true, take_benign, 0},
	{"outcome", true, take_outcome, 0},
	{"delivery", true, take_delivery, 0},
	{"went", true, take_went, 0},
	{"complete", false, take_choice, offsetof(struct manifest, complete)},
	{"long", false, take_choice, offsetof(struct manifest, is_long)},
};

#define KEY_COUNT (sizeof(keys) / sizeof(*keys))
_Static_assert(KEY_COUNT <= MANIFEST_KEY_MAX, "struct manifest_seen has room for every key");

static const struct key *find_key(const char *name)
{
	for (size_t n = 0; n < KEY_COUNT; n++)
		if (strcmp(keys[n].name, name) == 0)
			return &keys[n];
	return NULL;
}

int manifest_take(struct manifest *manifest, struct manifest_seen *seen, const char *name,
		  const char *value, unsigned int line)
{
	const struct key *key = find_key(name);
	unsigned int *first;

	if (!key)
		return fail(-EINVAL, "unknown key \"%.60s\"", name);
	first = &seen->lines[key - keys];
	if (*first && !key->repeats)
		return fail(-EINVAL, "`%s` may stand once and stood in line %u already", name,
			    *first);
	*first = line;
	if (key->take == take_verdict)
		seen->verdict = line;
	/* An empty argument is an argument; elsewhere nothing would be said. */
	if (*value == '\0' && key->take != take_item)
		return fail(-EINVAL, "`%s` has no value", name);
	return key->take(manifest, key, value, line);
}
