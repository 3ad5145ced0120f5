/* SPDX-License-Identifier: MIT */
/* See interpreter.h. */
#include "harness/model/interpreter.h"

#include "harness/base/alloc.h"
#include "harness/model/evidence_python.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct code_node {
	struct interpreter_code code;
	UT_hash_handle hh;
};

struct place_key {
	uint64_t stamp;
	uint64_t address;
	uint64_t opcode;
};

struct place_node {
	struct place_key key;
	struct interpreter_place place;
	UT_hash_handle hh;
};

struct interpreter {
	struct walker *walker;
	struct python *python;
	struct dispatch *dispatch; /* NULL: not looked for yet, or not found */
	char *no_dispatch;         /* why not; NULL: not looked for yet */
	uint64_t thread_pointer;   /* whose thread state is `thread`; 0: it must be asked */
	uint64_t thread;
	uint64_t main_thread;     /* that of the main interpreter, also when it is gone */
	uint64_t default_handler; /* 0: not asked yet */
	struct code_node *codes;
	struct place_node *places;

	/* What starts where the walker stood after so many moves: the dispatch must be asked once
	 * for each stop, since it compares it with the stop before. */
	uint64_t asked_moves;
	uint64_t asked_pc;
	int answer;
	struct dispatch_instruction instruction;
};

int interpreter_open(struct walker *walker, struct interpreter **out)
{
	struct python *python;
	int error = python_attach(walker->symbols, walker->pid, &python);

	*out = NULL;
	if (error)
		return error;
	*out = alloc_zero(sizeof(**out));
	(*out)->walker = walker;
	(*out)->python = python;
	if (python_find_main_thread(python, walker->pid, 0, &(*out)->main_thread))
		fail_clear();
	return 0;
}

static void drop_code(struct code_node *node)
{
	free(node->code.file);
	free(node->code.function);
	free(node);
}

void interpreter_free(struct interpreter *interpreter)
{
	struct code_node *code;
	struct code_node *next_code;
	struct place_node *place;
	struct place_node *next_place;

	if (!interpreter)
		return;
	HASH_ITER (hh, interpreter->codes, code, next_code) {
		HASH_DEL(interpreter->codes, code);
		drop_code(code);
	}
	HASH_ITER (hh, interpreter->places, place, next_place) {
		HASH_DEL(interpreter->places, place);
		free(place->place.json);
		free(place->place.place);
		free(place);
	}
	dispatch_free(interpreter->dispatch);
	python_free(interpreter->python);
	free(interpreter->no_dispatch);
	free(interpreter);
}

const struct python *interpreter_python(const struct interpreter *interpreter)
{
	return interpreter->python;
}

int interpreter_dispatch(struct interpreter *interpreter, struct dispatch **dispatch)
{
	*dispatch = NULL;
	if (!interpreter->dispatch && !interpreter->no_dispatch &&
	    dispatch_open(interpreter->python, interpreter->walker->pid, &interpreter->dispatch))
		interpreter->no_dispatch = alloc_text(fail_text());
	if (!interpreter->dispatch)
		return fail(-ENOTSUP, "%s", interpreter->no_dispatch);
	*dispatch = interpreter->dispatch;
	return 0;
}

/* The thread state. The process has one thread, in its copies too: where it has one interpreter, it
 * is looked up once. */
static int find_thread(struct interpreter *interpreter, pid_t pid,
		       const struct registers *registers)
{
	const uint64_t pointer = registers_thread_pointer(registers);
	const bool has_others = python_has_others(interpreter->python, pid);
	int error;

	if (pointer && interpreter->thread_pointer == pointer && !has_others)
		return 0;
	error = python_find_thread(interpreter->python, pid, pointer, &interpreter->thread);
	interpreter->thread_pointer = error || has_others ? 0 : pointer;
	return error;
}

int interpreter_thread(struct interpreter *interpreter, pid_t pid,
		       const struct registers *registers, uint64_t *thread)
{
	int error = find_thread(interpreter, pid, registers);

	*thread = error ? 0 : interpreter->thread;
	return error;
}

int interpreter_main_thread(const struct interpreter *interpreter, pid_t pid,
			    const struct registers *registers, uint64_t *thread)
{
	int error = python_find_main_thread(interpreter->python, pid,
					    registers_thread_pointer(registers), thread);

	if (error && interpreter->main_thread) {
		fail_clear();
		*thread = interpreter->main_thread;
		return 0;
	}
	return error;
}

uint64_t interpreter_default_handler(struct interpreter *interpreter, pid_t pid)
{
	if (!interpreter->default_handler &&
	    python_module_attribute(interpreter->python, pid, "_signal", "default_int_handler",
				    &interpreter->default_handler)) {
		fail_clear();
		interpreter->default_handler = 0;
	}
	return interpreter->default_handler;
}

struct interpreter_code *interpreter_code(struct interpreter *interpreter, pid_t pid, uint64_t code)
{
	const uint64_t stamp = python_code_stamp(interpreter->python, pid, code);
	struct python_frame frame = {0};
	struct code_node *node;
	char *function;

	HASH_FIND(hh, interpreter->codes, &code, sizeof(code), node);
	if (node && node->code.stamp == stamp)
		return &node->code;
	if (python_fill_frame(interpreter->python, pid, code, -1, &frame) ||
	    python_code_name(interpreter->python, pid, code, &function))
		return NULL;
	if (node) {
		free(node->code.file);
		free(node->code.function);
	} else {
		node = alloc_zero(sizeof(*node));
		node->code.address = code;
		HASH_ADD(hh, interpreter->codes, code.address, sizeof(code), node);
	}
	node->code = (struct interpreter_code){.address = code,
					       .stamp = stamp,
					       .file = alloc_text(frame.file),
					       .function = function,
					       .is_in = -1,
					       .is_from = -1,
					       .is_to = -1};
	return &node->code;
}

struct interpreter_code *interpreter_running(struct interpreter *interpreter)
{
	const struct registers *registers;
	uint64_t code;

	if (walker_registers(interpreter->walker, &registers) ||
	    find_thread(interpreter, interpreter->walker->pid, registers) ||
	    python_running_code(interpreter->python, interpreter->walker->pid, interpreter->thread,
				&code) ||
	    !code) {
		fail_clear();
		return NULL;
	}
	return interpreter_code(interpreter, interpreter->walker->pid, code);
}

static int ask_instruction(struct interpreter *interpreter,
			   struct dispatch_instruction *instruction)
{
	const struct registers *registers;
	struct dispatch *dispatch;
	int error = interpreter_dispatch(interpreter, &dispatch);

	if (!error)
		error = walker_registers(interpreter->walker, &registers);
	if (!error)
		error = find_thread(interpreter, interpreter->walker->pid, registers);
	if (!error)
		error = dispatch_instruction(dispatch, interpreter->walker->pid,
					     interpreter->thread, registers, instruction);
	return error;
}

int interpreter_instruction(struct interpreter *interpreter,
			    struct dispatch_instruction *instruction)
{
	const struct walker *walker = interpreter->walker;

	if (interpreter->asked_pc != walker->pc || interpreter->asked_moves != walker->moves) {
		interpreter->asked_pc = walker->pc;
		interpreter->asked_moves = walker->moves;
		interpreter->answer = ask_instruction(interpreter, &interpreter->instruction);
	}
	*instruction = interpreter->instruction;
	return interpreter->answer;
}

void interpreter_forget(struct interpreter *interpreter)
{
	interpreter->asked_pc = 0;
	if (interpreter->dispatch)
		dispatch_forget(interpreter->dispatch);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const struct interpreter_place *interpreter_place(struct interpreter *interpreter, pid_t pid,
						  const struct dispatch_instruction *instruction)
{
	const struct interpreter_code *code = interpreter_code(interpreter, pid, instruction->code);
	struct place_key key = {code ? code->stamp : 0, instruction->address, instruction->opcode};
	struct python_frame frame = {0};
	struct place_node *node;
	json_t *json;

	HASH_FIND(hh, interpreter->places, &key, sizeof(key), node);
	if (node)
		return &node->place;
	if (!code || python_fill_frame(interpreter->python, pid, instruction->code,
				       instruction->offset, &frame))
		return NULL;
	if (instruction->offset < 0) /* the frame has not started */
		frame.line = frame.first_line;
	node = alloc_zero(sizeof(*node));
	node->key = key;
	json = evidence_python_place(&frame);
	node->place.json = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	node->place.place = alloc_format("%s:%s", last_part(code->file), frame.function);
	HASH_ADD(hh, interpreter->places, key, sizeof(key), node);
	return &node->place;
}

const struct interpreter_place *interpreter_place_of(struct interpreter *interpreter, pid_t pid,
						     const struct python_bare_frame *frame,
						     int offset)
{
	struct dispatch_instruction instruction = {
		.frame = frame->address, .code = frame->code, .offset = offset};

	if (offset < 0)
		instruction.address = frame->code;
	else if (python_read_instruction(interpreter->python, pid, frame->code, offset,
					 &instruction.address, &instruction.opcode))
		return NULL;
	return interpreter_place(interpreter, pid, &instruction);
}

const struct interpreter_place *interpreter_place_now(struct interpreter *interpreter)
{
	const pid_t pid = interpreter->walker->pid;
	const struct interpreter_place *place = NULL;
	const struct registers *registers;
	struct python_place now;

	if (walker_registers(interpreter->walker, &registers) == 0 &&
	    find_thread(interpreter, pid, registers) == 0 &&
	    python_places(interpreter->python, pid, interpreter->thread, &now, 1) == 1) {
		const struct python_bare_frame frame = {.address = now.frame, .code = now.code};

		place = interpreter_place_of(interpreter, pid, &frame, now.offset);
	}
	fail_clear();
	return place;
}

/* At a dispatch point the interpreter has not noted yet what it is about to do. */
static void correct_innermost(struct interpreter *interpreter, pid_t pid,
			      const struct registers *registers, struct python_frame *frame)
{
	struct dispatch_instruction instruction;
	struct python_frame exact = *frame;

	if (!interpreter->dispatch ||
	    !dispatch_is_point(interpreter->dispatch, registers_pc(registers)) ||
	    dispatch_peek(interpreter->dispatch, pid, interpreter->thread, registers,
			  &instruction) ||
	    instruction.frame != frame->address)
		return;
	if (python_fill_frame(interpreter->python, pid, instruction.code, instruction.offset,
			      &exact) == 0)
		*frame = exact;
}

ssize_t interpreter_frames(struct interpreter *interpreter, pid_t pid,
			   const struct registers *registers, struct python_frame *frames,
			   size_t max)
{
	int error = find_thread(interpreter, pid, registers);
	ssize_t count;

	if (error)
		return error;
	count = python_frames(interpreter->python, pid, interpreter->thread, frames, max);
	if (count > 0)
		correct_innermost(interpreter, pid, registers, &frames[0]);
	return count;
}

bool interpreter_is_loop(struct interpreter *interpreter, uint64_t pc)
{
	const struct python_image *image = python_image(interpreter->python);
	const struct unwind_entry *entry;
	struct dispatch *dispatch;

	if (pc < image->start || pc >= image->end)
		return false;
	if (pc >= image->eval && pc - image->eval < image->eval_size)
		return true;
	entry = symbols_unwind_entry(interpreter->walker->symbols, pc);
	if (!entry || interpreter_dispatch(interpreter, &dispatch)) {
		fail_clear();
		return false;
	}
	return dispatch_covers(dispatch, entry->start, entry->end - entry->start);
}
