/* SPDX-License-Identifier: MIT */
/* See story.h. */
#include "harness/model/story.h"

#include "harness/base/signals.h"
#include "harness/model/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void story_judge(struct story *story, const struct trial *trial)
{
	const struct oracle *const *oracles = trial->stage->scenario->oracles;

	story->trial = trial;
	story->count = 0;
	for (size_t i = 0; oracles[i]; i++) {
		struct verdict *verdicts = &story->verdicts[story->count];
		const char *why_unknown = stage_why_unknown(trial->stage, i);
		size_t count;

		memset(verdicts, 0, sizeof(*verdicts) * VERDICTS_MAX);
		if (why_unknown) {
			verdicts->value = VERDICT_UNKNOWN;
			snprintf(verdicts->title, sizeof(verdicts->title), "%s", why_unknown);
			count = 1;
		} else if (!stage_has_oracle(trial->stage, i)) {
			count = 0;
		} else {
			count = oracles[i]->judge(trial->oracle_states[i], trial, verdicts);
		}
		for (size_t n = 0; n < count; n++)
			story->oracles[story->count++] = oracles[i];
	}
}

void story_free(struct story *story)
{
	for (size_t i = 0; i < story->count; i++)
		json_decref(story->verdicts[i].evidence);
	story->count = 0;
}

void story_key(const struct story *story, size_t n, char key[STORY_KEY])
{
	const struct verdict *verdict = &story->verdicts[n];
	char place[256];

	if (!*verdict->place && story->trial->boundary->python)
		snprintf(place, sizeof(place), "%s", story->trial->boundary->python->place);
	else if (!*verdict->place)
		evidence_place(&story->trial->stage->walker, story->trial->boundary->pc, place,
			       sizeof(place));
	snprintf(key, STORY_KEY, "%s/%s/%s", story->oracles[n]->name, verdict->kind,
		 *verdict->place ? verdict->place : place);
}

int story_write_line(json_t *line, const struct sink *sink)
{
	char *text = json_dumps(line, JSON_COMPACT);
	int error;

	json_decref(line);
	if (!text)
		return fail(-EINVAL, "a record line could not be written as JSON");
	error = sink->line(sink->context, text, strlen(text));
	free(text);
	return error;
}

static json_t *keys(const struct story *story)
{
	json_t *list = json_array();
	char key[STORY_KEY];

	for (size_t i = 0; i < story->count; i++) {
		if (story->verdicts[i].value != VERDICT_VIOLATED)
			continue;
		story_key(story, i, key);
		json_array_append_new(list, evidence_text(key, strlen(key), sizeof(key)));
	}
	return list;
}

static json_t *unknowns(const struct story *story)
{
	json_t *list = json_array();

	for (size_t i = 0; i < story->count; i++)
		if (story->verdicts[i].value == VERDICT_UNKNOWN)
			json_array_append_new(list, json_sprintf("%s: %s", story->oracles[i]->name,
								 story->verdicts[i].title));
	return list;
}

static size_t add_list(char *line, size_t used, size_t size, const char *member, json_t *list)
{
	char *text = json_array_size(list) ? json_dumps(list, JSON_COMPACT) : NULL;

	if (text && used < size)
		used += (size_t)snprintf(line + used, size - used, ",\"%s\":%s", member, text);
	free(text);
	json_decref(list);
	return used;
}

/* The reason is the target's own text. */
static json_t *benign_text(const struct trial *trial)
{
	const char *benign = trial->boundary->benign;

	return evidence_text(benign, strlen(benign), ANNOUNCED_REASON);
}

static size_t add_benign(char *line, size_t used, size_t size, const struct trial *trial)
{
	json_t *reason;
	char *text;

	if (!trial->boundary->benign)
		return used;
	reason = benign_text(trial);
	text = json_dumps(reason, JSON_ENCODE_ANY);
	if (text && used < size)
		used += (size_t)snprintf(line + used, size - used, ",\"benign\":%s", text);
	free(text);
	json_decref(reason);
	return used;
}

static size_t add_went(char *line, size_t used, size_t size, const struct trial *trial)
{
	char *text = went_text_json(trial);

	if (text && used < size)
		used += (size_t)snprintf(line + used, size - used, ",\"went\":%s", text);
	free(text);
	return used;
}

int story_write_trial(const struct story *story, const struct sink *sink)
{
	const struct trial *trial = story->trial;
	const struct interpreter_place *python =
		trial->boundary->python ? trial->boundary->python : trial->boundary->within;
	char line[(ORACLES_MAX + 2) * STORY_KEY];
	char outcome[OUTCOME_TEXT];
	size_t used;

	used = (size_t)snprintf(
		line, sizeof(line),
		"{\"type\":\"trial\",\"index\":%llu,\"pc\":\"0x%llx\",\"phase\":\"%s\","
		"\"delivery\":\"%s\"",
		(unsigned long long)trial->boundary->index, (unsigned long long)trial->boundary->pc,
		phase_text(trial->boundary->phase), delivery_text(trial->delivery));
	if (python)
		used += (size_t)snprintf(line + used, sizeof(line) - used, ",\"python\":%s",
					 python->json);
	if (trial->handler)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
					 ",\"handler\":\"0x%llx\"",
					 (unsigned long long)trial->handler);
	used += (size_t)snprintf(line + used, sizeof(line) - used, ",\"outcome\":\"%s\"",
				 outcome_text(&trial->outcome, outcome));
	used = add_benign(line, used, sizeof(line), trial);
	if (story->count) {
		used = add_list(line, used, sizeof(line), "findings", keys(story));
		used = add_list(line, used, sizeof(line), "unknown", unknowns(story));
	}
	used = add_went(line, used, sizeof(line), trial);
	if (used + 2 > sizeof(line))
		return fail(-E2BIG, "a trial violated more than a record line can hold");
	line[used++] = '}';
	return sink->line(sink->context, line, used);
}

static json_t *boundary_stack(const struct trial *trial)
{
	struct walker *walker = &trial->stage->walker;
	const struct registers *registers;
	struct frame frames[TRIAL_FRAMES];
	struct python_stack python = {0};
	json_t *stack;
	size_t count;
	bool complete;

	if (walker_registers(walker, &registers))
		return json_array();
	count = unwind_stack(walker->unwinder, walker->pid, registers, frames, TRIAL_FRAMES,
			     &complete);
	python_stack_take(&python, trial->stage->interpreter, walker->pid, registers);
	stack = evidence_mixed_stack(walker, trial->stage->interpreter, frames, count, complete,
				     &python);
	python_stack_free(&python);
	return stack;
}

/* The handler as it was entered. */
static json_t *handler_stack(const struct trial *trial)
{
	const struct frame frame = {.pc = trial->handler, .is_exact = true};

	return evidence_stack(&trial->stage->walker, &frame, trial->handler ? 1 : 0);
}

static json_t *boundary_registers(const struct trial *trial)
{
	const struct registers *registers;

	if (walker_registers(&trial->stage->walker, &registers))
		return json_object();
	return evidence_registers(registers);
}

/* What an oracle tells of locks, refcounts and the exception has members of its own. */
static void add_evidence(json_t *object, json_t *evidence)
{
	static const char *const own[] = {"locks", "refcounts", "exception"};
	json_t *rest = json_copy(evidence);

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		json_t *value = json_object_get(rest, own[i]);

		if (!value)
			continue;
		json_object_set(object, own[i], value);
		json_object_del(rest, own[i]);
	}
	if (json_object_size(rest))
		json_object_set(object, "evidence", rest);
	json_decref(rest);
}

static json_t *example(const struct trial *trial, json_t *evidence)
{
	char outcome[OUTCOME_TEXT];
	json_t *object =
		json_pack("{s:I, s:o, s:o, s:o, s:[], s:[], s:n, s:s, s:o, s:s, s:s, s:o}",
			  "boundary", (json_int_t)trial->boundary->index, "stack",
			  boundary_stack(trial), "handler_stack", handler_stack(trial), "end_stack",
			  evidence_mixed_stack(&trial->stage->walker, trial->stage->interpreter,
					       trial->end_stack.frames, trial->end_stack.count,
					       trial->end_stack.complete, &trial->end_python),
			  "locks", "refcounts", "exception", "outcome",
			  outcome_text(&trial->outcome, outcome), "latency", went_latency(trial),
			  "phase", phase_text(trial->boundary->phase), "delivery",
			  delivery_text(trial->delivery), "registers", boundary_registers(trial));

	if (trial->went.track.kind != WENT_NONE)
		json_object_set_new(object, "went", went_json(trial, false));
	if (evidence)
		add_evidence(object, evidence);
	return object;
}

static json_t *example_line(const struct trial *trial, const char *key, const char *oracle,
			    const char *kind, const char *severity, const char *title,
			    json_t *evidence)
{
	json_t *line = json_pack(
		"{s:s, s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "type", "example", "index",
		(json_int_t)trial->boundary->index, "key",
		evidence_text(key, strlen(key), STORY_KEY), "oracle", oracle, "kind", kind,
		"severity", severity, "title", evidence_text(title, strlen(title), 400), "where",
		evidence_python_where(&trial->stage->walker, trial->stage->interpreter), "example",
		example(trial, evidence));

	if (trial->boundary->benign)
		json_object_set_new(line, "benign", benign_text(trial));
	return line;
}

int story_write_example(const struct story *story, size_t n, const struct sink *sink)
{
	const struct verdict *verdict = &story->verdicts[n];
	char key[STORY_KEY];

	story_key(story, n, key);
	return story_write_line(example_line(story->trial, key, story->oracles[n]->name,
					     verdict->kind, severity_text(verdict->severity),
					     verdict->title, verdict->evidence),
				sink);
}

int story_write_plain(const struct story *story, const struct sink *sink)
{
	return story_write_line(example_line(story->trial, "none/none", "none", "none", "note",
					     "no oracle objects to this trial", NULL),
				sink);
}
