/* SPDX-License-Identifier: MIT */
/* See selector.h. */
#include "harness/model/selector.h"

bool selector_wants(const struct selector *selector, uint64_t index)
{
	if (selector->none)
		return false;
	if (selector->only)
		return index == selector->only;
	if ((index - 1) % selector->stride)
		return false;
	return (index - 1) / selector->stride % selector->jobs == selector->job;
}

bool selector_is_past(const struct selector *selector, uint64_t index)
{
	return selector->only && index > selector->only;
}
