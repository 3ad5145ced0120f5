/* SPDX-License-Identifier: MIT */
/*
 * Which clause of a try statement handles an exception, by the bytecode that the compiler emits for
 * it (Python/compile.c and codegen.c, compiler_try_except()): the classes are tried one after
 * another, each failed match leads to the next clause, and a bare except begins with dropping what
 * was raised.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/python/interruption.h"
#include "harness/python/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 2 /* bytes of a code unit: opcode, argument */
#define CLAUSES_MAX 200

struct instructions {
	const struct python_version *version;
	unsigned char *bytes;
	int size;
};

struct instruction {
	int next; /* offset of what follows it, inline caches left out */
	unsigned int argument;
	const char *name; /* as dis has it */
};

static const char *name_of(const struct python_version *version, unsigned int opcode)
{
	const char *name = version->names[version->base != NULL ? version->base[opcode] : opcode];

	return name != NULL ? name : "";
}

/* The instruction at `offset`, with the EXTENDED_ARGs before it. False at the end. */
static bool decode(const struct instructions *code, int offset, struct instruction *out)
{
	const struct python_version *version = code->version;

	out->argument = 0;
	do {
		unsigned int opcode;

		if (offset < 0 || offset + UNIT > code->size)
			return false;
		opcode = code->bytes[offset];
		out->argument = out->argument << 8 | code->bytes[offset + 1];
		out->name = name_of(version, opcode);
		offset += UNIT;
		if (version->base != NULL)
			offset += UNIT * version->caches[version->base[opcode]];
		out->next = offset;
	} while (strcmp(out->name, "EXTENDED_ARG") == 0);
	return true;
}

static bool is(const struct instruction *instruction, const char *name)
{
	return strcmp(instruction->name, name) == 0;
}

static bool starts(const struct instruction *instruction, const char *name)
{
	return strncmp(instruction->name, name, strlen(name)) == 0;
}

/* What cannot stand in the expression that names the classes: the clause's end, and the beginning
 * of another statement that may have classes of its own. */
static bool ends_expression(const struct instruction *instruction)
{
	return is(instruction, "POP_EXCEPT") || is(instruction, "PUSH_EXC_INFO") ||
	       is(instruction, "RERAISE") || starts(instruction, "RAISE_") ||
	       starts(instruction, "RETURN_") || starts(instruction, "SETUP_");
}

/* The match that begins at `offset`: where it leads to when it fails; -1: none begins here.
 * *is_group: it is one of an `except*`. */
static int find_match(const struct instructions *code, int offset, bool *is_group)
{
	const unsigned int minor = code->version->minor;
	struct instruction now;

	while (decode(code, offset, &now) && !ends_expression(&now)) {
		offset = now.next;
		if (is(&now, "JUMP_IF_NOT_EXC_MATCH")) /* absolute */
			return (int)now.argument * (minor == 9 ? 1 : UNIT);
		*is_group = is(&now, "CHECK_EG_MATCH");
		if (!is(&now, "CHECK_EXC_MATCH") && !*is_group)
			continue;
		while (decode(code, offset, &now) && !starts(&now, "POP_JUMP_")) {
			if (ends_expression(&now))
				return -1;
			offset = now.next;
		}
		return now.next + (int)now.argument * UNIT;
	}
	return -1;
}

static enum python_clause find_clause(const struct instructions *code, int offset, int at)
{
	for (int n = 0; n < CLAUSES_MAX; n++) {
		struct instruction first;
		bool is_group = false;
		int failed;

		if (!decode(code, offset, &first))
			return PYTHON_CLAUSE_UNKNOWN;
		if (is(&first, "PUSH_EXC_INFO")) {
			offset = first.next;
			continue;
		}
		if (is(&first, "POP_TOP"))
			return PYTHON_CLAUSE_BARE;
		if (is(&first, "WITH_EXCEPT_START"))
			return PYTHON_CLAUSE_WITH;
		failed = find_match(code, offset, &is_group);
		if (failed < 0)
			return PYTHON_CLAUSE_FINALLY;
		/* Each class of an `except*` has its turn, and what none has asked for is raised
		 * again at the end: what is gone then has been asked for. */
		if (is_group)
			return PYTHON_CLAUSE_TYPED;
		if (at < failed)
			return PYTHON_CLAUSE_TYPED;
		offset = failed;
	}
	return PYTHON_CLAUSE_UNKNOWN;
}

/* The instructions of a code object in new memory. */
static int read_instructions(const struct python *python, pid_t pid, uint64_t code,
			     struct instructions *out)
{
	uint64_t size = 0;
	int error;

	*out = (struct instructions){.version = python->version};
	error = code_read(python, pid, code, UINT64_MAX, &out->bytes, &size);
	out->size = (int)size;
	return error;
}

enum python_clause python_clause_of(const struct python *python, pid_t pid, uint64_t code,
				    int start, int at)
{
	struct instructions instructions;
	enum python_clause clause = PYTHON_CLAUSE_UNKNOWN;

	if (read_instructions(python, pid, code, &instructions) == 0)
		clause = find_clause(&instructions, start, at);
	free(instructions.bytes);
	return clause;
}

const char *python_opcode_name(const struct python *python, uint8_t opcode)
{
	return name_of(python->version, opcode);
}

int python_read_instruction(const struct python *python, pid_t pid, uint64_t code, int offset,
			    uint64_t *address, uint8_t *opcode)
{
	uint64_t start, size;
	int error = code_instructions(python, pid, code, &start, &size);

	if (error != 0)
		return error;
	if (offset < 0 || (uint64_t)offset >= size)
		return -EINVAL;
	*address = start + (uint64_t)offset;
	error = memory_read(pid, *address, opcode, sizeof(*opcode));
	for (int n = 0; n < MONITORING_STEPS && error == 0; n++)
		if (monitoring_hides(python, *opcode))
			error = monitoring_original(python, pid, code, (uint64_t)offset, opcode);
	return error;
}
