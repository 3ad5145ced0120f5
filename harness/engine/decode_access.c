/* SPDX-License-Identifier: MIT */
/* See decode_access.h. */
#include "harness/engine/decode_access.h"

#include <Zydis/Zydis.h>

#include <string.h>

/* The general registers in the order of the instruction set's numbers. */
static void fill_context(ZydisRegisterContext *context, const struct registers *registers)
{
	static const struct {
		const char *name;
		ZydisRegister number;
	} names[] = {
		{"rax", ZYDIS_REGISTER_RAX}, {"rbx", ZYDIS_REGISTER_RBX},
		{"rcx", ZYDIS_REGISTER_RCX}, {"rdx", ZYDIS_REGISTER_RDX},
		{"rsi", ZYDIS_REGISTER_RSI}, {"rdi", ZYDIS_REGISTER_RDI},
		{"rbp", ZYDIS_REGISTER_RBP}, {"rsp", ZYDIS_REGISTER_RSP},
		{"r8", ZYDIS_REGISTER_R8},   {"r9", ZYDIS_REGISTER_R9},
		{"r10", ZYDIS_REGISTER_R10}, {"r11", ZYDIS_REGISTER_R11},
		{"r12", ZYDIS_REGISTER_R12}, {"r13", ZYDIS_REGISTER_R13},
		{"r14", ZYDIS_REGISTER_R14}, {"r15", ZYDIS_REGISTER_R15},
	};
	const char *name;
	uint64_t value;

	memset(context, 0, sizeof(*context));
	for (size_t n = 0; registers_each(registers, n, &name, &value); n++)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strcmp(names[i].name, name) == 0)
				context->values[names[i].number] = value;
}

static unsigned int access_of(const ZydisDecodedOperand *operand)
{
	unsigned int access = ACCESS_NONE;

	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		access |= ACCESS_READ;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		access |= ACCESS_WRITE;
	return access;
}

unsigned int decode_access(const uint8_t *bytes, size_t size, const struct registers *registers,
			   uint64_t address, size_t length)
{
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisRegisterContext context;
	unsigned int access = ACCESS_NONE;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &instruction, operands)))
		return ACCESS_NONE;
	fill_context(&context, registers);
	for (int i = 0; i < instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];
		ZyanU64 at;

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
		    operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN ||
		    operand->mem.segment == ZYDIS_REGISTER_FS ||
		    operand->mem.segment == ZYDIS_REGISTER_GS)
			continue;
		if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddressEx(
			    &instruction, operand, registers_pc(registers), &context, &at)))
			continue;
		if (at < address + length && address < at + operand->size / 8)
			access |= access_of(operand);
	}
	return access;
}
