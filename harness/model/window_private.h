/* SPDX-License-Identifier: MIT */
/* What the files of windows share: window.c, window_python.c, window_companion.c. */
#ifndef SIGSWEEP_MODEL_WINDOW_PRIVATE_H
#define SIGSWEEP_MODEL_WINDOW_PRIVATE_H

#include "harness/model/interpreter.h"
#include "harness/model/window.h"

/* Runs the walker to a place that symbols tell, also where only a library that is loaded later has
 * it. It may have ended or executed another program instead: look. */
int window_run_to(const struct location *location, struct walker *walker) MUST_CHECK;

/* Opens the interpreter where the walker stands, if it has one; why not is kept in
 * no_interpreter. */
void window_find_interpreter(struct window *window, struct walker *walker);

/* Is a name that no symbol has to be looked for among Python's functions? */
bool window_python_has_name(const struct location *location, struct walker *walker);

/* Runs a walker that was just started, or has just executed its program, to the window's start. */
int window_python_enter(struct window *window, struct walker *walker) MUST_CHECK;

/* Fills `ends` with the addresses at which window_python_is_end() must be asked. */
int window_python_ends(struct window *window) MUST_CHECK;
bool window_python_is_end(const struct window *window, uint64_t pc);

/*
 * Windows that the companion module opens (companion/sigsweep.py). The address of the C function
 * that it calls to announce one: -ENOTSUP with a sentence where it cannot be found.
 */
int window_companion_find(const struct window *window, pid_t pid, uint64_t *function) MUST_CHECK;

/* The walker stands where that function begins: the Python frame at whose next instruction the
 * window of location `from` begins, 0 where it is no such call. */
int window_companion_open(struct window *window, struct walker *walker, uint64_t *frame) MUST_CHECK;

/* The walker stands at the first instruction of a frame of this code: does the window end? */
bool window_companion_is_end(const struct window *window, const struct interpreter_code *code,
			     uint64_t frame);

/* window_extension.c: is code of a module that matches on the stack, or executed? */
bool window_stack_is_in(const struct window *window, struct walker *walker,
			const struct registers *registers);

/* window_script.c: is this the code of the script, executed as a module and the module __main__? */
bool window_script_is(const struct python *python, pid_t pid, const struct interpreter_code *code);

/* Does `in` name the file of the script, which need not end in .py? */
bool window_script_is_in(const struct window *window);

/* Is `name` the path, or a part of it from a slash on to its end? */
bool window_is_path_end(const char *path, const char *name);

/*
 * window_line.c: a place FILE.py:LINE, which must outlive the window. window_line_meet() is told of
 * each code object of such a file that is met; window_line_look() looks at those that run where the
 * walker stands; window_line_refuse() fails with a sentence where a file was met that has no code
 * there and none that has; 0 otherwise. Neither refuses where no place was given.
 */
struct interpreter_code;
void window_line_begin(struct window *window, const struct location *location);
void window_line_free(struct window *window);
void window_line_meet(const struct window *window, const struct interpreter_code *code);
int window_line_look(const struct window *window) MUST_CHECK;

/* Does the walker's innermost Python frame belong to a file that `in` lets through? */
bool window_python_is_in(const struct window *window);

#endif
