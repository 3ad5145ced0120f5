/* SPDX-License-Identifier: MIT */
/* See refcount_lost.h. */
#include "harness/oracles/python/refcount_lost.h"

#include <stdlib.h>
#include <string.h>

/* References beyond the pointers to it. */
static int64_t excess(const struct heap_object *object)
{
	return object->references > object->pointers ? object->references - object->pointers : 0;
}

static int64_t excess_of_type(const struct heap *heap, uint64_t type)
{
	int64_t sum = 0;

	for (size_t i = 0; i < heap->count; i++)
		if (heap->list[i].type == type)
			sum += excess(&heap->list[i]);
	return sum;
}

/* The references to all objects of the same type and value. */
static int64_t references_of(const struct heap *heap, const struct heap_object *object)
{
	int64_t sum = 0;

	for (size_t i = 0; i < heap->count; i++)
		if (heap->list[i].type == object->type && heap->list[i].value == object->value)
			sum += heap->list[i].references;
	return sum;
}

static struct python_lost *find_type(struct python_losses *losses, uint64_t type)
{
	for (size_t i = 0; i < losses->count; i++)
		if (losses->list[i].type == type)
			return &losses->list[i];
	if (losses->count == LOST_MAX)
		return NULL;
	losses->list[losses->count] = (struct python_lost){.type = type};
	return &losses->list[losses->count++];
}

static void describe(struct python_lost *lost, const struct python *python, pid_t pid)
{
	const uint64_t object = lost->object.address;

	if (python_type_name(python, pid, object, lost->name, sizeof(lost->name)))
		fail_clear();
	if (strcmp(lost->name, "str") != 0 ||
	    python_unicode(python, pid, object, lost->value, sizeof(lost->value)) < 0)
		lost->value[0] = '\0';
	fail_clear();
}

/*
 * A reference is lost here only if there is no pointer for it, and if the baseline has not as many
 * references to that value (what was lost before the signal it has too, though a pointer may be
 * left over there by chance), and if it has not lost as many of the type.
 */
static void compare(struct python_losses *losses, const struct heap *baseline,
		    const struct heap *now)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct heap_object *object = &now->list[i];
		struct python_lost *lost;

		if (!excess(object) ||
		    references_of(now, object) <= references_of(baseline, object))
			continue;
		lost = find_type(losses, object->type);
		if (lost && !lost->trial)
			lost->object = *object;
		if (lost)
			lost->trial += excess(object);
	}
}

int python_lost_find(struct python_losses *losses, const struct heap *baseline,
		     const struct interpreter *interpreter, pid_t pid,
		     const struct registers *registers)
{
	const struct python *python = interpreter_python(interpreter);
	struct heap now = {0};
	int error = heap_read(&now, python, pid, registers);
	size_t kept = 0;

	*losses = (struct python_losses){.blocks = now.blocks};
	if (!error)
		compare(losses, baseline, &now);
	for (size_t i = 0; i < losses->count; i++) {
		struct python_lost *lost = &losses->list[i];

		lost->baseline = excess_of_type(baseline, lost->type);
		lost->trial = excess_of_type(&now, lost->type);
		if (lost->trial <= lost->baseline)
			continue;
		describe(lost, python, pid);
		losses->list[kept++] = *lost;
	}
	losses->count = kept;
	heap_free(&now);
	return error;
}
