/* SPDX-License-Identifier: MIT */
/*
 * Where extensions take and give a PyMutex without a call. What C code calls PyMutex_Lock() is an
 * inline function: it exchanges the mutex's byte, 0 for 1, and calls the interpreter only where
 * that fails; PyMutex_Unlock() likewise, 1 for 0 (Include/cpython/lock.h, 3.13 and later). So each
 * is a locked cmpxchg of one byte from which a way leads to a call of that name, with no other call
 * in between.
 */
#include "harness/base/alloc.h"
#include "harness/engine/access.h"
#include "harness/engine/decode.h"
#include "harness/engine/decode_branch.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <stdlib.h>
#include <string.h>

#define EXCHANGE_SIZE 5 /* bytes at least: F0 0F B0 and an address, or F0 REX 0F B0 and a ModRM */
#define STEPS_MAX 24    /* instructions on the way to the call */
#define BRANCHES_MAX 3  /* of them jumps on a condition */
#define PLACES_MAX 64

/* What a way has to lead to. */
struct callees {
	uint64_t list[PLACES_MAX];
	size_t count;
};

static void find_callees(struct callees *callees, struct symbols *symbols)
{
	static const char *const names[] = {"PyMutex_Lock", "PyMutex_Lock@plt", "PyMutex_Unlock",
					    "PyMutex_Unlock@plt"};

	callees->count = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		callees->count += symbols_named(symbols, names[i], callees->list + callees->count,
						PLACES_MAX - callees->count);
}

static bool is_callee(const struct callees *callees, pid_t pid, const struct branch *branch)
{
	uint64_t target = branch->target;

	if (branch->pointer && memory_read(pid, branch->pointer, &target, sizeof(target)))
		return false;
	for (size_t i = 0; target && i < callees->count; i++)
		if (callees->list[i] == target)
			return true;
	return false;
}

static bool read_branch(pid_t pid, uint64_t pc, struct branch *branch)
{
	uint8_t bytes[INSTRUCTION_MAX];
	const ssize_t size = memory_read_some(pid, pc, bytes, sizeof(bytes));

	return size > 0 && decode_branch(bytes, (size_t)size, pc, branch);
}

/* Is it a locked cmpxchg of one byte, at which address? The registers are those before it. */
static bool read_exchange(pid_t pid, uint64_t pc, const struct registers *registers,
			  uint64_t *address)
{
	uint8_t bytes[INSTRUCTION_MAX];
	const ssize_t size = memory_read_some(pid, pc, bytes, sizeof(bytes));
	struct access_list accesses;

	if (size <= 0 || access_list_of(bytes, (size_t)size, registers, &accesses) ||
	    !accesses.is_locked || accesses.count != 1 || !accesses.list[0].is_compare ||
	    accesses.list[0].size != 1)
		return false;
	*address = accesses.list[0].address;
	return true;
}

static bool is_exchange(pid_t pid, uint64_t pc)
{
	const struct registers none = {0};
	uint64_t address;

	return read_exchange(pid, pc, &none, &address);
}

/* Does a way from `pc` on lead to one of the functions? */
static bool leads_to(const struct callees *callees, pid_t pid, uint64_t pc, int steps, int branches)
{
	while (steps-- > 0) {
		struct branch branch;

		if (is_exchange(pid, pc) || !read_branch(pid, pc, &branch))
			return false;
		if (is_callee(callees, pid, &branch))
			return true;
		if (branch.is_call || (!branch.goes_on && !branch.target))
			return false;
		if (branch.goes_on && branch.target &&
		    (branches-- == 0 || leads_to(callees, pid, branch.target, steps, branches)))
			return branches >= 0;
		pc = branch.goes_on ? pc + branch.length : branch.target;
	}
	return false;
}

static void look(struct python_lock_sites *sites, const struct callees *callees, pid_t pid,
		 uint64_t pc)
{
	struct branch branch;

	if (!is_exchange(pid, pc) || !read_branch(pid, pc, &branch) ||
	    !leads_to(callees, pid, pc + branch.length, STEPS_MAX, BRANCHES_MAX))
		return;
	python_lock_sites_add(sites, &(struct python_lock_site){
					     .pc = pc, .kind = LOCK_PYMUTEX, .is_exchange = true});
}

/* A lock prefix (F0), perhaps a REX prefix (40 to 4F), and cmpxchg r/m8, r8 (0F B0; Intel SDM
 * volume 2). Also in the middle of other instructions, which lead to no such call. */
static bool may_be_exchange(const uint8_t *code)
{
	const uint8_t *opcode = (code[1] & 0xf0) == 0x40 ? code + 2 : code + 1;

	return code[0] == 0xf0 && opcode[0] == 0x0f && opcode[1] == 0xb0;
}

static void scan(struct python_lock_sites *sites, const struct callees *callees, pid_t pid,
		 const struct code_range *range)
{
	const size_t size = range->end - range->start;
	uint8_t *code = alloc_resize(NULL, size, 1);
	const ssize_t count = memory_read_some(pid, range->start, code, size);
	const uint8_t *at = code;

	while (count >= EXCHANGE_SIZE &&
	       (at = memchr(at, 0xf0, (size_t)(code + count - EXCHANGE_SIZE + 1 - at)))) {
		if (may_be_exchange(at))
			look(sites, callees, pid, range->start + (uint64_t)(at - code));
		at++;
	}
	free(code);
}

static bool is_scanned(struct python_lock_sites *sites, const struct module *module)
{
	for (size_t i = 0; i < sites->scanned_count; i++)
		if (sites->scanned[i].start == module->start &&
		    sites->scanned[i].path == module->path)
			return true;
	alloc_grow((void **)&sites->scanned, sites->scanned_count, &sites->scanned_capacity,
		   sizeof(*sites->scanned));
	sites->scanned[sites->scanned_count++] =
		(struct python_lock_module){.start = module->start, .path = module->path};
	return false;
}

static void scan_module(struct python_lock_sites *sites, const struct callees *callees,
			const struct symbols *symbols, const struct module *module, pid_t pid)
{
	struct code_range *ranges;
	size_t count;

	if (symbols_module_code(symbols, module, &ranges, &count)) {
		fail_clear();
		return;
	}
	for (size_t i = 0; i < count; i++)
		scan(sites, callees, pid, &ranges[i]);
	free(ranges);
}

bool python_lock_inlined_is_there(const struct python_lock_site *site, pid_t pid)
{
	return is_exchange(pid, site->pc);
}

bool python_lock_inlined_read(const struct python_lock_site *site, pid_t pid,
			      const struct registers *registers, uint64_t *address,
			      enum lock_effect *effect)
{
	const uint8_t expected = (uint8_t)registers_general(registers, 0);
	uint8_t now;

	*effect = expected ? LOCK_RELEASE : LOCK_TAKE;
	return read_exchange(pid, site->pc, registers, address) &&
	       memory_read(pid, *address, &now, sizeof(now)) == 0 && now == expected;
}

void python_lock_inlined_find(struct python_lock_sites *sites, const struct python *python,
			      struct symbols *symbols, pid_t pid)
{
	const struct python_image *image = python_image(python);
	struct callees callees;

	find_callees(&callees, symbols);
	for (size_t i = 0; callees.count && i < symbols_module_count(symbols); i++) {
		const struct module *module = symbols_module(symbols, i);

		/* The interpreter's own mutexes are its own affair. */
		if ((image->start >= module->start && image->start < module->end) ||
		    is_scanned(sites, module))
			continue;
		scan_module(sites, &callees, symbols, module, pid);
	}
}
