/* SPDX-License-Identifier: MIT */
/*
 * SDT probe sites: notes of type 3 and owner "stapsdt" (SystemTap's sys/sdt.h, version 3): three
 * words (site, address of .stapsdt.base at link time, semaphore) and three strings.
 */
#include "harness/base/alloc.h"
#include "harness/base/nearest.h"
#include "harness/engine/symbols_module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_OWNER "stapsdt"
#define NOTE_TYPE 3
#define WORDS_SIZE (3 * sizeof(uint64_t))

struct found {
	struct probe_site *list;
	size_t count;
	size_t capacity;
};

/* How far prelinking or the like has moved the file since the notes were written. */
static uint64_t moved_by(struct loaded *loaded, uint64_t base_in_note)
{
	GElf_Shdr header;

	if (!base_in_note || !elf_find_section(loaded->elf, ".stapsdt.base", &header))
		return 0;
	return header.sh_addr - base_in_note;
}

static bool parse_note(struct loaded *loaded, const char *bytes, size_t size,
		       struct probe_site *site)
{
	const char *end = bytes + size;
	const char *texts[3];
	uint64_t words[3];
	uint64_t moved;

	if (size < WORDS_SIZE)
		return false;
	memcpy(words, bytes, WORDS_SIZE);
	bytes += WORDS_SIZE;
	for (int i = 0; i < 3; i++) {
		const char *zero = memchr(bytes, '\0', (size_t)(end - bytes));

		if (!zero)
			return false;
		texts[i] = bytes;
		bytes = zero + 1;
	}
	moved = moved_by(loaded, words[1]) + loaded->module.bias;
	site->pc = words[0] + moved;
	site->semaphore = words[2] ? words[2] + moved : 0;
	site->provider = texts[0];
	site->name = texts[1];
	site->arguments = texts[2];
	return true;
}

static void add_site(struct found *found, const struct probe_site *site)
{
	alloc_grow((void **)&found->list, found->count, &found->capacity, sizeof(*found->list));
	found->list[found->count++] = *site;
}

static void read_section(struct loaded *loaded, Elf_Data *data, struct found *found)
{
	GElf_Nhdr header;
	size_t name_at;
	size_t bytes_at;
	size_t at = 0;

	while ((at = gelf_getnote(data, at, &header, &name_at, &bytes_at)) > 0) {
		const char *buffer = data->d_buf;
		struct probe_site site;

		if (header.n_type != NOTE_TYPE || header.n_namesz != sizeof(NOTE_OWNER) ||
		    memcmp(buffer + name_at, NOTE_OWNER, sizeof(NOTE_OWNER)))
			continue;
		if (parse_note(loaded, buffer + bytes_at, header.n_descsz, &site))
			add_site(found, &site);
	}
}

static void read_module(struct loaded *loaded, struct found *found)
{
	Elf_Scn *section = NULL;

	if (!loaded->elf)
		return;
	while ((section = elf_nextscn(loaded->elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(section, NULL);
		if (data)
			read_section(loaded, data, found);
	}
}

static int explain(const struct found *all, const char *provider, const char *name)
{
	const char **words = alloc_zero((all->count + 1) * sizeof(*words));
	char *wanted = alloc_format("%s:%s", provider, name);
	const char *nearest;
	int code;

	for (size_t i = 0; i < all->count; i++)
		words[i] = alloc_format("%s:%s", all->list[i].provider, all->list[i].name);
	nearest = word_nearest(wanted, words, all->count);
	if (nearest)
		code = fail(-ENOENT, "there is no probe %s; there is %s", wanted, nearest);
	else if (all->count)
		code = fail(-ENOENT, "there is no probe %s; there are others, such as %s", wanted,
			    words[0]);
	else
		code = fail(-ENOENT, "there is no probe %s: no module has SDT probes", wanted);
	for (size_t i = 0; i < all->count; i++)
		free((char *)words[i]);
	free(words);
	free(wanted);
	return code;
}

int symbols_find_probe(struct symbols *symbols, const char *provider, const char *name,
		       struct probe_site **sites, size_t *count)
{
	struct found all = {0};
	size_t matching = 0;

	for (size_t n = 0; n < symbols->count; n++)
		read_module(symbols_in_search_order(symbols, n), &all);
	for (size_t i = 0; i < all.count; i++)
		matching +=
			!strcmp(all.list[i].provider, provider) && !strcmp(all.list[i].name, name);
	if (matching == 0) {
		int code = explain(&all, provider, name);

		free(all.list);
		return code;
	}
	*sites = alloc_zero(matching * sizeof(**sites));
	*count = 0;
	for (size_t i = 0; i < all.count; i++) {
		if (!strcmp(all.list[i].provider, provider) && !strcmp(all.list[i].name, name))
			(*sites)[(*count)++] = all.list[i];
	}
	free(all.list);
	return 0;
}

size_t symbols_probes_of(struct symbols *symbols, const char *provider, struct probe_site **sites)
{
	struct found all = {0};
	size_t kept = 0;

	for (size_t n = 0; n < symbols->count; n++)
		read_module(symbols_in_search_order(symbols, n), &all);
	for (size_t i = 0; i < all.count; i++)
		if (!strcmp(all.list[i].provider, provider))
			all.list[kept++] = all.list[i];
	if (!kept) {
		free(all.list);
		all.list = NULL;
	}
	*sites = all.list;
	return kept;
}
