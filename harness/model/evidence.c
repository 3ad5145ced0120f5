/* SPDX-License-Identifier: MIT */
/* See evidence.h. */
#include "harness/model/evidence.h"

#include "harness/base/utf8.h"
#include "harness/kernel/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_PATH_FRAMES 64

json_t *evidence_address(uint64_t address)
{
	return json_sprintf("0x%llx", (unsigned long long)address);
}

json_t *evidence_text(const char *bytes, size_t size, size_t limit)
{
	return utf8_json_bytes(bytes, size < limit ? size : limit);
}

static json_t *text_or_null(const char *text)
{
	return text ? evidence_text(text, strlen(text), strlen(text)) : json_null();
}

static json_t *place_json(struct symbols *symbols, uint64_t lookup, uint64_t shown)
{
	struct place place = {0};
	json_t *object = json_object();

	(void)symbols_place(symbols, lookup, &place);
	json_object_set_new(object, "module",
			    place.module ? text_or_null(place.module->path) : json_string("?"));
	json_object_set_new(
		object, "offset",
		evidence_address(place.module ? place.offset + (shown - lookup) : shown));
	json_object_set_new(object, "function", text_or_null(place.function));
	json_object_set_new(object, "file", text_or_null(place.file));
	json_object_set_new(object, "line", place.line ? json_integer(place.line) : json_null());
	return object;
}

json_t *evidence_where(struct walker *walker, uint64_t pc)
{
	json_t *object = place_json(walker->symbols, pc, pc);
	uint8_t bytes[INSTRUCTION_MAX];
	ssize_t size = memory_read_some(walker->pid, pc, bytes, sizeof(bytes));
	char text[160] = "(unreadable)";

	if (size > 0)
		decode_text(bytes, (size_t)size, pc, text, sizeof(text));
	json_object_set_new(object, "instruction", text_or_null(text));
	return object;
}

json_t *evidence_stack(struct walker *walker, const struct frame *frames, size_t count)
{
	json_t *stack = json_array();

	for (size_t i = 0; i < count; i++) {
		const uint64_t lookup = frames[i].is_exact ? frames[i].pc : frames[i].pc - 1;
		json_t *frame = place_json(walker->symbols, lookup, frames[i].pc);

		if (frames[i].is_signal_frame)
			json_object_set_new(frame, "signal_frame", json_true());
		json_array_append_new(stack, frame);
	}
	return stack;
}

json_t *evidence_call_path(struct walker *walker, pid_t pid, const struct registers *registers)
{
	struct frame frames[CALL_PATH_FRAMES];
	size_t count =
		unwind_stack(walker->unwinder, pid, registers, frames, CALL_PATH_FRAMES, NULL);
	size_t end = 1;

	while (end < count && !frames[end].is_signal_frame)
		end++;
	return count ? evidence_stack(walker, frames + 1, end - 1) : json_array();
}

json_t *evidence_registers(const struct registers *registers)
{
	json_t *object = json_object();
	const char *name;
	uint64_t value;

	for (size_t i = 0; registers_each(registers, i, &name, &value); i++)
		json_object_set_new(object, name, evidence_address(value));
	return object;
}

void evidence_place(struct walker *walker, uint64_t pc, char *text, size_t size)
{
	struct place place = {0};

	if (!symbols_place(walker->symbols, pc, &place) || !place.module)
		snprintf(text, size, "?+0x%llx", (unsigned long long)pc);
	else if (place.function)
		snprintf(text, size, "%s:%s", place.module->name, place.function);
	else
		snprintf(text, size, "%s+0x%llx", place.module->name,
			 (unsigned long long)((place.function_start ? place.function_start : pc) -
					      place.module->bias));
}
