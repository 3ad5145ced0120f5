/* SPDX-License-Identifier: MIT */
/*
 * See access.h: addresses and sizes of memory operands, from the disassembler's list of operands,
 * which has the implicit ones too. It gives them as the manual writes them, so what the processor
 * does beside (the stack pointer moves first, bit strings reach beyond their operand) is added
 * here.
 */
#include "harness/engine/access.h"

#include <Zydis/Zydis.h>

#include <errno.h>
#include <string.h>

struct decoded {
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

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

/* The value of a register as part of an address, zero-extended. */
static uint64_t value_of(ZydisRegister name, const struct registers *registers)
{
	const ZydisRegister whole =
		ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);
	const int width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, name);
	uint64_t value;

	if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
		return 0;
	value = registers_general(registers, (unsigned int)(whole - ZYDIS_REGISTER_RAX));
	return width < 64 ? value & ((UINT64_C(1) << width) - 1) : value;
}

/* bt and its kin with memory and a register: the bit's number, which is signed, may lead anywhere;
 * what is touched is the operand-sized word that holds the bit. */
static uint64_t bit_string_offset(const struct decoded *decoded, const struct registers *registers)
{
	const ZydisDecodedOperand *number = &decoded->operands[1];
	const int64_t width = number->size;
	int64_t bit;

	if (decoded->instruction.meta.category != ZYDIS_CATEGORY_BITBYTE ||
	    decoded->operands[0].type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    number->type != ZYDIS_OPERAND_TYPE_REGISTER || !width)
		return 0;
	bit = (int64_t)(value_of(number->reg.value, registers) << (64 - width)) >> (64 - width);
	return (uint64_t)((bit / width - (bit % width < 0)) * (width / 8));
}

/* The stack pointer moves before push and its kin write, and before pop writes where it points. */
static uint64_t stack_offset(const struct decoded *decoded, const ZydisDecodedOperand *operand)
{
	const bool is_hidden = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
	const bool writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;

	if (operand->mem.base != ZYDIS_REGISTER_RSP || !writes)
		return 0;
	if (is_hidden)
		return -(uint64_t)(operand->size / 8);
	return decoded->instruction.mnemonic == ZYDIS_MNEMONIC_POP ? operand->size / 8 : 0;
}

static uint64_t address_of(const struct decoded *decoded, const ZydisDecodedOperand *operand,
			   const struct registers *registers)
{
	const ZydisDecodedOperandMem *memory = &operand->mem;
	uint64_t address = (uint64_t)memory->disp.value;

	if (memory->base == ZYDIS_REGISTER_RIP || memory->base == ZYDIS_REGISTER_EIP)
		address += registers_pc(registers) + decoded->instruction.length;
	else
		address += value_of(memory->base, registers);
	address += value_of(memory->index, registers) * memory->scale;
	address += stack_offset(decoded, operand) + bit_string_offset(decoded, registers);
	if (decoded->instruction.mnemonic == ZYDIS_MNEMONIC_XLAT)
		address += value_of(ZYDIS_REGISTER_AL, registers);
	if (decoded->instruction.address_width == 32)
		address &= UINT32_MAX;
	if (memory->segment == ZYDIS_REGISTER_FS)
		address += registers_thread_pointer(registers);
	else if (memory->segment == ZYDIS_REGISTER_GS)
		address += registers_gs_base(registers);
	return address;
}

/* Is memory only named: for a hint, or to compute with its address? */
static bool only_names(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_PREFETCH:
	case ZYDIS_CATEGORY_PREFETCHWT1:
		return true;
	default:
		break;
	}
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_CLFLUSH:
	case ZYDIS_MNEMONIC_CLFLUSHOPT:
	case ZYDIS_MNEMONIC_CLWB:
	case ZYDIS_MNEMONIC_CLDEMOTE:
		return true;
	default:
		return false;
	}
}

/* What touches more, or elsewhere, than its operands say. */
static bool is_beyond(const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_XSAVE:
	case ZYDIS_CATEGORY_XSAVEOPT:
	case ZYDIS_CATEGORY_INTERRUPT:
		return true;
	default:
		break;
	}
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_ENTER: /* copies frame pointers where it is nested */
		return decoded->operands[1].imm.value.u != 0;
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		return true;
	default:
		return instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
	}
}

static bool is_masked(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_MASKMOVQ:
	case ZYDIS_MNEMONIC_MASKMOVDQU:
	case ZYDIS_MNEMONIC_VMASKMOVDQU:
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
		return true;
	default:
		return instruction->avx.mask.mode > ZYDIS_MASK_MODE_DISABLED;
	}
}

/* A repeated string instruction whose count is used up does nothing more. */
static bool is_exhausted(const ZydisDecodedInstruction *instruction,
			 const struct registers *registers)
{
	const uint64_t repeated =
		ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;

	return (instruction->attributes & repeated) &&
	       !value_of(instruction->address_width == 32 ? ZYDIS_REGISTER_ECX : ZYDIS_REGISTER_RCX,
			 registers);
}

static void add(const struct decoded *decoded, const ZydisDecodedOperand *operand,
		const struct registers *registers, struct access_list *accesses)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	struct memory_access *access;

	if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM || !operand->size ||
	    accesses->count == ACCESSES_MAX) {
		accesses->is_unknown |= operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN;
		return;
	}
	access = &accesses->list[accesses->count++];
	access->address = address_of(decoded, operand, registers);
	access->size = operand->size / 8;
	access->reads = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	access->writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	access->is_stack = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
			   (operand->mem.base == ZYDIS_REGISTER_RSP ||
			    instruction->mnemonic == ZYDIS_MNEMONIC_LEAVE);
	access->is_compare = instruction->mnemonic == ZYDIS_MNEMONIC_CMPXCHG ||
			     instruction->mnemonic == ZYDIS_MNEMONIC_CMPXCHG8B ||
			     instruction->mnemonic == ZYDIS_MNEMONIC_CMPXCHG16B;
	access->is_masked = is_masked(instruction);
}

/* `reads` true: the operands that are read, or read and written; else those that are written only.
 */
static void add_all(const struct decoded *decoded, bool reads, const struct registers *registers,
		    struct access_list *accesses)
{
	for (int i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    !(operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) == !reads)
			add(decoded, operand, registers, accesses);
	}
}

int access_list_of(const uint8_t *bytes, size_t size, const struct registers *registers,
		   struct access_list *accesses)
{
	struct decoded decoded;
	const ZydisDecodedInstruction *instruction = &decoded.instruction;

	memset(accesses, 0, sizeof(*accesses));
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder(), bytes, size, &decoded.instruction,
						 decoded.operands)))
		return -EILSEQ;
	if (only_names(instruction) || is_exhausted(instruction, registers))
		return 0;
	accesses->is_unknown = is_beyond(&decoded);
	add_all(&decoded, true, registers, accesses);
	add_all(&decoded, false, registers, accesses);
	accesses->is_locked =
		accesses->count && ((instruction->attributes & ZYDIS_ATTRIB_HAS_LOCK) ||
				    instruction->mnemonic == ZYDIS_MNEMONIC_XCHG);
	return 0;
}
