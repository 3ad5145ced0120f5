/* SPDX-License-Identifier: MIT */
/* Where the code of modules lies, by their sections. */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <errno.h>
#include <stdlib.h>

struct ranges {
	struct code_range *list;
	size_t count;
	size_t capacity;
};

static void add(struct ranges *ranges, uint64_t start, uint64_t size)
{
	alloc_grow((void **)&ranges->list, ranges->count, &ranges->capacity, sizeof(*ranges->list));
	ranges->list[ranges->count++] = (struct code_range){.start = start, .end = start + size};
}

static int add_module(const struct loaded *loaded, struct ranges *ranges)
{
	const size_t before = ranges->count;
	Elf_Scn *section = NULL;

	while (loaded->elf && (section = elf_nextscn(loaded->elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_flags & SHF_EXECINSTR &&
		    header.sh_flags & SHF_ALLOC && header.sh_type != SHT_NOBITS && header.sh_size)
			add(ranges, header.sh_addr + loaded->module.bias, header.sh_size);
	}
	return ranges->count > before
		       ? 0
		       : fail(-ENOTSUP, "%s has no section headers", loaded->module.path);
}

/* Of the modules that match, or, where that is NULL, of this one. */
static int find(const struct symbols *symbols, const char *glob, const struct module *only,
		struct code_range **ranges, size_t *count)
{
	struct ranges found = {0};
	int error = 0;

	for (size_t i = 0; !error && i < symbols->count; i++) {
		const struct module *module = &symbols->alive[i]->module;

		if (glob ? module_matches(module, glob) : module == only)
			error = add_module(symbols->alive[i], &found);
	}
	if (error) {
		free(found.list);
		return error;
	}
	*ranges = found.list;
	*count = found.count;
	return 0;
}

int symbols_code(const struct symbols *symbols, const char *glob, struct code_range **ranges,
		 size_t *count)
{
	return find(symbols, glob, NULL, ranges, count);
}

int symbols_module_code(const struct symbols *symbols, const struct module *module,
			struct code_range **ranges, size_t *count)
{
	return find(symbols, NULL, module, ranges, count);
}
