/* SPDX-License-Identifier: MIT */
/* The life of a walker: start, what is known of it, end. How it runs: walker_run.c. */
#include "harness/engine/walker_private.h"

#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PATIENCE 0.002 /* seconds: longer than most system calls that block at all */
#define STRETCH_MAX (256 * 1024)

/* The vDSO first: it is always there, small, and has a fallback with the instruction. */
static bool find_in(struct walker *walker, const struct mapping *mapping)
{
	uint8_t bytes[4096];

	for (uint64_t at = mapping->start; at < mapping->end; at += sizeof(bytes) - 1) {
		ssize_t size = memory_read_some(walker->pid, at, bytes, sizeof(bytes));
		const uint8_t *found;

		if (size < SYSCALL_INSTRUCTION_SIZE)
			return false;
		found = memmem(bytes, (size_t)size, syscall_instruction, SYSCALL_INSTRUCTION_SIZE);
		if (found) {
			walker->syscall_pc = at + (uint64_t)(found - bytes);
			return true;
		}
	}
	return false;
}

static int find_syscall_instruction(struct walker *walker)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < walker->maps.count; i++) {
			const struct mapping *mapping = &walker->maps.list[i];
			const bool is_vdso = strcmp(mapping->path, "[vdso]") == 0;

			if (mapping->executable && mapping->readable && is_vdso == (pass == 0) &&
			    find_in(walker, mapping))
				return 0;
		}
	}
	return fail(-ENOENT, "%s maps no system call instruction to borrow for copies of it",
		    walker->launch->program);
}

int walker_refresh(struct walker *walker)
{
	int error = maps_read(&walker->maps, walker->pid);

	if (!error)
		error = symbols_update(walker->symbols, &walker->maps, walker->pid);
	if (!error)
		error = find_syscall_instruction(walker);
	unwinder_forget(walker->unwinder);
	code_forget(walker->code);
	walker->maps_stale = false;
	if (!error && walker->marks)
		walker->marks->on_refresh(walker->marks->context, walker, false);
	return error;
}

int walker_open(struct walker *walker, const struct launch *launch, struct guard *guard,
		struct family *family)
{
	int error;

	memset(walker, 0, sizeof(*walker));
	walker->launch = launch;
	walker->guard = guard;
	walker->family = family;
	walker->patience = FIRST_PATIENCE;
	walker->allow_threads = true;
	walker->in_syscall = true; /* execve, whose exit is still to come */
	error = launch_start(launch, &walker->pid);
	if (error)
		return error;
	family_add(family, walker->pid, walker->pid, FAMILY_WALKER, false);
	guard->walker = walker->pid;
	walker->symbols = symbols_new();
	walker->unwinder = unwinder_new(walker->symbols);
	walker->code = code_new();
	error = walker_refresh(walker);
	if (!error)
		error = trace_get_pc(walker->pid, &walker->pc);
	if (error)
		walker_close(walker);
	return error;
}

void walker_close(struct walker *walker)
{
	if (!walker->family)
		return;
	family_kill(walker->family, FAMILY_WALKER);
	walker->guard->walker = 0;
	asleep_free(&walker->asleep);
	unwinder_free(walker->unwinder);
	symbols_free(walker->symbols);
	code_free(walker->code);
	maps_free(&walker->maps);
	free(walker->breakpoints);
	walker_forget_traps(walker);
	walker_forget_table(walker);
	memset(walker, 0, sizeof(*walker));
}

int walker_registers(struct walker *walker, const struct registers **registers)
{
	if (!walker->registers_known) {
		int error = trace_get_registers(walker->pid, &walker->registers);

		if (error)
			return error;
		walker->registers_known = true;
	}
	*registers = &walker->registers;
	return 0;
}

int walker_set_registers(struct walker *walker, const struct registers *registers)
{
	walker->registers = *registers;
	registers_forget_syscall(&walker->registers);
	walker->registers_known = true;
	walker->pc = registers_pc(registers);
	return trace_set_registers(walker->pid, &walker->registers);
}

struct code_entry *walker_code(struct walker *walker)
{
	if (walker->maps_stale || !maps_find(&walker->maps, walker->pc)) {
		/* What it cannot name it still steps; the entry then has no flags. */
		if (walker_refresh(walker))
			fail_clear();
	}
	return code_at(walker->code, walker->pid, &walker->maps, walker->pc);
}

static bool plant(struct walker *walker, struct walker_breakpoint *breakpoint)
{
	if (breakpoint->is_planted)
		return true;
	if (memory_read(walker->pid, breakpoint->address, &breakpoint->saved, BREAKPOINT_SIZE) ||
	    memory_write(walker->pid, breakpoint->address, breakpoint_instruction, BREAKPOINT_SIZE))
		return false;
	breakpoint->is_planted = true;
	return true;
}

static bool lift(struct walker *walker, struct walker_breakpoint *breakpoint)
{
	if (!breakpoint->is_planted)
		return true;
	if (memory_write(walker->pid, breakpoint->address, &breakpoint->saved, BREAKPOINT_SIZE))
		return false;
	breakpoint->is_planted = false;
	return true;
}

int walker_add_breakpoint(struct walker *walker, uint64_t address)
{
	struct walker_breakpoint *breakpoint;

	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (walker->breakpoints[i].address == address)
			return 0;
	alloc_grow((void **)&walker->breakpoints, walker->breakpoint_count,
		   &walker->breakpoint_capacity, sizeof(*walker->breakpoints));
	breakpoint = &walker->breakpoints[walker->breakpoint_count];
	*breakpoint = (struct walker_breakpoint){.address = address};
	if (!plant(walker, breakpoint))
		return fail(-EINVAL, "0x%llx is not mapped in %s", (unsigned long long)address,
			    walker->launch->program);
	walker->breakpoint_count++;
	return 0;
}

int walker_lift_breakpoint(struct walker *walker, uint64_t address)
{
	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (walker->breakpoints[i].address == address &&
		    !lift(walker, &walker->breakpoints[i]))
			return fail(-EFAULT, "cannot take a breakpoint out of %s",
				    walker->launch->program);
	return 0;
}

/* The breakpoints from `first` on that lie within one stretch, in ascending order: the index behind
 * the last. */
static size_t stretch_end(const struct walker *walker, size_t first)
{
	const struct walker_breakpoint *list = walker->breakpoints;
	size_t end = first + 1;

	while (end < walker->breakpoint_count && list[end].address > list[end - 1].address &&
	       list[end].address - list[first].address < STRETCH_MAX)
		end++;
	return end;
}

/* One write for a whole stretch of code: hundreds of breakpoints would need as many. */
static int clean_stretch(const struct walker *walker, pid_t copy, size_t first, size_t end)
{
	const struct walker_breakpoint *list = walker->breakpoints;
	const uint64_t start = list[first].address;
	const size_t size = list[end - 1].address - start + BREAKPOINT_SIZE;
	uint8_t *bytes = alloc_zero(size);
	int error = memory_read(copy, start, bytes, size);

	for (size_t i = first; i < end; i++)
		if (list[i].is_planted)
			bytes[list[i].address - start] = list[i].saved;
	if (!error)
		error = memory_write(copy, start, bytes, size);
	free(bytes);
	return error;
}

/* Modules may lie close together, with nothing mapped between them. */
static int clean_one_by_one(const struct walker *walker, pid_t copy, size_t first, size_t end)
{
	int error = 0;

	for (size_t i = first; !error && i < end; i++)
		error = clean_stretch(walker, copy, i, i + 1);
	return error;
}

int walker_clean_copy(const struct walker *walker, pid_t copy)
{
	size_t end;
	int error = walker_clean_traps(walker, copy);

	if (!error)
		error = walker_clean_table(walker, copy);
	if (error)
		return error;
	for (size_t first = 0; first < walker->breakpoint_count; first = end) {
		end = stretch_end(walker, first);
		if (clean_stretch(walker, copy, first, end) &&
		    clean_one_by_one(walker, copy, first, end))
			return fail(-EFAULT, "cannot take breakpoints out of a copy of %s",
				    walker->launch->program);
	}
	return 0;
}

int walker_plant_breakpoints(struct walker *walker)
{
	for (size_t i = 0; i < walker->breakpoint_count; i++)
		if (!plant(walker, &walker->breakpoints[i]))
			return fail(-EFAULT, "cannot set a breakpoint in %s",
				    walker->launch->program);
	return 0;
}

void walker_clear_breakpoints(struct walker *walker)
{
	/* One that sleeps may still be woken, and would run into them. */
	if (walker->end == WALKER_RUNS || walker->end == WALKER_STUCK) {
		for (size_t i = 0; i < walker->breakpoint_count; i++)
			(void)!lift(walker, &walker->breakpoints[i]);
		(void)!walker_clean_table(walker, walker->pid);
	}
	walker_forget_table(walker);
	walker->breakpoint_count = 0;
}

int walker_threads(const struct walker *walker)
{
	char path[40];
	char line[128];
	int threads = 1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)walker->pid);
	file = fopen(path, "re");
	if (!file)
		return threads;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "Threads:", 8) == 0)
			threads = (int)strtol(line + 8, NULL, 10);
	fclose(file);
	return threads;
}
