/* SPDX-License-Identifier: MIT */
/* What instructions are, from hand-made bytes, and their text, held against objdump's. */
#include "harness/engine/decode.h"
#include "harness/engine/decode_branch.h"
#include "tests/unit/victim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PC 0x401000

struct row {
	const char *bytes; /* hex */
	const char *text;
	uint32_t flags;
};

static const struct row rows[] = {
	{"90", "nop", 0},
	{"6690", "xchg %ax,%ax", 0},
	{"0f1f440000", "nopl 0x0(%rax,%rax,1)", 0},
	{"f30f1efa", "endbr64", 0},
	{"f390", "pause", 0},
	{"4889e5", "mov %rsp,%rbp", 0},
	{"488b4508", "mov 0x8(%rbp),%rax", INSTRUCTION_READS},
	{"488945f8", "mov %rax,-0x8(%rbp)", INSTRUCTION_WRITES},
	{"8345fc01", "addl $0x1,-0x4(%rbp)", INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"837dfcff", "cmpl $0xffffffff,-0x4(%rbp)", INSTRUCTION_READS},
	{"488d4510", "lea 0x10(%rbp),%rax", 0},
	{"0f1808", "prefetcht0 (%rax)", 0},
	{"55", "push %rbp", INSTRUCTION_WRITES},
	{"5d", "pop %rbp", INSTRUCTION_READS},
	{"c9", "leave", INSTRUCTION_READS},
	{"e8fb000000", "call 0x401100", INSTRUCTION_CALL | INSTRUCTION_WRITES},
	{"ffd0", "call *%rax", INSTRUCTION_CALL | INSTRUCTION_INDIRECT | INSTRUCTION_WRITES},
	{"ff15fa000000", "call *0xfa(%rip) # 0x401100",
	 INSTRUCTION_CALL | INSTRUCTION_INDIRECT | INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"c3", "ret", INSTRUCTION_RETURN | INSTRUCTION_READS},
	{"c20800", "ret $0x8", INSTRUCTION_RETURN | INSTRUCTION_READS},
	{"f3c3", NULL, INSTRUCTION_RETURN | INSTRUCTION_READS},
	{"ebfe", "jmp 0x401000", INSTRUCTION_JUMP},
	{"74fe", "je 0x401000", INSTRUCTION_JUMP},
	{"0f87fa000000", "ja 0x401100", INSTRUCTION_JUMP},
	{"e2fe", "loop 0x401000", INSTRUCTION_JUMP},
	{"e3fe", "jrcxz 0x401000", INSTRUCTION_JUMP},
	{"ffe0", "jmp *%rax", INSTRUCTION_JUMP | INSTRUCTION_INDIRECT},
	{"3effe0", "notrack jmp *%rax", INSTRUCTION_JUMP | INSTRUCTION_INDIRECT},
	{"ff2500000000", "jmp *0x0(%rip) # 0x401006",
	 INSTRUCTION_JUMP | INSTRUCTION_INDIRECT | INSTRUCTION_READS},
	{"0f05", "syscall", INSTRUCTION_SYSCALL},
	{"cd80", "int $0x80", INSTRUCTION_OTHER_GATE},
	{"0f34", "sysenter", INSTRUCTION_OTHER_GATE},
	{"cc", "int3", INSTRUCTION_TRAP},
	{"cd03", "int $0x3", INSTRUCTION_TRAP},
	{"f1", "int1", INSTRUCTION_TRAP},
	{"0f0b", "ud2", 0},
	{"9c", "pushf", INSTRUCTION_PUSH_FLAGS | INSTRUCTION_WRITES},
	{"9d", "popf", INSTRUCTION_POP_FLAGS | INSTRUCTION_READS},
	{"48cf", "iretq",
	 INSTRUCTION_POP_FLAGS | INSTRUCTION_JUMP | INSTRUCTION_INDIRECT | INSTRUCTION_READS},
	{"f348a5", "rep movsq", INSTRUCTION_REPEAT | INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"f3aa", "rep stosb", INSTRUCTION_REPEAT | INSTRUCTION_WRITES},
	{"f2ae", "repnz scasb", INSTRUCTION_REPEAT | INSTRUCTION_READS},
	{"a5", "movsl", INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"0f31", "rdtsc", INSTRUCTION_TIMESTAMP},
	{"0f01f9", "rdtscp", INSTRUCTION_TIMESTAMP},
	{"480fc7f0", "rdrand %rax", INSTRUCTION_TIMESTAMP},
	{"480fc7f8", "rdseed %rax", INSTRUCTION_TIMESTAMP},
	{"f0480fb10a", "lock cmpxchg %rcx,(%rdx)",
	 INSTRUCTION_LOCKED | INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"f0ff00", "lock incl (%rax)", INSTRUCTION_LOCKED | INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"8702", "xchg %eax,(%rdx)", INSTRUCTION_LOCKED | INSTRUCTION_READS | INSTRUCTION_WRITES},
	{"87d9", NULL, 0},
	{"64488b042528000000", "mov %fs:0x28,%rax", INSTRUCTION_READS},
	{"4863c8", "movslq %eax,%rcx", 0},
	{"0fb600", "movzbl (%rax),%eax", INSTRUCTION_READS},
	{"48b88877665544332211", "movabs $0x1122334455667788,%rax", 0},
	{"4898", "cltq", 0},
	{"99", "cltd", 0},
	{"f20f2a4304", "cvtsi2sdl 0x4(%rbx),%xmm0", INSTRUCTION_READS},
	{"d94304", "flds 0x4(%rbx)", INSTRUCTION_READS},
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t count = 0;
	unsigned int value;

	for (; sscanf(hex, "%2x", &value) == 1; hex += 2)
		bytes[count++] = (uint8_t)value;
	return count;
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct instruction instruction = {0};
		uint8_t bytes[INSTRUCTION_MAX + 1];
		size_t size = from_hex(rows[i].bytes, bytes);
		char text[128];
		int code = decode_instruction(bytes, size, &instruction);

		decode_text(bytes, size, PC, text, sizeof(text));
		if (code || instruction.length != size || instruction.flags != rows[i].flags ||
		    (rows[i].text && strcmp(text, rows[i].text)))
			fail_msg("%s: %d, %d bytes, flags 0x%x instead of 0x%x, \"%s\" instead of "
				 "\"%s\"",
				 rows[i].bytes, code, instruction.length, instruction.flags,
				 rows[i].flags, text, rows[i].text);
	}
}

/* Where they lead, from PC. */
static void test_branches(void **state)
{
	static const struct {
		const char *bytes;
		bool goes_on;
		bool is_call;
		uint64_t target;
		uint64_t pointer;
	} branches[] = {
		{"90", true, false, 0, 0},
		{"e8fb000000", true, true, PC + 0x100, 0},
		{"ffd0", true, true, 0, 0},
		{"ff15fa000000", true, true, 0, PC + 0x100},
		{"ff542408", true, true, 0, 0},
		{"c3", false, false, 0, 0},
		{"ebfe", false, false, PC, 0},
		{"74fe", true, false, PC, 0},
		{"0f87fa000000", true, false, PC + 0x100, 0},
		{"e2fe", true, false, PC, 0},
		{"ffe0", false, false, 0, 0},
		{"ff2500000000", false, false, 0, PC + 6},
		{"488b0500000000", true, false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(branches) / sizeof(*branches); i++) {
		uint8_t bytes[INSTRUCTION_MAX + 1];
		const size_t size = from_hex(branches[i].bytes, bytes);
		struct branch branch;

		if (!decode_branch(bytes, size, PC, &branch) || branch.length != size ||
		    branch.goes_on != branches[i].goes_on ||
		    branch.is_call != branches[i].is_call || branch.target != branches[i].target ||
		    branch.pointer != branches[i].pointer)
			fail_msg("%s", branches[i].bytes);
		assert_false(decode_branch(bytes, size - 1, PC, &branch));
	}
}

static void test_no_instruction(void **state)
{
	static const uint8_t bad[] = {0x06, 0x90};
	static const uint8_t call[] = {0xe8, 0, 0, 0, 0};
	struct instruction instruction;
	char text[16];

	(void)state;
	assert_int_equal(decode_instruction(bad, sizeof(bad), &instruction), -EILSEQ);
	decode_text(bad, sizeof(bad), PC, text, sizeof(text));
	assert_string_equal(text, "(bad)");
	for (size_t size = 0; size < sizeof(call); size++)
		assert_int_equal(decode_instruction(call, size, &instruction), -EILSEQ);
	decode_text(call, 0, PC, text, sizeof(text));
	assert_string_equal(text, "(bad)");
	decode_text(call, sizeof(call), PC, text, 5);
	assert_string_equal(text, "call");
	decode_text(call, sizeof(call), PC, NULL, 0);
}

/* Whatever the bytes, an answer, and a text that ends. */
static void test_random_bytes(void **state)
{
	unsigned int seed = 3;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		struct instruction instruction;
		uint8_t bytes[INSTRUCTION_MAX];
		char text[24];

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(rand_r(&seed) >> 8);
		if (!decode_instruction(bytes, sizeof(bytes), &instruction))
			assert_in_range(instruction.length, 1, INSTRUCTION_MAX);
		decode_text(bytes, sizeof(bytes), PC, text, sizeof(text));
		assert_true(strlen(text) > 1);
	}
}

/* objdump's line in the form of ours: one blank, addresses with 0x, no names, no idle prefixes. */
static void normalise(const char *from, char *to, size_t size)
{
	static const char *const idle[] = {"data16 ", "cs "};
	char word[512];
	char *cut;
	size_t used = 0;

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
		while (!strncmp(from, idle[i], strlen(idle[i])))
			from += strlen(idle[i]);
	}
	for (; *from && used < sizeof(word) - 1; from++) {
		if (*from != ' ' || from[1] != ' ')
			word[used++] = *from;
	}
	word[used] = '\0';
	cut = strstr(word, " <");
	if (cut)
		*cut = '\0';
	while ((cut = strrchr(word, ' ')) && !cut[1])
		*cut = '\0';
	cut = strrchr(word, ' ');
	if (cut && cut[1] && strspn(cut + 1, "0123456789abcdef") == strlen(cut + 1))
		snprintf(to, size, "%.*s 0x%s", (int)(cut - word), word, cut + 1);
	else
		snprintf(to, size, "%s", word);
}

struct tally {
	size_t lines;
	size_t texts;
};

static void compare_line(char *line, struct tally *tally)
{
	struct instruction instruction = {0};
	uint8_t bytes[32];
	size_t size = 0;
	char expected[1200];
	char text[512];
	uint64_t pc;
	char *code = strstr(line, ":\t");
	char *words = code ? strchr(code + 2, '\t') : NULL;

	if (line[0] != ' ' || !words)
		return;
	pc = strtoull(line, NULL, 16);
	words[strcspn(words, "\n")] = '\0';
	*words = '\0';
	for (char *end, *at = code + 2;; at = end) {
		unsigned long value = strtoul(at, &end, 16);

		if (end == at || size == sizeof(bytes))
			break;
		bytes[size++] = (uint8_t)value;
	}
	normalise(words + 1, expected, sizeof(expected));
	if (!strcmp(expected, "(bad)"))
		return;
	if (decode_instruction(bytes, size, &instruction) || instruction.length != size)
		fail_msg("length of \"%s\" is %d", expected, instruction.length);
	decode_text(bytes, size, pc, text, sizeof(text));
	tally->lines++;
	tally->texts += !strcmp(text, expected);
}

/* Real code: all lengths as objdump has them, and all texts but a few rare forms (which differ from
 * one version of objdump to the next). */
static void test_against_objdump(void **state)
{
	struct tally tally = {0};
	char line[1024];
	FILE *pipe;

	(void)state;
	if (!victim_has("objdump"))
		skip();
	pipe = popen("objdump -d -w -j .text \"$(command -v bash)\" 2>/dev/null | head -100000",
		     "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe))
		compare_line(line, &tally);
	pclose(pipe);
	assert_true(tally.lines > 50000);
	if (tally.texts * 1000 < tally.lines * 995)
		fail_msg("%zu of %zu texts are as objdump's", tally.texts, tally.lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),           cmocka_unit_test(test_branches),
		cmocka_unit_test(test_no_instruction),  cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_against_objdump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
