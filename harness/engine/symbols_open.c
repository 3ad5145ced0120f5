/* SPDX-License-Identifier: MIT */
/*
 * Opens the ELF file of one module through libdwfl, which puts its symbols and DWARF together with
 * those of a separate debug file and of .gnu_debugdata.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096ULL

const char *loaded_keep_text(struct loaded *loaded, char *text)
{
	alloc_grow((void **)&loaded->texts, loaded->text_count, &loaded->text_capacity,
		   sizeof(*loaded->texts));
	loaded->texts[loaded->text_count++] = text;
	return text;
}

Elf_Scn *elf_find_section(Elf *elf, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *text;

		if (!gelf_getshdr(section, header))
			continue;
		text = elf_strptr(elf, names, header->sh_name);
		if (text && !strcmp(text, name))
			return section;
	}
	return NULL;
}

bool elf_has_section(Elf *elf, const char *name)
{
	GElf_Shdr header;

	return elf_find_section(elf, name, &header) && header.sh_type != SHT_NOBITS;
}

static int find_no_elf(Dwfl_Module *dwfl_module, void **user, const char *name, Dwarf_Addr base,
		       char **file, Elf **elf)
{
	(void)dwfl_module;
	(void)user;
	(void)name;
	(void)base;
	(void)file;
	(void)elf;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = debug_file_find,
};

/* In the process, address of the file + bias: told by the segment that the mapping is a part of. */
static bool find_bias(Elf *elf, const struct mapping *mapping, uint64_t *bias)
{
	uint64_t offset = mapping->inode ? mapping->offset : 0;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		if (offset < (segment.p_offset & ~(PAGE - 1)) ||
		    offset >= segment.p_offset + segment.p_filesz)
			continue;
		*bias = mapping->start + segment.p_offset - offset - segment.p_vaddr;
		return true;
	}
	return false;
}

/* Highest address that the segments ask for, .bss included. */
static uint64_t find_end(Elf *elf, uint64_t bias)
{
	uint64_t end = 0;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		uint64_t at;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		at = (bias + segment.p_vaddr + segment.p_memsz + PAGE - 1) & ~(PAGE - 1);
		if (at > end)
			end = at;
	}
	return end;
}

static const char *hex_build_id(struct loaded *loaded)
{
	const unsigned char *bits;
	GElf_Addr address;
	int length = dwfl_module_build_id(loaded->dwfl_module, &bits, &address);
	char *text;

	if (length <= 0)
		return "";
	text = alloc_zero(2 * (size_t)length + 1);
	for (int i = 0; i < length; i++)
		sprintf(text + 2 * i, "%02x", bits[i]);
	return loaded_keep_text(loaded, text);
}

static void close_file(struct loaded *loaded)
{
	if (loaded->dwfl)
		dwfl_end(loaded->dwfl);
	loaded->dwfl = NULL;
	loaded->dwfl_module = NULL;
	loaded->elf = NULL;
}

/* Gives the file to libdwfl, which closes the descriptor at its end. */
static bool report_file(struct loaded *loaded, int fd)
{
	void **user;
	GElf_Addr bias;

	loaded->dwfl = dwfl_begin(&callbacks);
	if (!loaded->dwfl)
		return false;
	dwfl_report_begin(loaded->dwfl);
	loaded->dwfl_module = dwfl_report_elf(loaded->dwfl, loaded->module.name,
					      loaded->module.path, fd, loaded->module.bias, true);
	dwfl_report_end(loaded->dwfl, NULL, NULL);
	if (!loaded->dwfl_module)
		return false;
	dwfl_module_info(loaded->dwfl_module, &user, NULL, NULL, NULL, NULL, NULL, NULL);
	*user = loaded;
	loaded->elf = dwfl_module_getelf(loaded->dwfl_module, &bias);
	return loaded->elf && bias == loaded->module.bias;
}

/* True: the file is an ELF file that is mapped the way its segments say. */
static bool measure_file(struct loaded *loaded, int fd, const struct mapping *first)
{
	Elf *elf;
	bool result;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	result = elf && elf_kind(elf) == ELF_K_ELF && find_bias(elf, first, &loaded->module.bias);
	if (result && find_end(elf, loaded->module.bias) > loaded->module.end)
		loaded->module.end = find_end(elf, loaded->module.bias);
	elf_end(elf);
	return result;
}

static void open_file(struct loaded *loaded, const struct maps *maps, size_t first, pid_t pid)
{
	int fd = image_open(maps, first, pid);
	Dwarf_Addr bias;

	if (fd < 0)
		return;
	if (!measure_file(loaded, fd, &maps->list[first])) {
		close(fd);
		return;
	}
	if (!report_file(loaded, fd)) {
		if (!loaded->dwfl_module)
			close(fd);
		close_file(loaded);
		return;
	}
	loaded->module.build_id = hex_build_id(loaded);
	tables_read(loaded);
	loaded->module.has_symbols = loaded->functions.count > 0;
	plt_read(loaded);
	/* The debug file has been looked for already unless the program has symbols of its own. */
	if (!elf_has_lines(loaded->elf) && !loaded->debug_file_has_lines &&
	    elf_has_section(loaded->elf, ".gnu_debuglink"))
		(void)dwfl_module_getdwarf(loaded->dwfl_module, &bias);
	loaded->module.has_lines = elf_has_lines(loaded->elf) || loaded->debug_file_has_lines;
}

/* Consecutive mappings of the file; what has no ELF file ends with them. */
static uint64_t end_of_mappings(const struct maps *maps, size_t first)
{
	const struct mapping *start = &maps->list[first];
	uint64_t end = start->end;

	for (size_t i = first + 1; i < maps->count; i++) {
		const struct mapping *mapping = &maps->list[i];

		if (mapping->inode != start->inode || strcmp(mapping->path, start->path) ||
		    mapping->offset <= start->offset)
			break;
		end = mapping->end;
	}
	return end;
}

struct loaded *loaded_open(const struct maps *maps, size_t first, pid_t pid)
{
	const struct mapping *mapping = &maps->list[first];
	struct loaded *loaded = alloc_zero(sizeof(*loaded));
	const char *slash;

	loaded->inode = mapping->inode;
	loaded->module.path = loaded_keep_text(loaded, alloc_text(mapping->path));
	slash = strrchr(loaded->module.path, '/');
	loaded->module.name = slash ? slash + 1 : loaded->module.path;
	loaded->module.build_id = "";
	loaded->module.start = mapping->start;
	loaded->module.end = end_of_mappings(maps, first);
	loaded->module.bias = mapping->start - mapping->offset;
	open_file(loaded, maps, first, pid);
	return loaded;
}

void loaded_free(struct loaded *loaded)
{
	tables_free(loaded);
	free(loaded->entries);
	free(loaded->units);
	free(loaded->variables);
	close_file(loaded);
	for (size_t i = 0; i < loaded->text_count; i++)
		free(loaded->texts[i]);
	free(loaded->texts);
	free(loaded);
}
