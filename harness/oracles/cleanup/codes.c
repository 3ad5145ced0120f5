/* SPDX-License-Identifier: MIT */
/* See cleanup.h: the code objects that ran, each read once. */
#include "harness/oracles/cleanup/cleanup.h"

#include "harness/base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct address {
	uint64_t address;
	int number;
	UT_hash_handle hh;
};

static int read_code(struct cleanup_codes *codes, const struct python *python, pid_t pid,
		     uint64_t address)
{
	struct cleanup_code *code = alloc_zero(sizeof(*code));
	struct python_frame frame = {0};

	if (python_fill_frame(python, pid, address, -1, &frame)) {
		fail_clear();
		free(code);
		return -1;
	}
	code->stamp = python_code_stamp(python, pid, address);
	code->file = alloc_text(frame.file);
	code->function = alloc_text(frame.function);
	code->is_known = python_blocks_read(python, pid, address, &code->blocks) == 0;
	if (!code->is_known)
		fail_clear();
	alloc_grow((void **)&codes->list, codes->count, &codes->capacity, sizeof(*codes->list));
	codes->list[codes->count] = code;
	return (int)codes->count++;
}

int cleanup_codes_find(struct cleanup_codes *codes, const struct python *python, pid_t pid,
		       uint64_t address, bool may_have_changed)
{
	struct address *table = codes->by_address;
	struct address *known;
	uint64_t stamp;
	int number;

	HASH_FIND(hh, table, &address, sizeof(address), known);
	if (known && !may_have_changed)
		return known->number;
	stamp = python_code_stamp(python, pid, address);
	if (known && codes->list[known->number]->stamp == stamp)
		return known->number;
	number = read_code(codes, python, pid, address);
	if (number < 0)
		return -1;
	if (!known) {
		known = alloc_zero(sizeof(*known));
		known->address = address;
		HASH_ADD(hh, table, address, sizeof(address), known);
		codes->by_address = table;
	}
	known->number = number;
	return number;
}

void cleanup_codes_free(struct cleanup_codes *codes)
{
	struct address *table = codes->by_address;
	struct address *entry;
	struct address *next;

	HASH_ITER (hh, table, entry, next) {
		HASH_DEL(table, entry);
		free(entry);
	}
	for (size_t i = 0; i < codes->count; i++) {
		python_blocks_free(&codes->list[i]->blocks);
		free(codes->list[i]->file);
		free(codes->list[i]->function);
		free(codes->list[i]);
	}
	free(codes->list);
	memset(codes, 0, sizeof(*codes));
}
