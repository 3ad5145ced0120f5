/* SPDX-License-Identifier: MIT */
/*
 * Which code is the program's own script: what a CPython executes as the module __main__, be it a
 * file, a module (-m), an archive, -c or standard input.
 */
#include "harness/model/window_private.h"

#include <string.h>

#define MAIN_FILE 4096

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

bool window_is_path_end(const char *path, const char *name)
{
	const size_t size = strlen(path);
	const size_t length = strlen(name);

	if (length > size || strcmp(path + size - length, name) != 0)
		return false;
	return length == size || name[0] == '/' || path[size - length - 1] == '/';
}

/* Is it `python -c` or standard input? What is executed by -m or from an archive has no file yet
 * while the modules that look for it are imported (Modules/main.c, pymain_run_python()). */
static bool has_no_file(const struct python *python, pid_t pid)
{
	char name[3];
	uint64_t list;
	uint64_t first;
	const bool is_known = python_module_attribute(python, pid, "sys", "argv", &list) == 0 &&
			      python_items(python, pid, list, &first, 1) > 0 &&
			      python_unicode(python, pid, first, name, sizeof(name)) >= 0;

	fail_clear();
	return is_known && (!*name || strcmp(name, "-") == 0 || strcmp(name, "-c") == 0);
}

/* The file of the module __main__; false while it has none. */
static bool read_main_file(const struct python *python, pid_t pid, char file[MAIN_FILE])
{
	uint64_t value;
	const bool is_known =
		python_module_attribute(python, pid, "__main__", "__file__", &value) == 0 &&
		python_unicode(python, pid, value, file, MAIN_FILE) >= 0;

	fail_clear();
	return is_known;
}

bool window_script_is_in(const struct window *window)
{
	char file[MAIN_FILE];

	return read_main_file(interpreter_python(window->interpreter), window->walker->pid, file) &&
	       window_is_path_end(file, window->in);
}

/* A script that is compiled already: its code says where it was compiled. Nothing has to be
 * imported to compile it, so that it is the first to be executed when the module __main__ has a
 * file. */
static bool is_compiled(const char *file)
{
	static const char suffix[] = ".pyc";
	const size_t length = sizeof(suffix) - 1;
	const size_t size = strlen(file);

	return size > length && strcmp(file + size - length, suffix) == 0;
}

bool window_script_is(const struct python *python, pid_t pid, const struct interpreter_code *code)
{
	char file[MAIN_FILE];

	if (strcmp(code->function, "<module>") != 0 || strncmp(code->file, "<frozen", 7) == 0)
		return false;
	if (!read_main_file(python, pid, file))
		return has_no_file(python, pid);
	if (is_compiled(file))
		return true;
	/* A code object's file may be shortened from the left. */
	return window_is_path_end(file, strncmp(code->file, "...", 3) == 0 ? last_part(code->file)
									   : code->file);
}
