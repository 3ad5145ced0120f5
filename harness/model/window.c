/* SPDX-License-Identifier: MIT */
/* See window.h. */
#include "harness/model/window_private.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/kernel/memory.h"
#include "harness/model/interpreter.h"

#include <elf.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define START_LENGTH 32 /* instructions of start-up code before its first call */

/* Where the dynamic loader says that the list of libraries changed (link.h, struct r_debug, r_brk).
 */
#define LOADER_MARK "_dl_debug_state"

static int not_reached(const struct window *window, const struct walker *walker)
{
	char name[16];
	int error = window_line_refuse(window);

	if (error)
		return error;
	if (walker->end == WALKER_KILLED)
		return fail(-ENOENT, "%s was killed by %s before the window's start was reached",
			    walker->launch->program, signal_name(walker->exit_signal, name));
	if (window->from->kind == LOCATION_HANDLER)
		return fail(-ENOENT,
			    "%s never installs a handler for %s, so the default window never "
			    "begins; name its start with --from, for example --from main",
			    walker->launch->program, signal_name(window->signal, name));
	if (window->from->kind == LOCATION_WINDOW)
		return fail(-ENOENT,
			    "%s ended and had not opened the window (--from %s): it calls "
			    "sigsweep.window() of the companion module",
			    walker->launch->program, window->from->text);
	return fail(-ENOENT, "%s ended before the window's start (--from %s) was reached",
		    walker->launch->program, window->from->text);
}

static int run_to(struct walker *walker, uint64_t address)
{
	int error = walker_add_breakpoint(walker, address);

	if (!error)
		error = walker_run(walker);
	walker_clear_breakpoints(walker);
	return error;
}

/* To the program's own first instruction: all libraries that it names are mapped then. */
static int run_to_entry(struct walker *walker)
{
	unsigned long entry;
	int error = launch_auxiliary(walker->pid, AT_ENTRY, &entry);

	if (error)
		return fail(error, "cannot read where %s begins", walker->launch->program);
	error = run_to(walker, entry);
	if (!error && walker->end == WALKER_RUNS && walker->pc != entry && !walker->execed)
		return fail(-EFAULT, "%s did not come to its entry point", walker->launch->program);
	return error || walker->end != WALKER_RUNS ? error : walker_refresh(walker);
}

/* rt_sigaction(signal, new, ...): is `new` a handler? The kernel's struct begins with it. */
static bool installs_handler(const struct walker *walker, const struct registers *registers,
			     int signal)
{
	const uint64_t new = registers_syscall_argument(registers, 1);
	uint64_t handler;

	return registers_syscall(registers) == SYS_rt_sigaction &&
	       (int)registers_syscall_argument(registers, 0) == signal &&
	       new &&memory_read(walker->pid, new, &handler, sizeof(handler)) == 0 && handler > 1;
}

/* Where all libraries that the program names are mapped: what they announce is to be seen. */
static void stop_at_entry(struct walker *walker)
{
	unsigned long entry;

	if (walker->marks && (launch_auxiliary(walker->pid, AT_ENTRY, &entry) ||
			      walker_add_breakpoint(walker, entry)))
		fail_clear();
}

static int enter_handler(struct window *window, struct walker *walker)
{
	bool installs = false;

	stop_at_entry(walker);
	while (walker->end == WALKER_RUNS) {
		const struct registers *registers;
		bool at_breakpoint;
		int error = walker_run_syscall(walker, &at_breakpoint);

		if (error)
			return error;
		if (walker->end != WALKER_RUNS)
			break;
		if (at_breakpoint) {
			walker_clear_breakpoints(walker);
			error = walker_refresh(walker);
			if (error)
				return error;
			continue;
		}
		error = walker_registers(walker, &registers);
		if (error)
			return error;
		if (walker->in_syscall)
			installs = installs_handler(walker, registers, window->signal);
		else if (installs && registers_result(registers) == 0)
			break;
	}
	walker_clear_breakpoints(walker);
	if (walker->end == WALKER_RUNS)
		return walker_refresh(walker);
	return not_reached(window, walker);
}

/* A program that holds the C library and has no symbols: its start-up code hands main over as the
 * first argument of the first function that it calls (LSB, __libc_start_main; crt1.o). */
static int find_handed_over(struct walker *walker, uint64_t *address)
{
	const struct registers *registers;
	const struct mapping *mapping;
	int error = 0;

	for (int i = 0; i < START_LENGTH && !error && walker->end == WALKER_RUNS; i++) {
		if (walker_code(walker)->instruction.flags & INSTRUCTION_CALL) {
			error = walker_registers(walker, &registers);
			if (error)
				return error;
			*address = registers_argument(registers, 0);
			mapping = maps_find(&walker->maps, *address);
			if (mapping && mapping->executable)
				return 0;
			break;
		}
		error = walker_step(walker);
	}
	return error ? error
		     : fail(-ENOENT,
			    "%s has no symbol `main` and does not start through the C library: "
			    "name the window's start as MODULE+0xOFFSET",
			    walker->launch->program);
}

/* What the start-up code hands to __libc_start_main, which a stripped program does as well. */
static int find_main_by_start(struct walker *walker, uint64_t *address)
{
	const struct registers *registers;
	uint64_t *addresses;
	size_t count;
	int error = symbols_find(walker->symbols, NULL, "__libc_start_main", &addresses, &count);

	if (error) {
		fail_clear();
		return find_handed_over(walker, address);
	}
	error = run_to(walker, addresses[0]);
	if (!error && walker->end == WALKER_RUNS)
		error = walker_registers(walker, &registers);
	if (!error && walker->end == WALKER_RUNS)
		*address = registers_argument(registers, 0);
	free(addresses);
	return error;
}

static int enter_main(struct window *window, struct walker *walker)
{
	uint64_t *addresses;
	uint64_t address = 0;
	size_t count;
	int error =
		symbols_find(walker->symbols, symbols_module_at(walker->symbols, walker->pc)->path,
			     "main", &addresses, &count);

	if (error) {
		fail_clear();
		error = find_main_by_start(walker, &address);
	} else {
		address = addresses[0];
		free(addresses);
	}
	if (!error && walker->end == WALKER_RUNS)
		error = run_to(walker, address);
	if (!error && walker->end != WALKER_RUNS)
		error = not_reached(window, walker);
	return error;
}

/* A probe with a semaphore is skipped by the program unless the counter is above zero. */
static void raise_semaphores(struct walker *walker, const uint64_t *semaphores, size_t count)
{
	for (size_t i = 0; semaphores && i < count; i++) {
		uint16_t value;

		if (!semaphores[i] ||
		    memory_read(walker->pid, semaphores[i], &value, sizeof(value)))
			continue;
		value++;
		(void)!memory_write(walker->pid, semaphores[i], &value, sizeof(value));
	}
}

/* Breakpoints at the place's addresses: 0, or -ENOENT while no module has it. */
static int plant_place(const struct location *location, struct walker *walker)
{
	uint64_t *addresses;
	uint64_t *semaphores;
	size_t count;
	int error = location_resolve(location, walker->symbols, &addresses, &semaphores, &count);

	if (error)
		return error;
	raise_semaphores(walker, semaphores, count);
	for (size_t i = 0; !error && i < count; i++)
		error = walker_add_breakpoint(walker, addresses[i]);
	free(addresses);
	free(semaphores);
	return error;
}

static bool stands_at_place(const struct location *location, struct walker *walker)
{
	uint64_t *addresses;
	uint64_t *semaphores;
	size_t count;
	bool stands = false;

	if (location_resolve(location, walker->symbols, &addresses, &semaphores, &count)) {
		fail_clear();
		return false;
	}
	for (size_t i = 0; i < count; i++)
		stands |= addresses[i] == walker->pc;
	free(addresses);
	free(semaphores);
	return stands;
}

int window_run_to(const struct location *location, struct walker *walker)
{
	const struct location loader = {.kind = LOCATION_SYMBOL, .name = LOADER_MARK, .text = ""};

	while (walker->end == WALKER_RUNS) {
		int error = plant_place(location, walker);

		if (error == -ENOENT) {
			char *why = alloc_text(fail_text());

			error = plant_place(&loader, walker);
			if (!error)
				error = walker_run(walker);
			if (walker->end != WALKER_RUNS || error == -ENOENT)
				error = fail(-ENOENT, "%s", why);
			free(why);
		} else if (!error) {
			error = walker_run(walker);
		}
		walker_clear_breakpoints(walker);
		if (error || walker->end != WALKER_RUNS || walker->execed)
			return error;
		error = walker_refresh(walker);
		if (error || stands_at_place(location, walker))
			return error;
	}
	return 0;
}

static int end_at_finalize(struct window *window)
{
	const uint64_t place = python_image(interpreter_python(window->interpreter))->finalize;

	if (!place)
		return fail(-ENOENT, "the window cannot end at `finalize`: %s has no Py_FinalizeEx",
			    window->walker->launch->program);
	window->ends = alloc_zero(sizeof(*window->ends));
	window->ends[0] = place;
	window->end_count = 1;
	return 0;
}

static int resolve_ends(struct window *window, struct walker *walker)
{
	uint64_t *semaphores;
	int error;

	if (window->to->kind == LOCATION_EXIT)
		return 0;
	if (window->to->kind == LOCATION_PYTHON_FUNCTION ||
	    window->to->kind == LOCATION_PYTHON_LINE || window->to->kind == LOCATION_WINDOW)
		return window_python_ends(window);
	if (window->to->kind == LOCATION_MAIN || window->to->kind == LOCATION_HANDLER ||
	    window->to->kind == LOCATION_MODULE)
		return fail(-EINVAL, "a window cannot end at `%s`", window->to->text);
	if (window->to->kind == LOCATION_FINALIZE && window->interpreter)
		return end_at_finalize(window);
	error = location_resolve(window->to, walker->symbols, &window->ends, &semaphores,
				 &window->end_count);
	if (error)
		return error;
	raise_semaphores(walker, semaphores, window->end_count);
	free(semaphores);
	return 0;
}

/* A plain name is a symbol where there is one, else a function of the script. */
static void take_python_names(struct window *window, struct walker *walker)
{
	if (window_python_has_name(window->from, walker)) {
		window->python_from = *window->from;
		window->python_from.kind = LOCATION_PYTHON_FUNCTION;
		window->from = &window->python_from;
	}
	if (window_python_has_name(window->to, walker)) {
		window->python_to = *window->to;
		window->python_to.kind = LOCATION_PYTHON_FUNCTION;
		window->to = &window->python_to;
	}
}

static int enter_from(struct window *window, struct walker *walker)
{
	switch (window->from->kind) {
	case LOCATION_MAIN:
		return enter_main(window, walker);
	case LOCATION_MODULE:
	case LOCATION_PYTHON_FUNCTION:
	case LOCATION_PYTHON_LINE:
	case LOCATION_WINDOW:
		return window_python_enter(window, walker);
	default:
		return window_run_to(window->from, walker);
	}
}

static int enter(struct window *window, struct walker *walker)
{
	int error;

	if (window->from->kind == LOCATION_HANDLER)
		return enter_handler(window, walker);
	walker->stop_at_exec = true;
	do {
		walker->execed = false;
		error = run_to_entry(walker);
		if (error || walker->end != WALKER_RUNS || walker->execed)
			continue;
		take_python_names(window, walker);
		error = enter_from(window, walker);
	} while (!error && walker->end == WALKER_RUNS && walker->execed);
	walker->stop_at_exec = false;
	return error;
}

struct window window_of(const struct location *from, const struct location *to, const char *in,
			int signal)
{
	return (struct window){.from = from, .to = to, .in = in, .signal = signal};
}

static int choose_in(struct window *window, struct walker *walker)
{
	const char *glob = window->in;
	const struct module *module;

	window->in_kind = glob ? WINDOW_IN_MODULE : WINDOW_IN_ALL;
	if (!glob)
		return 0;
	if (*glob == '<' || fnmatch("*.py", glob, 0) == 0) {
		window->in_kind = WINDOW_IN_PYTHON;
		return window->interpreter ? 0
					   : fail(-ENOTSUP, "--in '%s' names files of Python: %s",
						  glob, window->no_interpreter);
	}
	if (!window->interpreter)
		return 0;
	module = symbols_module_at(walker->symbols,
				   python_image(interpreter_python(window->interpreter))->runtime);
	if (!module || !module_matches(module, glob))
		window->in_kind =
			window_script_is_in(window) ? WINDOW_IN_PYTHON : WINDOW_IN_EXTENSION;
	return 0;
}

int window_enter(struct window *window, struct walker *walker)
{
	int error;

	if (window->from->kind == LOCATION_EXIT)
		return fail(-EINVAL, "a window cannot begin at `exit`");
	window->walker = walker;
	error = enter(window, walker);
	if (error)
		return error;
	if (walker->end != WALKER_RUNS)
		return not_reached(window, walker);
	walker->allow_threads = false;
	window_line_free(window);
	if (!window->interpreter)
		window_find_interpreter(window, walker);
	error = resolve_ends(window, walker);
	return error ? error : choose_in(window, walker);
}

void window_free(struct window *window)
{
	window_line_free(window);
	free(window->ends);
	window->ends = NULL;
	window->end_count = 0;
	interpreter_free(window->interpreter);
	window->interpreter = NULL;
	free(window->no_interpreter);
	window->no_interpreter = NULL;
}

bool window_is_end(const struct window *window, uint64_t pc)
{
	for (size_t i = 0; i < window->end_count; i++)
		if (window->ends[i] == pc)
			return !window->ends_in_python || window_python_is_end(window, pc);
	return false;
}

static bool is_in_module(const struct window *window, struct walker *walker)
{
	struct code_entry *code = walker_code(walker);

	if (code->eligible < 0) {
		const struct module *module = symbols_module_at(walker->symbols, walker->pc);

		code->eligible = module && module_matches(module, window->in);
	}
	return code->eligible;
}

/*
 * In an extension or in what it has called: the stack is then deeper than where the extension was
 * last seen (or as deep, behind a jump to what it calls last). Its return takes it higher.
 */
static bool is_in_extension(struct window *window, struct walker *walker)
{
	const struct registers *registers;
	uint64_t sp;

	if (walker_registers(walker, &registers))
		return false;
	if (window->sees_stops_only)
		return window_stack_is_in(window, walker, registers);
	sp = registers_sp(registers);
	if (is_in_module(window, walker))
		window->inside_sp = sp;
	else if (sp > window->inside_sp)
		window->inside_sp = 0;
	return window->inside_sp != 0;
}

bool window_is_eligible(struct window *window, struct walker *walker)
{
	switch (window->in_kind) {
	case WINDOW_IN_ALL:
		break;
	case WINDOW_IN_MODULE:
		return is_in_module(window, walker);
	case WINDOW_IN_EXTENSION:
		return is_in_extension(window, walker);
	case WINDOW_IN_PYTHON:
		return window_python_is_in(window);
	}
	return true;
}
