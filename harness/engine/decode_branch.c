/* SPDX-License-Identifier: MIT */
/* See decode_branch.h. */
#include "harness/engine/decode_branch.h"

#include <Zydis/Zydis.h>

#include <string.h>

static void fill_target(const ZydisDecodedInstruction *instruction,
			const ZydisDecodedOperand *operand, uint64_t pc, struct branch *branch)
{
	ZyanU64 address;

	if (operand->type != ZYDIS_OPERAND_TYPE_IMMEDIATE &&
	    (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.base != ZYDIS_REGISTER_RIP))
		return;
	if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(instruction, operand, pc, &address)))
		return;
	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
		branch->pointer = address;
	else
		branch->target = address;
}

bool decode_branch(const uint8_t *bytes, size_t size, uint64_t pc, struct branch *branch)
{
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecoder decoder;

	memset(branch, 0, sizeof(*branch));
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &instruction, operands)))
		return false;
	branch->length = instruction.length;
	branch->goes_on = true;
	switch (instruction.meta.category) {
	case ZYDIS_CATEGORY_CALL:
		branch->is_call = true;
		fill_target(&instruction, &operands[0], pc, branch);
		break;
	case ZYDIS_CATEGORY_COND_BR:
		fill_target(&instruction, &operands[0], pc, branch);
		break;
	case ZYDIS_CATEGORY_UNCOND_BR:
		branch->goes_on = false;
		fill_target(&instruction, &operands[0], pc, branch);
		break;
	case ZYDIS_CATEGORY_RET:
		branch->goes_on = false;
		break;
	default:
		break;
	}
	return true;
}
