/* SPDX-License-Identifier: MIT */
/*
 * A sorted array of blocks. A block is a run of full pages, or one page with a bit for each index.
 * Plain intervals would do for one job; but with the shares of several jobs interleaved, one that
 * is ahead leaves every second index open, and each interval would cost more than its bits.
 */
#include "reports/intervals.h"

#include "harness/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT 11
#define PAGE_SPAN (UINT64_C(1) << PAGE_SHIFT) /* indices to a page */
#define WORD_BITS 64
#define PAGE_WORDS (PAGE_SPAN / WORD_BITS)

struct page {
	uint32_t count;
	uint64_t words[PAGE_WORDS];
};

struct interval_block {
	uint64_t first_page;
	uint64_t pages;    /* 1 where there are bits */
	struct page *bits; /* NULL: every index of these pages is in the set */
};

/* The place of the first block that ends behind `page`. */
static size_t find_block(const struct intervals *set, uint64_t page)
{
	size_t low = 0;
	size_t high = set->block_count;

	/* Indices nearly always come near the end. */
	if (high > 0 && set->blocks[high - 1].first_page <= page)
		low = high - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct interval_block *block = &set->blocks[middle];

		if (block->first_page + block->pages <= page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void drop_block(struct intervals *set, size_t at)
{
	free(set->blocks[at].bits);
	set->block_count--;
	memmove(&set->blocks[at], &set->blocks[at + 1],
		(set->block_count - at) * sizeof(*set->blocks));
}

static void insert_block(struct intervals *set, size_t at, uint64_t page)
{
	void *memory = set->blocks;

	alloc_grow(&memory, set->block_count, &set->capacity, sizeof(*set->blocks));
	set->blocks = memory;
	memmove(&set->blocks[at + 1], &set->blocks[at],
		(set->block_count - at) * sizeof(*set->blocks));
	set->block_count++;
	set->blocks[at] = (struct interval_block){
		.first_page = page,
		.pages = 1,
		.bits = alloc_zero(sizeof(struct page)),
	};
}

static bool joins(const struct interval_block *left, const struct interval_block *right)
{
	return !left->bits && !right->bits && left->first_page + left->pages == right->first_page;
}

/* A page has filled up: keeps only that it is full, as part of the runs beside it. */
static void settle_block(struct intervals *set, size_t at)
{
	free(set->blocks[at].bits);
	set->blocks[at].bits = NULL;
	if (at + 1 < set->block_count && joins(&set->blocks[at], &set->blocks[at + 1])) {
		set->blocks[at].pages += set->blocks[at + 1].pages;
		drop_block(set, at + 1);
	}
	if (at > 0 && joins(&set->blocks[at - 1], &set->blocks[at])) {
		set->blocks[at - 1].pages += set->blocks[at].pages;
		drop_block(set, at);
	}
}

bool intervals_add(struct intervals *set, uint64_t index)
{
	uint64_t page = index >> PAGE_SHIFT;
	size_t at = find_block(set, page);
	uint64_t *word;
	uint64_t bit = UINT64_C(1) << (index % WORD_BITS);

	if (at == set->block_count || set->blocks[at].first_page > page)
		insert_block(set, at, page);
	if (!set->blocks[at].bits)
		return false;
	word = &set->blocks[at].bits->words[index % PAGE_SPAN / WORD_BITS];
	if (*word & bit)
		return false;
	*word |= bit;
	set->count++;
	if (++set->blocks[at].bits->count == PAGE_SPAN)
		settle_block(set, at);
	return true;
}

bool intervals_has(const struct intervals *set, uint64_t index)
{
	struct range range;

	return intervals_next_gap(set, index, index, &range) == false;
}

/* The first index of the page, from `index` on, whose bit is `wanted`; PAGE_SPAN: none. */
static uint64_t scan_page(const struct page *page, uint64_t index, bool wanted)
{
	while (index < PAGE_SPAN) {
		uint64_t word = page->words[index / WORD_BITS];

		word = (wanted ? word : ~word) & (~UINT64_C(0) << (index % WORD_BITS));
		if (word)
			return index / WORD_BITS * WORD_BITS + (uint64_t)__builtin_ctzll(word);
		index = (index / WORD_BITS + 1) * WORD_BITS;
	}
	return PAGE_SPAN;
}

/* The first index >= from that is in the set; false: none. */
static bool find_member(const struct intervals *set, uint64_t from, uint64_t *found)
{
	for (size_t at = find_block(set, from >> PAGE_SHIFT); at < set->block_count; at++) {
		const struct interval_block *block = &set->blocks[at];
		uint64_t start = block->first_page << PAGE_SHIFT;
		uint64_t offset = from > start ? from - start : 0;

		if (block->bits)
			offset = scan_page(block->bits, offset, true);
		if (!block->bits || offset < PAGE_SPAN) {
			*found = start + offset;
			return true;
		}
	}
	return false;
}

/* The first index >= from that is not in the set. */
static uint64_t find_absent(const struct intervals *set, uint64_t from)
{
	for (size_t at = find_block(set, from >> PAGE_SHIFT); at < set->block_count; at++) {
		const struct interval_block *block = &set->blocks[at];
		uint64_t start = block->first_page << PAGE_SHIFT;
		uint64_t offset;

		if (from < start)
			break;
		offset = block->bits ? scan_page(block->bits, from - start, false)
				     : block->pages << PAGE_SHIFT;
		from = start + offset;
		if (block->bits && offset < PAGE_SPAN)
			break;
	}
	return from;
}

bool intervals_next(const struct intervals *set, uint64_t from, struct range *range)
{
	if (!find_member(set, from, &range->first))
		return false;
	range->last = find_absent(set, range->first) - 1;
	return true;
}

bool intervals_next_gap(const struct intervals *set, uint64_t from, uint64_t last,
			struct range *range)
{
	uint64_t next;

	range->first = find_absent(set, from);
	if (range->first > last)
		return false;
	range->last = last;
	if (find_member(set, range->first, &next) && next <= last)
		range->last = next - 1;
	return true;
}

uint64_t intervals_count_outside(const struct intervals *set, const struct intervals *other)
{
	uint64_t outside = 0;
	struct range range;
	struct range gap;

	for (uint64_t from = 0; intervals_next(set, from, &range); from = range.last + 1) {
		for (uint64_t at = range.first;
		     at <= range.last && intervals_next_gap(other, at, range.last, &gap);
		     at = gap.last + 1)
			outside += gap.last - gap.first + 1;
	}
	return outside;
}

uint64_t intervals_first(const struct intervals *set)
{
	uint64_t first = 0;

	return find_member(set, 0, &first) ? first : 0;
}

uint64_t intervals_last(const struct intervals *set)
{
	const struct interval_block *block;
	uint64_t offset;

	if (set->block_count == 0)
		return 0;
	block = &set->blocks[set->block_count - 1];
	offset = (block->pages << PAGE_SHIFT) - 1;
	while (block->bits && scan_page(block->bits, offset, true) == PAGE_SPAN)
		offset--;
	return (block->first_page << PAGE_SHIFT) + offset;
}

void intervals_clear(struct intervals *set)
{
	for (size_t at = 0; at < set->block_count; at++)
		free(set->blocks[at].bits);
	free(set->blocks);
	*set = (struct intervals){0};
}
