/* SPDX-License-Identifier: MIT */
/*
 * What the files of the symbols engine share, and nobody else includes: a module with its open ELF
 * file and the tables that are read from it. Each table has one file that fills and searches it.
 */
#ifndef SIGSWEEP_ENGINE_SYMBOLS_MODULE_H
#define SIGSWEEP_ENGINE_SYMBOLS_MODULE_H

#include "harness/engine/symbols.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

/* A row of a symbol table. Sorted by start, and where several start together the best name last,
 * since searches go backwards. */
struct symbol {
	uint64_t start; /* in the process */
	uint64_t size;
	uint64_t reach;   /* highest end of this row and all before it: where a search may stop */
	const char *name; /* without a version ("@GLIBC_2.34") */
	char *demangled;  /* made when first asked for; NULL: not made yet */
	bool is_local;
	bool is_weak;
	bool is_typed; /* said to be a function, not just a label */
};

struct symbol_table {
	struct symbol *list;
	size_t count;
	size_t capacity;
	size_t *by_name; /* indices into list */
};

/* A section of the procedure linkage table. */
struct stub_section {
	uint64_t start; /* in the process */
	const uint8_t *bytes;
	size_t size;
	size_t step; /* bytes of a stub */
};

/* An address range of a compilation unit, in the addresses of the DWARF. */
struct unit_range {
	uint64_t start;
	uint64_t end;
	uint64_t reach;
	Dwarf_Die die;
};

/* A variable with a fixed address, in the addresses of the DWARF. */
struct variable {
	uint64_t start;
	uint64_t end;
	Dwarf_Die die;
};

struct loaded {
	struct module module; /* what the public sees: must stay first */
	uint64_t inode;
	bool is_main;
	bool is_seen;              /* by the update that is under way */
	bool debug_file_has_lines; /* found out when the debug file was opened */
	Dwfl *dwfl;                /* NULL: no ELF file could be had */
	Dwfl_Module *dwfl_module;
	Elf *elf; /* the main file, owned by dwfl */

	struct symbol_table functions;
	struct symbol_table objects;

	struct unwind_entry *entries; /* sorted by start */
	size_t entry_count;
	bool entries_are_read;

	struct stub_section stubs[3]; /* .plt, .plt.sec, .plt.got; size 0: there is none */

	Dwarf *dwarf;
	uint64_t dwarf_bias;
	struct unit_range *units;
	size_t unit_count;
	bool units_are_read;

	struct variable *variables; /* sorted by start */
	size_t variable_count;
	size_t variable_capacity;
	bool variables_are_read;

	char **texts; /* made for this module, freed with it */
	size_t text_count;
	size_t text_capacity;
};

/* Where no writer is: read-only mappings of files. */
struct constant_range {
	uint64_t start;
	uint64_t end;
};

struct symbols {
	struct loaded **alive; /* sorted by start */
	size_t count;
	size_t capacity;
	struct loaded **dead; /* dropped, kept for the strings that were given out */
	size_t dead_count;
	size_t dead_capacity;
	struct constant_range *constants; /* sorted by start */
	size_t constant_count;
	size_t constant_capacity;
};

/* Keeps `text` (heap) for as long as the module lives, and gives it back. */
const char *loaded_keep_text(struct loaded *loaded, char *text);

/* The n-th living module, the main program first; for searches by name. */
struct loaded *symbols_in_search_order(const struct symbols *symbols, size_t n);

/* symbols_image.c: a descriptor of the file behind maps->list[first], or of a copy of what is
 * mapped when there is no such file; -errno when neither can be had. */
int image_open(const struct maps *maps, size_t first, pid_t pid) MUST_CHECK;

/* symbols_open.c: opens the module whose lowest mapping is maps->list[first]. Never fails: a file
 * that cannot be read is a module without symbols. */
struct loaded *loaded_open(const struct maps *maps, size_t first, pid_t pid);
void loaded_free(struct loaded *loaded);
/* Is there a section of that name in the file? */
bool elf_has_section(Elf *elf, const char *name);
/* The section of that name, its header in *header; NULL when there is none. */
Elf_Scn *elf_find_section(Elf *elf, const char *name, GElf_Shdr *header);

/* symbols_debug.c: libdwfl's callback that finds the separate debug file. */
int debug_file_find(Dwfl_Module *dwfl_module, void **user, const char *name, Dwarf_Addr base,
		    const char *file, const char *link, GElf_Word link_crc, char **found);
/* Has the file a section of line tables? */
bool elf_has_lines(Elf *elf);

/* symbols_table.c */
void tables_read(struct loaded *loaded);
void tables_free(struct loaded *loaded);
/* To be called after table_add() on the functions. */
void tables_sort_functions(struct loaded *loaded);
void table_add(struct symbol_table *table, const struct symbol *symbol);
/* The innermost symbol that covers the address, or NULL. */
struct symbol *table_at(const struct symbol_table *table, uint64_t address);
/* First position in by_name whose name is `name`, and how many follow; 0 when there is none. */
size_t table_named(const struct symbol_table *table, const char *name, size_t *first);
/* The symbol's name for people: demangled where it is mangled. */
const char *symbol_text(struct symbol *symbol);

/* symbols_plt.c: adds "NAME@plt" for the stubs of the procedure linkage table. Needs the functions
 * read and sorted before (a static program's stubs are named after them). */
void plt_read(struct loaded *loaded);
/* symbols_is_stub() for one module. */
bool plt_is_stub(const struct loaded *loaded, uint64_t pc, uint64_t *pushed);

/* symbols_frames.c: the entry that covers an address in the process, or NULL. */
const struct unwind_entry *frames_at(struct loaded *loaded, uint64_t address);

/* symbols_lines.c: the module's DWARF, opened when first asked for; NULL: there is none. */
Dwarf *loaded_dwarf(struct loaded *loaded);

/* symbols_types.c: fills what DWARF says of the byte at `offset` in a variable that starts at
 * `start` in the process. False where its type cannot be followed. */
bool type_describe(Dwarf_Die *variable, uint64_t start, uint64_t offset, struct data_place *place);

/* symbols_lines.c: file and line of an address in the process; false when not known. */
bool lines_at(struct loaded *loaded, uint64_t address, const char **file, int *line);

#endif
