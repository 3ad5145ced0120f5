/* SPDX-License-Identifier: MIT */
/* What a lock of Python is called, and what an example tells of it. */
#include "harness/base/alloc.h"
#include "harness/model/evidence.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* What a frame of a book stands for; false when its code is gone. */
static bool fill(const struct python *python, pid_t pid, const struct frame *frame,
		 struct python_frame *filled)
{
	const int offset = (int)(int64_t)(frame->pc - frame->function_start);

	*filled = (struct python_frame){0};
	if (python_fill_frame(python, pid, frame->function_start, offset, filled) == 0)
		return true;
	fail_clear();
	return false;
}

void python_lock_frame_text(const struct python *python, pid_t pid, const struct frame *frame,
			    char *text, size_t size)
{
	struct python_frame filled;

	if (!fill(python, pid, frame, &filled))
		snprintf(text, size, "code that is gone");
	else if (filled.line)
		snprintf(text, size, "%s at %s:%d", filled.function, last_part(filled.file),
			 filled.line);
	else
		snprintf(text, size, "%s in %s", filled.function, last_part(filled.file));
}

uint64_t python_lock_object(const struct python_lock_oracle *oracle, uint64_t lock)
{
	const uint64_t object = python_lock_object_of(&oracle->watch.objects, lock);

	return object ? object : python_lock_object_of(&oracle->knowledge->objects, lock);
}

/* Where the trial has taken the lock; 0: before the signal. */
static uint64_t taken_at(const struct python_lock_oracle *oracle, uint64_t lock)
{
	const struct lock *known = lock_book_find(&oracle->book, lock);

	return known && known->open && known->open->taken.count ? known->open->taken.frames[0].pc
								: 0;
}

const struct python_lock_label *python_lock_label_of(const struct python_lock_oracle *oracle,
						     uint64_t lock)
{
	const uint64_t object = python_lock_object(oracle, lock);
	const uint64_t taken = taken_at(oracle, lock);

	for (size_t i = 0; object && i < oracle->label_count; i++)
		if (oracle->labels[i].object == object && oracle->labels[i].taken == taken)
			return &oracle->labels[i];
	return NULL;
}

void python_lock_label_add(struct python_lock_oracle *oracle, uint64_t lock)
{
	const uint64_t object = python_lock_object(oracle, lock);
	const struct python_lock_named *named = python_lock_names_find(&oracle->names, object);

	if (!object || python_lock_label_of(oracle, lock))
		return;
	alloc_grow((void **)&oracle->labels, oracle->label_count, &oracle->label_capacity,
		   sizeof(*oracle->labels));
	oracle->labels[oracle->label_count++] =
		(struct python_lock_label){.object = object,
					   .taken = taken_at(oracle, lock),
					   .type = alloc_text(named ? named->type : "lock"),
					   .name = named ? alloc_text(named->name) : NULL};
}

void python_lock_labels_free(struct python_lock_oracle *oracle)
{
	for (size_t i = 0; i < oracle->label_count; i++) {
		free(oracle->labels[i].type);
		free(oracle->labels[i].name);
	}
	free(oracle->labels);
}

static const char *kind_of(const struct lock_point *point, const struct python_lock_label *label)
{
	if (label)
		return strcmp(label->type, "lock") == 0 ? "Lock" : label->type;
	if (point->kind == LOCK_PYMUTEX) /* from 3.15 on PyThread locks are that, too */
		return "PyMutex";
	return point->kind == LOCK_PYRECURSIVE ? "recursive lock" : "PyThread lock";
}

static bool is_import_lock(const struct python *python, const struct lock_point *point,
			   const struct python_lock_holder *holder, pid_t pid)
{
	struct python_frame filled;

	if (python_import_lock(python))
		return point->address == python_import_lock(python);
	return holder->taken && holder->taken->count &&
	       fill(python, pid, &holder->taken->frames[0], &filled) &&
	       strcmp(filled.file, "<frozen importlib._bootstrap>") == 0;
}

void python_lock_place(const struct python_lock_oracle *oracle, const struct trial *trial,
		       const struct lock_point *point, const struct python_lock_holder *holder,
		       char *place, size_t size)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	const pid_t pid = trial->stage->walker.pid;
	const struct python_lock_label *label = python_lock_label_of(oracle, point->address);
	struct python_frame filled;

	if (label && label->name)
		snprintf(place, size, "%s (%s)", label->name, kind_of(point, label));
	else if (!label && is_import_lock(python, point, holder, pid))
		snprintf(place, size, "the import lock");
	else if (holder->taken && holder->taken->count &&
		 fill(python, pid, &holder->taken->frames[0], &filled))
		snprintf(place, size, "a %s taken in %s:%s", kind_of(point, label),
			 last_part(filled.file), filled.function);
	else
		snprintf(place, size, "a %s", kind_of(point, label));
}

/* Rows of the interpreter's loop with the Python frames that were kept. */
static json_t *rows_of(const struct trial *trial, const struct lock_stack *stack)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	struct walker *walker = &trial->stage->walker;
	const struct frame loop = {.pc = python_image(python)->eval, .is_exact = true};
	struct python_stack frames = {0};
	struct frame *natives;
	json_t *rows;

	if (!stack)
		return json_array();
	frames.frames = alloc_zero((stack->count + 1) * sizeof(*frames.frames));
	natives = alloc_zero((stack->count + 1) * sizeof(*natives));
	for (; frames.count < stack->count; frames.count++) {
		struct python_frame *frame = &frames.frames[frames.count];

		if (!fill(python, walker->pid, &stack->frames[frames.count], frame))
			break;
		frame->is_entry = true;
		natives[frames.count] = loop;
	}
	rows = evidence_mixed_stack(walker, trial->stage->interpreter, natives, frames.count, true,
				    &frames);
	free(natives);
	python_stack_free(&frames);
	return rows;
}

static json_t *optional(const char *text)
{
	return text ? evidence_text(text, strlen(text), LOCK_NAME_SIZE) : json_null();
}

json_t *python_lock_evidence(const struct python_lock_oracle *oracle, const struct trial *trial,
			     const struct lock_point *point,
			     const struct python_lock_holder *holder, bool is_waited_for)
{
	const struct python *python = interpreter_python(trial->stage->interpreter);
	struct walker *walker = &trial->stage->walker;
	const struct python_lock_label *label = python_lock_label_of(oracle, point->address);
	struct python_frame owner;
	json_t *lock = json_object();
	json_t *waiting = json_array();

	if (is_waited_for) {
		json_decref(waiting);
		waiting = evidence_mixed_stack(walker, trial->stage->interpreter,
					       trial->end_stack.frames, trial->end_stack.count,
					       trial->end_stack.complete, &trial->end_python);
	}
	json_object_set_new(lock, "kind", json_string(kind_of(point, label)));
	json_object_set_new(lock, "name", optional(label ? label->name : NULL));
	json_object_set_new(lock, "address", evidence_address(point->address));
	json_object_set_new(lock, "owner",
			    holder->owner.cfa && fill(python, walker->pid, &holder->owner, &owner)
				    ? optional(owner.function)
				    : json_null());
	json_object_set_new(lock, "frame",
			    holder->owner.cfa ? evidence_address(holder->owner.cfa) : json_null());
	json_object_set_new(lock, "taken",
			    json_string(holder->before ? "before the signal" : "after the signal"));
	json_object_set_new(lock, "held_by", rows_of(trial, holder->taken));
	json_object_set_new(lock, "waiting", waiting);
	return json_pack("{s:[o]}", "locks", lock);
}
