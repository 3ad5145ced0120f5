/* SPDX-License-Identifier: MIT */
/*
 * See cleanup.h. Cleanup is owed where a frame has entered what it protects before the exception
 * comes up, and the baseline runs it afterwards. The trial has settled that when it runs the
 * handler's copy of it, or all that the baseline's copy still did, by line.
 */
#include "harness/oracles/cleanup/cleanup.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A frame, as it is followed through a course. */
struct activation {
	uint64_t frame;
	int code;
	int last;         /* offset of the latest instruction */
	bool has_ended;   /* that one returned */
	bool is_running;  /* on the stack */
	uint64_t inside;  /* blocks that protect the latest instruction */
	uint64_t running; /* blocks whose cleanup the latest instruction is of */
	uint64_t begun;   /* of these, where something had happened by then */
	uint64_t later;   /* blocks entered after the exception came up: nobody owes them */
	uint64_t handled; /* blocks whose handler ran after that */
};

/* So many effects of one line. */
struct effect {
	int code;
	int line;
	size_t count;
};

struct effects {
	struct effect *list;
	size_t count;
	size_t capacity;
};

/* Cleanup that the baseline ran after the exception would have come up. */
struct owed {
	uint64_t frame;
	int code;
	size_t block;
	bool has_begun;
	struct effects effects;
};

struct walk {
	const struct cleanup_codes *codes;
	unsigned int minor;
	struct activation *known;
	size_t known_count;
	size_t known_capacity;
	size_t stack[4096]; /* of known, innermost last */
	size_t depth;
	bool has_handled;
	struct owed *owed; /* the baseline's */
	size_t owed_count;
	size_t owed_capacity;
	struct effects effects; /* the trial's, after the exception came up */
};

static const struct python_step *step_of(const struct walk *walk, int code, int offset)
{
	static const struct python_step none;
	const struct python_step *step =
		python_blocks_step(&walk->codes->list[code]->blocks, offset);

	return step ? step : &none;
}

static struct activation *find(struct walk *walk, uint64_t frame)
{
	for (size_t i = walk->known_count; i > 0; i--)
		if (walk->known[i - 1].frame == frame)
			return &walk->known[i - 1];
	return NULL;
}

static struct activation *add(struct walk *walk, uint64_t frame)
{
	alloc_grow((void **)&walk->known, walk->known_count, &walk->known_capacity,
		   sizeof(*walk->known));
	walk->known[walk->known_count] = (struct activation){.frame = frame};
	return &walk->known[walk->known_count++];
}

static void pop(struct walk *walk)
{
	walk->known[walk->stack[--walk->depth]].is_running = false;
}

static struct activation *top(const struct walk *walk)
{
	return walk->depth ? &walk->known[walk->stack[walk->depth - 1]] : NULL;
}

/* Makes the activation the innermost one: what was called by it has ended. */
static void enter(struct walk *walk, struct activation *activation)
{
	const size_t number = (size_t)(activation - walk->known);

	if (walk->depth && top(walk)->has_ended && top(walk) != activation)
		pop(walk);
	while (activation->is_running && top(walk) != activation)
		pop(walk);
	if (activation->is_running || walk->depth == sizeof(walk->stack) / sizeof(*walk->stack))
		return;
	activation->is_running = true;
	walk->stack[walk->depth++] = number;
}

/* Has something happened in the cleanup of these blocks, up to the instruction at `offset`? */
static uint64_t begun_at(const struct walk *walk, int code, int offset, uint64_t blocks)
{
	uint64_t begun = 0;

	for (; blocks && offset >= 0; offset -= 2) {
		const struct python_step *step = step_of(walk, code, offset);

		if (!step->is_instruction)
			continue;
		blocks &= step->cleanup | step->handler;
		if (step->has_effect)
			begun |= blocks;
	}
	return begun;
}

static void add_effect(struct effects *effects, int code, int line)
{
	for (size_t i = 0; i < effects->count; i++) {
		if (effects->list[i].code == code && effects->list[i].line == line) {
			effects->list[i].count++;
			return;
		}
	}
	alloc_grow((void **)&effects->list, effects->count, &effects->capacity,
		   sizeof(*effects->list));
	effects->list[effects->count++] = (struct effect){code, line, 1};
}

static struct owed *find_owed(struct walk *walk, const struct activation *activation, size_t block)
{
	for (size_t i = 0; i < walk->owed_count; i++)
		if (walk->owed[i].frame == activation->frame &&
		    walk->owed[i].code == activation->code && walk->owed[i].block == block)
			return &walk->owed[i];
	alloc_grow((void **)&walk->owed, walk->owed_count, &walk->owed_capacity,
		   sizeof(*walk->owed));
	walk->owed[walk->owed_count] = (struct owed){
		.frame = activation->frame,
		.code = activation->code,
		.block = block,
		.has_begun = activation->begun >> block & 1,
	};
	return &walk->owed[walk->owed_count++];
}

/* The innermost cleanup that is under way is what does this. */
static void credit(struct walk *walk, int code, int line)
{
	const struct activation *activation;
	uint64_t blocks = 0;

	for (size_t n = walk->depth; n > 0 && !blocks; n--) {
		activation = &walk->known[walk->stack[n - 1]];
		blocks = activation->running & ~activation->later;
	}
	for (size_t block = 0; blocks && block < PYTHON_BLOCKS_MAX; block++)
		if (blocks >> block & 1)
			add_effect(&find_owed(walk, activation, block)->effects, code, line);
}

/* An activation that begins: at the start of its code, which no jump of its own leads to. */
static bool is_new(const struct walk *walk, const struct activation *activation,
		   const struct cleanup_event *event)
{
	if (!activation || activation->code != event->code)
		return true;
	return event->offset == 0 && (activation->has_ended || top(walk) != activation);
}

static void begin(struct walk *walk, struct activation *activation,
		  const struct cleanup_event *event, uint64_t inside)
{
	const bool was_running = activation->is_running;

	*activation = (struct activation){
		.frame = event->frame, .code = event->code, .is_running = was_running};
	/* A generator that goes on may have been anywhere; a call has entered nothing yet. */
	if (event->offset == 0)
		activation->later = walk->has_handled ? ~UINT64_C(0) : 0;
	else
		activation->inside = inside;
}

static struct activation *take(struct walk *walk, const struct cleanup_event *event)
{
	const struct python_step *step = step_of(walk, event->code, event->offset);
	struct activation *activation = find(walk, event->frame);

	if (is_new(walk, activation, event)) {
		if (!activation)
			activation = add(walk, event->frame);
		begin(walk, activation, event, step->inside);
	}
	enter(walk, activation);
	if (walk->has_handled)
		activation->later |= step->inside & ~activation->inside;
	activation->last = event->offset;
	activation->has_ended = step->ends;
	activation->inside = step->inside;
	activation->running = step->cleanup | step->handler;
	if (walk->has_handled)
		activation->handled |= step->handler & ~activation->later;
	return activation;
}

/* Does the event call Python code, so that what that does is what counts? */
static bool calls_python(struct walk *walk, const struct cleanup_event *event,
			 const struct cleanup_event *next)
{
	const struct activation *called;

	if (!next || next->frame == event->frame)
		return false;
	called = find(walk, next->frame);
	return !called || !called->is_running;
}

static bool has_effect(struct walk *walk, const struct cleanup_event *event,
		       const struct cleanup_event *next)
{
	const struct python_step *step = step_of(walk, event->code, event->offset);

	if (!step->has_effect || calls_python(walk, event, next))
		return false;
	return !step->is_half || !next || next->frame != event->frame;
}

/* From here on the exception is on its way. */
static void handle(struct walk *walk, const struct cleanup_event *next, uint64_t entered)
{
	walk->has_handled = true;
	for (size_t i = 0; i < walk->known_count; i++) {
		struct activation *activation = &walk->known[i];

		activation->later = 0;
		activation->begun =
			begun_at(walk, activation->code, activation->last, activation->running);
	}
	if (top(walk))
		top(walk)->inside |= entered;
	/* Up to 3.10 it comes up between two instructions, the first one being over. */
	if (walk->minor <= 10 && next && top(walk) && top(walk)->frame == next->frame &&
	    !top(walk)->has_ended)
		top(walk)->inside = step_of(walk, next->code, next->offset)->inside;
}

static void go(struct walk *walk, const struct cleanup_course *course, bool is_baseline,
	       const struct cleanup_course *handled)
{
	for (size_t i = 0; i < course->count; i++) {
		const struct cleanup_event *event = &course->events[i];
		const struct cleanup_event *next =
			i + 1 < course->count ? &course->events[i + 1] : NULL;

		if (i == handled->handled_at)
			handle(walk, event, handled->entered);
		take(walk, event);
		if (!walk->has_handled || !has_effect(walk, event, next))
			continue;
		if (is_baseline)
			credit(walk, event->code, step_of(walk, event->code, event->offset)->line);
		else
			add_effect(&walk->effects, event->code,
				   step_of(walk, event->code, event->offset)->line);
	}
}

static struct walk *start(const struct cleanup_codes *codes, unsigned int minor,
			  const struct cleanup_event *frames, size_t count)
{
	struct walk *walk = alloc_zero(sizeof(*walk));

	walk->codes = codes;
	walk->minor = minor;
	for (size_t i = count; i > 0; i--) {
		struct cleanup_event event = frames[i - 1];

		/* It may be noted at an inline cache behind the instruction. */
		while (event.offset > 0 && !step_of(walk, event.code, event.offset)->is_instruction)
			event.offset -= 2;
		if (event.offset >= 0)
			take(walk, &event);
	}
	return walk;
}

static void end(struct walk *walk)
{
	for (size_t i = 0; i < walk->owed_count; i++)
		free(walk->owed[i].effects.list);
	free(walk->owed);
	free(walk->effects.list);
	free(walk->known);
	free(walk);
}

static size_t count_of(const struct effects *effects, int code, int line)
{
	for (size_t i = 0; i < effects->count; i++)
		if (effects->list[i].code == code && effects->list[i].line == line)
			return effects->list[i].count;
	return 0;
}

static bool is_lost(struct walk *trial, const struct owed *owed, struct cleanup_loss *loss)
{
	const struct python_block *block =
		&trial->codes->list[owed->code]->blocks.blocks[owed->block];
	const struct activation *activation = find(trial, owed->frame);

	if (activation && activation->code == owed->code && activation->handled >> owed->block & 1)
		return false;
	for (size_t i = 0; i < owed->effects.count; i++) {
		const struct effect *effect = &owed->effects.list[i];

		if (count_of(&trial->effects, effect->code, effect->line) >= effect->count)
			continue;
		*loss = (struct cleanup_loss){.code = owed->code,
					      .line = block->line,
					      .missing_code = effect->code,
					      .missing = effect->line,
					      .is_with = block->kind == PYTHON_BLOCK_WITH,
					      .has_begun = owed->has_begun};
		return true;
	}
	return false;
}

static int check(const struct cleanup_codes *codes, const struct cleanup_course *expected,
		 const struct cleanup_course *got)
{
	const char *unknown = expected->unknown ? expected->unknown : got->unknown;

	if (unknown)
		return fail(-ENOTSUP, "%s", unknown);
	if (!got->has_ended || !expected->has_ended)
		return fail(-ENOTSUP, "it did not come to its end while its opcodes were followed");
	if (got->handled_at > expected->count ||
	    memcmp(expected->events, got->events, got->handled_at * sizeof(*got->events)) != 0)
		return fail(-ENOTSUP, "the baseline went another way before the exception came up");
	for (size_t i = 0; i < codes->count; i++)
		if (!codes->list[i]->is_known)
			return fail(-ENOTSUP, "the blocks of %s could not be found",
				    codes->list[i]->function);
	return 0;
}

ssize_t cleanup_compare(const struct cleanup_codes *codes, unsigned int minor,
			const struct cleanup_event *frames, size_t frame_count,
			const struct cleanup_course *expected, const struct cleanup_course *got,
			struct cleanup_loss *losses)
{
	struct walk *baseline;
	struct walk *trial;
	ssize_t count = 0;
	int error = check(codes, expected, got);

	if (error)
		return error;
	baseline = start(codes, minor, frames, frame_count);
	go(baseline, expected, true, got);
	trial = start(codes, minor, frames, frame_count);
	go(trial, got, false, got);
	for (size_t i = 0; i < baseline->owed_count && count < CLEANUP_LOSSES_MAX; i++)
		count += is_lost(trial, &baseline->owed[i], &losses[count]);
	end(baseline);
	end(trial);
	return count;
}
