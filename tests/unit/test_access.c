/* SPDX-License-Identifier: MIT */
/* Which bytes an instruction touches: hand-made bytes and registers, the addresses computed by hand
 * after the processor's manual. */
#include "harness/engine/access.h"
#include "tests/unit/victim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INSTRUCTION_MAX 15

static const struct registers before = {.user = {
						.rip = 0x401000,
						.rax = 0x1000,
						.rbx = 0x2000,
						.rcx = 3,
						.rdx = 0xfffffffffffffffe, /* -2 */
						.rsi = 0x5000,
						.rdi = 0x16000, /* 0x6000 and more than 16 bits */
						.rsp = 0x7000,
						.rbp = 0x8000,
						.r8 = 0x100009000,
						.r15 = 0xf000,
						.fs_base = 0x700000,
						.gs_base = 0x800000,
					}};

/* Each access is ADDRESS:SIZE and r, w or both; then s: by the stack engine, m: masked, c: compares
 * first. `L`: locked,
 * `?`: unknown. */
struct row {
	const char *bytes;
	const char *accesses;
	const char *text; /* for the reader */
};

static const struct row rows[] = {
	{"90", "", "nop"},
	{"4889e5", "", "mov %rsp,%rbp"},
	{"488d4510", "", "lea 0x10(%rbp),%rax"},
	{"0f1f440000", "", "nopl 0x0(%rax,%rax,1)"},
	{"0f1808", "", "prefetcht0 (%rax)"},
	{"0fae38", "", "clflush (%rax)"},
	{"488b4508", "8008:8r", "mov 0x8(%rbp),%rax"},
	{"8945f8", "7ff8:4w", "mov %eax,-0x8(%rbp)"},
	{"8345fc01", "7ffc:4rw", "addl $1,-0x4(%rbp)"},
	{"837dfcff", "7ffc:4r", "cmpl $-1,-0x4(%rbp)"},
	{"c6840b1002000005", "2213:1w", "movb $5,0x210(%rbx,%rcx)"},
	{"66891ccb", "2018:2w", "mov %bx,(%rbx,%rcx,8)"},
	{"890510000000", "401016:4w", "mov %eax,0x10(%rip)"},
	{"678900", "1000:4w", "mov %eax,(%eax)"},
	{"6741894008", "9008:4w", "mov %eax,0x8(%r8d)"},
	{"67890510000000", "401017:4w", "mov %eax,0x10(%eip)"},
	{"64488b042528000000", "700028:8r", "mov %fs:0x28,%rax"},
	{"658b00", "801000:4r", "mov %gs:(%rax),%eax"},
	{"0fb600", "1000:1r", "movzbl (%rax),%eax"},
	{"a08877665544332211", "1122334455667788:1r", "movabs 0x1122334455667788,%al"},
	{"0f1100", "1000:16w", "movups %xmm0,(%rax)"},
	{"c5fe7f00", "1000:32w", "vmovdqu %ymm0,(%rax)"},
	{"d930", "1000:28w", "fnstenv (%rax)"},
	{"dd4508", "8008:8r", "fldl 0x8(%rbp)"},
	{"db38", "1000:10w", "fstpt (%rax)"},
	{"0fae00", "1000:512w", "fxsave (%rax)"},
	/* The stack. */
	{"55", "6ff8:8ws", "push %rbp"},
	{"5d", "7000:8rs", "pop %rbp"},
	{"666a01", "6ffe:2ws", "pushw $1"},
	{"6a01", "6ff8:8ws", "push $1"},
	{"ff742408", "7008:8r 6ff8:8ws", "push 0x8(%rsp)"},
	{"8f442408", "7000:8rs 7010:8w", "pop 0x8(%rsp): its address is taken after the pop"},
	{"8f4008", "7000:8rs 1008:8w", "pop 0x8(%rax)"},
	{"e8fb000000", "6ff8:8ws", "call"},
	{"ff10", "1000:8r 6ff8:8ws", "call *(%rax)"},
	{"ff15fa000000", "401100:8r 6ff8:8ws", "call *0xfa(%rip)"},
	{"c3", "7000:8rs", "ret"},
	{"c20800", "7000:8rs", "ret $8"},
	{"c9", "8000:8rs", "leave"},
	{"c8100000", "6ff8:8ws", "enter $16,$0"},
	{"9c", "6ff8:8ws", "pushf"},
	{"9d", "7000:8rs", "popf"},
	{"ff20", "1000:8r", "jmp *(%rax)"},
	/* Strings: one iteration. */
	{"f348a5", "5000:8r 16000:8w", "rep movsq"},
	{"a4", "5000:1r 16000:1w", "movsb"},
	{"f3aa", "16000:1w", "rep stosb"},
	{"67f3aa", "16000:1w", "rep stosb with edi and ecx"},
	{"f2ae", "16000:1r", "repne scasb"},
	{"f3a6", "5000:1r 16000:1r", "repe cmpsb"},
	{"64ac", "705000:1r", "lods %fs:(%rsi)"},
	{"d7", "2000:1r", "xlat, al is 0"},
	/* Bits: ecx is 3, edx is -2. */
	{"0fa308", "1000:4r", "bt %ecx,(%rax)"},
	{"0fab10", "ffc:4rw", "bts %edx,(%rax)"},
	{"480fbb10", "ff8:8rw", "btc %rdx,(%rax)"},
	{"660fb310", "ffe:2rw", "btr %dx,(%rax)"},
	{"0fa330", "1a00:4r", "bt %esi,(%rax): bit 0x5000"},
	{"0fba2863", "1000:4rw", "btsl $99,(%rax): a constant stays in the word"},
	/* Indivisible ones. */
	{"f0480fb10b", "2000:8rwc L", "lock cmpxchg %rcx,(%rbx)"},
	{"480fb10b", "2000:8rwc", "cmpxchg %rcx,(%rbx)"},
	{"f0480fc70e", "5000:16rwc L", "lock cmpxchg16b (%rsi)"},
	{"f0ff00", "1000:4rw L", "lock incl (%rax)"},
	{"ff00", "1000:4rw", "incl (%rax)"},
	{"8703", "2000:4rw L", "xchg %eax,(%rbx)"},
	{"87d9", "", "xchg %ebx,%ecx"},
	{"f00fc103", "2000:4rw L", "lock xadd %eax,(%rbx)"},
	/* Masked, and what operands do not tell. */
	{"660ff7c1", "16000:16wm", "maskmovdqu"},
	{"c4e2792e0c1a", "1ffe:16wm", "vmaskmovps %xmm1,%xmm0,(%rdx,%rbx)"},
	{"62f17c49110b", "2000:64wm", "vmovups %zmm1,(%rbx){%k1}"},
	{"62f17c48110b", "2000:64w", "vmovups %zmm1,(%rbx)"},
	{"c4e26190140b", "?", "vpgatherdd %xmm3,(%rbx,%xmm1),%xmm2"},
	{"0fae20", "1000:576rw ?", "xsave (%rax)"},
	{"48cf", "7000:40rs ?", "iretq"},
	{"0f05", "", "syscall"},
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t count = 0;
	unsigned int value;

	for (; sscanf(hex, "%2x", &value) == 1; hex += 2)
		bytes[count++] = (uint8_t)value;
	return count;
}

static void describe(const struct access_list *accesses, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < accesses->count; i++) {
		const struct memory_access *access = &accesses->list[i];

		used += (size_t)snprintf(
			text + used, size - used, "%s%llx:%u%s%s%s%s%s", used ? " " : "",
			(unsigned long long)access->address, access->size, access->reads ? "r" : "",
			access->writes ? "w" : "", access->is_stack ? "s" : "",
			access->is_compare ? "c" : "", access->is_masked ? "m" : "");
	}
	if (accesses->is_locked)
		used += (size_t)snprintf(text + used, size - used, "%sL", used ? " " : "");
	if (accesses->is_unknown)
		snprintf(text + used, size - used, "%s?", used ? " " : "");
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct access_list accesses;
		uint8_t bytes[INSTRUCTION_MAX];
		size_t size = from_hex(rows[i].bytes, bytes);
		char text[160];
		int code = access_list_of(bytes, size, &before, &accesses);

		describe(&accesses, text, sizeof(text));
		if (code || strcmp(text, rows[i].accesses))
			fail_msg("%s: %d, \"%s\" instead of \"%s\"", rows[i].text, code, text,
				 rows[i].accesses);
	}
}

static void test_count_used_up(void **state)
{
	static const uint8_t stos[] = {0xf3, 0xaa};
	static const uint8_t stos_32[] = {0x67, 0xf3, 0xaa};
	struct registers registers = before;
	struct access_list accesses;

	(void)state;
	registers.user.rcx = UINT64_C(1) << 32;
	assert_int_equal(access_list_of(stos, sizeof(stos), &registers, &accesses), 0);
	assert_int_equal(accesses.count, 1);
	assert_int_equal(access_list_of(stos_32, sizeof(stos_32), &registers, &accesses), 0);
	assert_int_equal(accesses.count, 0);
	registers.user.rcx = 0;
	assert_int_equal(access_list_of(stos, sizeof(stos), &registers, &accesses), 0);
	assert_int_equal(accesses.count, 0);
}

static void test_no_instruction(void **state)
{
	static const uint8_t bad[] = {0x06, 0x90};
	struct access_list accesses;
	unsigned int seed = 5;

	(void)state;
	assert_int_equal(access_list_of(bad, sizeof(bad), &before, &accesses), -EILSEQ);
	assert_int_equal(access_list_of(bad, 0, &before, &accesses), -EILSEQ);
	for (int round = 0; round < 200000; round++) {
		uint8_t bytes[INSTRUCTION_MAX];

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(rand_r(&seed) >> 8);
		if (access_list_of(bytes, sizeof(bytes), &before, &accesses))
			continue;
		assert_in_range(accesses.count, 0, ACCESSES_MAX);
		for (size_t i = 0; i < accesses.count; i++) {
			assert_in_range(accesses.list[i].size, 1, 1024);
			assert_true(accesses.list[i].reads || accesses.list[i].writes);
		}
	}
}

#define RAX (UINT64_C(1) << 0)
#define RCX (UINT64_C(1) << 1)
#define RDX (UINT64_C(1) << 2)
#define RBX (UINT64_C(1) << 3)
#define RSI (UINT64_C(1) << 6)
#define XMM(n) (UINT64_C(1) << (16 + (n)))

static const struct flow_row {
	const char *bytes;
	struct register_flow flow; /* values, addresses, results */
	const char *text;
} flow_rows[] = {
	{"4889c3", {RAX, 0, RBX}, "mov %rax,%rbx"},
	{"88c3", {RAX | RBX, 0, RBX}, "mov %al,%bl"},
	{"89c3", {RAX, 0, RBX}, "mov %eax,%ebx"},
	{"488b03", {0, RBX, RAX}, "mov (%rbx),%rax"},
	{"488b048b", {0, RBX | RCX, RAX}, "mov (%rbx,%rcx,4),%rax"},
	{"488903", {RAX, 0, 0}, "mov %rax,(%rbx)"},
	{"48010b", {RCX, RBX, 0}, "add %rcx,(%rbx)"},
	{"4801c8", {RAX | RCX, 0, RAX}, "add %rcx,%rax"},
	{"488d048b", {RBX | RCX, 0, RAX}, "lea (%rbx,%rcx,4),%rax"},
	{"31c0", {0, 0, RAX}, "xor %eax,%eax"},
	{"31c8", {RAX | RCX, 0, RAX}, "xor %ecx,%eax"},
	{"660fefc0", {0, 0, XMM(0)}, "pxor %xmm0,%xmm0"},
	{"4839c8", {RAX | RCX, 0, 0}, "cmp %rcx,%rax"},
	{"480f44c1", {RAX | RCX, 0, RAX}, "cmove %rcx,%rax"},
	{"50", {RAX, 0, 0}, "push %rax"},
	{"58", {0, 0, RAX}, "pop %rax"},
	{"c3", {0, 0, 0}, "ret"},
	{"48ab", {RAX, 0, 0}, "stosq"},
	{"48ad", {0, RSI, RAX}, "lodsq"},
	{"f7f9", {RAX | RDX | RCX, 0, RAX | RDX}, "idiv %ecx"},
	{"4887d8", {RAX | RBX, 0, RAX | RBX}, "xchg %rbx,%rax"},
	{"0f28c1", {XMM(1), 0, XMM(0)}, "movaps %xmm1,%xmm0"},
	{"66480f6ec0", {RAX, 0, XMM(0)}, "movq %rax,%xmm0"},
	{"c5f5fec2", {XMM(1) | XMM(2), 0, XMM(0)}, "vpaddd %ymm2,%ymm1,%ymm0"},
	{"90", {0, 0, 0}, "nop"},
};

static void test_flow(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flow_rows) / sizeof(flow_rows[0]); i++) {
		const struct flow_row *row = &flow_rows[i];
		struct register_flow flow;
		uint8_t bytes[INSTRUCTION_MAX];
		int code = access_flow_of(bytes, from_hex(row->bytes, bytes), &flow);

		if (code || flow.values != row->flow.values ||
		    flow.addresses != row->flow.addresses || flow.results != row->flow.results)
			fail_msg("%s: %d, values %llx, addresses %llx, results %llx", row->text,
				 code, (unsigned long long)flow.values,
				 (unsigned long long)flow.addresses,
				 (unsigned long long)flow.results);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_count_used_up),
		cmocka_unit_test(test_no_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
