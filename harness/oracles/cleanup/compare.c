/* SPDX-License-Identifier: MIT */
/*
 * See cleanup.h. Cleanup is owed where a frame has entered what it protects before the exception
 * comes up, and the baseline runs it afterwards. The trial has settled that when it runs the
 * handler's copy of it, or all that the baseline's copy still did, by line.
 */
#include "harness/oracles/cleanup/cleanup.h"

#include "harness/base/alloc.h"
#include "harness/oracles/cleanup/effects.h"

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
	uint64_t open;    /* blocks entered before the exception came up, of which no cleanup ran */
	uint64_t later;   /* blocks entered after that: nobody owes them */
};

/* Cleanup that the baseline ran after the exception would have come up. */
struct owed {
	uint64_t frame;
	int code;
	size_t block;
	bool has_begun;
	bool is_settled; /* the trial began with it anew */
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
	struct owed *owed; /* the baseline's; the trial's walk is lent them */
	size_t owed_count;
	size_t owed_capacity;
	bool is_trial;
	struct effects effects; /* all after the exception came up */
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

/* Who does what is done now. */
static struct context now_doing(const struct walk *walk)
{
	struct context context = {0};
	size_t later = 0;

	for (size_t n = walk->depth; n > 0 && !context.frame; n--) {
		const struct activation *activation = &walk->known[walk->stack[n - 1]];
		const uint64_t blocks = activation->running & ~activation->later;

		if (blocks) {
			context.frame = activation->frame;
			context.owed = (struct context_blocks){blocks, activation->code};
		} else if (activation->running) {
			if (later == CONTEXT_LATER)
				memmove(context.later, context.later + 1,
					--later * sizeof(*context.later));
			context.later[later++] =
				(struct context_blocks){activation->running, activation->code};
		}
	}
	return context;
}

/* Something is done: the baseline's is owed from there on. */
static void note_effect(struct walk *walk, int code, int line)
{
	static const struct context any;
	const struct context context = now_doing(walk);

	effects_add(&walk->effects, &context, code, line);
	if (walk->is_trial || !context.frame)
		return;
	for (size_t block = 0; block < PYTHON_BLOCKS_MAX; block++)
		if (context.owed.blocks >> block & 1)
			effects_add(&find_owed(walk, find(walk, context.frame), block)->effects,
				    &any, code, line);
}

/* An activation that begins: at the start of its code, which no jump of its own leads to. */
static bool is_new(const struct walk *walk, const struct activation *activation,
		   const struct cleanup_event *event)
{
	if (!activation || activation->code != event->code)
		return true;
	return step_of(walk, event->code, event->offset)->begins &&
	       (activation->has_ended || top(walk) != activation);
}

static void begin(struct walk *walk, struct activation *activation,
		  const struct cleanup_event *event, const struct python_step *step)
{
	const bool was_running = activation->is_running;

	*activation = (struct activation){
		.frame = event->frame, .code = event->code, .is_running = was_running};
	/* A generator that goes on may have been anywhere; a call has entered nothing yet. */
	if (step->begins)
		activation->later = walk->has_handled ? ~UINT64_C(0) : 0;
	else
		activation->inside = activation->open = step->inside;
}

static void note_settled(struct walk *walk, const struct activation *activation, uint64_t blocks)
{
	for (size_t i = 0; i < walk->owed_count; i++) {
		struct owed *owed = &walk->owed[i];

		owed->is_settled |= owed->frame == activation->frame &&
				    owed->code == activation->code && (blocks >> owed->block & 1);
	}
}

/*
 * What is left by a jump or an exception without its cleanup, and protects again, as an except
 * clause of the same statement does, is still owed. It is settled where the handler begins, or
 * where another copy of the cleanup does, as behind such a clause. A handler that was under way
 * before the exception came up settles nothing: it may be broken off.
 */
static void note_blocks(struct walk *walk, struct activation *activation,
			const struct python_step *step)
{
	uint64_t settled;

	if (!walk->has_handled)
		return;
	activation->later |= step->inside & ~activation->inside & ~activation->open;
	settled = (step->starts & ~activation->later) | (step->cleanup & activation->open);
	activation->open &= ~(step->cleanup | step->handler);
	if (walk->is_trial && settled)
		note_settled(walk, activation, settled);
}

static struct activation *take(struct walk *walk, const struct cleanup_event *event)
{
	const struct python_step *step = step_of(walk, event->code, event->offset);
	struct activation *activation = find(walk, event->frame);

	if (is_new(walk, activation, event)) {
		if (!activation)
			activation = add(walk, event->frame);
		begin(walk, activation, event, step);
	}
	enter(walk, activation);
	note_blocks(walk, activation, step);
	activation->last = event->offset;
	activation->has_ended = step->ends;
	activation->inside = step->inside;
	activation->running = step->cleanup | step->handler;
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
		activation->open = activation->inside;
		activation->begun =
			begun_at(walk, activation->code, activation->last, activation->running);
	}
	if (top(walk))
		top(walk)->inside |= entered;
	/* Up to 3.10 it comes up between two instructions, the first one being over. */
	if (walk->minor <= 10 && next && top(walk) && top(walk)->frame == next->frame &&
	    !top(walk)->has_ended)
		top(walk)->inside = step_of(walk, next->code, next->offset)->inside;
	if (top(walk))
		top(walk)->open = top(walk)->inside;
}

static void go(struct walk *walk, const struct cleanup_course *course,
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
		note_effect(walk, event->code, step_of(walk, event->code, event->offset)->line);
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
	for (size_t i = 0; i < walk->owed_count && !walk->is_trial; i++)
		effects_free(&walk->owed[i].effects);
	effects_free(&walk->effects);
	if (!walk->is_trial)
		free(walk->owed);
	free(walk->known);
	free(walk);
}

static bool is_lost(const struct walk *trial, const struct walk *baseline, const struct owed *owed,
		    struct cleanup_loss *loss)
{
	const struct python_block *block =
		&trial->codes->list[owed->code]->blocks.blocks[owed->block];
	const struct context_owner owner = {owed->frame, owed->code, owed->block};

	if (owed->is_settled)
		return false;
	for (size_t i = 0; i < owed->effects.count; i++) {
		const struct effect *effect = &owed->effects.list[i];

		if (effects_done(&trial->effects, &baseline->effects, &owner, effect) >=
		    effect->count)
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

/* The code among these events whose blocks could not be found; -1: none. */
static int find_unknown(const struct cleanup_codes *codes, const struct cleanup_event *events,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!codes->list[events[i].code]->is_known)
			return events[i].code;
	return -1;
}

static int check(const struct cleanup_codes *codes, const struct cleanup_event *frames,
		 size_t frame_count, const struct cleanup_course *expected,
		 const struct cleanup_course *got)
{
	const char *unknown = expected->unknown ? expected->unknown : got->unknown;
	int code;

	if (unknown)
		return fail(-ENOTSUP, "%s", unknown);
	if (!got->has_ended || !expected->has_ended)
		return fail(-ENOTSUP, "it did not come to its end while its opcodes were followed");
	if (got->handled_at > expected->count ||
	    memcmp(expected->events, got->events, got->handled_at * sizeof(*got->events)) != 0)
		return fail(-ENOTSUP, "the baseline went another way before the exception came up");
	code = find_unknown(codes, frames, frame_count);
	if (code < 0)
		code = find_unknown(codes, expected->events, expected->count);
	if (code < 0)
		code = find_unknown(codes, got->events, got->count);
	return code < 0 ? 0
			: fail(-ENOTSUP, "the blocks of %s could not be found",
			       codes->list[code]->function);
}

ssize_t cleanup_compare(const struct cleanup_codes *codes, unsigned int minor,
			const struct cleanup_event *frames, size_t frame_count,
			const struct cleanup_course *expected, const struct cleanup_course *got,
			struct cleanup_loss *losses)
{
	struct walk *baseline;
	struct walk *trial;
	ssize_t count = 0;
	int error = check(codes, frames, frame_count, expected, got);

	if (error)
		return error;
	baseline = start(codes, minor, frames, frame_count);
	go(baseline, expected, got);
	trial = start(codes, minor, frames, frame_count);
	trial->is_trial = true;
	trial->owed = baseline->owed;
	trial->owed_count = baseline->owed_count;
	go(trial, got, got);
	for (size_t i = 0; i < baseline->owed_count && count < CLEANUP_LOSSES_MAX; i++)
		count += is_lost(trial, baseline, &baseline->owed[i], &losses[count]);
	end(trial);
	end(baseline);
	return count;
}
