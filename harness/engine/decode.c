/* SPDX-License-Identifier: MIT */
/*
 * See decode.h: what an instruction is. Decoding stands in the step loop, so the decoder is set up
 * once and nothing is allocated.
 */
#include "harness/engine/decode.h"

#include <Zydis/Zydis.h>

#include <errno.h>
#include <stdbool.h>

static const ZydisDecoder *decoder(void)
{
	static ZydisDecoder the_decoder;
	static bool is_ready;

	if (!is_ready) {
		ZydisDecoderInit(&the_decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		is_ready = true;
	}
	return &the_decoder;
}

static uint32_t flags_of_mnemonic(const ZydisDecodedInstruction *instruction,
				  const ZydisDecodedOperand *operands)
{
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_SYSCALL:
		return INSTRUCTION_SYSCALL;
	case ZYDIS_MNEMONIC_SYSENTER:
		return INSTRUCTION_OTHER_GATE;
	case ZYDIS_MNEMONIC_INT:
		if (operands[0].imm.value.u == 0x80)
			return INSTRUCTION_OTHER_GATE;
		return operands[0].imm.value.u == 3 ? INSTRUCTION_TRAP : 0;
	case ZYDIS_MNEMONIC_INT1:
	case ZYDIS_MNEMONIC_INT3:
		return INSTRUCTION_TRAP;
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFD:
	case ZYDIS_MNEMONIC_PUSHFQ:
		return INSTRUCTION_PUSH_FLAGS;
	case ZYDIS_MNEMONIC_POPF:
	case ZYDIS_MNEMONIC_POPFD:
	case ZYDIS_MNEMONIC_POPFQ:
		return INSTRUCTION_POP_FLAGS;
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		/* Goes to an address that it pops, but ends no function that was called. */
		return INSTRUCTION_POP_FLAGS | INSTRUCTION_JUMP | INSTRUCTION_INDIRECT;
	case ZYDIS_MNEMONIC_RDTSC:
	case ZYDIS_MNEMONIC_RDTSCP:
	case ZYDIS_MNEMONIC_RDRAND:
	case ZYDIS_MNEMONIC_RDSEED:
		return INSTRUCTION_TIMESTAMP;
	case ZYDIS_MNEMONIC_RET:
		return INSTRUCTION_RETURN;
	default:
		return 0;
	}
}

static uint32_t flags_of_branch(const ZydisDecodedInstruction *instruction,
				const ZydisDecodedOperand *operands)
{
	uint32_t flags;

	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		flags = INSTRUCTION_CALL;
		break;
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
		flags = INSTRUCTION_JUMP;
		break;
	default:
		return 0;
	}
	if (operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		flags |= INSTRUCTION_INDIRECT;
	return flags;
}

/* Operands that only look like memory: lea's, a multi-byte nop's, a prefetch's. */
static bool touches_memory(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_PREFETCH:
	case ZYDIS_CATEGORY_PREFETCHWT1:
		return false;
	default:
		return true;
	}
}

static uint32_t flags_of_memory(const ZydisDecodedInstruction *instruction,
				const ZydisDecodedOperand *operands)
{
	uint32_t flags = 0;

	if (!touches_memory(instruction))
		return 0;
	for (int i = 0; i < instruction->operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
		    operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
			continue;
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			flags |= INSTRUCTION_READS;
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			flags |= INSTRUCTION_WRITES;
		if (instruction->mnemonic == ZYDIS_MNEMONIC_XCHG)
			flags |= INSTRUCTION_LOCKED;
	}
	return flags;
}

int decode_instruction(const uint8_t *bytes, size_t size, struct instruction *out)
{
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder(), bytes, size, &instruction, operands)))
		return -EILSEQ;
	out->length = instruction.length;
	out->flags = flags_of_mnemonic(&instruction, operands) |
		     flags_of_branch(&instruction, operands) |
		     flags_of_memory(&instruction, operands);
	if (instruction.attributes &
	    (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE))
		out->flags |= INSTRUCTION_REPEAT;
	if (instruction.attributes & ZYDIS_ATTRIB_HAS_LOCK)
		out->flags |= INSTRUCTION_LOCKED;
	return 0;
}
