/* SPDX-License-Identifier: MIT */
/*
 * What harness/python reads from outside against what the interpreter says of itself
 * (sys._getframe, sys.getrefcount), for every version that is there.
 */
#include "harness/python/python.h"
#include "tests/unit/python_target.h"

#include <errno.h>
#include <jansson.h>

#define SCRIPT "tests/unit/python_state.py"
#define FRAMES 64

struct opened {
	struct target target;
	struct python *python;
	uint64_t thread;
	json_t *expected;
};

static void open_state(struct opened *opened, const char *version, const char *state)
{
	char *text;
	int error;

	target_start(&opened->target, target_interpreter(version), SCRIPT, state);
	error = python_attach(opened->target.symbols, opened->target.pid, &opened->python);
	if (error != 0)
		fail_msg("python_attach: %d %s", error, fail_text());
	assert_int_equal(python_find_thread(opened->python, opened->target.pid,
					    opened->target.registers.fs_base, &opened->thread),
			 0);
	text = target_output(&opened->target);
	opened->expected = json_loads(text, 0, NULL);
	assert_non_null(opened->expected);
	free(text);
}

static void close_state(struct opened *opened)
{
	json_decref(opened->expected);
	python_free(opened->python);
	target_end(&opened->target);
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* frames[0] is stop() itself, the rest as it saw them. */
static void compare_frames(const struct opened *opened)
{
	struct python_frame frames[FRAMES];
	ssize_t count =
		python_frames(opened->python, opened->target.pid, opened->thread, frames, FRAMES);
	json_t *expected = json_object_get(opened->expected, "frames"), *frame;
	size_t index;

	assert_int_equal(count, json_array_size(expected) + 1);
	assert_string_equal(frames[0].function, "stop");
	json_array_foreach (expected, index, frame) {
		const struct python_frame *got = &frames[index + 1];

		assert_string_equal(got->file, json_string_value(json_object_get(frame, "file")));
		assert_string_equal(got->function,
				    json_string_value(json_object_get(frame, "function")));
		assert_int_equal(got->line, number(frame, "line"));
		assert_int_equal(got->first_line, number(frame, "first_line"));
		assert_int_equal(got->offset, number(frame, "offset"));
		assert_string_equal(got->base_name,
				    json_string_value(json_object_get(frame, "opcode")));
	}
	/* The chain's end is the entry of the interpreter. */
	assert_true(frames[count - 1].is_entry);
}

/* The frames that a C function called (here: sorted) begin a new run of the interpreter. */
static void check_entries(const struct opened *opened)
{
	struct python_frame frames[FRAMES];
	ssize_t count =
		python_frames(opened->python, opened->target.pid, opened->thread, frames, FRAMES);
	size_t lambdas = 0;

	for (ssize_t n = 0; n < count; n++) {
		if (strstr(frames[n].function, "<lambda>") == NULL)
			continue;
		assert_true(frames[n].is_entry);
		assert_true(strcmp(frames[n].opcode_name, "") != 0);
		lambdas++;
	}
	assert_int_equal(lambdas, 1);
}

static void check_exceptions(const struct opened *opened)
{
	struct python_exception handled[16], current;
	ssize_t count = python_handled_exceptions(opened->python, opened->target.pid,
						  opened->thread, handled, 16);

	assert_true(count >= 1);
	/* The generator's own item comes first: the exception that it handles now. */
	assert_string_equal(handled[0].type_name, "KeyError");
	assert_string_equal(handled[0].value_type_name, "KeyError");
	assert_string_equal(handled[0].traceback_type_name, "traceback");
	assert_int_equal(handled[0].refcount, number(opened->expected, "refcount"));
	assert_false(handled[0].is_immortal);
	assert_int_equal(python_current_exception(opened->python, opened->target.pid,
						  opened->thread, &current),
			 0);
	assert_string_equal(current.type_name, "");
	assert_int_equal(current.value, 0);
}

static void test_frames(void **state)
{
	struct opened opened;

	open_state(&opened, *state, "frames");
	compare_frames(&opened);
	check_entries(&opened);
	check_exceptions(&opened);
	close_state(&opened);
}

static void test_specialised(void **state)
{
	struct opened opened;

	open_state(&opened, *state, "warm");
	compare_frames(&opened);
	close_state(&opened);
}

static void test_many_lines(void **state)
{
	struct opened opened;

	open_state(&opened, *state, "many_lines");
	compare_frames(&opened);
	close_state(&opened);
}

static void check_text(const struct opened *opened, const char *attribute, const char *text)
{
	uint64_t object;
	char got[64];
	int error = python_module_attribute(opened->python, opened->target.pid, "__main__",
					    attribute, &object);

	assert_int_equal(error, 0);
	assert_int_equal(
		python_unicode(opened->python, opened->target.pid, object, got, sizeof(got)),
		strlen(text));
	assert_string_equal(got, text);
}

static void check_objects(const struct opened *opened)
{
	pid_t pid = opened->target.pid;
	uint64_t object, items[3];
	char name[32], tiny[4];
	int64_t count;
	bool is_immortal;

	check_text(opened, "latin", "h\u00e9llo");
	check_text(opened, "wide", "\u20ac uro");
	check_text(opened, "astral", "\U0001f40d");
	check_text(opened, "__name__", "__main__");
	assert_int_equal(python_module_attribute(opened->python, pid, "__main__", "lock", &object),
			 0);
	assert_int_equal(python_type_name(opened->python, pid, object, name, sizeof(name)), 0);
	assert_string_equal(name, "lock");
	assert_true(python_unicode(opened->python, pid, object, name, sizeof(name)) < 0);
	assert_int_equal(python_refcount(opened->python, pid, object, &count, &is_immortal), 0);
	assert_int_equal(count, 1);
	assert_int_equal(
		python_module_attribute(opened->python, pid, "__main__", "numbers", &object), 0);
	assert_int_equal(python_items(opened->python, pid, object, items, 3), 3);
	/* Cut at a whole character. */
	assert_int_equal(python_unicode(opened->python, pid, items[0], tiny, 3), 1);
	assert_string_equal(tiny, "h");
	assert_int_equal(python_module_attribute(opened->python, pid, "__main__", "none", &object),
			 -ENOENT);
}

/* What PyErr_CheckSignals() calls belongs to it only where nobody else calls that by its name. */
static void check_looks(const struct opened *opened)
{
	static const char *const others[] = {"PyObject_Call", "Py_BuildValue", "_Py_Dealloc",
					     "_PyEval_EvalFrameDefault", "PyObject_Repr"};
	const struct python_looks *looks = &python_image(opened->python)->looks;
	uint64_t address;

	assert_int_equal(symbols_named(opened->target.symbols, "PyErr_CheckSignals", &address, 1),
			 1);
	assert_true(python_is_look(looks, address));
	for (size_t n = 0; n < sizeof(others) / sizeof(*others); n++)
		if (symbols_named(opened->target.symbols, others[n], &address, 1) == 1)
			assert_false(python_is_look(looks, address));
}

/* A signal whose C handler has run and whose Python handler has not: tripped and flagged. */
static void test_pending(void **state)
{
	struct opened opened;
	struct python_pending pending;
	int signal;

	open_state(&opened, *state, "tripped");
	check_objects(&opened);
	check_looks(&opened);
	assert_int_equal(
		python_pending_signals(opened.python, opened.target.pid, opened.thread, &pending),
		0);
	assert_true(pending.is_known);
	assert_int_equal(pending.tripped, 0);
	assert_false(pending.is_tripped || pending.is_flagged);
	kill(opened.target.pid, SIGUSR1);
	ptrace(PTRACE_CONT, opened.target.pid, 0, 0);
	signal = target_wait(&opened.target);
	assert_int_equal(signal, SIGUSR1);
	/* Step through the C handler and some more: long before the next opcode. */
	ptrace(PTRACE_SINGLESTEP, opened.target.pid, 0, signal);
	for (int n = 0; n < 5000; n++) {
		target_wait(&opened.target);
		assert_int_equal(python_pending_signals(opened.python, opened.target.pid,
							opened.thread, &pending),
				 0);
		if (pending.is_tripped && pending.is_flagged)
			break;
		ptrace(PTRACE_SINGLESTEP, opened.target.pid, 0, 0);
	}
	assert_true(pending.is_tripped);
	assert_true(pending.is_flagged);
	assert_int_equal(pending.tripped, 1ull << (SIGUSR1 - 1));
	close_state(&opened);
}

/* The first tuple of a list that the companion module keeps: its name, and its object's type. */
static void check_announced(const struct opened *opened, const char *attribute, const char *name,
			    const char *type)
{
	uint64_t list, tuple, items[2];
	pid_t pid = opened->target.pid;
	char text[64];

	assert_int_equal(python_module_attribute(opened->python, pid, "sigsweep", attribute, &list),
			 0);
	assert_int_equal(python_items(opened->python, pid, list, &tuple, 1), 1);
	assert_int_equal(python_items(opened->python, pid, tuple, items, 2), 2);
	assert_true(python_unicode(opened->python, pid, items[0], text, sizeof(text)) > 0);
	assert_string_equal(text, name);
	assert_int_equal(python_type_name(opened->python, pid, items[1], text, sizeof(text)), 0);
	assert_string_equal(text, type);
}

/* What companion/sigsweep.py announces can be seen from outside. */
static void test_companion(void **state)
{
	struct python_frame frames[FRAMES];
	struct opened opened;
	uint64_t object;
	ssize_t count;
	char type[16];

	open_state(&opened, *state, "companion");
	check_announced(&opened, "__sigsweep_watched__", "the lock", "lock");
	check_announced(&opened, "__sigsweep_checks__", "the check", "function");
	count = python_frames(opened.python, opened.target.pid, opened.thread, frames, FRAMES);
	assert_true(count > 2);
	assert_non_null(strstr(frames[1].function, "__sigsweep_window_begin__"));
	assert_int_equal(
		python_first_argument(opened.python, opened.target.pid, frames[1].address, &object),
		0);
	assert_int_equal(
		python_type_name(opened.python, opened.target.pid, object, type, sizeof(type)), 0);
	assert_string_equal(type, "window");
	close_state(&opened);
}

/* What is not known is said, and nothing is guessed. */
static void test_unknown_version(void **state)
{
	struct python_image image = {.version = 0x03630100, .path = "libpython3.99.so"};
	struct python *python;

	(void)state;
	assert_int_equal(python_open(&image, getpid(), &python), -ENOTSUP);
	assert_null(python);
	assert_string_equal(fail_text(), "unknown CPython version 3.99.1: native frames only");
	/* Known by its number, with another layout than its headers say. */
	image.version = 0x03090200;
	image.runtime_size = 16;
	assert_int_equal(python_open(&image, getpid(), &python), -ENOTSUP);
	assert_non_null(strstr(fail_text(), "native frames only"));
}

/* A program that holds no CPython. */
static void test_no_python(void **state)
{
	struct symbols *symbols = symbols_new();
	struct maps maps = {0};
	struct python *python;

	(void)state;
	assert_int_equal(maps_read(&maps, getpid()), 0);
	assert_int_equal(symbols_update(symbols, &maps, getpid()), 0);
	assert_int_equal(python_attach(symbols, getpid(), &python), -ENOENT);
	maps_free(&maps);
	symbols_free(symbols);
}

#define ROW(state, test, version)                                                                  \
	{                                                                                          \
		state " " version, test, NULL, NULL, version                                       \
	}
#define ROWS(version)                                                                              \
	ROW("frames", test_frames, version), ROW("specialised", test_specialised, version),        \
		ROW("many lines", test_many_lines, version),                                       \
		ROW("companion", test_companion, version), ROW("pending", test_pending, version)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_version),
		cmocka_unit_test(test_no_python),
		ROWS("host"),
		ROWS("3.9"),
		ROWS("3.9d"),
		ROWS("3.11"),
		ROWS("3.11d"),
		ROWS("3.13"),
		ROWS("3.13d"),
		ROWS("3.14"),
		ROWS("3.14d"),
		ROWS("3.15"),
		ROWS("3.15d"),
		ROWS("extra"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
