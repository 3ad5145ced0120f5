/* SPDX-License-Identifier: MIT */
/*
 * See unwind_pages.h. A table of slots, each page having one slot that it can be in: a collision
 * costs one more read and nothing else.
 */
#include "harness/engine/unwind_pages.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096ULL
#define SLOTS 256

struct slot {
	uint64_t page;
	uint64_t unwind; /* in which it was read; 0: empty */
	bool is_constant;
	uint8_t bytes[PAGE];
};

struct unwind_pages {
	const struct symbols *symbols;
	pid_t tid;
	uint64_t unwind; /* number of the present one, from 1 */
	struct slot slots[SLOTS];
};

struct unwind_pages *unwind_pages_new(const struct symbols *symbols)
{
	struct unwind_pages *pages = alloc_zero(sizeof(*pages));

	pages->symbols = symbols;
	pages->unwind = 1;
	return pages;
}

void unwind_pages_free(struct unwind_pages *pages)
{
	free(pages);
}

void unwind_pages_begin(struct unwind_pages *pages, pid_t tid)
{
	pages->tid = tid;
	pages->unwind++;
}

void unwind_pages_forget(struct unwind_pages *pages)
{
	for (size_t i = 0; i < SLOTS; i++)
		pages->slots[i].unwind = 0;
}

static const struct slot *find_page(struct unwind_pages *pages, uint64_t page)
{
	uint64_t number = page / PAGE;
	struct slot *slot = &pages->slots[(number ^ (number >> 8) ^ (number >> 16)) % SLOTS];

	if (slot->unwind && slot->page == page &&
	    (slot->is_constant || slot->unwind == pages->unwind))
		return slot;
	slot->unwind = 0;
	if (memory_read(pages->tid, page, slot->bytes, PAGE))
		return NULL;
	slot->page = page;
	slot->unwind = pages->unwind;
	slot->is_constant = symbols_is_constant(pages->symbols, page);
	return slot;
}

int unwind_pages_read(struct unwind_pages *pages, uint64_t address, uint64_t *value)
{
	uint8_t *to = (uint8_t *)value;
	size_t done = 0;

	while (done < sizeof(*value)) {
		size_t at = (address + done) % PAGE;
		size_t size = PAGE - at < sizeof(*value) - done ? PAGE - at : sizeof(*value) - done;
		const struct slot *slot = find_page(pages, address + done - at);

		if (!slot)
			return -EFAULT;
		memcpy(to + done, slot->bytes + at, size);
		done += size;
	}
	return 0;
}
