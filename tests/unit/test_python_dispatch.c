/* SPDX-License-Identifier: MIT */
/*
 * The opcode boundaries that breakpoints on the dispatch points give against the interpreter's own
 * opcode tracing of the same function: number and order, for every version that is there.
 */
#include "harness/python/dispatch.h"
#include "tests/unit/python_target.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>

#define SCRIPT "tests/unit/python_opcodes.py"
#define STOPS_MAX 200000
#define NAME_MAX_TEXT 128

struct boundary {
	char function[NAME_MAX_TEXT];
	int offset;
	char opcode[48];
};

struct run {
	struct target target;
	struct python *python;
	struct dispatch *dispatch;
	struct boundary *list;
	size_t count;
	size_t capacity;
	size_t stops;    /* all, the other code's included */
	size_t strays;   /* stops at a point where no opcode started */
	size_t unsure;   /* stops before the place of next_instr was known */
	long saved[256]; /* the words under the breakpoints */
};

static void set_breakpoint(struct run *run, size_t n, bool set)
{
	size_t count;
	uint64_t at = dispatch_points(run->dispatch, &count)[n];
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, run->target.pid, at, 0);
	assert_int_equal(errno, 0);
	word = (word & ~0xffl) | (set ? 0xcc : run->saved[n]);
	assert_int_equal(ptrace(PTRACE_POKETEXT, run->target.pid, at, word), 0);
}

static void set_breakpoints(struct run *run)
{
	size_t count;
	const uint64_t *points = dispatch_points(run->dispatch, &count);

	assert_true(count > 90 && count <= 256);
	for (size_t n = 0; n < count; n++)
		run->saved[n] = ptrace(PTRACE_PEEKTEXT, run->target.pid, points[n], 0) & 0xff;
	for (size_t n = 0; n < count; n++)
		set_breakpoint(run, n, true);
}

static size_t point_index(const struct run *run, uint64_t pc)
{
	size_t count;
	const uint64_t *points = dispatch_points(run->dispatch, &count);

	for (size_t n = 0; n < count; n++) {
		if (points[n] == pc)
			return n;
	}
	fail_msg("stopped at 0x%llx, which is no dispatch point", (unsigned long long)pc);
	return 0;
}

static void note(struct run *run, const struct dispatch_instruction *instruction)
{
	struct python_frame frame;
	struct boundary *boundary;

	memset(&frame, 0, sizeof(frame));
	assert_int_equal(python_fill_frame(run->python, run->target.pid, instruction->code,
					   instruction->offset, &frame),
			 0);
	assert_int_equal(frame.offset, instruction->offset);
	if (strcmp(frame.file, "subject.py") != 0)
		return;
	if (instruction->is_again) { /* what runs is the specialised form */
		assert_true(run->count > 0);
		boundary = &run->list[run->count - 1];
		snprintf(boundary->opcode, sizeof(boundary->opcode), "%s", frame.opcode_name);
		return;
	}
	if (run->count == run->capacity) {
		run->capacity = run->capacity * 2 + 1024;
		run->list = realloc(run->list, run->capacity * sizeof(*run->list));
	}
	boundary = &run->list[run->count++];
	/* co_name, as the tracer has it: the last part of the qualified name. */
	snprintf(boundary->function, sizeof(boundary->function), "%s",
		 strrchr(frame.function, '.') ? strrchr(frame.function, '.') + 1 : frame.function);
	snprintf(boundary->opcode, sizeof(boundary->opcode), "%s", frame.opcode_name);
	boundary->offset = instruction->offset;
}

/* At a breakpoint: which instruction starts, then over it. */
static void take_stop(struct run *run)
{
	struct dispatch_instruction instruction;
	struct registers registers;
	uint64_t thread;
	size_t n;

	assert_int_equal(ptrace(PTRACE_GETREGS, run->target.pid, 0, &registers.user), 0);
	registers.user.rip--;
	n = point_index(run, registers.user.rip);
	assert_int_equal(
		python_find_thread(run->python, run->target.pid, registers.user.fs_base, &thread),
		0);
	run->stops++;
	if (dispatch_instruction(run->dispatch, run->target.pid, thread, &registers,
				 &instruction) == 0)
		note(run, &instruction);
	else
		run->strays++;
	run->unsure += !dispatch_is_sure(run->dispatch);
	assert_int_equal(ptrace(PTRACE_SETREGS, run->target.pid, 0, &registers.user), 0);
	set_breakpoint(run, n, false);
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, run->target.pid, 0, 0), 0);
	assert_int_equal(target_wait(&run->target), SIGTRAP);
	set_breakpoint(run, n, true);
}

static void collect(struct run *run, const char *version, const char *subject)
{
	int error, signal;

	memset(run, 0, sizeof(*run));
	target_start(&run->target, target_interpreter(version), SCRIPT, subject);
	error = python_attach(run->target.symbols, run->target.pid, &run->python);
	if (error == 0)
		error = dispatch_open(run->python, run->target.pid, &run->dispatch);
	if (error != 0)
		fail_msg("%d %s", error, fail_text());
	set_breakpoints(run);
	for (;;) {
		assert_true(run->stops < STOPS_MAX);
		assert_int_equal(ptrace(PTRACE_CONT, run->target.pid, 0, 0), 0);
		signal = target_wait(&run->target);
		if (signal == SIGSTOP)
			return;
		assert_int_equal(signal, SIGTRAP);
		take_stop(run);
	}
}

static void end(struct run *run)
{
	free(run->list);
	dispatch_free(run->dispatch);
	python_free(run->python);
	target_end(&run->target);
}

/* The offset of the first traced instruction of a function: what lies before it (MAKE_CELL,
 * RETURN_GENERATOR, POP_TOP, RESUME) is never shown by the tracer. */
static int first_traced(const json_t *traced, const char *function)
{
	int first = INT_MAX;
	size_t n;
	json_t *event;

	json_array_foreach (traced, n, event) {
		int offset = (int)json_integer_value(json_array_get(event, 1));

		if (strcmp(function, json_string_value(json_array_get(event, 0))) == 0 &&
		    offset < first)
			first = offset;
	}
	return first;
}

/*
 * Is the boundary one that the tracer does not show? RESUME it shows as a call; 3.11 executes what
 * follows an EXTENDED_ARG in the same step while it traces; and a generator that ends inside a
 * specialised FOR_ITER returns to END_FOR and what goes with it, which tracing skips.
 */
static bool is_hidden(const struct boundary *boundary, const char *before, const json_t *traced)
{
	return strncmp(boundary->opcode, "RESUME", 6) == 0 ||
	       strcmp(boundary->opcode, "END_FOR") == 0 || strcmp(before, "END_FOR") == 0 ||
	       strcmp(before, "EXTENDED_ARG") == 0 ||
	       boundary->offset < first_traced(traced, boundary->function);
}

/*
 * What the interpreter executes, or goes over, behind an opcode without dispatching it, by the
 * names of both; tracing makes it dispatch each. What is not here must be a boundary: all of 3.9,
 * and of 3.13 all but one. A version without such an opcode has nothing to forgive.
 */
static const struct join {
	const char *before; /* how its name, as it stands in memory, begins */
	const char *end;    /* and ends */
	const char *over[2];
} joins[] = {
	/* 3.11: specialised for a builtin, it makes the call itself. */
	{"PRECALL_NO_KW_LIST_APPEND", "", {"CALL", "POP_TOP"}},
	{"PRECALL_NO_KW_", "", {"CALL"}},
	{"PRECALL_BUILTIN_", "", {"CALL"}},
	/* 3.11: specialised, it does not make the bool that would only be tested. */
	{"COMPARE_OP_", "_JUMP", {"POP_JUMP_"}},
	/* list.append() as a statement, from 3.12 to 3.14: it drops what it does not make. */
	{"CALL_NO_KW_LIST_APPEND", "", {"POP_TOP"}},
	{"CALL_LIST_APPEND", "", {"POP_TOP"}},
	/* From 3.14 on: a mark for monitoring. */
	{"POP_JUMP_IF_", "", {"NOT_TAKEN"}},
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_join(const struct join *join, const char *opcode)
{
	const size_t size = strlen(opcode);
	const size_t end = strlen(join->end);

	return begins(opcode, join->before) && size >= end &&
	       strcmp(opcode + size - end, join->end) == 0;
}

/* Is `over`, as the compiler emitted it, joined to `before` as the opcode `n` behind it? */
static bool is_joined(const char *before, size_t n, const char *over)
{
	const char *second = strstr(before, "__");

	/* 3.11 and 3.12: LOAD_FAST__LOAD_CONST is two of the compiler's in one. */
	if (second != NULL)
		return n == 0 && strcmp(over, second + 2) == 0;
	for (size_t i = 0; i < sizeof(joins) / sizeof(*joins); i++) {
		if (is_join(&joins[i], before))
			return n < 2 && joins[i].over[n] != NULL && begins(over, joins[i].over[n]);
	}
	return false;
}

static const char *traced_name(const json_t *traced, size_t at)
{
	const char *name = json_string_value(json_array_get(json_array_get(traced, at), 2));

	return name != NULL ? name : "";
}

static bool same(const struct boundary *boundary, const json_t *traced)
{
	return traced != NULL &&
	       strcmp(boundary->function, json_string_value(json_array_get(traced, 0))) == 0 &&
	       boundary->offset == json_integer_value(json_array_get(traced, 1));
}

/* Finds, for each boundary in turn, the traced instruction that it is; every one must be found, and
 * every traced one be a boundary or follow from one. */
static void compare(const struct run *run, const json_t *traced)
{
	size_t at = 0, joined = 0;
	const char *before = "";

	for (size_t n = 0; n < run->count; n++) {
		const struct boundary *boundary = &run->list[n];
		size_t skipped = 0;

		if (!same(boundary, json_array_get(traced, at)) &&
		    is_hidden(boundary, before, traced)) {
			/* A call joined to the opcode before it shows only after this. */
			if (strncmp(boundary->opcode, "RESUME", 6) != 0)
				before = boundary->opcode;
			continue;
		}
		while (!same(boundary, json_array_get(traced, at)) &&
		       is_joined(before, skipped, traced_name(traced, at))) {
			at++;
			skipped++;
		}
		if (!same(boundary, json_array_get(traced, at)))
			fail_msg("boundary %zu, %s+%d %s after %s: traced %s+%d", n,
				 boundary->function, boundary->offset, boundary->opcode, before,
				 json_string_value(json_array_get(json_array_get(traced, at), 0)),
				 (int)json_integer_value(
					 json_array_get(json_array_get(traced, at), 1)));
		at++;
		joined += skipped;
		before = boundary->opcode;
	}
	assert_int_equal(at, json_array_size(traced));
	assert_true(at > 90);
	print_message("%zu opcodes traced, %zu boundaries, %zu joined to the one before\n", at,
		      run->count, joined);
}

static void test_opcodes(void **state)
{
	const char *const *parameters = *state;
	struct run run;
	char *text;
	json_t *traced;

	collect(&run, parameters[0], parameters[1]);
	text = target_output(&run.target);
	traced = json_loads(text, 0, NULL);
	assert_non_null(traced);
	compare(&run, traced);
	assert_true(dispatch_is_sure(run.dispatch));
	json_decref(traced);
	free(text);
	end(&run);
}

#define ROW(version, subject)                                                                      \
	{                                                                                          \
		subject " " version, test_opcodes, NULL, NULL, (const char *[])                    \
		{                                                                                  \
			version, subject                                                           \
		}                                                                                  \
	}
#define ROWS(version)                                                                              \
	ROW(version, "cold"), ROW(version, "warm"), ROW(version, "mixed"), ROW(version, "wide")

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS("host"),  ROWS("3.9"),  ROWS("3.9d"),  ROWS("3.11"),
		ROWS("3.11d"), ROWS("3.13"), ROWS("3.13d"), ROWS("3.14"),
		ROWS("3.14d"), ROWS("3.15"), ROWS("3.15d"), ROWS("extra"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
