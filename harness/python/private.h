/* SPDX-License-Identifier: MIT */
/* What the files of harness/python share; nobody else includes it. */
#ifndef SIGSWEEP_PYTHON_PRIVATE_H
#define SIGSWEEP_PYTHON_PRIVATE_H

#include "harness/python/layout.h"
#include "harness/python/python.h"

struct python {
	struct python_image image;
	const struct python_version *version;
	struct python_layout at; /* the version's, corrected by _Py_DebugOffsets */
	uint64_t interpreter;    /* the main PyInterpreterState */
	uint64_t handlers;       /* the table of signal handlers; 0: not found (yet) */
	/* INSTRUMENTED_LINE and INSTRUMENTED_INSTRUCTION; 0: this version has none. */
	uint8_t instrumented_line;
	uint8_t instrumented_instruction;
	char text[32];
};

#define THREAD_STATE_MAX 2048 /* bytes: more than a _PyThreadStateImpl up to what is read there */

/* The known version with this minor number, NULL: none. */
const struct python_version *layout_find(unsigned int minor);

/* What can be read from `start` on, at most up to `end`, in new memory (caller frees), and its
 * size; NULL: nothing, or so much that it is no data of an interpreter's. */
unsigned char *read_range(pid_t pid, uint64_t start, uint64_t end, size_t *size);

/* Reads a pointer, a 32-bit integer. */
int read_pointer(pid_t pid, uint64_t address, uint64_t *value) MUST_CHECK;
int read_int(pid_t pid, uint64_t address, int32_t *value) MUST_CHECK;

/* The contents of a bytes object in new memory (caller frees), at most `max` bytes of them. */
int read_bytes(const struct python *python, pid_t pid, uint64_t object, size_t max,
	       unsigned char **data, size_t *size) MUST_CHECK;

/* A str as python_unicode() has it, in new memory (caller frees); it is cut only where it is
 * longer than any name. */
int read_text(const struct python *python, pid_t pid, uint64_t object, char **text) MUST_CHECK;

/* The address of an object's type. */
int read_type(const struct python *python, pid_t pid, uint64_t object, uint64_t *type) MUST_CHECK;

/* The last part of a type's name; `type` is the type itself. */
int read_type_name(const struct python *python, pid_t pid, uint64_t type, char *name,
		   size_t size) MUST_CHECK;

/* The line of the instruction at byte `offset` by a line table of `size` bytes; 0: none. */
int lines_find(unsigned int minor, const unsigned char *table, size_t size, int first_line,
	       int offset);

/* Finds the static table of signal handlers (up to 3.11): a signal's entry, or 0. */
uint64_t handlers_find(const struct python *python, pid_t pid);

/*
 * Where every end of the interpreter comes by: Py_FinalizeEx, which Py_Exit calls too, and from
 * 3.13 on _Py_Finalize, which both call (Python/pylifecycle.c). 0: not found.
 */
uint64_t finalize_find(struct symbols *symbols, pid_t pid, const char *module, uint32_t version);

/* Fills the image's looks and polls; none where the module does not name them. */
void looks_find(struct symbols *symbols, pid_t pid, const char *module, struct python_image *image);

/* The frame that a thread executes. */
int frames_innermost(const struct python *python, pid_t pid, uint64_t thread,
		     uint64_t *frame) MUST_CHECK;

/* What a frame has in its own memory. */
struct frame_words {
	uint64_t address; /* of the frame itself; by frames_next() only */
	uint64_t code;
	uint64_t previous; /* the frame further out; 0: none */
	int offset;        /* in bytes, of the instruction that it notes */
	enum python_owner owner;
	bool is_entry; /* as far as it says so itself */
	bool is_shim;  /* no Python frame, but what lies under the outermost one of each run of the
			* loop, from 3.12 on */
};

/* Reads them all at once. */
int frames_read(const struct python *python, pid_t pid, uint64_t frame,
		struct frame_words *words) MUST_CHECK;

/* A walk through the frames of a thread, from the innermost one on. */
struct frame_walk {
	const struct python *python;
	pid_t pid;
	uint64_t thread; /* whose they are: the one that is executed */
	bool goes_out;   /* to those that the same thread executes in other interpreters */
	uint64_t frame;  /* the next one; 0: this thread state has no more */
	size_t shims;
	size_t outs; /* how often it went out */
};

/* From the first four members on. */
int frames_begin(struct frame_walk *walk) MUST_CHECK;

/* The next frame or shim: 1; at the end 0, or -errno. */
int frames_next(struct frame_walk *walk, struct frame_words *words) MUST_CHECK;

/*
 * Where the same thread has frames further out than those of the subinterpreter that it executes:
 * its n-th other thread state, the one further in first; 0: there are no more. By where on the
 * thread's stack they lie; in 3.9, which does not say it, by the age of their interpreters.
 */
uint64_t threads_outer(const struct python *python, pid_t pid, uint64_t innermost, size_t n);

/* The code object of a frame, and the offset in bytes that it notes for its instruction. */
int frames_code(const struct python *python, pid_t pid, uint64_t frame, uint64_t *code,
		int *offset) MUST_CHECK;

/* Address and size in bytes of the instructions of a code object, as they stand in memory. */
int code_instructions(const struct python *python, pid_t pid, uint64_t code, uint64_t *start,
		      uint64_t *size) MUST_CHECK;

/*
 * The instructions of a code object in new memory (caller frees) with two more bytes, at most `max`
 * bytes of them: where monitoring has put an opcode of its own that says nothing
 * (INSTRUMENTED_LINE, INSTRUMENTED_INSTRUCTION), the one that it stands for. Others are as they
 * stand in memory: the version's `base` is what the compiler has emitted.
 */
int code_read(const struct python *python, pid_t pid, uint64_t code, uint64_t max,
	      unsigned char **bytes, uint64_t *size) MUST_CHECK;

/* The number of the opcode of this name; 0: there is none. */
uint8_t monitoring_opcode(const struct python_version *version, const char *name);

/* Does the opcode not say what it stands for? */
bool monitoring_hides(const struct python *python, uint8_t opcode);

/* An INSTRUMENTED_LINE may stand for an INSTRUMENTED_INSTRUCTION, and no other way round. */
#define MONITORING_STEPS 2

/* Replaces such an opcode, at byte `offset` of a code object's instructions, by what it stands for,
 * which may be the other one of the two. */
int monitoring_original(const struct python *python, pid_t pid, uint64_t code, uint64_t offset,
			uint8_t *opcode) MUST_CHECK;

#endif
