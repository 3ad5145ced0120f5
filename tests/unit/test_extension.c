/* SPDX-License-Identifier: MIT */
/*
 * `--in` a C extension: the boundaries that are found at full speed between the extension's calls
 * are exactly those that stepping over every instruction finds, in the same order, with the same
 * stack. Takes the twins of targets/cpython, which call back into Python and are left and entered
 * again.
 */
#include "harness/base/alloc.h"
#include "harness/engine/undo.h"
#include "harness/model/stage.h"
#include "harness/model/window.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3.11"

struct spot {
	uint64_t pc;
	uint64_t sp;
};

struct spots {
	struct spot *list;
	size_t count;
	size_t capacity;
	uint64_t steps; /* instructions stepped */
};

static void check(int error)
{
	if (error)
		fail_msg("%d: %s", error, fail_text());
}

static void note(struct spots *spots, struct walker *walker)
{
	const struct registers *registers;

	check(walker_registers(walker, &registers));
	alloc_grow((void **)&spots->list, spots->count, &spots->capacity, sizeof(*spots->list));
	spots->list[spots->count++] =
		(struct spot){.pc = walker->pc, .sp = registers_sp(registers)};
}

static void walk(struct stage *stage, struct window *window, bool at_full_speed,
		 struct spots *spots)
{
	struct walker *walker = &stage->walker;

	while (walker->end == WALKER_RUNS && !window_is_end(window, walker->pc)) {
		if (window_is_eligible(window, walker))
			note(spots, walker);
		check(at_full_speed && window_is_outside(window) ? window_run_inside(window, walker)
								 : walker_step(walker));
	}
	spots->steps = walker->steps;
}

static void sweep(const struct scenario *scenario, bool at_full_speed, struct spots *spots)
{
	struct window window =
		window_of(&scenario->from, &scenario->to, scenario->in, scenario->signal);
	const struct resources resources = {.log_fd = undo_make_fd(),
					    .turn_fd = -1,
					    .stdin_fd = stage_input(scenario),
					    .cpu = -1};
	struct stage stage;

	check(stage_open(&stage, scenario, NULL, &resources));
	check(stage_start(&stage));
	check(window_enter(&window, &stage.walker));
	walk(&stage, &window, at_full_speed, spots);
	check(walker_finish(&stage.walker));
	assert_int_equal(stage.walker.end, WALKER_EXITED);
	assert_int_equal(stage.walker.exit_status, 0);
	window_free(&window);
	check(stage_close(&stage));
	close(resources.stdin_fd);
	close(resources.log_fd);
}

/* skip() does not come back, so it is asked before anything is allocated. */
static void need(const char *folder, const char *twin)
{
	char library[PATH_MAX];

	snprintf(library, sizeof(library), "%s/%s_good.abi3.so", folder, twin);
	if (access(PYTHON, X_OK) || access(library, R_OK)) {
		print_message("skipped: no %s or no %s\n", PYTHON, library);
		skip();
	}
}

/* The script is given the module's name. */
static void compare(const char *script, const char *twin, const char *from)
{
	const char *build = getenv("BUILD");
	char folder[PATH_MAX / 2];
	struct spots stepped = {0};
	struct spots found = {0};
	struct scenario scenario;
	char *path;
	char *module;
	char *in;

	snprintf(folder, sizeof(folder), "%s/targets/cpython", build ? build : "build");
	need(folder, twin);
	path = alloc_format("%s/%s", folder, script);
	module = alloc_format("%s_good", twin);
	in = alloc_format("%s_good*.so", twin);
	scenario_init(&scenario);
	list_add(&scenario.arguments, PYTHON);
	list_add(&scenario.arguments, "-S");
	list_add(&scenario.arguments, path);
	list_add(&scenario.arguments, module);
	location_free(&scenario.from);
	check(location_parse(from, &scenario.from));
	scenario.in = in;
	check(scenario_finish(&scenario));
	sweep(&scenario, false, &stepped);
	sweep(&scenario, true, &found);
	assert_true(stepped.count > 100);
	assert_int_equal(found.count, stepped.count);
	assert_memory_equal(found.list, stepped.list, found.count * sizeof(*found.list));
	assert_true(found.steps < stepped.steps);
	print_message("%s from %s: %zu boundaries, %llu instructions stepped instead of %llu\n",
		      twin, from, found.count, (unsigned long long)found.steps,
		      (unsigned long long)stepped.steps);
	free(stepped.list);
	free(found.list);
	scenario_free(&scenario);
	free(path);
	free(module);
}

static void calls_back(void **state)
{
	(void)state;
	compare("swallow-good.py", "swallow", "py:work");
	compare("calls-back.py", "mutex", "py:work");
}

static void is_loaded_in_the_window(void **state)
{
	(void)state;
	compare("leak-good.py", "leak", "module");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_back),
		cmocka_unit_test(is_loaded_in_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
