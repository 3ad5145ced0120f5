/* SPDX-License-Identifier: MIT */
/*
 * Where an interpreter begins to take everything down, found in its code. Knows nothing of what is
 * judged there.
 */
#include "harness/engine/decode.h"
#include "harness/kernel/memory.h"
#include "harness/python/private.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_WITH_BOTH 0x030d0000u /* PY_VERSION_HEX */
#define CODE_MAX 64                 /* bytes in which the call must be */

/* The target of the first direct call or jump (E8 and E9 rel32) in the code at `address`; 0: none.
 */
static uint64_t first_target(pid_t pid, uint64_t address)
{
	uint8_t code[CODE_MAX];
	ssize_t size = memory_read_some(pid, address, code, sizeof(code));
	ssize_t at = 0;

	while (at < size) {
		struct instruction instruction;
		int32_t distance;

		if (decode_instruction(code + at, (size_t)(size - at), &instruction))
			return 0;
		if (instruction.length == 5 && (code[at] == 0xe8 || code[at] == 0xe9)) {
			memcpy(&distance, code + at + 1, sizeof(distance));
			return address + (uint64_t)at + 5 + (uint64_t)(int64_t)distance;
		}
		if (instruction.flags & INSTRUCTION_RETURN)
			return 0;
		at += instruction.length;
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
