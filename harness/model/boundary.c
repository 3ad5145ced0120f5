/* SPDX-License-Identifier: MIT */
/* See boundary.h. */
#include "harness/model/boundary.h"

const char *phase_text(enum phase phase)
{
	static const char *const names[] = {
#define X(name, text) [PHASE_##name] = text,
		PHASE_LIST(X)
#undef X
	};

	return names[phase];
}
