/* SPDX-License-Identifier: MIT */
/*
 * See decode.h: the text of an instruction. The library's own AT&T output differs from what gdb and
 * objdump print in every second instruction (names of conditions, operand sizes, addresses relative
 * to the pc), and people paste these lines from one tool into another; so the text is put together
 * here from the decoded parts. Vector instructions with masks are left to the library.
 */
#include "harness/engine/decode.h"

#include <Zydis/Zydis.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct line {
	char text[160];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list arguments;
	int added;

	va_start(arguments, format);
	added = vsnprintf(line->text + line->used, sizeof(line->text) - line->used, format,
			  arguments);
	va_end(arguments);
	if (added > 0)
		line->used += (size_t)added;
	if (line->used >= sizeof(line->text))
		line->used = sizeof(line->text) - 1;
}

struct decoded {
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t pc;
};

static bool decode(const uint8_t *bytes, size_t size, struct decoded *decoded)
{
	static ZydisDecoder decoder;
	static bool is_ready;

	if (!is_ready) {
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		is_ready = true;
	}
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &decoded->instruction,
						   decoded->operands));
}

/* A name of the library and what the GNU tools call it. */
struct renamed {
	const char *library;
	const char *gnu;
};

static const char *look_up(const struct renamed *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i].library, name))
			return names[i].gnu;
	}
	return NULL;
}

#define LOOK_UP(names, name) look_up(names, sizeof(names) / sizeof((names)[0]), name)

/* "nz" -> "ne" behind j, set and cmov. */
static bool add_conditional(struct line *line, const char *name)
{
	static const struct renamed conditions[] = {
		{"z", "e"}, {"nz", "ne"}, {"nb", "ae"}, {"nbe", "a"}, {"nl", "ge"}, {"nle", "g"},
	};
	static const char *const stems[] = {"j", "set", "cmov"};

	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
		size_t length = strlen(stems[i]);
		const char *condition;

		if (strncmp(name, stems[i], length))
			continue;
		condition = LOOK_UP(conditions, name + length);
		if (!condition)
			continue;
		add(line, "%s%s", stems[i], condition);
		return true;
	}
	return false;
}

static char letter_of_size(unsigned int bits)
{
	switch (bits) {
	case 8:
		return 'b';
	case 16:
		return 'w';
	case 32:
		return 'l';
	default:
		return 'q';
	}
}

static bool is_shift(const ZydisDecodedInstruction *instruction)
{
	return instruction->meta.category == ZYDIS_CATEGORY_SHIFT ||
	       instruction->meta.category == ZYDIS_CATEGORY_ROTATE;
}

/* The memory operand whose size no register tells; NULL: there is none. */
static const ZydisDecodedOperand *find_unsized(const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	const ZydisDecodedOperand *found = NULL;

	for (int i = 0; i < instruction->operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
			found = operand;
		else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			 !(i > 0 && is_shift(instruction)) &&
			 instruction->meta.category != ZYDIS_CATEGORY_CONVERT)
			return NULL;
	}
	return found;
}

/* "addl": where neither operand is a register. */
static void add_size(struct line *line, const struct decoded *decoded)
{
	const ZydisDecodedOperand *memory = find_unsized(decoded);

	if (!memory)
		return;
	switch (decoded->instruction.meta.category) {
	case ZYDIS_CATEGORY_BINARY:
	case ZYDIS_CATEGORY_BITBYTE:
	case ZYDIS_CATEGORY_DATAXFER:
	case ZYDIS_CATEGORY_LOGICAL:
	case ZYDIS_CATEGORY_ROTATE:
	case ZYDIS_CATEGORY_SHIFT:
		add(line, "%c", letter_of_size(memory->size));
		break;
	case ZYDIS_CATEGORY_CONVERT:
		if (!strncmp(line->text, "cvtsi2s", 7))
			add(line, "%c", letter_of_size(memory->size));
		break;
	case ZYDIS_CATEGORY_X87_ALU:
		if (memory->element_type == ZYDIS_ELEMENT_TYPE_FLOAT32)
			add(line, "s");
		else if (memory->element_type == ZYDIS_ELEMENT_TYPE_FLOAT64)
			add(line, "l");
		else if (memory->element_type == ZYDIS_ELEMENT_TYPE_FLOAT80)
			add(line, "t");
		else if (!strncmp(line->text, "fi", 2))
			add(line, "%s", memory->size == 16 ? "s" : memory->size == 32 ? "l" : "ll");
		break;
	default:
		break;
	}
}

static void add_prefixes(struct line *line, const ZydisDecodedInstruction *instruction)
{
	static const struct {
		ZydisInstructionAttributes attribute;
		const char *name;
	} prefixes[] = {
		{ZYDIS_ATTRIB_HAS_XACQUIRE, "xacquire"}, {ZYDIS_ATTRIB_HAS_XRELEASE, "xrelease"},
		{ZYDIS_ATTRIB_HAS_LOCK, "lock"},         {ZYDIS_ATTRIB_HAS_REP, "rep"},
		{ZYDIS_ATTRIB_HAS_REPE, "repz"},         {ZYDIS_ATTRIB_HAS_REPNE, "repnz"},
		{ZYDIS_ATTRIB_HAS_BND, "bnd"},           {ZYDIS_ATTRIB_HAS_NOTRACK, "notrack"},
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (instruction->attributes & prefixes[i].attribute)
			add(line, "%s ", prefixes[i].name);
	}
}

/* "movsl": the library's "movsd" is also the name of a vector instruction. */
static bool add_string_operation(struct line *line, const ZydisDecodedInstruction *instruction,
				 const char *name)
{
	size_t length = strlen(name);

	if (instruction->meta.category != ZYDIS_CATEGORY_STRINGOP || name[length - 1] != 'd')
		return false;
	add(line, "%.*sl", (int)length - 1, name);
	return true;
}

/* AT&T assemblers have always had these two pairs the wrong way round where the result goes to
 * another register than the top of the stack, and all tools stay with it (gas manual, i386-Bugs).
 */
static const char *swap_reversed(const struct decoded *decoded, const char *name)
{
	static const struct renamed pairs[] = {
		{"fsub", "fsubr"},   {"fsubr", "fsub"},   {"fdiv", "fdivr"},   {"fdivr", "fdiv"},
		{"fsubp", "fsubrp"}, {"fsubrp", "fsubp"}, {"fdivp", "fdivrp"}, {"fdivrp", "fdivp"},
	};
	uint8_t opcode = decoded->instruction.opcode;

	if ((opcode != 0xdc && opcode != 0xde) || decoded->instruction.raw.modrm.mod != 3)
		return NULL;
	return LOOK_UP(pairs, name);
}

static void add_name(struct line *line, const struct decoded *decoded)
{
	static const struct renamed names[] = {
		{"cbw", "cbtw"},     {"cwde", "cwtl"},  {"cdqe", "cltq"},
		{"cwd", "cwtd"},     {"cdq", "cltd"},   {"cqo", "cqto"},
		{"pushfq", "pushf"}, {"popfq", "popf"}, {"movsxd", "movslq"},
	};
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	const char *name = ZydisMnemonicGetString(instruction->mnemonic);

	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVZX:
		add(line, "%.4s%c%c", name, letter_of_size(decoded->operands[1].size),
		    letter_of_size(decoded->operands[0].size));
		return;
	case ZYDIS_MNEMONIC_NOP:
		add(line, "nop");
		if (instruction->operand_count_visible)
			add(line, "%c", letter_of_size(instruction->operand_width));
		return;
	case ZYDIS_MNEMONIC_MOV:
		if (instruction->raw.imm[0].size == 64 || instruction->raw.disp.size == 64) {
			add(line, "movabs");
			return;
		}
		break;
	case ZYDIS_MNEMONIC_RET:
		add(line, instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ? "lret" : "ret");
		return;
	default:
		break;
	}
	if (LOOK_UP(names, name))
		add(line, "%s", LOOK_UP(names, name));
	else if (swap_reversed(decoded, name))
		add(line, "%s", swap_reversed(decoded, name));
	else if (add_string_operation(line, instruction, name))
		return;
	else if (!add_conditional(line, name))
		add(line, "%s", name);
	add_size(line, decoded);
}

static void add_register(struct line *line, ZydisRegister number, bool is_explicit)
{
	if (number == ZYDIS_REGISTER_ST0 && !is_explicit)
		add(line, "%%st");
	else if (ZydisRegisterGetClass(number) == ZYDIS_REGCLASS_X87)
		add(line, "%%st(%d)", ZydisRegisterGetId(number));
	else
		add(line, "%%%s", ZydisRegisterGetString(number));
}

static void add_signed(struct line *line, int64_t value)
{
	if (value < 0)
		add(line, "-0x%llx", -(unsigned long long)value);
	else
		add(line, "0x%llx", (unsigned long long)value);
}

static void add_memory(struct line *line, const struct decoded *decoded,
		       const ZydisDecodedOperand *operand)
{
	ZydisInstructionAttributes attributes = decoded->instruction.attributes;

	if (attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS))
		add(line, "%s", attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS ? "%fs:" : "%gs:");
	if (operand->mem.base == ZYDIS_REGISTER_NONE && operand->mem.index == ZYDIS_REGISTER_NONE) {
		add(line, "0x%llx", (unsigned long long)operand->mem.disp.value);
		return;
	}
	if (operand->mem.disp.has_displacement)
		add_signed(line, operand->mem.disp.value);
	add(line, "(");
	if (operand->mem.base != ZYDIS_REGISTER_NONE)
		add_register(line, operand->mem.base, true);
	if (operand->mem.index != ZYDIS_REGISTER_NONE) {
		add(line, ",");
		add_register(line, operand->mem.index, true);
		add(line, ",%d", operand->mem.scale);
	}
	add(line, ")");
}

static void add_immediate(struct line *line, const struct decoded *decoded,
			  const ZydisDecodedOperand *operand)
{
	unsigned int width = decoded->instruction.operand_width;
	uint64_t value = operand->imm.value.u;

	if (operand->imm.is_relative) {
		add(line, "0x%llx",
		    (unsigned long long)(decoded->pc + decoded->instruction.length + value));
		return;
	}
	/* Sign-extended to the size of the operation, and then shown as its bits. */
	if (operand->imm.is_signed && width > 0 && width < 64)
		value &= (1ULL << width) - 1;
	add(line, "$0x%llx", (unsigned long long)value);
}

static bool is_branch(const ZydisDecodedInstruction *instruction)
{
	return instruction->meta.category == ZYDIS_CATEGORY_CALL ||
	       instruction->meta.category == ZYDIS_CATEGORY_UNCOND_BR;
}

static void add_operand(struct line *line, const struct decoded *decoded,
			const ZydisDecodedOperand *operand)
{
	if (is_branch(&decoded->instruction) && operand->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		add(line, "*");
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		add_register(line, operand->reg.value,
			     operand->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT);
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		add_memory(line, decoded, operand);
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		add_immediate(line, decoded, operand);
		break;
	default:
		break;
	}
}

/* The address that a pc-relative operand means, as a comment. */
static void add_meant_address(struct line *line, const struct decoded *decoded)
{
	for (int i = 0; i < decoded->instruction.operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    operand->mem.base == ZYDIS_REGISTER_RIP)
			add(line, " # 0x%llx",
			    (unsigned long long)(decoded->pc + decoded->instruction.length +
						 (uint64_t)operand->mem.disp.value));
	}
}

static void compose(struct line *line, const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	/* The two-byte filler 66 90. */
	if (instruction->mnemonic == ZYDIS_MNEMONIC_NOP && instruction->opcode == 0x90 &&
	    (instruction->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE)) {
		add(line, "xchg %%ax,%%ax");
		return;
	}
	add_prefixes(line, instruction);
	add_name(line, decoded);
	for (int i = instruction->operand_count_visible - 1; i >= 0; i--) {
		/* The second operand of a long nop is in no text. */
		if (instruction->mnemonic == ZYDIS_MNEMONIC_NOP && i > 0)
			continue;
		add(line, i == instruction->operand_count_visible - 1 ||
					  instruction->mnemonic == ZYDIS_MNEMONIC_NOP
				  ? " "
				  : ",");
		add_operand(line, decoded, &decoded->operands[i]);
	}
	add_meant_address(line, decoded);
}

static bool is_masked_vector(const ZydisDecodedInstruction *instruction)
{
	return instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX ||
	       instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX;
}

static void format_by_library(struct line *line, const struct decoded *decoded)
{
	ZydisFormatter formatter;

	if (!ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT)) ||
	    !ZYAN_SUCCESS(
		    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, 0)) ||
	    !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
		    &formatter, &decoded->instruction, decoded->operands,
		    decoded->instruction.operand_count_visible, line->text, sizeof(line->text),
		    decoded->pc, NULL)))
		add(line, "(bad)");
}

void decode_text(const uint8_t *bytes, size_t size, uint64_t pc, char *text, size_t text_size)
{
	struct decoded decoded = {.pc = pc};
	struct line line = {.used = 0};

	if (!decode(bytes, size, &decoded))
		add(&line, "(bad)");
	else if (is_masked_vector(&decoded.instruction))
		format_by_library(&line, &decoded);
	else
		compose(&line, &decoded);
	if (text_size)
		snprintf(text, text_size, "%s", line.text);
}
