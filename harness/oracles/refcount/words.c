/* SPDX-License-Identifier: MIT */
/* The counters whose values are read at each trial, in few system calls. */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/refcount/refcount.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH 2048 /* bytes that are read at once, with whatever lies between */

static int compare(const void *left, const void *right)
{
	const struct count_word *a = left;
	const struct count_word *b = right;

	return a->counter.address < b->counter.address ? -1
						       : a->counter.address > b->counter.address;
}

/* The latest life at an address says what it is. */
static void add(struct count_words *words, const struct life *life)
{
	struct count_word *word = NULL;

	for (size_t i = 0; !word && i < words->count; i++)
		if (words->list[i].counter.address == life->address)
			word = &words->list[i];
	if (!word && words->count == WORDS_MAX) {
		words->is_cut = true;
		return;
	}
	if (!word)
		word = &words->list[words->count++];
	*word = (struct count_word){.counter = {life->address, life->width},
				    .name = life->name,
				    .is_object = life->is_object,
				    .is_open = !life->has_ended};
}

/* Those that the program ends with first, for there may be no room for more. */
void count_words_find(struct count_words *words, const struct count_log *lives)
{
	words->list = alloc_zero(WORDS_MAX * sizeof(*words->list));
	for (size_t i = 0; i < lives->life_count; i++)
		if (!lives->lives[i].has_ended)
			add(words, &lives->lives[i]);
	for (size_t i = 0; i < lives->life_count; i++)
		if (lives->lives[i].has_ended && !count_log_open(lives, lives->lives[i].address))
			add(words, &lives->lives[i]);
	if (words->count)
		qsort(words->list, words->count, sizeof(*words->list), compare);
}

void count_words_free(struct count_words *words)
{
	free(words->list);
	*words = (struct count_words){0};
}

static void put(struct count_word *word, size_t member, int64_t value)
{
	memcpy((char *)word + member, &value, sizeof(value));
}

static void read_one(struct count_word *word, pid_t pid, size_t member)
{
	int64_t value = 0;

	if (!count_read(pid, word->counter.address, word->counter.width, &value))
		value = 0;
	put(word, member, value);
}

/* The words from `first` on that one read covers: the position behind them. */
static size_t read_stretch(struct count_words *words, size_t first, pid_t pid, size_t member)
{
	const uint64_t start = words->list[first].counter.address;
	uint8_t bytes[STRETCH + sizeof(uint64_t)];
	size_t end = first;
	size_t size = 0;

	while (end < words->count && words->list[end].counter.address - start < STRETCH) {
		size = words->list[end].counter.address - start + words->list[end].counter.width;
		end++;
	}
	if (memory_read(pid, start, bytes, size)) {
		/* Something between them is not mapped. */
		for (size_t i = first; i < end; i++)
			read_one(&words->list[i], pid, member);
		return end;
	}
	for (size_t i = first; i < end; i++) {
		const struct counter *counter = &words->list[i].counter;

		put(&words->list[i], member,
		    count_value(bytes + (counter->address - start), counter->width));
	}
	return end;
}

void count_words_read(struct count_words *words, pid_t pid, size_t member)
{
	for (size_t i = 0; i < words->count;)
		i = read_stretch(words, i, pid, member);
}

struct count_word *count_words_at(const struct count_words *words, uint64_t address)
{
	const struct count_word key = {.counter.address = address};

	return words->count ? bsearch(&key, words->list, words->count, sizeof(key), compare) : NULL;
}
