/* SPDX-License-Identifier: MIT */
/*
 * See exception.h. The interrupted function is stepped to its return in copies that are
 * thrown away: undisturbed, and with the signal. So that no object is freed in either, all that the
 * exception consists of gets some references more there; then counts can be compared: each may
 * differ only by the words that refer to it at the end.
 */
#include "harness/oracles/python/exception.h"

#include "harness/engine/access.h"
#include "harness/engine/decode.h"
#include "harness/kernel/memory.h"
#include "harness/model/inspect.h"
#include "harness/model/interpreter.h"

#include <string.h>

#define WORDS 3
#define OBJECTS_MAX 16
#define REFERENCES_MORE 1000
#define REACH 128                /* instructions within which a store must come */
#define STEPS_MAX 2000           /* instructions to the end of the update */
#define HANDLER_STEPS_MAX 100000 /* where it has to be stepped */

/* The objects that the exception consists of at any time. */
struct objects {
	uint64_t list[OBJECTS_MAX];
	int64_t counts[OBJECTS_MAX];
	size_t count;
};

struct probe {
	const struct python *python;
	uint64_t thread;
	uint64_t words_at[WORDS]; /* where the state's words lie; 0: there is no such word */
	uint64_t pc;              /* of the boundary */
	uint64_t sp;
	uint64_t end_pc; /* where the update is over */
	uint64_t end_sp;
	struct objects *objects;
	bool was_read[WORDS];   /* by the interrupted code, after the boundary and */
	bool was_stored[WORDS]; /* before it was stored first */
	struct inspection inspection;
	bool is_first; /* only looks whether there is a store ahead */
	bool with_signal;
	bool has_begun;
	bool was_call; /* the instruction before was one */
	bool is_in_handler;
	size_t steps;
	bool has_changed;
	bool has_ended;
	bool type_has_changed; /* since `start` */
	bool is_torn;
	struct python_exception_words
		start; /* of the function; with the signal: of what follows it */
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

/*
 * The rest of an update that had begun: another value or traceback is stored, but no type. A whole
 * update changes the type as well before anything is called.
 */
static void look_for_tear(struct probe *probe, bool is_leaving)
{
	const uint64_t *start = probe->start.current;
	const uint64_t *now = probe->words.current;

	probe->type_has_changed |= now[0] != start[0];
	if (!start[0] || probe->type_has_changed || !is_leaving)
		return;
	for (size_t i = 1; i < WORDS; i++)
		probe->is_torn |= now[i] && now[i] != start[i];
}

static bool touches(const struct memory_access *access, uint64_t word)
{
	return access->address < word + sizeof(uint64_t) && word < access->address + access->size;
}

/* Which words does the instruction about to be executed touch? */
static void note_access(struct probe *probe, pid_t pid, const struct registers *registers)
{
	uint8_t bytes[INSTRUCTION_MAX];
	const ssize_t size = memory_read_some(pid, registers_pc(registers), bytes, sizeof(bytes));
	struct access_list accesses;

	if (size <= 0 || access_list_of(bytes, (size_t)size, registers, &accesses))
		return;
	for (size_t i = 0; i < WORDS; i++) {
		bool is_stored = false;

		if (!probe->words_at[i] || probe->was_stored[i])
			continue;
		for (size_t n = 0; n < accesses.count; n++) {
			if (!touches(&accesses.list[n], probe->words_at[i]))
				continue;
			probe->was_read[i] |= accesses.list[n].reads;
			is_stored |= accesses.list[n].writes;
		}
		probe->was_stored[i] = is_stored;
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

/* Is the update over? Undisturbed it is where something is called, or the function returns, after
 * the first store; with the signal, at the same place. */
static bool is_at_end(const struct probe *probe, const struct registers *registers, bool is_leaving)
{
	if (probe->with_signal)
		return registers_pc(registers) == probe->end_pc &&
		       registers_sp(registers) == probe->end_sp;
	return is_leaving && probe->has_changed;
}

/* At an instruction of the interrupted function. False: enough was seen. */
static bool look(struct probe *probe, pid_t pid, const struct code_entry *code,
		 const struct registers *registers)
{
	const uint32_t leaves = INSTRUCTION_CALL | INSTRUCTION_RETURN | INSTRUCTION_SYSCALL;
	const bool is_leaving = code->instruction.flags & leaves;

	probe->steps++;
	if (python_exception_words(probe->python, pid, probe->thread, &probe->words))
		return false;
	if (probe->steps == 1)
		probe->start = probe->words;
	note_words(probe);
	probe->has_changed |= memcmp(probe->words.current, probe->start.current,
				     sizeof(probe->words.current)) != 0;
	if (probe->with_signal)
		look_for_tear(probe, is_leaving);
	probe->has_ended = is_at_end(probe, registers, is_leaving);
	if (probe->has_ended) {
		read_counts(probe, pid);
		if (!probe->with_signal) {
			probe->end_pc = registers_pc(registers);
			probe->end_sp = registers_sp(registers);
		}
		return false;
	}
	probe->was_call = code->instruction.flags & INSTRUCTION_CALL;
	if (probe->is_first)
		note_access(probe, pid, registers);
	return probe->steps < (probe->has_changed || probe->with_signal ? STEPS_MAX : REACH) &&
	       (probe->with_signal || !is_leaving);
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
	probe->has_ended = false;
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

/*
 * Was the object in a word that the interrupted code stores without loading it once more? Then it
 * had loaded it, and goes on with a reference that the handler has given up. Where it loads the
 * word after the handler, it has the handler's exception instead, and what that dropped is missed
 * by nobody.
 */
static bool was_loaded(const struct probe *probe, const struct python_exception_words *before,
		       uint64_t object)
{
	for (size_t i = 0; i < WORDS; i++)
		if (before->current[i] == object && probe->was_stored[i] && !probe->was_read[i])
			return true;
	return false;
}

/* References beside those of the state's own words: fewer with the handler than without it. */
static void compare_counts(struct exception_damage *damage, const struct probe *probe,
			   const struct python_exception_words *before,
			   const struct objects *expected)
{
	const struct objects *got = probe->objects;

	for (size_t i = 0; i < expected->count && !damage->is_low; i++) {
		const uint64_t object = expected->list[i];
		const int64_t own =
			expected->counts[i] - (int64_t)words_with(&damage->expected, object);
		const int64_t left = got->counts[i] - (int64_t)words_with(&damage->got, object);

		if (expected->counts[i] < 0 || got->counts[i] < 0 || left >= own ||
		    !was_loaded(probe, before, object))
			continue;
		damage->is_low = true;
		damage->low = object;
	}
}

/* Where the handler's exception sends the code another way, the counts cannot be compared. What was
 * loaded before has then been given up twice all the same. */
static void presume_low(struct exception_damage *damage, const struct probe *probe,
			const struct python_exception_words *before)
{
	for (size_t i = 0; i < WORDS && !damage->is_low; i++) {
		damage->low = before->current[i];
		damage->is_low = damage->low && was_loaded(probe, before, damage->low);
	}
}

static int fill(struct probe *probe, struct stage *stage)
{
	const struct registers *registers;
	int error = walker_registers(&stage->walker, &registers);

	if (error)
		return error;
	probe->python = interpreter_python(stage->interpreter);
	python_exception_places(probe->python, probe->thread, probe->words_at);
	probe->pc = registers_pc(registers);
	probe->sp = registers_sp(registers);
	return 0;
}

int exception_damage_find(struct exception_damage *damage, struct stage *stage,
			  const struct boundary *boundary, uint64_t thread)
{
	struct objects objects = {.count = 0};
	struct objects expected;
	struct python_exception_words before;
	struct probe probe = {.thread = thread, .objects = &objects, .is_first = true};
	int error = fill(&probe, stage);

	memset(damage, 0, sizeof(*damage));
	if (!error)
		error = run(&probe, stage, boundary);
	if (error || !probe.has_changed || !probe.has_ended)
		return error;
	probe.is_first = false;
	error = run(&probe, stage, boundary);
	if (error || !probe.has_ended)
		return error;
	expected = objects;
	before = probe.start;
	damage->expected = probe.words;
	probe.with_signal = true;
	error = run(&probe, stage, boundary);
	if (error)
		return error;
	damage->got = probe.words;
	damage->is_torn = probe.is_torn;
	if (!probe.has_ended) {
		presume_low(damage, &probe, &before);
		return 0;
	}
	compare_counts(damage, &probe, &before, &expected);
	return 0;
}
