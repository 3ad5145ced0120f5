/* SPDX-License-Identifier: MIT */
/* LOC: a place in a program as people write it, and the addresses it stands for. */
#ifndef SIGSWEEP_MODEL_LOCATION_H
#define SIGSWEEP_MODEL_LOCATION_H

#include "harness/base/fail.h"
#include "harness/engine/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum location_kind {
	LOCATION_MAIN, /* main: the start of the program's main function, also where it is stripped
			*/
	LOCATION_HANDLER, /* handler: where the program has first installed a handler for the signal
			   */
	LOCATION_EXIT,    /* exit: the end of the process */
	LOCATION_SYMBOL,  /* symbol or module!symbol */
	LOCATION_OFFSET,  /* module+0xOFF, OFF as objdump prints it */
	LOCATION_LINE,    /* file.c:LINE */
	LOCATION_PROBE,   /* probe:PROVIDER:NAME, an SDT probe */
	LOCATION_ADDRESS, /* 0xADDRESS in the process */
	LOCATION_MODULE,  /* module: where CPython begins to execute the script */
	LOCATION_FINALIZE, /* finalize: where CPython begins to end, all objects still being there
			    */
	LOCATION_PYTHON_FUNCTION, /* py:NAME: a Python function is entered. NAME may be qualified */
	LOCATION_PYTHON_LINE,     /* file.py:LINE */
	LOCATION_WINDOW, /* window or window:NAME: the window that a script opens with the companion
			    module */
};

struct location {
	enum location_kind kind;
	char *text;      /* as given */
	bool is_default; /* not given at all */
	char *module;    /* glob, or NULL */
	char *name;      /* symbol, file, provider or window; NULL: any window */
	char *probe;
	uint64_t number; /* offset, line or address */
};

/* Reads one; location_free() frees. -EINVAL with a sentence. */
int location_parse(const char *text, struct location *location) MUST_CHECK;
void location_free(struct location *location);

/* A place that only the interpreter knows, not the program's symbols? */
bool location_is_python(const struct location *location);

/*
 * The addresses it stands for in a process with these symbols: a new array (caller frees). -ENOENT
 * when there are none (yet: a library may still be loaded). For a probe `semaphores` has the
 * address of each site's counter (0: none), else it is NULL. Not for main, handler and exit, and
 * not for Python's places.
 */
int location_resolve(const struct location *location, struct symbols *symbols, uint64_t **addresses,
		     uint64_t **semaphores, size_t *count) MUST_CHECK;

#endif
