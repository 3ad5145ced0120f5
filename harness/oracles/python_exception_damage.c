/* SPDX-License-Identifier: MIT */
/*
 * See python_exception.h. The interrupted function is stepped to its return in copies that are
 * thrown away: undisturbed, and with the signal. So that no object is freed in either, all that the
 * exception consists of gets some references more there; then counts can be compared: each may
 * differ only by the words that refer to it at the end.
 */
#include "harness/oracles/python_exception.h"

#include "harness/kernel/memory.h"
#include "harness/model/inspect.h"
#include "harness/model/interpreter.h"

#include <string.h>

#define WORDS 3
#define OBJECTS_MAX 16
#define REFERENCES_MORE 1000
#define REACH 64                 /* instructions within which a store must come */
#define STEPS_MAX 600            /* of the interrupted function, what it calls left out */
#define HANDLER_STEPS_MAX 100000 /* where it has to be stepped */

/* The objects that the exception consists of at any time. */
struct objects {
	uint64_t list[OBJECTS_MAX];
	int64_t counts[OBJECTS_MAX];
	size_t count;
};

struct probe {
	const struct python *python;
	struct walker *walker;
	uint64_t thread;
	uint64_t pc; /* of the boundary */
	uint64_t sp;
	uint64_t cfa; /* the stack pointer when the interrupted function has returned */
	struct objects *objects;
	struct inspection inspection;
	bool is_first; /* only looks whether there is a store ahead */
	bool with_signal;
	bool has_begun;
	bool was_call; /* the instruction before was one */
	bool is_in_handler;
	size_t steps;
	bool has_changed;
	bool has_returned;
	struct python_exception_words start;
	struct python_exception_words words;
};

static void note_object(struct objects *objects, uint64_t object)
{
	for (size_t i = 0; i < objects->count; i++)
		if (objects->list[i] == object)
			return;
	if (object && objects->count < OBJECTS_MAX)
		objects->list[objects->count++] = object;
}

static void note_words(struct probe *probe)
{
	for (size_t i = 0; i < WORDS; i++)
		note_object(probe->objects, probe->words.current[i]);
}

/* Immortal objects have no count. */
static void add_references(const struct probe *probe, pid_t pid)
{
	for (size_t i = 0; i < probe->objects->count; i++) {
		const uint64_t object = probe->objects->list[i];
		bool is_immortal;
		int64_t count;
		uint32_t half;

		if (python_refcount(probe->python, pid, object, &count, &is_immortal) ||
		    is_immortal)
			continue;
		half = (uint32_t)count + REFERENCES_MORE;
		if (memory_write(pid, python_refcount_at(probe->python, object), &half,
				 sizeof(half)))
			continue; /* then it counts nothing */
	}
}

static void read_counts(const struct probe *probe, pid_t pid)
{
	for (size_t i = 0; i < probe->objects->count; i++) {
		bool is_immortal;

		if (python_refcount(probe->python, pid, probe->objects->list[i],
				    &probe->objects->counts[i], &is_immortal) ||
		    is_immortal)
			probe->objects->counts[i] = -1;
	}
}

/* At an instruction of the interrupted function. False: enough was seen. */
static bool look(struct probe *probe, pid_t pid, const struct code_entry *code,
		 const struct registers *registers)
{
	const uint32_t leaves = INSTRUCTION_CALL | INSTRUCTION_RETURN | INSTRUCTION_SYSCALL;

	probe->steps++;
	if (python_exception_words(probe->python, pid, probe->thread, &probe->words))
		return false;
	note_words(probe);
	probe->has_changed |= memcmp(probe->words.current, probe->start.current,
				     sizeof(probe->words.current)) != 0;
	probe->has_returned = registers_sp(registers) >= probe->cfa;
	if (probe->has_returned) {
		read_counts(probe, pid);
		return false;
	}
	probe->was_call = code->instruction.flags & INSTRUCTION_CALL;
	if (probe->is_first && !probe->has_changed)
		return probe->steps < REACH && !(code->instruction.flags & leaves);
	return probe->steps < STEPS_MAX;
}

/* Handler and called functions run at full speed. */
static bool visit(void *context, pid_t pid, const struct code_entry *code,
		  const struct registers *registers)
{
	struct probe *probe = context;

	if (!probe->has_begun) {
		probe->has_begun = true;
		if (!probe->is_first)
			add_references(probe, pid);
		probe->inspection.run_to_return = probe->with_signal;
		if (probe->with_signal)
			return true;
	}
	if (probe->is_in_handler &&
	    (registers_pc(registers) != probe->pc || registers_sp(registers) != probe->sp))
		return true;
	probe->is_in_handler = false;
	if (probe->was_call) {
		probe->was_call = false;
		probe->inspection.run_to_return = true;
		return true;
	}
	return look(probe, pid, code, registers);
}

static int run(struct probe *probe, struct stage *stage, const struct boundary *boundary)
{
	probe->inspection = (struct inspection){.visit = visit,
						.context = probe,
						.limit = HANDLER_STEPS_MAX,
						.undisturbed = !probe->with_signal,
						.beyond = true};
	probe->has_begun = false;
	probe->was_call = false;
	probe->has_returned = false;
	probe->has_changed = false;
	probe->is_in_handler = probe->with_signal;
	probe->steps = 0;
	return inspect_run(&probe->inspection, stage, boundary);
}

static size_t words_with(const struct python_exception_words *words, uint64_t object)
{
	size_t count = 0;

	for (size_t i = 0; i < WORDS; i++)
		count += words->current[i] == object;
	return count;
}

static void compare(struct exception_damage *damage, const struct objects *expected,
		    const struct objects *got)
{
	const uint64_t *now = damage->got.current;
	const uint64_t *then = damage->expected.current;

	for (size_t i = 1; i < WORDS; i++)
		damage->is_torn |= now[0] != then[0] && now[i] && now[i] == then[i];
	for (size_t i = 0; i < expected->count && !damage->is_low; i++) {
		const uint64_t object = expected->list[i];
		const int64_t own =
			expected->counts[i] - (int64_t)words_with(&damage->expected, object);
		const int64_t left = got->counts[i] - (int64_t)words_with(&damage->got, object);

		if (expected->counts[i] < 0 || got->counts[i] < 0 || left >= own)
			continue;
		damage->is_low = true;
		damage->low = object;
	}
}

static int fill(struct probe *probe, struct stage *stage)
{
	const struct registers *registers;
	struct frame frame;
	int error = walker_registers(&stage->walker, &registers);

	if (error)
		return error;
	unwind_stack(stage->walker.unwinder, stage->walker.pid, registers, &frame, 1, NULL);
	probe->python = interpreter_python(stage->interpreter);
	probe->walker = &stage->walker;
	probe->pc = registers_pc(registers);
	probe->sp = registers_sp(registers);
	probe->cfa = frame.cfa;
	return python_exception_words(probe->python, stage->walker.pid, probe->thread,
				      &probe->start);
}

int exception_damage_find(struct exception_damage *damage, struct stage *stage,
			  const struct boundary *boundary, uint64_t thread)
{
	struct objects objects = {.count = 0};
	struct objects expected;
	struct probe probe = {.thread = thread, .objects = &objects, .is_first = true};
	int error = fill(&probe, stage);

	memset(damage, 0, sizeof(*damage));
	if (!error)
		error = run(&probe, stage, boundary);
	if (error || !probe.has_changed || !probe.has_returned)
		return error;
	probe.is_first = false;
	error = run(&probe, stage, boundary);
	if (error || !probe.has_returned)
		return error;
	expected = objects;
	damage->expected = probe.words;
	probe.with_signal = true;
	error = run(&probe, stage, boundary);
	if (error || !probe.has_returned)
		return error;
	damage->got = probe.words;
	compare(damage, &expected, &objects);
	return 0;
}
