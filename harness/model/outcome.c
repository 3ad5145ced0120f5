/* SPDX-License-Identifier: MIT */
/* See outcome.h. */
#include "harness/model/outcome.h"

#include "harness/base/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
#define X(name, text) [OUTCOME_##name] = text,
	OUTCOME_LIST(X)
#undef X
};

const char *outcome_text(const struct outcome *outcome, char text[OUTCOME_TEXT])
{
	char name[16];

	switch (outcome->kind) {
	case OUTCOME_EXIT:
		snprintf(text, OUTCOME_TEXT, "exit:%d", outcome->number);
		break;
	case OUTCOME_SIGNAL:
		snprintf(text, OUTCOME_TEXT, "signal:%s", signal_name(outcome->number, name));
		break;
	default:
		snprintf(text, OUTCOME_TEXT, "%s", kinds[outcome->kind]);
	}
	return text;
}

static bool parse_exit(const char *text, struct outcome *outcome)
{
	char *end;
	long status = strtol(text, &end, 10);

	if (end == text || *end || status < 0 || status > 255)
		return false;
	*outcome = (struct outcome){.kind = OUTCOME_EXIT, .number = (int)status};
	return true;
}

bool outcome_parse(const char *text, struct outcome *outcome)
{
	if (strncmp(text, "exit:", 5) == 0)
		return parse_exit(text + 5, outcome);
	if (strncmp(text, "signal:", 7) == 0) {
		outcome->kind = OUTCOME_SIGNAL;
		return signal_from_name(text + 7, &outcome->number) == 0;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (i != OUTCOME_EXIT && i != OUTCOME_SIGNAL && strcmp(kinds[i], text) == 0) {
			*outcome = (struct outcome){.kind = (enum outcome_kind)i};
			return true;
		}
	}
	return false;
}

const char *delivery_text(enum delivery delivery)
{
	static const char *const names[] = {
#define X(name, text) [DELIVERY_##name] = text,
		DELIVERY_LIST(X)
#undef X
	};

	return names[delivery];
}
