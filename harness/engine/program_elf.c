/* SPDX-License-Identifier: MIT */
/*
 * See program.h: the ELF half. Plain header reading rather than a library, since broken files are
 * what it is for and each kind of break has its sentence.
 */
#include "harness/engine/program_elf.h"

#include "harness/base/alloc.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUR_MACHINE EM_X86_64
#define OUR_MACHINE_NAME "x86-64"
#define STRINGS_MAX (64 << 20) /* a larger table of names is no table of names */

struct elf_file {
	int fd;
	uint64_t size;
	const char *path;
	Elf64_Ehdr header;
	Elf64_Phdr *segments; /* header.e_phnum of them */
};

static bool read_at(const struct elf_file *file, uint64_t offset, void *buffer, size_t size)
{
	return offset <= file->size && size <= file->size - offset &&
	       pread(file->fd, buffer, size, (off_t)offset) == (ssize_t)size;
}

static const char *name_machine(int machine)
{
	static const struct {
		int machine;
		const char *name;
	} names[] = {
		{EM_386, "32-bit x86"}, {EM_AARCH64, "64-bit ARM"},  {EM_ARM, "32-bit ARM"},
		{EM_RISCV, "RISC-V"},   {EM_PPC64, "64-bit POWER"},  {EM_PPC, "32-bit POWER"},
		{EM_S390, "S/390"},     {EM_MIPS, "MIPS"},           {EM_SPARCV9, "64-bit SPARC"},
		{EM_IA_64, "Itanium"},  {EM_LOONGARCH, "LoongArch"}, {EM_BPF, "the kernel's BPF"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].machine == machine)
			return names[i].name;
	}
	return NULL;
}

static int check_machine(const struct elf_file *file)
{
	const Elf64_Ehdr *header =
		&file->header; /* the first 20 bytes are the same in 32-bit files */
	const char *name = name_machine(header->e_machine);

	if (header->e_ident[EI_DATA] != ELFDATA2LSB && header->e_ident[EI_DATA] != ELFDATA2MSB)
		return fail(-ENOEXEC, "%s is corrupt: its ELF header names no byte order",
			    file->path);
	if (header->e_ident[EI_DATA] == ELFDATA2MSB)
		return fail(-ENOEXEC, "%s is built for a big-endian machine; this one is %s",
			    file->path, OUR_MACHINE_NAME);
	if (header->e_machine != OUR_MACHINE && header->e_machine != EM_386 && name)
		return fail(-ENOEXEC, "%s is built for %s; this machine is %s", file->path, name,
			    OUR_MACHINE_NAME);
	if (header->e_machine != OUR_MACHINE && header->e_machine != EM_386)
		return fail(-ENOEXEC, "%s is built for another machine (ELF number %d) than %s",
			    file->path, header->e_machine, OUR_MACHINE_NAME);
	if (header->e_ident[EI_CLASS] == ELFCLASS32)
		return fail(-ENOEXEC, "%s is a 32-bit program; only 64-bit ones can be swept",
			    file->path);
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != OUR_MACHINE)
		return fail(-ENOEXEC, "%s is corrupt: its ELF header names no class", file->path);
	return 0;
}

static int check_type(const struct elf_file *file)
{
	switch (file->header.e_type) {
	case ET_EXEC:
	case ET_DYN:
		return 0;
	case ET_REL:
		return fail(-ENOEXEC, "%s is an object file, which is not linked to a program yet",
			    file->path);
	case ET_CORE:
		return fail(-ENOEXEC, "%s is a core dump, not a program", file->path);
	default:
		return fail(-ENOEXEC, "%s is corrupt: its ELF header names no type", file->path);
	}
}

static int read_segments(struct elf_file *file)
{
	const Elf64_Ehdr *header = &file->header;
	size_t size = (size_t)header->e_phnum * sizeof(*file->segments);

	if (header->e_phnum == 0 || header->e_phentsize != sizeof(*file->segments))
		return fail(-ENOEXEC, "%s is corrupt: it has no program headers", file->path);
	file->segments = alloc_zero(size);
	if (!read_at(file, header->e_phoff, file->segments, size))
		return fail(-ENOEXEC, "%s is cut off: its program headers lie behind its end",
			    file->path);
	return 0;
}

static int check_segments(const struct elf_file *file)
{
	bool any = false;
	bool entry_is_code = false;

	for (int i = 0; i < file->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &file->segments[i];

		if (segment->p_type != PT_LOAD)
			continue;
		any = true;
		if (segment->p_offset > file->size ||
		    segment->p_filesz > file->size - segment->p_offset)
			return fail(-ENOEXEC,
				    "%s is cut off: it has %llu bytes, its segments ask for %llu",
				    file->path, (unsigned long long)file->size,
				    (unsigned long long)(segment->p_offset + segment->p_filesz));
		if ((segment->p_flags & PF_X) && file->header.e_entry >= segment->p_vaddr &&
		    file->header.e_entry - segment->p_vaddr < segment->p_filesz)
			entry_is_code = true;
	}
	if (!any)
		return fail(-ENOEXEC, "%s is corrupt: it has no segment to load", file->path);
	if (!entry_is_code && file->header.e_type == ET_DYN)
		return fail(-ENOEXEC, "%s is a shared library, not a program", file->path);
	if (!entry_is_code)
		return fail(-ENOEXEC, "%s is corrupt: it would start at 0x%llx, where no code is",
			    file->path, (unsigned long long)file->header.e_entry);
	return 0;
}

static int read_loader(const struct elf_file *file, struct program_info *out)
{
	for (int i = 0; i < file->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &file->segments[i];
		char text[PATH_MAX];

		if (segment->p_type != PT_INTERP)
			continue;
		if (segment->p_filesz < 2 || segment->p_filesz > sizeof(text) ||
		    !read_at(file, segment->p_offset, text, segment->p_filesz) ||
		    text[segment->p_filesz - 1] != '\0')
			return fail(-ENOEXEC, "%s is corrupt: it does not name its loader",
				    file->path);
		if (access(text, F_OK))
			return fail(-ENOENT,
				    "%s asks for the loader %s, which does not exist here "
				    "(built for another C library or system?)",
				    file->path, text);
		out->loader = alloc_text(text);
		return 0;
	}
	return 0;
}

/* A section table that is not there, or not all there, is no reason to refuse: nothing that runs
 * needs it. */
static bool has_symbol_table(const struct elf_file *file)
{
	for (int i = 0; i < file->header.e_shnum; i++) {
		Elf64_Shdr section;

		if (!read_at(file, file->header.e_shoff + (uint64_t)i * sizeof(section), &section,
			     sizeof(section)))
			return false;
		if (section.sh_type == SHT_SYMTAB)
			return true;
	}
	return false;
}

/* The interpreter's main function (Modules/main.c, from 3.8 on) is there by name in every build of
 * it, defined or asked of libpython. */
static bool names_python(const struct elf_file *file, const Elf64_Shdr *strings)
{
	static const char name[] = "\0Py_BytesMain";
	char *text;
	bool found;

	if (strings->sh_type != SHT_STRTAB || strings->sh_size > STRINGS_MAX)
		return false;
	text = alloc_zero(strings->sh_size + 1);
	found = read_at(file, strings->sh_offset, text, strings->sh_size) &&
		memmem(text, strings->sh_size, name, sizeof(name));
	free(text);
	return found;
}

static bool is_python(const struct elf_file *file)
{
	for (int i = 0; i < file->header.e_shnum; i++) {
		Elf64_Shdr section;
		Elf64_Shdr strings;

		if (!read_at(file, file->header.e_shoff + (uint64_t)i * sizeof(section), &section,
			     sizeof(section)))
			return false;
		if (section.sh_type == SHT_DYNSYM &&
		    read_at(file,
			    file->header.e_shoff + (uint64_t)section.sh_link * sizeof(strings),
			    &strings, sizeof(strings)))
			return names_python(file, &strings);
	}
	return false;
}

int program_elf_inspect(int fd, off_t size, const char *path, struct program_info *out)
{
	struct elf_file file = {.fd = fd, .size = (uint64_t)size, .path = path};
	int code;

	if (!read_at(&file, 0, &file.header, sizeof(file.header))) {
		/* Smaller than a header: what there is of it may still tell the architecture. */
		if (size >= (off_t)offsetof(Elf64_Ehdr, e_version) &&
		    read_at(&file, 0, &file.header, offsetof(Elf64_Ehdr, e_version)) &&
		    file.header.e_ident[EI_CLASS] == ELFCLASS32)
			return check_machine(&file);
		return fail(-ENOEXEC, "%s is cut off: its %llu bytes are less than an ELF header",
			    path, (unsigned long long)size);
	}
	code = check_machine(&file);
	if (!code)
		code = check_type(&file);
	if (!code)
		code = read_segments(&file);
	if (!code)
		code = check_segments(&file);
	if (!code)
		code = read_loader(&file, out);
	out->elf_class = file.header.e_ident[EI_CLASS];
	out->machine = file.header.e_machine;
	out->is_pie = file.header.e_type == ET_DYN;
	out->is_static = !out->loader;
	out->is_stripped = !has_symbol_table(&file);
	out->is_python = is_python(&file);
	free(file.segments);
	return code;
}
