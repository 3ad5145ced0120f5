/* SPDX-License-Identifier: MIT */
/*
 * See access.h: where the values go that an instruction reads. An instruction's results are all
 * taken to depend on all of its values: right for moves and arithmetic, a little too much for
 * exchanges.
 */
#include "harness/engine/access.h"

#include <Zydis/Zydis.h>

#include <errno.h>
#include <string.h>

#define GENERAL_REGISTERS 16
#define OTHER_REGISTERS (UINT64_C(1) << 63)

/* The register's bit; 0 for those that carry no values: pc, flags, segments. */
static uint64_t bit_of(ZydisRegister name)
{
	const ZydisRegister whole =
		ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);

	if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
		return UINT64_C(1) << (whole - ZYDIS_REGISTER_RAX);
	if (whole >= ZYDIS_REGISTER_ZMM0 && whole <= ZYDIS_REGISTER_ZMM31)
		return UINT64_C(1) << (GENERAL_REGISTERS + whole - ZYDIS_REGISTER_ZMM0);
	switch (ZydisRegisterGetClass(name)) {
	case ZYDIS_REGCLASS_X87:
	case ZYDIS_REGCLASS_MMX:
	case ZYDIS_REGCLASS_MASK:
		return OTHER_REGISTERS;
	default:
		return 0;
	}
}

/* Does a write leave a part of the register as it was? Writes of 32 bits clear the upper half. */
static bool keeps_rest(const ZydisDecodedOperand *operand)
{
	const ZydisRegisterClass kind = ZydisRegisterGetClass(operand->reg.value);

	return kind == ZYDIS_REGCLASS_GPR8 || kind == ZYDIS_REGCLASS_GPR16 ||
	       kind == ZYDIS_REGCLASS_X87 || kind == ZYDIS_REGCLASS_MMX ||
	       !(operand->actions & ZYDIS_OPERAND_ACTION_WRITE);
}

/* What moves the stack, or the string pointers, is no value. */
static bool is_bookkeeping(const ZydisDecodedInstruction *instruction,
			   const ZydisDecodedOperand *operand)
{
	const ZydisRegister name = operand->reg.value;

	if (operand->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
		return false;
	if (instruction->meta.category == ZYDIS_CATEGORY_STRINGOP)
		return bit_of(name) != bit_of(ZYDIS_REGISTER_RAX);
	return name == ZYDIS_REGISTER_RSP;
}

static void add_register(const ZydisDecodedInstruction *instruction,
			 const ZydisDecodedOperand *operand, struct register_flow *flow)
{
	const uint64_t bit = bit_of(operand->reg.value);

	if (is_bookkeeping(instruction, operand))
		return;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		flow->values |= bit;
	if (!(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
		return;
	flow->results |= bit;
	if (keeps_rest(operand))
		flow->values |= bit;
}

static void add_memory(const ZydisDecodedOperand *operand, struct register_flow *flow)
{
	const uint64_t bits = bit_of(operand->mem.base) | bit_of(operand->mem.index);

	if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
	    operand->mem.base == ZYDIS_REGISTER_RSP)
		return;
	if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
		flow->values |= bits;
	else if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		flow->addresses |= bits;
}

/* xor, sub and their vector kin of a register with itself: nothing, whatever it held. */
static bool is_zeroing(const ZydisDecodedInstruction *instruction,
		       const ZydisDecodedOperand *operands)
{
	const int last = instruction->operand_count_visible - 1;

	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_XORPS:
	case ZYDIS_MNEMONIC_XORPD:
	case ZYDIS_MNEMONIC_PXOR:
	case ZYDIS_MNEMONIC_VXORPS:
	case ZYDIS_MNEMONIC_VXORPD:
	case ZYDIS_MNEMONIC_VPXOR:
		return last > 0 && operands[last].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       operands[last - 1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       operands[last].reg.value == operands[last - 1].reg.value;
	default:
		return false;
	}
}

int access_flow_of(const uint8_t *bytes, size_t size, struct register_flow *flow)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction instruction;
	ZydisDecoder decoder;

	memset(flow, 0, sizeof(*flow));
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &instruction, operands)))
		return -EILSEQ;
	for (int i = 0; i < instruction.operand_count; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
			add_register(&instruction, &operands[i], flow);
		else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			add_memory(&operands[i], flow);
	}
	if (is_zeroing(&instruction, operands))
		flow->values = 0;
	return 0;
}
