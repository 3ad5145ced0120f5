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

enum stub_code { STUB_OTHER, STUB_PREFIX, STUB_JUMP, STUB_PUSH_INDEX, STUB_PUSH_MAP };

/* The instruction at the start of `code`, of those that stubs are made of; its length in *length.
 */
static enum stub_code read_stub_code(const uint8_t *code, size_t size, size_t *length)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

	*length = 0;
	if (size >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64))) {
		*length = sizeof(endbr64);
		return STUB_PREFIX;
	}
	if (size >= 1 && code[0] == 0xf2) { /* bnd */
		*length = 1;
		return STUB_PREFIX;
	}
	if (size >= 6 && code[0] == 0xff && (code[1] == 0x25 || code[1] == 0x35)) {
		*length = 6;
		return code[1] == 0x25 ? STUB_JUMP : STUB_PUSH_MAP;
	}
	if (size >= 5 && code[0] == 0x68) {
		*length = 5;
		return STUB_PUSH_INDEX;
	}
	return STUB_OTHER;
}

/* Which name the stub at `code` stands for; NULL for the common first entry and for padding. */
static const char *name_of_stub(const uint8_t *code, size_t size, uint64_t address,
				const struct slots *slots)
{
	enum stub_code kind;
	size_t length;
	int32_t value;
	size_t at = 0;

	while ((kind = read_stub_code(code + at, size - at, &length)) == STUB_PREFIX)
		at += length;
	if (kind == STUB_JUMP) { /* jmp *value(%rip) */
		memcpy(&value, code + at + 2, sizeof(value));
		return find_slot(slots, address + at + length + (uint64_t)(int64_t)value);
	}
	if (kind == STUB_PUSH_INDEX) {
		memcpy(&value, code + at + 1, sizeof(value));
		if (value >= 0 && (size_t)value < slots->pushed_count)
			return slots->list[value].name;
	}
	return NULL;
}

static void read_stubs(struct loaded *loaded, const char *section_name, const struct slots *slots,
		       struct stub_section *stubs)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_find_section(loaded->elf, section_name, &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	if (!data || !data->d_buf || header.sh_type != SHT_PROGBITS)
		return;
	stubs->start = loaded->module.bias + header.sh_addr;
	stubs->bytes = data->d_buf;
	stubs->size = data->d_size;
	stubs->step = header.sh_entsize >= 8 && header.sh_entsize <= 64 ? header.sh_entsize : 16;
	for (size_t at = 0; at + stubs->step <= stubs->size; at += stubs->step) {
		const char *name =
			name_of_stub(stubs->bytes + at, stubs->step, header.sh_addr + at, slots);
		struct symbol symbol = {
			.start = stubs->start + at,
			.size = stubs->step,
			.is_local = true,
			.is_typed = true,
		};

		if (!name || !*name)
			continue;
		symbol.name = loaded_keep_text(loaded, alloc_format("%s@plt", name));
		table_add(&loaded->functions, &symbol);
	}
}

/* What the instructions before offset `end` of a stub have pushed. The common first entry, which
 * pushes the link map, is jumped to by stubs that have pushed their index. */
static uint64_t count_pushed(const uint8_t *code, size_t size, size_t end)
{
	uint64_t pushed = 0;
	size_t at = 0;
	size_t length;

	for (;;) {
		enum stub_code kind = read_stub_code(code + at, size - at, &length);

		if (kind == STUB_PUSH_MAP)
			pushed += sizeof(uint64_t);
		if (kind == STUB_OTHER || at + length > end)
			return pushed;
		if (kind == STUB_PUSH_INDEX || kind == STUB_PUSH_MAP)
			pushed += sizeof(uint64_t);
		at += length;
	}
}

bool plt_is_stub(const struct loaded *loaded, uint64_t pc, uint64_t *pushed)
{
	for (size_t i = 0; i < sizeof(loaded->stubs) / sizeof(loaded->stubs[0]); i++) {
		const struct stub_section *stubs = &loaded->stubs[i];
		uint64_t offset = pc - stubs->start;
		uint64_t first;

		if (pc < stubs->start || offset >= stubs->size)
			continue;
		first = offset / stubs->step * stubs->step;
		if (first + stubs->step > stubs->size)
			return false;
		*pushed = count_pushed(stubs->bytes + first, stubs->step, offset - first);
		return true;
	}
	return false;
}

void plt_read(struct loaded *loaded)
{
	struct slots slots = {0};
	size_t before = loaded->functions.count;

	read_relocations(loaded, ".rela.plt", &slots);
	slots.pushed_count = slots.count;
	read_relocations(loaded, ".rela.dyn", &slots);
	read_stubs(loaded, ".plt", &slots, &loaded->stubs[0]);
	read_stubs(loaded, ".plt.sec", &slots, &loaded->stubs[1]);
	read_stubs(loaded, ".plt.got", &slots, &loaded->stubs[2]);
	free(slots.list);
	if (loaded->functions.count != before)
		tables_sort_functions(loaded);
}
