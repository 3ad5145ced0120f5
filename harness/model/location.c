/* SPDX-License-Identifier: MIT */
/* See location.h. */
#include "harness/model/location.h"

#include "harness/base/alloc.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, int base, uint64_t *number)
{
	char *end;

	if (!isxdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*number = strtoull(text, &end, base);
	return !errno && *end == '\0';
}

static int parse_probe(const char *text, struct location *location)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || !colon[1])
		return fail(-EINVAL, "'%s': a probe is named probe:PROVIDER:NAME", location->text);
	location->kind = LOCATION_PROBE;
	location->name = strndup(text, (size_t)(colon - text));
	location->probe = alloc_text(colon + 1);
	return 0;
}

static int parse_python_function(const char *text, struct location *location)
{
	if (!*text)
		return fail(-EINVAL, "'%s': a Python function is named py:FUNCTION",
			    location->text);
	location->kind = LOCATION_PYTHON_FUNCTION;
	location->name = alloc_text(text);
	return 0;
}

static int parse_window(const char *text, struct location *location)
{
	if (!*text)
		return fail(-EINVAL, "'%s': a window of the companion module is named window:NAME",
			    location->text);
	location->kind = LOCATION_WINDOW;
	location->name = alloc_text(text);
	return 0;
}

static int parse_module_symbol(const char *text, const char *mark, struct location *location)
{
	if (mark == text || !mark[1])
		return fail(-EINVAL, "'%s': a symbol of a module is named MODULE!SYMBOL", text);
	location->kind = LOCATION_SYMBOL;
	location->module = strndup(text, (size_t)(mark - text));
	location->name = alloc_text(mark + 1);
	return 0;
}

static bool is_python_file(const char *name)
{
	const size_t size = strlen(name);

	return size > 3 && strcmp(name + size - 3, ".py") == 0;
}

/* MODULE+0xOFF, FILE:LINE or 0xADDRESS; false when it is none of them. */
static bool parse_numbered(const char *text, struct location *location)
{
	const char *plus = strrchr(text, '+');
	const char *colon = strrchr(text, ':');

	if (strncmp(text, "0x", 2) == 0 && parse_number(text + 2, 16, &location->number)) {
		location->kind = LOCATION_ADDRESS;
		return true;
	}
	if (plus && plus > text && strncmp(plus + 1, "0x", 2) == 0 &&
	    parse_number(plus + 3, 16, &location->number)) {
		location->kind = LOCATION_OFFSET;
		location->module = strndup(text, (size_t)(plus - text));
		return true;
	}
	if (colon && colon > text && colon[-1] != ':' && isdigit((unsigned char)colon[1]) &&
	    parse_number(colon + 1, 10, &location->number)) {
		location->name = strndup(text, (size_t)(colon - text));
		location->kind =
			is_python_file(location->name) ? LOCATION_PYTHON_LINE : LOCATION_LINE;
		return true;
	}
	return false;
}

int location_parse(const char *text, struct location *location)
{
	static const struct {
		const char *word;
		enum location_kind kind;
	} words[] = {{"main", LOCATION_MAIN},         {"handler", LOCATION_HANDLER},
		     {"exit", LOCATION_EXIT},         {"module", LOCATION_MODULE},
		     {"finalize", LOCATION_FINALIZE}, {"window", LOCATION_WINDOW}};
	const char *mark = strchr(text, '!');

	*location = (struct location){.text = alloc_text(text)};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].word) == 0) {
			location->kind = words[i].kind;
			return 0;
		}
	}
	if (!*text)
		return fail(-EINVAL, "an empty place: name a symbol, FILE:LINE, MODULE+0xOFFSET, "
				     "main, handler, exit, probe:PROVIDER:NAME, or in Python "
				     "module, finalize, FILE.py:LINE, py:FUNCTION, window or "
				     "window:NAME");
	if (strncmp(text, "probe:", 6) == 0)
		return parse_probe(text + 6, location);
	if (strncmp(text, "py:", 3) == 0)
		return parse_python_function(text + 3, location);
	if (strncmp(text, "window:", 7) == 0)
		return parse_window(text + 7, location);
	if (mark)
		return parse_module_symbol(text, mark, location);
	if (parse_numbered(text, location))
		return 0;
	location->kind = LOCATION_SYMBOL;
	location->name = alloc_text(text);
	return 0;
}

void location_free(struct location *location)
{
	free(location->text);
	free(location->module);
	free(location->name);
	free(location->probe);
	memset(location, 0, sizeof(*location));
}

bool location_is_python(const struct location *location)
{
	return location->kind == LOCATION_MODULE || location->kind == LOCATION_FINALIZE ||
	       location->kind == LOCATION_PYTHON_FUNCTION ||
	       location->kind == LOCATION_PYTHON_LINE || location->kind == LOCATION_WINDOW;
}

static int one_address(uint64_t address, uint64_t **addresses, size_t *count)
{
	*addresses = alloc_zero(sizeof(**addresses));
	**addresses = address;
	*count = 1;
	return 0;
}

static int resolve_offset(const struct location *location, struct symbols *symbols,
			  uint64_t **addresses, size_t *count)
{
	for (size_t i = 0; i < symbols_module_count(symbols); i++) {
		const struct module *module = symbols_module(symbols, i);
		const uint64_t address = location->number + module->bias;

		if (!module_matches(module, location->module))
			continue;
		if (address < module->start || address >= module->end)
			return fail(-EINVAL, "'%s' lies outside of %s", location->text,
				    module->path);
		return one_address(address, addresses, count);
	}
	return fail(-ENOENT, "'%s': no module of that name is mapped", location->text);
}

static int resolve_probe(const struct location *location, struct symbols *symbols,
			 uint64_t **addresses, uint64_t **semaphores, size_t *count)
{
	struct probe_site *sites;
	int error = symbols_find_probe(symbols, location->name, location->probe, &sites, count);

	if (error)
		return error;
	*addresses = alloc_resize(NULL, *count, sizeof(**addresses));
	*semaphores = alloc_resize(NULL, *count, sizeof(**semaphores));
	for (size_t i = 0; i < *count; i++) {
		(*addresses)[i] = sites[i].pc;
		(*semaphores)[i] = sites[i].semaphore;
	}
	free(sites);
	return 0;
}

int location_resolve(const struct location *location, struct symbols *symbols, uint64_t **addresses,
		     uint64_t **semaphores, size_t *count)
{
	*addresses = NULL;
	*semaphores = NULL;
	*count = 0;
	switch (location->kind) {
	case LOCATION_SYMBOL:
		return symbols_find(symbols, location->module, location->name, addresses, count);
	case LOCATION_FINALIZE:
		return symbols_find(symbols, NULL, "Py_FinalizeEx", addresses, count);
	case LOCATION_OFFSET:
		return resolve_offset(location, symbols, addresses, count);
	case LOCATION_LINE:
		return symbols_find_line(symbols, location->name, (int)location->number, addresses,
					 count);
	case LOCATION_PROBE:
		return resolve_probe(location, symbols, addresses, semaphores, count);
	case LOCATION_ADDRESS:
		return one_address(location->number, addresses, count);
	case LOCATION_MAIN:
	case LOCATION_HANDLER:
	case LOCATION_EXIT:
	case LOCATION_MODULE:
	case LOCATION_PYTHON_FUNCTION:
	case LOCATION_PYTHON_LINE:
	case LOCATION_WINDOW:
		break;
	}
	return fail(-EINVAL, "'%s' is no address", location->text);
}
