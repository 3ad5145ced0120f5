/* SPDX-License-Identifier: MIT */
/*
 * Windows in Python's terms. The interpreter is run at full speed and stopped only where frames
 * begin, or at the opcodes that the line looked for is made of; what is about to be executed there
 * is read from outside.
 */
#include "harness/model/window_private.h"

#include "harness/base/alloc.h"
#include "harness/base/glob.h"
#include "harness/model/interpreter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRAINING_MAX 5000 /* stops at which the place of the next instruction may be learned */
#define LINE_PARTS 256

/* The opcodes that a function can begin with (Python/compile.c, from 3.11 on). */
static const char *const starters[] = {"RESUME", "RETURN_GENERATOR", "MAKE_CELL", "COPY_FREE_VARS"};

struct search {
	struct window *window;
	const struct location *location;
	struct walker *walker;
	struct interpreter *interpreter;
	const struct python *python;
	struct dispatch *dispatch;
	uint64_t eval;     /* where the interpreter's loop is entered */
	uint64_t announce; /* where a window of the companion module is announced; 0: not asked for
			    */
	bool has_starters; /* frames begin with an opcode of their own */
	bool is_trained;   /* where the next instruction's address is kept was learned */
	bool is_found;     /* the walker stands at the place */
};

/* "work" is any function of that name, "Queue.put" the one so qualified. */
static bool is_function(const struct interpreter_code *code, const char *name)
{
	const size_t size = strlen(code->function);
	const size_t length = strlen(name);

	if (length > size || strcmp(code->function + size - length, name) != 0)
		return false;
	return length == size || code->function[size - length - 1] == '.';
}

static bool has_line(const struct search *search, const struct interpreter_code *code)
{
	if (!window_is_path_end(code->file, search->location->name))
		return false;
	window_line_meet(search->window, code);
	return python_line_offsets(search->python, search->walker->pid, code->address,
				   (int)search->location->number, NULL, 0) > 0;
}

static int plant_points(struct search *search, const char *opcode)
{
	uint64_t points[PYTHON_OPCODES];
	const size_t count = dispatch_points_of(search->dispatch, opcode, points);
	int error = 0;

	for (size_t i = 0; !error && i < count; i++)
		error = walker_add_breakpoint(search->walker, points[i]);
	return error;
}

static int plant_all_points(struct search *search)
{
	size_t count;
	const uint64_t *points = dispatch_points(search->dispatch, &count);
	int error = 0;

	for (size_t i = 0; !error && i < count; i++)
		error = walker_add_breakpoint(search->walker, points[i]);
	return error;
}

/* All opcodes of the line, since the first may be joined to the one before it. */
static int plant_line(struct search *search, const struct interpreter_code *code)
{
	static const char *const monitors[] = {"INSTRUMENTED_LINE", "INSTRUMENTED_INSTRUCTION"};
	int offsets[LINE_PARTS];
	ssize_t count = python_line_offsets(search->python, search->walker->pid, code->address,
					    (int)search->location->number, offsets, LINE_PARTS);
	int error = 0;

	/* Where the program is traced from this frame on, its instructions are not replaced yet. */
	for (size_t i = 0; !error && i < sizeof(monitors) / sizeof(*monitors); i++)
		error = plant_points(search, monitors[i]);
	for (ssize_t i = 0; !error && i < count && i < LINE_PARTS; i++) {
		struct python_frame frame = {0};

		error = python_fill_frame(search->python, search->walker->pid, code->address,
					  offsets[i], &frame);
		if (!error)
			error = plant_points(search, frame.base_name);
	}
	return error;
}

/* A frame of this code is about to run, or runs: does it concern the search? */
static int meet_code(struct search *search, struct interpreter_code *code)
{
	if (code->is_from >= 0)
		return 0;
	switch (search->location->kind) {
	case LOCATION_MODULE:
		/* Asked anew while the module __main__ may still have no file. */
		if (window_script_is(search->python, search->walker->pid, code))
			code->is_from = 1;
		return 0;
	case LOCATION_PYTHON_FUNCTION:
		code->is_from = is_function(code, search->location->name);
		return 0;
	default:
		code->is_from = has_line(search, code);
		return code->is_from ? plant_line(search, code) : 0;
	}
}

/* To the first instruction of a frame whose run of the loop has just begun. */
static int run_to_first(struct search *search, uint64_t frame)
{
	struct dispatch_instruction instruction;
	int error;

	walker_clear_breakpoints(search->walker);
	error = plant_all_points(search);
	while (!error && !search->is_found && search->walker->end == WALKER_RUNS &&
	       !search->walker->execed) {
		error = walker_run(search->walker);
		if (error || search->walker->end != WALKER_RUNS)
			return error;
		search->is_found =
			interpreter_instruction(search->interpreter, &instruction) == 0 &&
			instruction.frame == frame;
		fail_clear();
	}
	return error;
}

/* _PyEval_EvalFrameDefault(thread, frame, throw) */
static int on_loop(struct search *search)
{
	const struct registers *registers;
	struct interpreter_code *code;
	uint64_t frame;
	uint64_t address;
	bool is_new;
	int error = walker_registers(search->walker, &registers);

	if (error)
		return error;
	frame = registers_argument(registers, 1);
	if (python_frame_code(search->python, search->walker->pid, frame, &address, &is_new))
		return 0;
	code = interpreter_code(search->interpreter, search->walker->pid, address);
	if (!code)
		return 0;
	error = meet_code(search, code);
	if (error || !is_new || code->is_from != 1 ||
	    search->location->kind == LOCATION_PYTHON_LINE)
		return error;
	return run_to_first(search, frame);
}

/* The first instruction of who opens the window, once it is open. */
static int on_announcement(struct search *search)
{
	uint64_t frame;
	int error = window_companion_open(search->window, search->walker, &frame);

	if (error || !frame)
		return error;
	dispatch_forget(search->dispatch);
	return run_to_first(search, frame);
}

/* Most frames that begin are of code that is not looked for, which is quickly seen. */
static bool is_elsewhere(struct search *search)
{
	struct interpreter_code *code = interpreter_running(search->interpreter);

	return code && code->is_from == 0;
}

static int on_point(struct search *search)
{
	struct dispatch_instruction instruction;
	struct interpreter_code *code;
	int error;

	if (search->is_trained && is_elsewhere(search))
		return 0;

	if (interpreter_instruction(search->interpreter, &instruction)) {
		fail_clear();
		return 0;
	}
	code = interpreter_code(search->interpreter, search->walker->pid, instruction.code);
	if (!code || search->location->kind == LOCATION_MODULE || search->announce)
		return 0;
	error = meet_code(search, code);
	if (error || code->is_from != 1)
		return error;
	if (search->location->kind == LOCATION_PYTHON_FUNCTION)
		search->is_found = instruction.offset == 0;
	else
		search->is_found = python_line(search->python, search->walker->pid, code->address,
					       instruction.offset) == (int)search->location->number;
	return 0;
}

/* Through the table there is nothing to step over; else breakpoints do. */
static int plant_starters(struct search *search)
{
	const struct walker_table *table = dispatch_table(search->dispatch);
	bool entries[PYTHON_OPCODES] = {false};
	int error;

	for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++)
		dispatch_entries_of(search->dispatch, starters[i], entries);
	error = table ? walker_hook_table(search->walker, table, entries) : -ENOTSUP;
	if (error != -ENOTSUP)
		return error;
	fail_clear();
	error = 0;
	for (size_t i = 0; !error && i < sizeof(starters) / sizeof(starters[0]); i++)
		error = plant_points(search, starters[i]);
	return error;
}

static int plant_starts(struct search *search)
{
	walker_clear_breakpoints(search->walker);
	if (search->announce)
		return walker_add_breakpoint(search->walker, search->announce);
	if (!search->has_starters || search->location->kind == LOCATION_MODULE)
		return walker_add_breakpoint(search->walker, search->eval);
	return plant_starters(search);
}

static int go_on(struct search *search)
{
	int error = walker_run(search->walker);

	if (error || search->walker->end != WALKER_RUNS || search->walker->execed)
		return error;
	if (search->announce && search->walker->pc == search->announce)
		return on_announcement(search);
	return search->walker->pc == search->eval ? on_loop(search) : on_point(search);
}

/* Where the next instruction's address is kept is learned best from all opcodes alike. */
static int train(struct search *search)
{
	int error = plant_starts(search);

	if (!error)
		error = plant_all_points(search);
	for (size_t stops = 0; !error && stops < TRAINING_MAX && !search->is_found &&
			       !dispatch_is_sure(search->dispatch) &&
			       search->walker->end == WALKER_RUNS && !search->walker->execed;
	     stops++)
		error = go_on(search);
	return error;
}

static int find(struct search *search)
{
	int error = train(search);

	if (error || search->is_found)
		return error;
	search->is_trained = dispatch_is_sure(search->dispatch);
	error = plant_starts(search);
	while (!error && !search->is_found && search->walker->end == WALKER_RUNS &&
	       !search->walker->execed)
		error = go_on(search);
	return error;
}

static int search_from(struct window *window, struct walker *walker)
{
	struct search search = {.window = window,
				.location = window->from,
				.walker = walker,
				.interpreter = window->interpreter,
				.python = interpreter_python(window->interpreter)};
	uint64_t points[PYTHON_OPCODES];
	int error = interpreter_dispatch(window->interpreter, &search.dispatch);

	if (error)
		return error;
	if (window->from->kind == LOCATION_PYTHON_LINE)
		window_line_begin(window, window->from);
	search.eval = python_image(search.python)->eval;
	search.has_starters = dispatch_points_of(search.dispatch, "RESUME", points) > 0;
	if (window->from->kind == LOCATION_WINDOW)
		error = window_companion_find(window, walker->pid, &search.announce);
	if (!error)
		error = find(&search);
	if (walker->end == WALKER_RUNS)
		walker_clear_breakpoints(walker);
	interpreter_forget(window->interpreter);
	return error || walker->end != WALKER_RUNS ? error : walker_refresh(walker);
}

void window_find_interpreter(struct window *window, struct walker *walker)
{
	int error;

	interpreter_free(window->interpreter);
	free(window->no_interpreter);
	window->no_interpreter = NULL;
	window->has_unread_python = false;
	error = interpreter_open(walker, &window->interpreter);
	if (!error)
		return;
	window->has_unread_python = error != -ENOENT;
	window->no_interpreter = alloc_text(fail_text());
	fail_clear();
}

bool window_python_has_name(const struct location *location, struct walker *walker)
{
	struct python_image image;
	uint64_t *addresses;
	size_t count;
	bool has_symbol;

	if (location->kind != LOCATION_SYMBOL || location->module)
		return false;
	has_symbol = symbols_find(walker->symbols, NULL, location->name, &addresses, &count) == 0;
	if (has_symbol)
		free(addresses);
	has_symbol = has_symbol || python_find_image(walker->symbols, walker->pid, &image) != 0;
	fail_clear();
	return !has_symbol;
}

int window_python_enter(struct window *window, struct walker *walker)
{
	/* Every CPython program comes by here when it is initialised, site modules included, and
	 * has not executed anything of the script (Modules/main.c, pymain_main()). */
	static const struct location begin = {
		.kind = LOCATION_SYMBOL, .name = (char *)"Py_RunMain", .text = (char *)"module"};
	int error = window_run_to(&begin, walker);

	if (error == -ENOENT)
		return fail(-ENOENT, "%s is no CPython, so a window cannot begin at `%s`",
			    walker->launch->program, window->from->text);
	if (error || walker->end != WALKER_RUNS || walker->execed)
		return error;
	window_find_interpreter(window, walker);
	if (window->interpreter)
		return search_from(window, walker);
	/* Nobody asked for what cannot be found: it begins here. */
	if (window->from->kind == LOCATION_MODULE && window->from->is_default)
		return 0;
	return fail(-ENOTSUP, "%s: %s", walker->launch->program, window->no_interpreter);
}

int window_python_ends(struct window *window)
{
	uint64_t points[PYTHON_OPCODES];
	struct dispatch *dispatch;
	const uint64_t *all;
	int error;

	if (!window->interpreter)
		return fail(-ENOTSUP, "the window cannot end at `%s`: %s", window->to->text,
			    window->no_interpreter);
	error = interpreter_dispatch(window->interpreter, &dispatch);
	if (error)
		return error;
	all = dispatch_points(dispatch, &window->end_count);
	if (window->to->kind != LOCATION_PYTHON_LINE &&
	    dispatch_points_of(dispatch, starters[0], points) > 0) {
		window->end_count = 0;
		for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++)
			window->end_count += dispatch_points_of(dispatch, starters[i],
								points + window->end_count);
		all = points;
	}
	window->ends = alloc_resize(NULL, window->end_count, sizeof(*window->ends));
	memcpy(window->ends, all, window->end_count * sizeof(*window->ends));
	window->ends_in_python = true;
	if (window->to->kind != LOCATION_PYTHON_LINE)
		return 0;
	window_line_begin(window, window->to);
	return window_line_look(window);
}

bool window_python_is_end(const struct window *window, uint64_t pc)
{
	const struct python *python = interpreter_python(window->interpreter);
	struct dispatch_instruction instruction;
	struct interpreter_code *code;
	struct dispatch *dispatch;

	if (interpreter_dispatch(window->interpreter, &dispatch) ||
	    !dispatch_is_point(dispatch, pc) ||
	    interpreter_instruction(window->interpreter, &instruction)) {
		fail_clear();
		return false;
	}
	code = interpreter_code(window->interpreter, window->walker->pid, instruction.code);
	if (!code)
		return false;
	if (window->to->kind == LOCATION_PYTHON_FUNCTION)
		return instruction.offset == 0 && is_function(code, window->to->name);
	if (window->to->kind == LOCATION_WINDOW)
		return instruction.offset == 0 &&
		       window_companion_is_end(window, code, instruction.frame);
	if (code->is_to < 0) {
		code->is_to = window_is_path_end(code->file, window->to->name);
		if (code->is_to)
			window_line_meet(window, code);
	}
	return code->is_to && python_line(python, window->walker->pid, code->address,
					  instruction.offset) == (int)window->to->number;
}

bool window_python_is_in(const struct window *window)
{
	struct interpreter_code *code = interpreter_running(window->interpreter);

	if (!code)
		return false;
	if (code->is_in < 0)
		code->is_in = glob_matches(window->in, code->file);
	return code->is_in;
}
