/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses and addresses for names: the only user of elfutils. Reads ELF files, separate
 * debug files (by build id and by debuglink), .gnu_debugdata and DWARF; knows nothing of ptrace: it
 * is given the mappings of a process.
 */
#ifndef SIGSWEEP_ENGINE_SYMBOLS_H
#define SIGSWEEP_ENGINE_SYMBOLS_H

#include "harness/base/fail.h"
#include "harness/kernel/maps.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct symbols; /* the modules of one address space */

/* All strings given out live as long as the struct symbols that gave them. */
struct module {
	const char *path;     /* as mapped; "[vdso]" for the vDSO */
	const char *name;     /* last part of the path */
	const char *build_id; /* hex, "" when there is none */
	uint64_t start;       /* lowest mapped address */
	uint64_t end;         /* exclusive */
	uint64_t bias;        /* address in the process = address in the ELF file + bias */
	bool has_symbols;     /* any function symbol, from wherever */
	bool has_lines;       /* DWARF line tables */
};

/* Where an address is. What is not known is NULL or 0; a function only where its symbol (start and
 * size) covers the address, never the nearest one below. */
struct place {
	const struct module *module;
	uint64_t address;     /* in the process */
	uint64_t offset;      /* the ELF file's own address: what objdump, nm and addr2line print */
	const char *function; /* demangled */
	uint64_t function_start; /* in the process; also from the unwind table when there is no name
				  */
	uint64_t function_size;
	const char *file;
	int line;
};

/* An SDT probe site (SystemTap's .note.stapsdt). */
struct probe_site {
	uint64_t pc;        /* in the process */
	uint64_t semaphore; /* in the process, a 16-bit counter; 0: none */
	const char *provider;
	const char *name;
	const char *arguments; /* "8@%rdi -4@$3" as the note has it */
};

struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols);

/* Brings the modules up to date with `maps`: new ones are added, gone ones dropped. `pid` is used
 * only to read what is no file ([vdso]) and files that were deleted (/proc/PID/map_files); 0: none.
 */
int symbols_update(struct symbols *symbols, const struct maps *maps, pid_t pid) MUST_CHECK;

size_t symbols_module_count(const struct symbols *symbols);
const struct module *symbols_module(const struct symbols *symbols, size_t n);
const struct module *symbols_module_at(const struct symbols *symbols, uint64_t address);

/* Fills `place` for an address. Always fills address; false when it lies in no module. */
bool symbols_place(struct symbols *symbols, uint64_t address, struct place *place);

/* Does the module's path or name match the glob (base/glob.h)? */
bool module_matches(const struct module *module, const char *glob);

/* A stretch of code in the process. */
struct code_range {
	uint64_t start;
	uint64_t end; /* exclusive */
};

/*
 * The executable sections of all modules that match the glob: a new array (caller frees) and its
 * length, 0 where no such module is mapped. -ENOTSUP where one has no section headers: what of its
 * mappings is code and what is data cannot be told then.
 */
int symbols_code(const struct symbols *symbols, const char *glob, struct code_range **ranges,
		 size_t *count) MUST_CHECK;
/* The same of one module. */
int symbols_module_code(const struct symbols *symbols, const struct module *module,
			struct code_range **ranges, size_t *count) MUST_CHECK;

/*
 * The addresses of functions named `name` (as in the symbol table, or demangled) in modules that
 * match `glob` (NULL: all, the main program first). Gives a new array (caller frees) and its
 * length; -ENOENT when there is none: the sentence then names symbols of similar name, where there
 * are any.
 */
int symbols_find(struct symbols *symbols, const char *glob, const char *name, uint64_t **addresses,
		 size_t *count) MUST_CHECK;

/* The address and size of a data or function symbol; the first module (main program first) wins. */
int symbols_find_object(struct symbols *symbols, const char *glob, const char *name,
			uint64_t *address, uint64_t *size) MUST_CHECK;

/*
 * The addresses of all functions of exactly this name in all modules, without a sentence where
 * there is none, for callers that look for many names of which most are not there: at most `max` of
 * them into `addresses`, and how many that are.
 */
size_t symbols_named(struct symbols *symbols, const char *name, uint64_t *addresses, size_t max);

/* A data object. */
struct object_place {
	const struct module *module;
	const char *name; /* demangled */
	uint64_t start;   /* in the process */
	uint64_t size;
};

/* The data symbol whose start and size cover the address; false when there is none. */
bool symbols_object_at(struct symbols *symbols, uint64_t address, struct object_place *object);

#define DATA_NAME 160
#define DATA_TYPE 80

/*
 * What symbols, and DWARF where there is any, say of a byte of static data. Addresses in the
 * process. The object is what a program writes as a whole: the outermost structure or union around
 * the byte, but of an array of those one element; an array of scalars; else the variable itself.
 */
struct data_place {
	const struct module *module;
	const char *symbol; /* the variable, NULL: not even a symbol covers the byte */
	uint64_t symbol_start;
	uint64_t symbol_size;
	bool is_typed; /* DWARF knows its type; the rest is 0 if not */
	uint64_t object_start;
	uint64_t object_size;
	char object[DATA_NAME]; /* "table[3]" */
	char object_type[DATA_TYPE];
	uint64_t part_start; /* the scalar */
	uint64_t part_size;
	char part[DATA_NAME]; /* "table[3].count" */
	char part_type[DATA_TYPE];
	bool is_volatile;
	bool is_atomic;     /* _Atomic or C++'s std::atomic */
	bool is_sig_atomic; /* sig_atomic_t, by that name */
};

/* False when the address lies in no module (heap, stack, thread-local data). */
bool symbols_data_at(struct symbols *symbols, uint64_t address, struct data_place *place);

/* The first address of each line-table row that begins a statement at file:line, one for each
 * place the line was compiled to (inlining). `file` matches as a path suffix. */
int symbols_find_line(struct symbols *symbols, const char *file, int line, uint64_t **addresses,
		      size_t *count) MUST_CHECK;

/*
 * An entry of a module's unwind table (.eh_frame): the stretch of code that it describes, which is
 * a function or its cold part, and where its description lies. Addresses in the process.
 */
struct unwind_entry {
	uint64_t start;
	uint64_t end;         /* exclusive */
	uint64_t description; /* of the frame description entry (FDE) */
	bool is_signal_frame; /* the kernel's way back from a handler: augmentation 'S' */
};

/* The entry that covers an address, or NULL. Valid until the next symbols_update(). */
const struct unwind_entry *symbols_unwind_entry(struct symbols *symbols, uint64_t address);

/*
 * Is `pc` in a stub of the procedure linkage table? Linkers do not all write unwind entries for
 * them. *pushed: the bytes that the stub has put on the stack over the caller's return address.
 */
bool symbols_is_stub(const struct symbols *symbols, uint64_t pc, uint64_t *pushed);

/* Does the address lie in a file's mapping that nobody could write to at the last update? */
bool symbols_is_constant(const struct symbols *symbols, uint64_t address);

/* The probe sites PROVIDER:NAME of all modules (new array of sites, caller frees). */
int symbols_find_probe(struct symbols *symbols, const char *provider, const char *name,
		       struct probe_site **sites, size_t *count) MUST_CHECK;

/* All probe sites of a provider (new array, caller frees; NULL where there are none): their number.
 */
size_t symbols_probes_of(struct symbols *symbols, const char *provider, struct probe_site **sites);

#endif
