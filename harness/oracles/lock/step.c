/* SPDX-License-Identifier: MIT */
/* Steps a copy of the undisturbed program from a boundary to the instruction that releases a lock:
 * dear, and only for locks that are taken without a call, where one was left behind. */
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/inspect.h"
#include "harness/oracles/lock/lock.h"

static bool visit(void *context, pid_t pid, const struct code_entry *code,
		  const struct registers *registers)
{
	struct lock_stepping *stepping = context;

	(void)code;
	if (lock_point_level(stepping->point, pid) > 0)
		return true;
	stepping->is_released = true;
	stepping->count = unwind_stack(stepping->unwinder, pid, registers, stepping->frames,
				       TRIAL_FRAMES, NULL);
	return false;
}

int lock_step_to_release(struct lock_stepping *stepping, struct stage *stage,
			 const struct boundary *boundary)
{
	struct inspection inspection = {
		.visit = visit, .context = stepping, .limit = stepping->limit, .undisturbed = true};

	stepping->unwinder = stage->walker.unwinder;
	return inspect_run(&inspection, stage, boundary);
}
