/* SPDX-License-Identifier: MIT */
/* A walker that stands on a breakpoint steps off it: what that one instruction does is seen. */
#include "harness/engine/access.h"
#include "harness/engine/undo.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/stage.h"
#include "harness/model/window.h"
#include "tests/unit/victim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STORES 3

static const char program[] =
	"static volatile int word;\n"
	"int main(void)\n"
	"{\n"
	"	for (int i = 0; i < 3; i++)\n"
	"		__asm__ volatile(\".globl store\\nstore: movl $5, %0\" : \"=m\"(word));\n"
	"	return 0;\n"
	"}\n";

static void check(int error)
{
	if (error)
		fail_msg("%d: %s", error, fail_text());
}

/* Each store is met twice: at the breakpoint, and behind it, by the watch. */
static void follow_stores(struct walker *walker, uint64_t store)
{
	for (int n = 0; n < STORES; n++) {
		bool at_breakpoint;

		do
			check(walker_run_syscall(walker, &at_breakpoint));
		while (walker->end == WALKER_RUNS && !at_breakpoint && !walker->watched);
		assert_true(at_breakpoint);
		assert_int_equal(walker->watched, 0);
		assert_int_equal(walker->pc, store);
		check(walker_run_syscall(walker, &at_breakpoint));
		assert_false(at_breakpoint);
		assert_int_equal(walker->watched, 1);
		assert_true(walker->pc > store && walker->pc <= store + INSTRUCTION_MAX);
	}
}

static void test_store_on_breakpoint(void **state)
{
	struct resources own = {.turn_fd = -1, .cpu = -1};
	struct scenario scenario;
	struct window window;
	struct stage stage;
	uint64_t store;

	(void)state;
	victim_write("stores.c", program);
	victim_shell("gcc -O0 -no-pie -o stores stores.c");
	store = victim_nm(victim_path("stores"), "store");
	scenario_init(&scenario);
	list_add(&scenario.arguments, victim_path("stores"));
	location_free(&scenario.from);
	check(location_parse("main", &scenario.from));
	check(scenario_finish(&scenario));
	own.log_fd = undo_make_fd();
	own.stdin_fd = stage_input(&scenario);
	check(stage_open(&stage, &scenario, NULL, &own));
	check(stage_start(&stage));
	window = window_of(&scenario.from, &scenario.to, scenario.in, scenario.signal);
	check(window_enter(&window, &stage.walker));
	check(walker_add_breakpoint(&stage.walker, store));
	check(trace_set_watch(stage.walker.pid, 0, WATCH_WRITE,
			      victim_nm(victim_path("stores"), "word"), sizeof(int)));
	stage.walker.watches = 1;
	follow_stores(&stage.walker, store);
	check(trace_clear_watch(stage.walker.pid, 0));
	stage.walker.watches = 0;
	check(walker_finish(&stage.walker));
	assert_int_equal(stage.walker.end, WALKER_EXITED);
	window_free(&window);
	check(stage_close(&stage));
	close(own.stdin_fd);
	close(own.log_fd);
	scenario_free(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_store_on_breakpoint)};

	access_serve_watches(10000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
