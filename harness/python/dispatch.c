/* SPDX-License-Identifier: MIT */
/*
 * Opcode dispatch points, and which instruction starts at a stop there. Which register holds the
 * interpreter's next_instr is learned from stops, never assumed.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/dispatch_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 2          /* bytes of a code unit */
#define STACK_SLOTS 128 /* above the stack pointer, where an unoptimised build keeps it */
#define REGISTERS 64    /* room for all of the CPU's */
#define PLACES_MAX (REGISTERS + STACK_SLOTS)

struct dispatch {
	const struct python *python;
	struct walker_table table;
	struct dispatch_switches switches;
	uint64_t points[(1 + DISPATCH_SWITCHES) * PYTHON_OPCODES];
	size_t point_count;
	/* Places (registers first, then stack slots) at which the next instruction's address was
	 * at every stop so far. */
	bool is_place[PLACES_MAX];
	size_t place_count;
	struct dispatch_instruction last; /* of the stop before; frame 0: none */
	uint64_t last_pc;
};

static int compare_points(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void drop_equal_points(struct dispatch *dispatch)
{
	size_t kept = 1;

	for (size_t n = 1; n < dispatch->point_count; n++) {
		if (dispatch->points[n] != dispatch->points[kept - 1])
			dispatch->points[kept++] = dispatch->points[n];
	}
	dispatch->point_count = kept;
}

/* Where the bodies of an opcode may be entered. */
static void add_points(const struct dispatch *dispatch, size_t opcode, uint64_t *points,
		       size_t *count)
{
	const struct dispatch_switches *switches = &dispatch->switches;

	points[(*count)++] = dispatch->table.targets[opcode];
	for (size_t n = 0; n < switches->count; n++)
		if (switches->entries[n][opcode] != 0)
			points[(*count)++] = switches->entries[n][opcode];
}

int dispatch_open(const struct python *python, pid_t pid, struct dispatch **out)
{
	struct dispatch *dispatch = alloc_zero(sizeof(*dispatch));
	int error = dispatch_find_table(python, pid, &dispatch->table, &dispatch->switches);

	*out = NULL;
	if (error != 0) {
		free(dispatch);
		return error;
	}
	dispatch->python = python;
	for (size_t n = 0; n < PYTHON_OPCODES; n++) {
		if (python->version->names[n] != NULL)
			add_points(dispatch, n, dispatch->points, &dispatch->point_count);
	}
	qsort(dispatch->points, dispatch->point_count, sizeof(uint64_t), compare_points);
	drop_equal_points(dispatch);
	for (size_t n = 0; n < PLACES_MAX; n++)
		dispatch->is_place[n] = true;
	dispatch->place_count = PLACES_MAX;
	*out = dispatch;
	return 0;
}

struct dispatch *dispatch_copy(const struct dispatch *dispatch)
{
	struct dispatch *copy = alloc_zero(sizeof(*copy));

	*copy = *dispatch;
	dispatch_forget(copy);
	return copy;
}

void dispatch_free(struct dispatch *dispatch)
{
	free(dispatch);
}

const uint64_t *dispatch_points(const struct dispatch *dispatch, size_t *count)
{
	*count = dispatch->point_count;
	return dispatch->points;
}

const struct walker_table *dispatch_table(const struct dispatch *dispatch)
{
	return dispatch->python->version->minor >= 11 ? &dispatch->table : NULL;
}

bool dispatch_is_point(const struct dispatch *dispatch, uint64_t pc)
{
	return bsearch(&pc, dispatch->points, dispatch->point_count, sizeof(uint64_t),
		       compare_points) != NULL;
}

/* Monitoring puts instrumented opcodes in place of others (from 3.12 on). */
static bool stands_for(const struct python_version *version, size_t opcode, const char *name)
{
	static const char instrumented[] = "INSTRUMENTED_";
	const char *own = version->names[opcode];
	const char *base;

	if (own == NULL)
		return false;
	base = version->base != NULL ? version->names[version->base[opcode]] : own;
	if (strncmp(own, instrumented, sizeof(instrumented) - 1) == 0)
		own += sizeof(instrumented) - 1;
	return strcmp(own, name) == 0 || (base != NULL && strcmp(base, name) == 0);
}

void dispatch_entries_of(const struct dispatch *dispatch, const char *name, bool *entries)
{
	for (size_t n = 0; n < PYTHON_OPCODES; n++)
		entries[n] = entries[n] || stands_for(dispatch->python->version, n, name);
}

size_t dispatch_points_of(const struct dispatch *dispatch, const char *name, uint64_t *points)
{
	size_t count = 0;

	for (size_t n = 0; n < PYTHON_OPCODES; n++) {
		if (stands_for(dispatch->python->version, n, name))
			points[count++] = dispatch->table.targets[n];
	}
	return count;
}

bool dispatch_covers(const struct dispatch *dispatch, uint64_t start, uint64_t size)
{
	for (size_t n = 0; n < dispatch->point_count; n++) {
		if (dispatch->points[n] - start < size)
			return true;
	}
	return false;
}

void dispatch_forget(struct dispatch *dispatch)
{
	memset(&dispatch->last, 0, sizeof(dispatch->last));
}

bool dispatch_is_sure(const struct dispatch *dispatch)
{
	return dispatch->python->version->minor < 11 || dispatch->place_count == 1;
}

/* The running code's instructions, as they stand in memory. */
struct running {
	pid_t pid;
	uint64_t code;
	uint64_t start;
	uint64_t size;
	uint64_t noted; /* address of the instruction that the frame notes */
	unsigned char *bytes;
};

static int read_running(const struct dispatch *dispatch, pid_t pid, uint64_t thread,
			struct running *running, struct dispatch_instruction *out)
{
	const struct python *python = dispatch->python;
	int offset;
	int error = frames_innermost(python, pid, thread, &out->frame);

	if (error == 0 && out->frame == 0)
		return -ENOENT;
	if (error == 0)
		error = frames_code(python, pid, out->frame, &out->code, &offset);
	if (error == 0)
		error = code_instructions(python, pid, out->code, &running->start, &running->size);
	if (error != 0)
		return error;
	running->pid = pid;
	running->code = out->code;
	running->noted = running->start + (uint64_t)(int64_t)offset;
	running->bytes = alloc_zero(running->size + UNIT);
	error = memory_read(pid, running->start, running->bytes, running->size);
	if (error != 0)
		free(running->bytes);
	return error;
}

/* Does an instruction with this opcode start at `pc`? */
static bool starts_at(const struct dispatch *dispatch, uint8_t opcode, uint64_t pc)
{
	const struct dispatch_switches *switches = &dispatch->switches;

	if (dispatch->table.targets[opcode] == pc)
		return true;
	for (size_t n = 0; n < switches->count; n++)
		if (switches->entries[n][opcode] == pc)
			return true;
	return false;
}

/* 3.11 executes what the compiler has emitted while it traces, whatever stands in memory
 * (Python/ceval.c, TRACING_NEXTOPARG()). */
static bool starts_traced_at(const struct dispatch *dispatch, uint8_t opcode, uint64_t pc)
{
	const struct python_version *version = dispatch->python->version;

	return version->minor == 11 && starts_at(dispatch, version->base[opcode], pc);
}

/* Could an instruction at `address` be the one that starts at `pc`? When the event of an
 * INSTRUMENTED_LINE has been told, what that stands for is dispatched. */
static bool fits(const struct dispatch *dispatch, const struct running *running, uint64_t address,
		 uint64_t pc)
{
	const struct python *python = dispatch->python;
	uint64_t offset = address - running->start;
	uint8_t opcode;
	int steps = 0;

	if (offset >= running->size || offset % UNIT != 0)
		return false;
	opcode = running->bytes[offset];
	if (starts_traced_at(dispatch, opcode, pc))
		return true;
	while (!starts_at(dispatch, opcode, pc))
		if (!monitoring_hides(python, opcode) || steps++ == MONITORING_STEPS ||
		    monitoring_original(python, running->pid, running->code, offset, &opcode) != 0)
			return false;
	return true;
}

/* Is what is left a register? */
static bool is_in_register(const struct dispatch *dispatch)
{
	size_t n = 0;

	while (n < REGISTERS && !dispatch->is_place[n])
		n++;
	return n < REGISTERS && dispatch->place_count == 1;
}

/* What each place holds: all registers, then the stack from its pointer on where it may be there.
 */
static size_t read_places(const struct dispatch *dispatch, pid_t pid,
			  const struct registers *registers, uint64_t *values)
{
	uint64_t sp = registers_sp(registers);
	const char *name;
	size_t count = 0;
	ssize_t got;

	while (count < REGISTERS && registers_each(registers, count, &name, &values[count]))
		count++;
	while (count < REGISTERS)
		values[count++] = 0;
	if (is_in_register(dispatch))
		return count;
	got = memory_read_some(pid, sp, values + count, STACK_SLOTS * sizeof(*values));
	return got > 0 ? count + (size_t)got / sizeof(*values) : count;
}

/*
 * Keeps the places that fit this time too. What the first of them holds is the answer: registers
 * come before the stack, where stale copies lie.
 */
static uint64_t choose_place(struct dispatch *dispatch, const struct running *running,
			     const uint64_t *values, size_t count, uint64_t pc)
{
	bool keep[PLACES_MAX] = {false};
	size_t kept = 0;
	uint64_t chosen = 0;

	for (size_t n = 0; n < count; n++) {
		if (!dispatch->is_place[n] || !fits(dispatch, running, values[n], pc))
			continue;
		keep[n] = true;
		kept++;
		/* The noted instruction has started already; another place that fits is better. */
		if (chosen == 0 || chosen == running->noted)
			chosen = values[n];
	}
	if (kept > 0) {
		memcpy(dispatch->is_place, keep, sizeof(keep));
		dispatch->place_count = kept;
	}
	return chosen;
}

static uint64_t find_address(struct dispatch *dispatch, pid_t pid, const struct running *running,
			     const struct registers *registers)
{
	uint64_t values[PLACES_MAX], pc = registers_pc(registers);

	if (dispatch->python->version->minor < 11)
		return fits(dispatch, running, running->noted, pc) ? running->noted : 0;
	return choose_place(dispatch, running, values,
			    read_places(dispatch, pid, registers, values), pc);
}

/* Was the stop before where a switch leads to, and is this one at the body that follows? */
static bool is_behind_entry(const struct dispatch *dispatch, uint8_t opcode, uint64_t pc)
{
	return dispatch->switches.count > 0 && pc == dispatch->table.targets[opcode] &&
	       dispatch->last_pc != pc;
}

/*
 * Only a jump to itself (while True: pass), and up to 3.10 a YIELD_FROM whose generator is resumed,
 * can start twice in a row; that one is started anew without having run only when it has changed
 * meanwhile. Where an INSTRUMENTED_LINE stands, its own body is what starts first. A switch may
 * lead to a place before the body.
 */
static bool is_again(const struct dispatch *dispatch, const struct dispatch_instruction *now,
		     uint64_t pc)
{
	const struct dispatch_instruction *last = &dispatch->last;
	const char *name = dispatch->python->version->names[now->opcode];

	if (now->frame != last->frame || now->address != last->address)
		return false;
	if (now->opcode != last->opcode || is_behind_entry(dispatch, now->opcode, pc))
		return true;
	if (monitoring_hides(dispatch->python, now->opcode))
		return dispatch->table.targets[now->opcode] != pc;
	return strstr(name, "JUMP") == NULL && strcmp(name, "YIELD_FROM") != 0;
}

int dispatch_peek(struct dispatch *dispatch, pid_t pid, uint64_t thread,
		  const struct registers *registers, struct dispatch_instruction *instruction)
{
	struct running running;
	int error = read_running(dispatch, pid, thread, &running, instruction);

	if (error != 0)
		return error;
	instruction->address = find_address(dispatch, pid, &running, registers);
	if (instruction->address != 0) {
		instruction->offset = (int)(instruction->address - running.start);
		instruction->opcode = running.bytes[instruction->offset];
	}
	free(running.bytes);
	return instruction->address != 0 ? 0 : -ENOENT;
}

int dispatch_instruction(struct dispatch *dispatch, pid_t pid, uint64_t thread,
			 const struct registers *registers,
			 struct dispatch_instruction *instruction)
{
	int error = dispatch_peek(dispatch, pid, thread, registers, instruction);

	if (error != 0)
		return error;
	instruction->is_again = is_again(dispatch, instruction, registers_pc(registers));
	dispatch->last = *instruction;
	dispatch->last_pc = registers_pc(registers);
	return 0;
}
