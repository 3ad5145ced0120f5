/* SPDX-License-Identifier: MIT */
/*
 * What the files of the python-refcount oracle share: references that no object of the interpreter
 * has, counted by it itself in a copy that stands where the script is over. Knows nothing of how a
 * trial came there.
 */
#ifndef SIGSWEEP_ORACLES_PYTHON_REFCOUNT_H
#define SIGSWEEP_ORACLES_PYTHON_REFCOUNT_H

#include "harness/engine/walker.h"
#include "harness/model/interpreter.h"

#include <stdint.h>

/* References to the objects of one type, or to one object, beyond those that objects have which
 * the garbage collector knows. */
struct python_refcount_row {
	char kind;      /* T all objects of a type, N those of a type with too few, W an announced
			 * object or a global variable of the script */
	int64_t excess; /* T: in all; N: how many objects; W: of the object, below 0 too few */
	char *name;     /* of the type; of the object */
	char *type;     /* W: of the object */
};

struct python_refcount_table {
	struct python_refcount_row *rows;
	size_t count;
	size_t capacity;
	int64_t modules; /* how many are loaded */
	int64_t blocks;  /* sys.getallocatedblocks() */
	int64_t total;   /* sys.gettotalrefcount(); 0: no pydebug build */
};

/* Asks a copy; it is spoilt by that. */
int python_refcount_ask(struct python_refcount_table *table, struct interpreter *interpreter,
			const struct walker *walker) MUST_CHECK;
void python_refcount_free(struct python_refcount_table *table);
const struct python_refcount_row *python_refcount_find(const struct python_refcount_table *table,
						       char kind, const char *name);

#endif
