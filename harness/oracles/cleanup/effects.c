/* SPDX-License-Identifier: MIT */
/* See effects.h. */
#include "harness/oracles/cleanup/effects.h"

#include "harness/base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_same_context(const struct context *a, const struct context *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void effects_add(struct effects *effects, const struct context *context, int code, int line)
{
	for (size_t i = 0; i < effects->count; i++) {
		struct effect *effect = &effects->list[i];

		if (effect->code == code && effect->line == line &&
		    is_same_context(&effect->context, context)) {
			effect->count++;
			return;
		}
	}
	alloc_grow((void **)&effects->list, effects->count, &effects->capacity,
		   sizeof(*effects->list));
	effects->list[effects->count++] = (struct effect){*context, code, line, 1};
}

static size_t count_of(const struct effects *effects, const struct effect *effect)
{
	for (size_t i = 0; i < effects->count; i++)
		if (effects->list[i].code == effect->code &&
		    effects->list[i].line == effect->line &&
		    is_same_context(&effects->list[i].context, &effect->context))
			return effects->list[i].count;
	return 0;
}

static bool is_of(const struct context_blocks *blocks, const struct context_owner *owner)
{
	return blocks->code == owner->code && (blocks->blocks >> owner->block & 1);
}

static bool is_anothers(const struct context *context, const struct context_owner *owner)
{
	for (size_t i = 0; i < CONTEXT_LATER; i++)
		if (is_of(&context->later[i], owner))
			return true;
	return false;
}

size_t effects_done(const struct effects *done, const struct effects *expected,
		    const struct context_owner *owner, const struct effect *wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < done->count; i++) {
		const struct effect *effect = &done->list[i];
		const size_t before = count_of(expected, effect);

		if (effect->code != wanted->code || effect->line != wanted->line ||
		    is_anothers(&effect->context, owner))
			continue;
		if (effect->context.frame == owner->frame && is_of(&effect->context.owed, owner))
			count += effect->count;
		else
			count += effect->count > before ? effect->count - before : 0;
	}
	return count;
}

void effects_free(struct effects *effects)
{
	free(effects->list);
	*effects = (struct effects){0};
}
