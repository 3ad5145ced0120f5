/* SPDX-License-Identifier: MIT */
/* Watches on code where the CPU has none: breakpoints in the thread's memory. See watch_step.h. */
#include "harness/kernel/memory.h"
#include "harness/kernel/watch_step_private.h"

int watch_code_plant(pid_t tid, struct watch *watch)
{
	int error = 0;

	if (watch->is_planted)
		return 0;
	error = memory_read(tid, watch->address, &watch->saved, BREAKPOINT_SIZE);
	if (!error)
		error = memory_write(tid, watch->address, breakpoint_instruction, BREAKPOINT_SIZE);
	watch->is_planted = !error;
	return error;
}

int watch_code_lift(pid_t tid, struct watch *watch)
{
	if (!watch->is_planted)
		return 0;
	watch->is_planted = false;
	return memory_write(tid, watch->address, &watch->saved, BREAKPOINT_SIZE);
}

void watch_code_plant_all(struct stepped *stepped, uint64_t pc)
{
	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++) {
		struct watch *watch = &stepped->watches[i];

		if (watch->is_set && watch->kind == WATCH_EXECUTE && watch->address != pc &&
		    watch_code_plant(stepped->tid, watch))
			fail_clear();
	}
}

bool watch_code_step_off(struct stepped *stepped)
{
	bool was_there = false;

	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++) {
		struct watch *watch = &stepped->watches[i];

		if (!watch->is_set || watch->kind != WATCH_EXECUTE ||
		    watch->address != stepped->pc_before)
			continue;
		was_there = true;
		if (watch_code_lift(stepped->tid, watch))
			fail_clear();
	}
	return was_there;
}

unsigned int watch_code_hits(const struct stepped *stepped, uint64_t pc)
{
	unsigned int hits = 0;

	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++)
		if (stepped->watches[i].is_set && stepped->watches[i].kind == WATCH_EXECUTE &&
		    stepped->watches[i].address == pc)
			hits |= 1U << i;
	return hits;
}

bool watch_code_meet(struct stepped *stepped, struct registers *registers)
{
	const uint64_t pc = registers_pc(registers) - BREAKPOINT_SIZE;
	const unsigned int hits = watch_code_hits(stepped, pc);

	if (!hits)
		return false;
	registers_set_pc(registers, pc);
	if (trace_set_registers(stepped->tid, registers))
		return false;
	stepped->hits |= hits;
	return true;
}

void watch_code_clean_child(const struct stepped *stepped)
{
	unsigned long child;

	if (trace_event_message(stepped->tid, &child))
		return;
	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++)
		if (stepped->watches[i].is_planted &&
		    memory_write((pid_t)child, stepped->watches[i].address,
				 &stepped->watches[i].saved, BREAKPOINT_SIZE))
			fail_clear();
}
