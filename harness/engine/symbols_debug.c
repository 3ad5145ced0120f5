/* SPDX-License-Identifier: MIT */
/*
 * Finds the separate debug file of a module: by build id, then by the name in .gnu_debuglink.
 * libdwfl's ready-made search is not used, because it goes on to ask servers on the network.
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <elfutils/libdwelf.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUG_FOLDER "/usr/lib/debug"

bool elf_has_lines(Elf *elf)
{
	return elf_has_section(elf, ".debug_line") || elf_has_section(elf, ".zdebug_line");
}

/* The file is looked into before libdwfl takes it: opening all of its DWARF only to learn whether
 * there are lines would unpack it. */
static bool file_has_lines(int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	bool result = elf && elf_has_lines(elf);

	elf_end(elf);
	return result;
}

/* CRC-32 as .gnu_debuglink has it (polynomial 0x04c11db7, reflected). */
static uint32_t checksum_file(int fd)
{
	uint8_t buffer[65536];
	uint32_t checksum = ~0U;
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			checksum ^= buffer[i];
			for (int bit = 0; bit < 8; bit++)
				checksum = checksum >> 1 ^ (checksum & 1 ? 0xedb88320U : 0);
		}
		at += got;
	}
	return ~checksum;
}

static bool has_build_id(int fd, const void *wanted, size_t wanted_length)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	const void *bits = NULL;
	ssize_t length = elf ? dwelf_elf_gnu_build_id(elf, &bits) : -1;
	bool result = length > 0 && (size_t)length == wanted_length &&
		      !memcmp(bits, wanted, wanted_length);

	elf_end(elf);
	return result;
}

/* A debug file of another build would give wrong names. */
static bool belongs(Dwfl_Module *dwfl_module, int fd, uint32_t link_checksum)
{
	const unsigned char *bits;
	GElf_Addr address;
	int length = dwfl_module_build_id(dwfl_module, &bits, &address);

	if (length > 0)
		return has_build_id(fd, bits, (size_t)length);
	return checksum_file(fd) == link_checksum;
}

/* The places that gdb's manual gives ("Debugging Information in Separate Files"). */
static int find_by_link(Dwfl_Module *dwfl_module, const char *file, const char *link,
			uint32_t link_checksum, char **found)
{
	const char *slash = strrchr(file, '/');
	int folder_length = slash ? (int)(slash - file) : 0;
	char *candidates[] = {
		alloc_format("%.*s/%s", folder_length, file, link),
		alloc_format("%.*s/.debug/%s", folder_length, file, link),
		alloc_format(DEBUG_FOLDER "%.*s/%s", folder_length, file, link),
	};
	int fd = -1;

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (fd < 0 && strcmp(candidates[i], file)) {
			fd = open(candidates[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
			if (fd >= 0 && !belongs(dwfl_module, fd, link_checksum)) {
				close(fd);
				fd = -1;
			}
			if (fd >= 0) {
				*found = candidates[i];
				continue;
			}
		}
		free(candidates[i]);
	}
	return fd;
}

int debug_file_find(Dwfl_Module *dwfl_module, void **user, const char *name, Dwarf_Addr base,
		    const char *file, const char *link, GElf_Word link_crc, char **found)
{
	struct loaded *loaded = *user;
	int fd = dwfl_build_id_find_debuginfo(dwfl_module, user, name, base, file, link, link_crc,
					      found);

	if (fd < 0 && file && file[0] == '/' && link)
		fd = find_by_link(dwfl_module, file, link, link_crc, found);
	if (fd >= 0)
		loaded->debug_file_has_lines = file_has_lines(fd);
	return fd;
}
