/* SPDX-License-Identifier: MIT */
/*
 * A manifest: a scenario and the verdict that it must have, as docs/manifest.md describes the file.
 * Reads the text and checks its form; must not know injectors, oracles or signals: values that only
 * their tables can judge are kept as written, each with its line, so that a later error can name
 * it.
 */
#ifndef SIGSWEEP_MODEL_MANIFEST_H
#define SIGSWEEP_MODEL_MANIFEST_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value as written, blanks around it cut off. */
struct manifest_text {
	char *text;        /* NULL: the key is not there */
	unsigned int line; /* from 1; 0: the key is not there */
};

struct manifest_list {
	struct manifest_text *items;
	size_t count;
	size_t capacity;
};

struct manifest_finding {
	char *oracle;
	char *kind;
	char *function; /* glob; NULL: any */
	unsigned int line;
};

/* A name that the report must hold, of outcomes or of deliveries. */
struct manifest_count {
	char *name; /* glob */
	bool has_count;
	uint64_t count; /* at least 1 where has_count */
	unsigned int line;
};

enum manifest_verdict {
	MANIFEST_UNDECLARED, /* others are declared for other versions of CPython */
	MANIFEST_GOOD,       /* no finding at all */
	MANIFEST_BAD,        /* exactly the findings declared, none else */
};

enum manifest_need_kind {
	MANIFEST_NEED_COMMAND,     /* text: name to find in PATH */
	MANIFEST_NEED_FILE,        /* text: path */
	MANIFEST_NEED_ROOT,        /* text: NULL */
	MANIFEST_NEED_WATCHPOINTS, /* breakpoints of the CPU that work; text: NULL */
};

struct manifest_need {
	enum manifest_need_kind kind;
	char *text;
	unsigned int line;
};

enum manifest_stdin_kind {
	MANIFEST_STDIN_EMPTY,
	MANIFEST_STDIN_FILE, /* text: a path, already resolved beside the manifest */
	MANIFEST_STDIN_TEXT, /* text: the bytes, escapes decoded; it may hold NULs */
};

struct manifest {
	char *path;   /* as given to manifest_read() */
	char *folder; /* of the path; "." where the path has none */
	struct manifest_text title;
	struct manifest_text program;     /* as written; manifest_program() resolves it */
	bool is_python;                   /* `program: python`: the CPython under test */
	struct manifest_list arguments;   /* as written; manifest_argument() resolves one */
	struct manifest_list environment; /* NAME=VALUE, or NAME to unset */
	enum manifest_stdin_kind stdin_kind;
	char *stdin_text;
	size_t stdin_size; /* bytes of stdin_text */
	struct manifest_text signal;
	struct manifest_text boundary;
	struct manifest_text from;
	struct manifest_text to;
	struct manifest_text in;
	struct manifest_text oracles;
	struct manifest_text expect;
	struct manifest_text budget;
	struct manifest_text timeout;
	struct manifest_text max_latency;
	struct manifest_text status;
	struct manifest_need *needs;
	size_t need_count;
	enum manifest_verdict verdict;
	struct manifest_finding *findings; /* none where the verdict is good */
	size_t finding_count;
	struct manifest_finding *benign; /* that must be listed as benign, whatever the verdict */
	size_t benign_count;
	struct manifest_count *outcomes;
	size_t outcome_count;
	struct manifest_count *deliveries;
	size_t delivery_count;
	struct manifest_count *wents; /* kinds of what became of the signal */
	size_t went_count;
	bool complete; /* default true */
	bool is_long;
};

/*
 * Reads `path`, a regular file of at most 1 MiB, into `manifest` (whatever it held is overwritten).
 * Of the lines for some versions of CPython (manifest_versions.h) those for `interpreter` are taken
 * ("3.11", "3.11d"; NULL: none); the whole is checked for every version that it names.
 * 0, or -errno with a sentence that begins "FILE:LINE: " ("FILE: " where no line is to blame):
 * -EINVAL for what the format does not allow, else why the file could not be read. On failure there
 * is nothing to free.
 */
int manifest_read(struct manifest *manifest, const char *path, const char *interpreter) MUST_CHECK;

/* Frees what manifest_read() took; the struct is all zeros afterwards, and may be so before. */
void manifest_free(struct manifest *manifest);

/*
 * The program to run; the caller frees. `build:NAME` is found under `build`, the build folder:
 * BUILD/targets/FOLDER/NAME, FOLDER being the last part of the manifest's folder's real path.
 * `python` is the path `python`. Anything else is given as written: a path, or a name to find in
 * PATH.
 */
char *manifest_program(const struct manifest *manifest, const char *build, const char *python);

/* A value with `build:NAME` and `manifest:FILE` resolved; the caller frees. */
char *manifest_built(const struct manifest *manifest, const char *build, const char *value);

/* The n-th argument, from 0, resolved like that; the caller frees. */
char *manifest_argument(const struct manifest *manifest, const char *build, size_t n);

#endif
