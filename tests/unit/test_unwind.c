/* SPDX-License-Identifier: MIT */
/*
 * Unwinding, held against what a single-stepped program cannot hide: at every instruction between
 * main's first and its return the chain must hold main, with the same frame address, and reach the
 * program's start.
 */
#include "harness/engine/unwind.h"
#include "tests/unit/victim.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define MAX_FRAMES 64
#define STEPS_MAX 200000
#define VDSO_STEPS                                                                                 \
	500 /* it reads a clock again that has changed meanwhile: a slow walk has no end */

static const char victim_source[] =
	"#include <signal.h>\n"
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <string.h>\n"
	"#include <time.h>\n"
	"#define NOINLINE __attribute__((noinline))\n"
	"volatile int sink;\n"
	"NOINLINE void handler(int signal) { sink += signal; }\n"
	"NOINLINE int compare(const void *a, const void *b)\n"
	"{ sink++; return *(const int *)a - *(const int *)b; }\n"
	"NOINLINE int leaf(int n) { volatile char room[200]; room[n] = 1; return room[n] + n; }\n"
	"NOINLINE int deep(int n) { int r = n ? deep(n - 1) + 1 : leaf(n); sink += r; return r; }\n"
	"NOINLINE int variable(int n) { volatile char room[n]; room[0] = 1; return leaf(room[0]); "
	"}\n"
	"NOINLINE void sort(void) { int v[] = {3, 1, 2}; qsort(v, 3, sizeof(v[0]), compare); }\n"
	"int main(int count, char **arguments)\n"
	"{\n"
	"	struct timespec now;\n"
	"	struct sigaction action = {.sa_handler = handler};\n"
	"	stack_t other = {.ss_sp = malloc(65536), .ss_size = 65536};\n"
	"	sink = deep(5) + variable(count * 40) + abs(count) + (int)strlen(arguments[0]);\n"
	"	sort();\n"
	"	sigaction(SIGUSR1, &action, NULL);\n"
	"	raise(SIGUSR1);\n"
	"	sigaltstack(&other, NULL);\n"
	"	action.sa_flags = SA_ONSTACK;\n"
	"	sigaction(SIGUSR1, &action, NULL);\n"
	"	raise(SIGUSR1);\n"
	"	clock_gettime(CLOCK_MONOTONIC, &now);\n"
	"	return sink == 1;\n"
	"}\n";

struct session {
	pid_t pid;
	struct maps maps;
	struct symbols *symbols;
	struct unwinder *unwinder;
	uint64_t main;
	uint64_t base; /* of the program */
};

static void refresh(struct session *session)
{
	assert_int_equal(maps_read(&session->maps, session->pid), 0);
	assert_int_equal(symbols_update(session->symbols, &session->maps, session->pid), 0);
	unwinder_forget(session->unwinder);
}

/* Where the program's lowest mapping is: a static program's vDSO may lie below it. */
static uint64_t find_base(const struct maps *maps, const char *path)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (!strcmp(maps->list[i].path, path))
			return maps->list[i].start;
	}
	fail_msg("%s is not mapped", path);
	return 0;
}

/* Stopped at main. Where main is comes from nm and the program's lowest mapping. */
static struct session start(const char *path)
{
	char *arguments[] = {(char *)path, NULL};
	struct session session = {.symbols = symbols_new()};
	uint64_t main_value = victim_nm(path, "main");

	session.unwinder = unwinder_new(session.symbols);
	session.pid = victim_start(path, arguments);
	assert_int_equal(maps_read(&session.maps, session.pid), 0);
	session.base = find_base(&session.maps, path);
	session.main = main_value >= session.base ? main_value : session.base + main_value;
	victim_run_to(session.pid, session.main);
	refresh(&session);
	return session;
}

static void finish(struct session *session)
{
	victim_end(session->pid);
	unwinder_free(session->unwinder);
	symbols_free(session->symbols);
	maps_free(&session->maps);
}

static struct registers get_registers(const struct session *session)
{
	struct registers registers;

	assert_int_equal(ptrace(PTRACE_GETREGS, session->pid, NULL, &registers.user), 0);
	return registers;
}

static size_t unwind(struct session *session, struct frame *frames, bool *complete)
{
	struct registers registers = get_registers(session);

	return unwind_stack(session->unwinder, session->pid, &registers, frames, MAX_FRAMES,
			    complete);
}

static const struct frame *find_main(const struct session *session, const struct frame *frames,
				     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (frames[i].function_start == session->main)
			return &frames[i];
	}
	return NULL;
}

static void print_chain(struct session *session, const struct frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place place;

		symbols_place(session->symbols, frames[i].pc - !frames[i].is_exact, &place);
		print_error("  #%zu %lx cfa %lx %s!%s+%lx%s\n", i, (long)frames[i].pc,
			    (long)frames[i].cfa, place.module ? place.module->name : "?",
			    place.function ? place.function : "?",
			    (long)(place.address - place.function_start),
			    frames[i].is_signal_frame ? " (signal)" : "");
	}
}

struct seen {
	size_t steps;
	size_t in_handler;
	size_t in_compare;
	size_t in_other_module;
	size_t in_vdso;
};

static bool is_in_vdso(struct session *session, uint64_t pc)
{
	const struct module *module = symbols_module_at(session->symbols, pc);

	return module && strcmp(module->name, "[vdso]") == 0;
}

static void check_step(struct session *session, uint64_t cfa, struct seen *seen)
{
	struct frame frames[MAX_FRAMES];
	bool complete;
	size_t count = unwind(session, frames, &complete);
	const struct frame *main_frame = find_main(session, frames, count);
	const struct module *module = symbols_module_at(session->symbols, frames[0].pc);

	if (!main_frame || main_frame->cfa != cfa || !complete) {
		print_error("step %zu: %s\n", seen->steps, complete ? "complete" : "broken off");
		print_chain(session, frames, count);
		fail();
	}
	seen->steps++;
	for (size_t i = 1; i < count; i++)
		seen->in_handler += frames[i].is_signal_frame;
	seen->in_other_module += module && module->start != session->base;
	seen->in_vdso += is_in_vdso(session, frames[0].pc);
	if (count > 3) {
		struct place place;

		symbols_place(session->symbols, frames[0].pc, &place);
		seen->in_compare += place.function && !strcmp(place.function, "compare");
	}
}

/* Runs to where the vDSO was called. False: it is not there. */
static bool leave_vdso(struct session *session)
{
	struct frame frames[MAX_FRAMES];
	bool complete;
	size_t count = unwind(session, frames, &complete);
	size_t caller = 0;

	while (caller < count && is_in_vdso(session, frames[caller].pc))
		caller++;
	if (caller == 0 || caller == count)
		return false;
	victim_run_to(session->pid, frames[caller].pc);
	return true;
}

/* The whole of main, one instruction after the other. */
static struct seen step_through(const char *path)
{
	struct session session = start(path);
	struct registers registers = get_registers(&session);
	uint64_t cfa = registers.user.rsp + 8;
	struct seen seen = {0};
	int signal = 0;

	do {
		check_step(&session, cfa, &seen);
		assert_true(seen.steps < STEPS_MAX);
		if (seen.in_vdso < VDSO_STEPS || !leave_vdso(&session))
			assert_true(victim_step(session.pid, &signal));
		/* A step that entered the kernel for a signal is at the same instruction. */
		registers = get_registers(&session);
	} while (registers.user.rsp != cfa);
	finish(&session);
	return seen;
}

static void build(const char *compiler, const char *flags)
{
	victim_write("victim.c", victim_source);
	victim_shell("%s -g %s victim.c -o victim", compiler, flags);
}

static void check_variant(const char *compiler, const char *flags, bool is_dynamic)
{
	struct seen seen;

	if (!victim_has(compiler))
		skip();
	build(compiler, flags);
	seen = step_through(victim_path("victim"));
	assert_true(seen.steps > 500);
	assert_true(seen.in_handler >= 4);
	assert_true(seen.in_compare > 10);
	if (is_dynamic) {
		assert_true(seen.in_other_module > 500);
		assert_true(seen.in_vdso > 5);
	}
}

static void test_without_frame_pointer(void **state)
{
	(void)state;
	check_variant("gcc", "-O2 -fomit-frame-pointer", true);
}

static void test_with_frame_pointer(void **state)
{
	(void)state;
	check_variant("gcc", "-O0 -fno-omit-frame-pointer", true);
}

static void test_lazy_binding(void **state)
{
	(void)state;
	check_variant("gcc", "-O1 -fcf-protection=full -Wl,-z,lazy -Wl,-z,ibtplt", true);
}

static void test_fixed_address(void **state)
{
	(void)state;
	check_variant("gcc", "-O2 -no-pie -fno-pie -fcf-protection=none -Wl,-z,lazy", true);
}

static void test_other_linker(void **state)
{
	(void)state;
	if (!victim_has("ld.lld"))
		skip();
	check_variant("gcc", "-O2 -fuse-ld=lld -Wl,-z,lazy", true);
}

static void test_static(void **state)
{
	(void)state;
	check_variant("gcc", "-O2 -static", false);
}

static void test_static_pie(void **state)
{
	(void)state;
	check_variant("gcc", "-O2 -static-pie", false);
}

static void test_clang(void **state)
{
	(void)state;
	check_variant("clang", "-O2", true);
}

/* main's address is taken from a twin that was not stripped. */
static void test_stripped(void **state)
{
	struct session session;
	struct frame frames[MAX_FRAMES];
	bool complete;
	int signal = 0;

	(void)state;
	build("gcc", "-O2 -fomit-frame-pointer");
	session = start(victim_path("victim"));
	finish(&session);
	victim_shell("cp victim full && strip victim");
	{
		char *arguments[] = {(char *)victim_path("victim"), NULL};
		uint64_t value = victim_nm(victim_path("full"), "main");

		session = (struct session){.symbols = symbols_new()};
		session.unwinder = unwinder_new(session.symbols);
		session.pid = victim_start(arguments[0], arguments);
		assert_int_equal(maps_read(&session.maps, session.pid), 0);
		session.main = find_base(&session.maps, arguments[0]) + value;
		victim_run_to(session.pid, session.main);
		refresh(&session);
	}
	for (int i = 0; i < 300; i++) {
		size_t count = unwind(&session, frames, &complete);

		assert_non_null(find_main(&session, frames, count));
		assert_true(complete);
		assert_true(victim_step(session.pid, &signal));
	}
	finish(&session);
}

static void test_deleted_file(void **state)
{
	struct session session;
	struct frame frames[MAX_FRAMES];
	bool complete;
	int signal = 0;

	(void)state;
	build("gcc", "-O2 -fomit-frame-pointer");
	session = start(victim_path("victim"));
	victim_shell("rm victim");
	symbols_free(session.symbols);
	unwinder_free(session.unwinder);
	session.symbols = symbols_new();
	session.unwinder = unwinder_new(session.symbols);
	refresh(&session);
	for (int i = 0; i < 300; i++) {
		size_t count = unwind(&session, frames, &complete);

		assert_non_null(find_main(&session, frames, count));
		assert_true(complete);
		assert_true(victim_step(session.pid, &signal));
	}
	finish(&session);
}

/* The frames around a signal frame are marked, and the interrupted pc is exact. */
static void test_marks(void **state)
{
	struct session session;
	struct frame frames[MAX_FRAMES];
	uint64_t handler;
	size_t count;
	size_t at = 0;
	bool complete;
	int signal = 0;

	(void)state;
	build("gcc", "-O2");
	session = start(victim_path("victim"));
	handler = session.main - victim_nm(victim_path("victim"), "main") +
		  victim_nm(victim_path("victim"), "handler");
	do
		assert_true(victim_step(session.pid, &signal));
	while (get_registers(&session).user.rip != handler);
	count = unwind(&session, frames, &complete);
	assert_true(frames[0].is_exact);
	assert_int_equal(frames[0].function_start, handler);
	assert_false(frames[0].is_signal_frame);
	assert_true(frames[1].is_signal_frame);
	assert_true(frames[2].is_exact);
	assert_false(frames[2].is_signal_frame);
	for (size_t i = 3; i < count; i++) {
		assert_false(frames[i].is_exact);
		assert_true(frames[i].cfa > frames[i - 1].cfa);
	}
	while (at < count && frames[at].function_start != session.main)
		at++;
	assert_true(at > 2 && at < count);
	finish(&session);
}

static size_t unwind_with(struct session *session, const struct registers *registers,
			  bool *complete)
{
	struct frame frames[MAX_FRAMES];

	return unwind_stack(session->unwinder, session->pid, registers, frames, MAX_FRAMES,
			    complete);
}

/* Whatever the stack holds, the unwind ends: it is cut off, or it says that it broke. */
static void test_corrupt_stacks(void **state)
{
	struct session session;
	struct registers original;
	unsigned int seed = 1;
	bool complete;
	int signal = 0;

	(void)state;
	build("gcc", "-O0 -fno-omit-frame-pointer");
	session = start(victim_path("victim"));
	for (int i = 0; i < 60; i++)
		assert_true(victim_step(session.pid, &signal));
	original = get_registers(&session);
	for (int round = 0; round < 3000; round++) {
		struct registers registers = original;
		uint64_t wild = ((uint64_t)rand_r(&seed) << 33) ^ (uint64_t)rand_r(&seed);

		switch (round % 4) {
		case 0:
			registers.user.rsp = wild;
			break;
		case 1:
			registers.user.rbp = original.user.rsp + wild % 512 - 256;
			break;
		case 2:
			registers.user.rsp += wild % 8192;
			registers.user.rbp = registers.user.rsp;
			break;
		default:
			registers.user.rip = round % 8 == 3 ? wild : 0;
			break;
		}
		assert_in_range(unwind_with(&session, &registers, &complete), 1, MAX_FRAMES);
	}
	for (uint64_t at = original.user.rsp & ~7ULL; at < original.user.rsp + 1024; at += 8) {
		uint64_t value = at % 24 == 0 ? at : at % 16 ? original.user.rip : at - 16;

		ptrace(PTRACE_POKEDATA, session.pid, (void *)at, (void *)value);
		assert_in_range(unwind_with(&session, &original, &complete), 1, MAX_FRAMES);
	}
	finish(&session);
}

/* A call through a null pointer: the caller must still be there. */
static void test_wild_call(void **state)
{
	struct session session;
	struct registers registers;
	struct frame frames[MAX_FRAMES];
	bool complete;
	size_t count;

	(void)state;
	build("gcc", "-O2 -fomit-frame-pointer");
	session = start(victim_path("victim"));
	registers = get_registers(&session);
	/* As if main had just called address 0. */
	registers.user.rsp -= 8;
	registers.user.rip = 0;
	ptrace(PTRACE_POKEDATA, session.pid, (void *)registers.user.rsp,
	       (void *)(session.main + 1));
	count = unwind_stack(session.unwinder, session.pid, &registers, frames, MAX_FRAMES,
			     &complete);
	assert_true(count >= 3);
	assert_int_equal(frames[0].pc, 0);
	assert_int_equal(frames[0].cfa, registers.user.rsp + 8);
	assert_int_equal(frames[1].function_start, session.main);
	assert_true(complete);
	finish(&session);
}

/* Two frames that are each other's callers: the walk must not go round. */
static void test_circular_stack(void **state)
{
	struct session session;
	struct registers registers;
	struct frame frames[MAX_FRAMES];
	uint64_t inside;
	uint64_t low;
	bool complete;

	(void)state;
	build("gcc", "-O0 -fno-omit-frame-pointer");
	session = start(victim_path("victim"));
	registers = get_registers(&session);
	inside = session.main + 20; /* behind the prologue: the frame is found through rbp */
	low = registers.user.rsp - 1024;
	for (int i = 0; i < 2; i++) {
		uint64_t here = low + (uint64_t)i * 64;
		uint64_t other = low + (uint64_t)!i * 64;

		ptrace(PTRACE_POKEDATA, session.pid, (void *)here, (void *)other);
		ptrace(PTRACE_POKEDATA, session.pid, (void *)(here + 8), (void *)inside);
	}
	registers.user.rip = inside;
	registers.user.rbp = low;
	registers.user.rsp = low - 256;
	assert_int_equal(unwind_stack(session.unwinder, session.pid, &registers, frames, MAX_FRAMES,
				      &complete),
			 3);
	assert_false(complete);
	assert_int_equal(frames[0].cfa, low + 16);
	assert_int_equal(frames[1].cfa, low + 64 + 16);
	finish(&session);
}

static void test_limit(void **state)
{
	struct session session;
	struct registers registers;
	struct frame frames[1];
	bool complete;

	(void)state;
	build("gcc", "-O2");
	session = start(victim_path("victim"));
	registers = get_registers(&session);
	assert_int_equal(unwind_stack(session.unwinder, session.pid, &registers, frames, 0, NULL),
			 0);
	assert_int_equal(
		unwind_stack(session.unwinder, session.pid, &registers, frames, 1, &complete), 1);
	assert_false(complete);
	assert_int_equal(frames[0].pc, session.main);
	assert_int_equal(frames[0].cfa, registers.user.rsp + 8);
	finish(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_frame_pointer),
		cmocka_unit_test(test_with_frame_pointer),
		cmocka_unit_test(test_lazy_binding),
		cmocka_unit_test(test_fixed_address),
		cmocka_unit_test(test_other_linker),
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_static_pie),
		cmocka_unit_test(test_clang),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_deleted_file),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_corrupt_stacks),
		cmocka_unit_test(test_wild_call),
		cmocka_unit_test(test_circular_stack),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
