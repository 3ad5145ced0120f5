/* SPDX-License-Identifier: MIT */
/* What a counter is called, and what a finding tells of it. */
#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/model/evidence.h"
#include "harness/oracles/refcount/refcount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION_SIZE 60

/* The same in every run: an address is none where there is no symbol. */
static void name_counter(struct symbols *symbols, const struct count_fault *fault,
			 char name[COUNTER_NAME])
{
	struct object_place object;

	if (fault->name)
		snprintf(name, COUNTER_NAME, "%s", fault->name);
	else if (symbols_object_at(symbols, fault->counter->address, &object))
		snprintf(name, COUNTER_NAME, "%s+0x%llx", object.name,
			 (unsigned long long)(fault->counter->address - object.start));
	else
		snprintf(name, COUNTER_NAME, "a counter");
}

static void name_function(struct symbols *symbols, const struct touch *touch,
			  char name[FUNCTION_SIZE])
{
	struct place place;

	snprintf(name, FUNCTION_SIZE, "the program");
	if (touch && touch->pc && symbols_place(symbols, touch->pc, &place) && place.function)
		snprintf(name, FUNCTION_SIZE, "%.50s", place.function);
}

static json_t *instruction(struct walker *walker, const char *role, const struct touch *touch)
{
	json_t *where = touch->pc ? evidence_where(walker, touch->pc) : json_object();

	json_object_set_new(where, "role", json_string(role));
	json_object_set_new(where, "address", evidence_address(touch->pc));
	json_object_set_new(where, "by",
			    json_string(touch->in_handler ? "the handler" : "the program"));
	json_object_set_new(where, "before", json_integer(touch->before));
	if (touch->writes && !touch->is_call)
		json_object_set_new(where, "after", json_integer(touch->after));
	return where;
}

static json_t *evidence(struct walker *walker, const struct count_fault *fault, const char *name)
{
	const bool is_lost = fault->kind[0] == 'l';
	json_t *instructions = json_array();

	if (fault->first)
		json_array_append_new(instructions,
				      instruction(walker, is_lost ? "load" : "drop", fault->first));
	if (fault->second)
		json_array_append_new(instructions, instruction(walker,
								is_lost                  ? "store"
								: fault->second->is_call ? "call"
											 : "write",
								fault->second));
	return json_pack("{s:[{s:o, s:o, s:i, s:I, s:I, s:o}]}", "refcounts", "name",
			 evidence_text(name, strlen(name), COUNTER_NAME), "address",
			 evidence_address(fault->counter->address), "width",
			 (int)fault->counter->width, "expected", (json_int_t)fault->expected, "got",
			 (json_int_t)fault->got, "instructions", instructions);
}

static void write_title(const struct count_fault *fault, struct symbols *symbols, const char *sent,
			const char *name, struct verdict *verdict)
{
	char function[FUNCTION_SIZE];
	char *title = verdict->title;
	const size_t size = sizeof(verdict->title);
	const long long got = fault->got;

	name_function(symbols, fault->second, function);
	switch (fault->kind[0]) {
	case 'l':
		snprintf(title, size,
			 "what the handler of %s counts in %.60s is lost here: %s has loaded it "
			 "before, and stores it after",
			 sent, name, function);
		break;
	case 'n':
		snprintf(title, size, "after %s here %s takes %.80s below zero, to %lld", sent,
			 function, name, got);
		break;
	case 'a':
		snprintf(title, size, "after %s here %s %s %.80s, which has no references any more",
			 sent, function, fault->second->is_call ? "counts" : "writes", name);
		break;
	default:
		snprintf(title, size,
			 "after %s here %.80s %s %lld; without the signal it ends with %lld", sent,
			 name, fault->is_left ? "is left over with" : "ends with", got,
			 (long long)fault->expected);
	}
}

void count_tell(struct count_oracle *oracle, const struct trial *trial,
		const struct count_fault *fault, struct verdict *verdict)
{
	struct walker *walker = &trial->stage->walker;
	char sent[SIGNAL_NAME_SIZE];
	char name[COUNTER_NAME];

	name_counter(walker->symbols, fault, name);
	signal_name(trial->stage->scenario->signal, sent);
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = fault->kind;
	verdict->severity = SEVERITY_ERROR;
	snprintf(verdict->place, sizeof(verdict->place), "%s", name);
	write_title(fault, walker->symbols, sent, name, verdict);
	if (notes_is_new_finding(&oracle->told, trial, fault->kind, name))
		verdict->evidence = evidence(walker, fault, name);
}
