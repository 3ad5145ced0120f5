/* SPDX-License-Identifier: MIT */
/*
 * See unsafe_call.h: what code belongs to the standard libraries, and by which of its names a
 * program calls a function of theirs. Knows nothing of handlers.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/unsafe_call/unsafe_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUB_SUFFIX "@plt"

struct name_entry {
	uint64_t address;
	struct callee callee;
	UT_hash_handle hh;
};

#define C_LIBRARIES 3 /* so many of them, at the head, are C libraries */

static const char *const libraries[] = {
	"libc.so*",        "libc-[0-9]*.so",  "ld-musl-*",        "libm.so*",
	"libm-[0-9]*.so",  "libmvec.so*",     "libmvec-*.so",     "libpthread.so*",
	"libpthread-*.so", "librt.so*",       "librt-[0-9]*.so",  "libdl.so*",
	"libdl-[0-9]*.so", "libutil.so*",     "libresolv.so*",    "libanl.so*",
	"libcrypt.so*",    "libstdc++.so*",   "libc++.so*",       "libc++abi.so*",
	"libgcc_s.so*",    "libjemalloc.so*", "libtcmalloc*.so*", "libmimalloc.so*",
};

bool callee_is_unsafe(const struct callee *callee)
{
	return callee->is_named &&
	       (callee->safety == SAFETY_UNSAFE || callee->safety == SAFETY_DROPPED);
}

void names_init(struct names *names, struct walker *walker)
{
	*names = (struct names){.walker = walker};
}

static void drop(struct name_entry **entries)
{
	struct name_entry *entry;
	struct name_entry *next;

	HASH_ITER (hh, *entries, entry, next) {
		HASH_DEL(*entries, entry);
		free(entry);
	}
}

void names_free(struct names *names)
{
	drop(&names->functions);
	drop(&names->sites);
}

/* Addresses may have other meanings once a library came or went. */
static void keep_fresh(struct names *names)
{
	const size_t count = symbols_module_count(names->walker->symbols);

	if (count == names->module_count)
		return;
	names_free(names);
	names->module_count = count;
	names->last = NULL;
}

static bool is_among(const struct module *module, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (module_matches(module, libraries[i]))
			return true;
	return false;
}

static enum code_owner owner_of(const struct module *module)
{
	if (!module)
		return OWNER_PROGRAM;
	if (is_among(module, sizeof(libraries) / sizeof(libraries[0])))
		return OWNER_LIBRARY;
	return module_matches(module, "ld-*.so*") || module_matches(module, "ld64.so*")
		       ? OWNER_LOADER
		       : OWNER_PROGRAM;
}

enum code_owner names_owner(struct names *names, uint64_t address)
{
	keep_fresh(names);
	if (!names->last || address < names->last->start || address >= names->last->end) {
		names->last = symbols_module_at(names->walker->symbols, address);
		names->last_owner = owner_of(names->last);
	}
	return names->last_owner;
}

bool names_has_library(struct names *names, char *reason, size_t size)
{
	const struct symbols *symbols = names->walker->symbols;

	snprintf(reason, size,
		 "no C library is mapped as a module of its own: in a program that is linked "
		 "statically its functions cannot be told from the program's");
	for (size_t i = 0; i < symbols_module_count(symbols); i++) {
		const struct module *module = symbols_module(symbols, i);

		if (!is_among(module, C_LIBRARIES))
			continue;
		if (module->has_symbols)
			return true;
		snprintf(reason, size, "%s has no symbols that could be read", module->name);
	}
	return false;
}

static void name_callee(struct callee *callee, const char *exported, size_t length)
{
	callee->is_named = true;
	snprintf(callee->exported, sizeof(callee->exported), "%.*s", (int)length, exported);
	async_signal_plain_name(callee->exported, callee->name, sizeof(callee->name));
	callee->safety = async_signal_safety(callee->name);
}

/* The function that a stub stands for. C++ functions are told by their own symbols, demangled. */
static bool name_by_stub(const struct place *place, struct callee *callee)
{
	const size_t length = place->function ? strlen(place->function) : 0;
	const size_t suffix = strlen(STUB_SUFFIX);

	if (length <= suffix || strcmp(place->function + length - suffix, STUB_SUFFIX) != 0 ||
	    strncmp(place->function, "_Z", 2) == 0)
		return false;
	name_callee(callee, place->function, length - suffix);
	return true;
}

static struct name_entry *find(struct name_entry *entries, uint64_t address)
{
	struct name_entry *entry;

	HASH_FIND(hh, entries, &address, sizeof(address), entry);
	return entry;
}

static struct name_entry *add(struct name_entry **entries, uint64_t address)
{
	struct name_entry *entry = alloc_zero(sizeof(*entry));

	entry->address = address;
	HASH_ADD(hh, *entries, address, sizeof(entry->address), entry);
	return entry;
}

const struct callee *names_function(struct names *names, uint64_t address)
{
	struct name_entry *entry;
	struct place place;

	keep_fresh(names);
	entry = find(names->functions, address);
	if (entry)
		return &entry->callee;
	entry = add(&names->functions, address);
	if (symbols_place(names->walker->symbols, address, &place) && place.function)
		name_callee(&entry->callee, place.function, strlen(place.function));
	return &entry->callee;
}

/* The target of a call that ends before `return_address`: `call rel32`, or `call *slot(%rip)` whose
 * slot the loader has filled (-fno-plt). False: some other call. */
static bool read_target(const struct names *names, uint64_t return_address, uint64_t *target)
{
	const pid_t pid = names->walker->pid;
	uint8_t code[6];
	int32_t offset;

	if (memory_read(pid, return_address - sizeof(code), code, sizeof(code)))
		return false;
	memcpy(&offset, code + 2, sizeof(offset));
	*target = return_address + (uint64_t)(int64_t)offset;
	if (code[1] == 0xe8)
		return true;
	return code[0] == 0xff && code[1] == 0x15 &&
	       !memory_read(pid, *target, target, sizeof(*target));
}

static void name_called(struct names *names, uint64_t return_address, struct callee *callee)
{
	struct place place;
	uint64_t target;

	if (!read_target(names, return_address, &target) ||
	    !symbols_place(names->walker->symbols, target, &place) || name_by_stub(&place, callee))
		return;
	/* Not a byte of something else that looks like a call. */
	if (place.function && place.function_start == target &&
	    names_owner(names, target) == OWNER_LIBRARY)
		name_callee(callee, place.function, strlen(place.function));
}

const struct callee *names_called(struct names *names, uint64_t return_address)
{
	struct name_entry *entry;

	keep_fresh(names);
	entry = find(names->sites, return_address);
	if (!entry) {
		entry = add(&names->sites, return_address);
		name_called(names, return_address, &entry->callee);
	}
	return &entry->callee;
}

void names_entered(struct names *names, uint64_t pc, uint64_t stub, struct callee *callee)
{
	struct place place;

	memset(callee, 0, sizeof(*callee));
	if (stub && symbols_place(names->walker->symbols, stub, &place) &&
	    name_by_stub(&place, callee))
		return;
	if (symbols_place(names->walker->symbols, pc, &place) && place.function &&
	    place.function_start == pc)
		name_callee(callee, place.function, strlen(place.function));
}
