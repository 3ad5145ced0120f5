/* SPDX-License-Identifier: MIT */
/*
 * Names for the stubs of the procedure linkage table. Each stub is asked which slot it jumps
 * through (or, before that is bound, which relocation it pushes), and the relocation of that slot
 * says for whom it stands: no order of stubs is assumed, since linkers differ in it.
 *
 * Forms: System V AMD64 ABI 5.2 and 13.1 (PLT with IBT: .plt and .plt.sec), GNU ld's .plt.got.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <stdlib.h>
#include <string.h>

struct slot {
	uint64_t address; /* in the file */
	const char *name;
};

struct slots {
	struct slot *list; /* in the order of .rela.plt, then the others */
	size_t count;
	size_t capacity;
	size_t pushed_count; /* how many of them are .rela.plt's, which lazy stubs push the index of
			      */
};

static void add_slot(struct slots *slots, uint64_t address, const char *name)
{
	alloc_grow((void **)&slots->list, slots->count, &slots->capacity, sizeof(*slots->list));
	slots->list[slots->count++] = (struct slot){.address = address, .name = name};
}

/* Who a relocation stands for, or NULL. In a static program the functions that choose themselves at
 * start (IRELATIVE) have no symbol there, but the address of the chooser, which bears their name.
 */
static const char *name_of(struct loaded *loaded, Elf_Data *symbols, size_t strings,
			   const GElf_Rela *relocation)
{
	GElf_Sym symbol;
	struct symbol *chooser;

	switch (GELF_R_TYPE(relocation->r_info)) {
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_GLOB_DAT:
		if (!symbols || !gelf_getsym(symbols, (int)GELF_R_SYM(relocation->r_info), &symbol))
			return NULL;
		return elf_strptr(loaded->elf, strings, symbol.st_name);
	case R_X86_64_IRELATIVE:
		chooser = table_at(&loaded->functions,
				   (uint64_t)relocation->r_addend + loaded->module.bias);
		return chooser ? chooser->name : NULL;
	default:
		return NULL;
	}
}

static void read_relocations(struct loaded *loaded, const char *section_name, struct slots *slots)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_find_section(loaded->elf, section_name, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	Elf_Scn *symbol_section;
	Elf_Data *symbols = NULL;
	GElf_Shdr symbol_header = {0};
	GElf_Rela relocation;

	if (!data || header.sh_type != SHT_RELA)
		return;
	symbol_section = elf_getscn(loaded->elf, header.sh_link);
	if (header.sh_link && symbol_section && gelf_getshdr(symbol_section, &symbol_header))
		symbols = elf_getdata(symbol_section, NULL);
	for (int i = 0; gelf_getrela(data, i, &relocation); i++)
		add_slot(slots, relocation.r_offset,
			 name_of(loaded, symbols, symbol_header.sh_link, &relocation));
}

static const char *find_slot(const struct slots *slots, uint64_t address)
{
	for (size_t i = 0; i < slots->count; i++) {
		if (slots->list[i].address == address)
			return slots->list[i].name;
	}
	return NULL;
}

/* Which name the stub at `code` stands for; NULL for the common first entry and for padding. */
static const char *name_of_stub(const uint8_t *code, size_t size, uint64_t address,
				const struct slots *slots)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	size_t at = 0;
	int32_t value;

	if (size >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	if (at < size && code[at] == 0xf2) /* bnd */
		at++;
	if (at + 6 > size)
		return NULL;
	if (code[at] == 0xff && code[at + 1] == 0x25) { /* jmp *value(%rip) */
		memcpy(&value, code + at + 2, sizeof(value));
		return find_slot(slots, address + at + 6 + (uint64_t)(int64_t)value);
	}
	if (code[at] == 0x68) { /* push $value */
		memcpy(&value, code + at + 1, sizeof(value));
		if (value >= 0 && (size_t)value < slots->pushed_count)
			return slots->list[value].name;
	}
	return NULL;
}

static void read_stubs(struct loaded *loaded, const char *section_name, const struct slots *slots)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_find_section(loaded->elf, section_name, &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	size_t step;

	if (!data || !data->d_buf || header.sh_type != SHT_PROGBITS)
		return;
	step = header.sh_entsize >= 8 && header.sh_entsize <= 64 ? header.sh_entsize : 16;
	for (size_t at = 0; at + step <= data->d_size; at += step) {
		const char *name = name_of_stub((const uint8_t *)data->d_buf + at, step,
						header.sh_addr + at, slots);
		struct symbol symbol = {
			.start = loaded->module.bias + header.sh_addr + at,
			.size = step,
			.is_local = true,
			.is_typed = true,
		};

		if (!name || !*name)
			continue;
		symbol.name = loaded_keep_text(loaded, alloc_format("%s@plt", name));
		table_add(&loaded->functions, &symbol);
	}
}

void plt_read(struct loaded *loaded)
{
	struct slots slots = {0};
	size_t before = loaded->functions.count;

	read_relocations(loaded, ".rela.plt", &slots);
	slots.pushed_count = slots.count;
	read_relocations(loaded, ".rela.dyn", &slots);
	read_stubs(loaded, ".plt", &slots);
	read_stubs(loaded, ".plt.sec", &slots);
	read_stubs(loaded, ".plt.got", &slots);
	free(slots.list);
	if (loaded->functions.count != before)
		tables_sort_functions(loaded);
}
