/* SPDX-License-Identifier: MIT */
/* Reads dicts, lists, tuples and module attributes of a CPython process. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_IS_LIST (1ull << 25)  /* Include/object.h, Py_TPFLAGS_LIST_SUBCLASS */
#define TYPE_IS_TUPLE (1ull << 26) /* Py_TPFLAGS_TUPLE_SUBCLASS: named tuples as well */
#define ENTRIES_MAX (1u << 20)     /* a larger count is no dict of ours */
#define KEYS_GENERAL 0             /* pycore_dict.h, DictKeysKind, from 3.11 on */
#define KEYS_SPLIT 2

/* The entries of a dict: `count` of `stride` bytes from `start` on. */
struct entries {
	uint64_t start;
	uint64_t count;
	size_t stride;
	size_t key_at;   /* in an entry, bytes; the value follows the key */
	uint64_t values; /* of a split dict, by number of entry; else 0 */
};

/* Up to 3.10: hash, key, value behind an index whose width follows from its size. */
static int old_entries(const struct python *python, pid_t pid, uint64_t keys,
		       struct entries *entries)
{
	uint64_t size, width;
	int error = read_pointer(pid, keys + python->at.keys_size, &size);

	if (error != 0)
		return error;
	if (size <= 0xff)
		width = 1;
	else if (size <= 0xffff)
		width = 2;
	else
		width = size <= 0xffffffff ? 4 : 8;
	entries->start = keys + python->at.keys_indices + size * width;
	entries->stride = 24;
	entries->key_at = 8;
	return 0;
}

/* From 3.11 on: the width is stored, and keys that are all str have no hash beside them. */
static int new_entries(const struct python *python, pid_t pid, uint64_t keys,
		       struct entries *entries)
{
	uint8_t log2_index, kind;
	int error = memory_read(pid, keys + python->at.keys_log2_index, &log2_index, 1);

	if (error == 0)
		error = memory_read(pid, keys + python->at.keys_kind, &kind, 1);
	if (error != 0)
		return error;
	if (log2_index > 40)
		return -EINVAL;
	entries->start = keys + python->at.keys_indices + (1ull << log2_index);
	entries->stride = kind == KEYS_GENERAL ? 24 : 16;
	entries->key_at = kind == KEYS_GENERAL ? 8 : 0;
	return 0;
}

static int find_entries(const struct python *python, pid_t pid, uint64_t dict,
			struct entries *entries)
{
	const struct python_layout *at = &python->at;
	uint64_t keys;
	int error = read_pointer(pid, dict + at->dict_keys, &keys);

	if (error == 0)
		error = read_pointer(pid, dict + at->dict_values, &entries->values);
	if (error == 0)
		error = read_pointer(pid, keys + at->keys_count, &entries->count);
	if (error != 0)
		return error;
	if (entries->count > ENTRIES_MAX)
		return -EINVAL;
	if (entries->values != 0)
		entries->values += at->values_items;
	return python->version->minor < 11 ? old_entries(python, pid, keys, entries)
					   : new_entries(python, pid, keys, entries);
}

int python_dict_each(const struct python *python, pid_t pid, uint64_t dict,
		     int (*each)(void *context, uint64_t key, uint64_t value), void *context)
{
	struct entries entries;
	unsigned char *all;
	int result = find_entries(python, pid, dict, &entries);

	if (result != 0 || entries.count == 0)
		return result;
	all = alloc_zero(entries.count * entries.stride);
	result = memory_read(pid, entries.start, all, entries.count * entries.stride);
	for (uint64_t n = 0; n < entries.count && result == 0; n++) {
		const unsigned char *entry = all + n * entries.stride + entries.key_at;
		uint64_t key, value;

		memcpy(&key, entry, sizeof(key));
		memcpy(&value, entry + sizeof(key), sizeof(value));
		if (entries.values != 0)
			result = read_pointer(pid, entries.values + n * sizeof(value), &value);
		if (result == 0 && key != 0 && value != 0)
			result = each(context, key, value);
	}
	free(all);
	return result;
}

struct wanted {
	const struct python *python;
	pid_t pid;
	const char *key;
	uint64_t value;
};

static int compare_key(void *context, uint64_t key, uint64_t value)
{
	struct wanted *wanted = context;
	char text[128];

	if (python_unicode(wanted->python, wanted->pid, key, text, sizeof(text)) < 0 ||
	    strcmp(text, wanted->key) != 0)
		return 0;
	wanted->value = value;
	return 1;
}

int python_dict_find(const struct python *python, pid_t pid, uint64_t dict, const char *key,
		     uint64_t *value)
{
	struct wanted wanted = {.python = python, .pid = pid, .key = key};
	int result = python_dict_each(python, pid, dict, compare_key, &wanted);

	if (result < 0)
		return result;
	if (result == 0)
		return -ENOENT;
	*value = wanted.value;
	return 0;
}

int python_dict_size(const struct python *python, pid_t pid, uint64_t dict, uint64_t *size)
{
	return read_pointer(pid, dict + python->at.dict_used, size);
}

int python_module_attribute(const struct python *python, pid_t pid, const char *module,
			    const char *attribute, uint64_t *value)
{
	uint64_t modules, object, dict;
	int error =
		read_pointer(pid, python->interpreter + python->at.interpreter_modules, &modules);

	if (error == 0 && modules == 0)
		return -ENOENT;
	if (error == 0)
		error = python_dict_find(python, pid, modules, module, &object);
	/* Objects/moduleobject.c: md_dict is the first member after the object's head. */
	if (error == 0)
		error = read_pointer(pid, object + python->at.object_type + sizeof(void *), &dict);
	return error == 0 ? python_dict_find(python, pid, dict, attribute, value) : error;
}

ssize_t python_items(const struct python *python, pid_t pid, uint64_t object, uint64_t *items,
		     size_t max)
{
	const struct python_layout *at = &python->at;
	uint64_t count, type, flags, start = object + at->tuple_items;
	int error = read_type(python, pid, object, &type);

	if (error == 0)
		error = read_pointer(pid, type + at->type_flags, &flags);
	if (error != 0)
		return error;
	if ((flags & TYPE_IS_LIST) != 0)
		error = read_pointer(pid, object + at->list_items, &start);
	else if ((flags & TYPE_IS_TUPLE) == 0)
		return -EINVAL;
	if (error == 0)
		error = read_pointer(pid, object + at->object_size, &count);
	if (error == 0)
		error = memory_read(pid, start, items,
				    (count < max ? count : max) * sizeof(*items));
	return error == 0 ? (ssize_t)count : error;
}
