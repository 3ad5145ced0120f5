/* SPDX-License-Identifier: MIT */
/* What a lock is called, and what an example tells of it. */
#include "harness/base/alloc.h"
#include "harness/model/evidence.h"
#include "harness/oracles/lock/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_object(struct symbols *symbols, uint64_t address, char name[LOCK_NAME_SIZE])
{
	const struct module *module;
	struct object_place object;

	if (symbols_object_at(symbols, address, &object)) {
		if (address == object.start)
			snprintf(name, LOCK_NAME_SIZE, "%s", object.name);
		else
			snprintf(name, LOCK_NAME_SIZE, "%s+0x%llx", object.name,
				 (unsigned long long)(address - object.start));
		return;
	}
	module = symbols_module_at(symbols, address);
	if (module)
		snprintf(name, LOCK_NAME_SIZE, "%s+0x%llx", module->name,
			 (unsigned long long)(address - module->bias));
}

void lock_name(struct symbols *symbols, const struct lock_point *point, char name[LOCK_NAME_SIZE])
{
	*name = '\0';
	if (point->kind == LOCK_FILE && point->name)
		snprintf(name, LOCK_NAME_SIZE, "%s", point->name);
	else if (point->name)
		snprintf(name, LOCK_NAME_SIZE, "%s", point->name);
	else
		name_object(symbols, point->address, name);
}

void lock_frame_name(struct symbols *symbols, const struct frame *frame, char *name, size_t size)
{
	struct place place;

	*name = '\0';
	if (!frame->is_signal_frame &&
	    symbols_place(symbols, frame->is_exact ? frame->pc : frame->pc - 1, &place) &&
	    place.function)
		snprintf(name, size, "%s", place.function);
}

void lock_place(struct symbols *symbols, const struct lock_point *point,
		const struct lock_holder *holder, char *place, size_t size)
{
	char name[LOCK_NAME_SIZE];
	char owner[100] = "";

	lock_name(symbols, point, name);
	if (*name) {
		snprintf(place, size, "%s (%s)", name, lock_kind_text(point->kind));
		return;
	}
	if (holder->is_owner_known)
		lock_frame_name(symbols, &holder->owner, owner, sizeof(owner));
	snprintf(place, size, *owner ? "a %s taken in %s" : "a %s", lock_kind_text(point->kind),
		 owner);
}

static json_t *text(const char *string)
{
	return evidence_text(string, strlen(string), LOCK_NAME_SIZE);
}

/* Where it was taken; where that was not seen, the code that was interrupted while it was held. */
static json_t *holder_stack(struct lock_oracle *oracle, const struct trial *trial,
			    const struct lock_holder *holder)
{
	struct walker *walker = &trial->stage->walker;
	struct interpreter *interpreter = trial->stage->interpreter;
	const struct registers *registers;
	const struct trial_stack *here;
	struct python_stack python = {0};
	json_t *stack;

	if (holder->taken)
		return evidence_mixed_stack(
			walker, interpreter, holder->taken->frames, holder->taken->count,
			holder->taken->count < TRIAL_FRAMES, &holder->taken->python);
	if (!holder->before)
		return json_array();
	here = lock_oracle_here(oracle, trial);
	if (!walker_registers(walker, &registers))
		python_stack_take(&python, interpreter, walker->pid, registers);
	stack = evidence_mixed_stack(walker, interpreter, here->frames, here->count, here->complete,
				     &python);
	python_stack_free(&python);
	return stack;
}

json_t *lock_evidence(struct lock_oracle *oracle, const struct trial *trial,
		      const struct lock_point *point, const struct lock_holder *holder,
		      bool is_waited_for)
{
	struct walker *walker = &trial->stage->walker;
	char name[LOCK_NAME_SIZE];
	char owner[LOCK_NAME_SIZE] = "";
	json_t *lock = json_object();

	lock_name(walker->symbols, point, name);
	if (holder->is_owner_known)
		lock_frame_name(walker->symbols, &holder->owner, owner, sizeof(owner));
	json_object_set_new(lock, "kind", json_string(lock_kind_text(point->kind)));
	json_object_set_new(lock, "name", *name ? text(name) : json_null());
	json_object_set_new(lock, "address", evidence_address(point->address));
	json_object_set_new(lock, "owner", *owner ? text(owner) : json_null());
	json_object_set_new(lock, "frame",
			    holder->is_owner_known ? evidence_address(holder->owner.cfa)
						   : json_null());
	json_object_set_new(lock, "taken",
			    json_string(holder->in_handler ? "by the handler"
					: holder->before   ? "before the signal"
							   : "after the signal"));
	json_object_set_new(lock, "held_by", holder_stack(oracle, trial, holder));
	json_object_set_new(lock, "waiting",
			    is_waited_for ? evidence_mixed_stack(
						    walker, trial->stage->interpreter,
						    trial->end_stack.frames, trial->end_stack.count,
						    trial->end_stack.complete, &trial->end_python)
					  : json_array());
	return json_pack("{s:[o]}", "locks", lock);
}
