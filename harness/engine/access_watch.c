/* SPDX-License-Identifier: MIT */
/* What watches that are stepped (kernel/watch_step.h) ask of instructions. */
#include "harness/engine/access.h"
#include "harness/kernel/watch_step.h"

static size_t look(const uint8_t *bytes, size_t size, const struct registers *registers,
		   struct watch_step_touch *touches)
{
	struct access_list accesses;

	/* What the list does not have (the state that xsave writes) nobody watches. */
	if (access_list_of(bytes, size, registers, &accesses))
		return 0;
	for (size_t i = 0; i < accesses.count; i++)
		touches[i] = (struct watch_step_touch){
			accesses.list[i].address, accesses.list[i].size, accesses.list[i].writes};
	return accesses.count;
}

void access_serve_watches(uint64_t max)
{
	_Static_assert(ACCESSES_MAX <= WATCH_STEP_TOUCHES, "room for all");
	watch_step_use(look, max);
}
