/* SPDX-License-Identifier: MIT */
/*
 * Where an interpreter begins to take everything down, found in its code. Knows nothing of what is
 * judged there.
 */
#include "harness/engine/decode_branch.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <stdlib.h>

#define FIRST_WITH_BOTH 0x030d0000u /* PY_VERSION_HEX */
#define CODE_MAX 64                 /* bytes in which the call must be */

/* The target of the first direct call or jump in the code at `address`; 0: none. */
static uint64_t first_target(pid_t pid, uint64_t address)
{
	uint8_t code[CODE_MAX];
	ssize_t size = memory_read_some(pid, address, code, sizeof(code));
	ssize_t at = 0;

	while (at < size) {
		struct branch branch;

		if (!decode_branch(code + at, (size_t)(size - at), address + (uint64_t)at, &branch))
			return 0;
		if (branch.target && (branch.is_call || !branch.goes_on))
			return branch.target;
		if (!branch.goes_on)
			return 0;
		at += branch.length;
	}
	return 0;
}

uint64_t finalize_find(struct symbols *symbols, pid_t pid, const char *module, uint32_t version)
{
	uint64_t *addresses;
	uint64_t address;
	uint64_t target;
	size_t count;

	if (symbols_find(symbols, module, "Py_FinalizeEx", &addresses, &count)) {
		fail_clear();
		return 0;
	}
	address = addresses[0];
	free(addresses);
	if (version < FIRST_WITH_BOTH)
		return address;
	target = first_target(pid, address);
	return target ? target : address;
}
