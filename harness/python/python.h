/* SPDX-License-Identifier: MIT */
/*
 * What a stopped CPython process is doing, read from outside: frames, exceptions, pending signals,
 * names. Stock release builds without debug symbols suffice. Never runs or writes the process, and
 * knows nothing of ptrace; a forked copy of the process has its addresses, so one struct python
 * serves them all.
 */
#ifndef SIGSWEEP_PYTHON_PYTHON_H
#define SIGSWEEP_PYTHON_PYTHON_H

#include "harness/base/fail.h"
#include "harness/engine/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct python;

#define PYTHON_LOOKS_MAX 24

/* The functions that look for signals, by their first instruction. */
struct python_looks {
	uint64_t functions[PYTHON_LOOKS_MAX];
	size_t count; /* 0: not known */
};

bool python_is_look(const struct python_looks *looks, uint64_t function);

/* Where the interpreter lies in a process; python_find_image() fills it. */
struct python_image {
	uint64_t runtime;          /* address of _PyRuntime */
	uint64_t runtime_size;     /* its size as the symbol has it, 0: not known */
	uint64_t eval;             /* address of _PyEval_EvalFrameDefault */
	uint64_t eval_size;        /* as the symbol has it: only a part of it from 3.14 on */
	uint32_t version;          /* PY_VERSION_HEX; of 3.9 and 3.10 major and minor only */
	bool is_debug;             /* a pydebug build */
	uint64_t finalize;         /* where it begins to take everything down; 0: not known */
	struct python_looks looks; /* of PyErr_CheckSignals(): call the handlers */
	struct python_looks
		polls;  /* of PyOS_InterruptOccurred(): take SIGINT back, and call none */
	uint64_t start; /* the module's mappings, lowest and highest address */
	uint64_t end;
	uint64_t bias;    /* address in the process = address in the ELF file + bias */
	const char *path; /* as mapped; lives as long as the symbols */
};

/*
 * Finds the interpreter among the modules: the program itself or a libpython. -ENOENT: the process
 * maps none; -ENOTSUP with a sentence: a version that the harness does not know.
 */
int python_find_image(struct symbols *symbols, pid_t pid, struct python_image *image) MUST_CHECK;

/*
 * Opens the interpreter of `pid`, which is stopped. -ENOENT: no CPython in it. -ENOTSUP: CPython of
 * a version or build that the harness does not know; the sentence says which, and that there are
 * native frames only. -EAGAIN: not initialised yet, try again later. The caller frees *python with
 * python_free(); it does not keep `symbols`.
 */
int python_attach(struct symbols *symbols, pid_t pid, struct python **python) MUST_CHECK;

/* The same for an image found by other means. */
int python_open(const struct python_image *image, pid_t pid, struct python **python) MUST_CHECK;
void python_free(struct python *python);

/* "3.11.2", "3.9", with " pydebug" behind it for such a build. Lives as long as `python`. */
const char *python_version_text(const struct python *python);
const struct python_image *python_image(const struct python *python);

/*
 * The PyThreadState of the thread whose thread pointer (fs base, which is pthread_self() and what
 * a forked copy keeps) is given; 0: the process's only one, or the main thread's. Of a thread that
 * has several, since it executes code of subinterpreters, the one that is executed: that which has
 * the GIL or, where none has, the one further in on the stack. -ENOENT: the thread is none of
 * CPython's.
 */
int python_find_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
		       uint64_t *thread) MUST_CHECK;

/* The same of the main interpreter, whosever turn it is: that is where signals are handled. 0: that
 * of the main thread. */
int python_find_main_thread(const struct python *python, pid_t pid, uint64_t thread_pointer,
			    uint64_t *thread) MUST_CHECK;

/* Are there subinterpreters? Where there are none, or no interpreter at all any more, a thread has
 * one PyThreadState only. */
bool python_has_others(const struct python *python, pid_t pid);

enum python_owner {
	PYTHON_OWNER_THREAD,
	PYTHON_OWNER_GENERATOR, /* also coroutines */
	PYTHON_OWNER_OBJECT,
};

struct python_frame {
	uint64_t address;   /* of the frame: names it for as long as it exists */
	uint64_t code;      /* of its code object */
	char file[256];     /* co_filename; shortened from the left with "..." */
	char function[128]; /* co_qualname from 3.11 on, before co_name; shortened likewise */
	int first_line;
	int line;       /* of the current instruction; 0: it has none, or not started */
	int offset;     /* of the current instruction in bytes, as dis prints it; -1: not started */
	uint8_t opcode; /* specialised or instrumented, as in memory, but for INSTRUMENTED_LINE and
			 * INSTRUMENTED_INSTRUCTION: what they stand for */
	const char *opcode_name; /* of that opcode; "" when not started */
	const char *base_name;   /* of the opcode that the compiler emitted, as dis names it */
	enum python_owner owner;
	/*
	 * The outermost Python frame of one run of the C function _PyEval_EvalFrameDefault: the
	 * native frame of that function stands for this frame and the ones before it in the list
	 * that have no mark. Up to 3.10 each frame has the mark.
	 */
	bool is_entry;
};

/*
 * The frames of a thread (a PyThreadState), innermost first: their number, at most `max`, or
 * -errno. A chain that cannot be read to its end gives the frames up to there. Behind those of a
 * subinterpreter come the ones that the same thread executes further out.
 *
 * The current instruction of the innermost frame is the one that the interpreter itself has noted:
 * exact where it can call anything, otherwise possibly an earlier one, since it notes none for
 * opcodes that cannot fail (from 3.13 on). At an opcode boundary ask dispatch_instruction().
 */
ssize_t python_frames(const struct python *python, pid_t pid, uint64_t thread,
		      struct python_frame *frames, size_t max) MUST_CHECK;

/* Where a frame is, without what its code object says. */
struct python_place {
	uint64_t frame;
	uint64_t code;
	int offset; /* as in struct python_frame, but it may be that of an inline cache */
};

/* The same frames as python_frames(), quickly. */
ssize_t python_places(const struct python *python, pid_t pid, uint64_t thread,
		      struct python_place *places, size_t max) MUST_CHECK;

/* The code object of the innermost of these frames; 0: it executes none. */
int python_running_code(const struct python *python, pid_t pid, uint64_t thread,
			uint64_t *code) MUST_CHECK;

/* The code object of a frame (address as in struct python_frame), and whether none of it was
 * executed yet. */
int python_frame_code(const struct python *python, pid_t pid, uint64_t frame, uint64_t *code,
		      bool *is_new) MUST_CHECK;

/* The first argument (self, of a method) of a function that takes one and whose frame has executed
 * nothing yet. */
int python_first_argument(const struct python *python, pid_t pid, uint64_t frame,
			  uint64_t *object) MUST_CHECK;

/* What tells a code object from another one that came to lie at the same address. */
uint64_t python_code_stamp(const struct python *python, pid_t pid, uint64_t code);

/* The offsets in bytes of a code object's instructions that belong to a line: their number, at most
 * `max` of them are stored; or -errno. */
ssize_t python_line_offsets(const struct python *python, pid_t pid, uint64_t code, int line,
			    int *offsets, size_t max) MUST_CHECK;

/* What a file has beside a line: the nearest lines with code, 0 where there is none. */
struct python_near_lines {
	int line;
	bool has_line; /* it has code itself */
	int before;
	int after;
};

/* Of a code object and all that are defined in it: for a module's, of the whole file. */
int python_near_lines(const struct python *python, pid_t pid, uint64_t code, int line,
		      struct python_near_lines *near) MUST_CHECK;

/* The Python line of the instruction `offset` bytes into a code object; 0: it has none. */
int python_line(const struct python *python, pid_t pid, uint64_t code, int offset);

/* The name of a code object as in struct python_frame, but all of it; the caller frees. */
int python_code_name(const struct python *python, pid_t pid, uint64_t code, char **name) MUST_CHECK;

/* Fills what a frame takes from its code object and an instruction address in it (file, function,
 * lines, opcode); `offset` in bytes. */
int python_fill_frame(const struct python *python, pid_t pid, uint64_t code, int offset,
		      struct python_frame *frame) MUST_CHECK;

/* One row of a code object's exception table (from 3.11 on), offsets in bytes, end exclusive. */
struct python_handler {
	int start;
	int end;
	int target;
	int depth;
	bool pushes_offset;
};

/* The rows of a code object's exception table: their number, at most `max`, or -errno. */
ssize_t python_handlers(const struct python *python, pid_t pid, uint64_t code,
			struct python_handler *handlers, size_t max) MUST_CHECK;

/* An exception that the interpreter holds. All 0 or "" when there is none. */
struct python_exception {
	uint64_t type;            /* where the interpreter stores it apart: raised, up to 3.11; else
				     the value's own */
	uint64_t value;           /* 0 for one that is not normalised yet (up to 3.11) */
	uint64_t traceback;       /* stored apart up to 3.11, else the value's own */
	char type_name[96];       /* of `type`, as the class is called */
	char value_type_name[96]; /* of the type of `value`; differs where the state is torn */
	char traceback_type_name[32];
	int64_t refcount; /* of `value` */
	bool is_immortal;
};

/* The exception being raised in a thread: "set", not handled yet. Its absence is success. */
int python_current_exception(const struct python *python, pid_t pid, uint64_t thread,
			     struct python_exception *exception) MUST_CHECK;

/* The exceptions that one holds as its __context__ and its __cause__; 0: none. */
int python_chained(const struct python *python, pid_t pid, uint64_t exception,
		   uint64_t links[2]) MUST_CHECK;

/* Has an exception object come by a frame, so that it has a traceback? True where that cannot be
 * known. */
bool python_has_traceback(const struct python *python, pid_t pid, uint64_t exception);

/* The exceptions being handled (the exc_info stack), innermost first, empty items included: their
 * number, at most `max`, or -errno. */
ssize_t python_handled_exceptions(const struct python *python, pid_t pid, uint64_t thread,
				  struct python_exception *exceptions, size_t max) MUST_CHECK;

/* What a thread holds of exceptions, word for word as it lies in memory: to see whether, and where,
 * something was changed. Words that the version does not have are 0. */
struct python_exception_words {
	uint64_t current[3]; /* type, value, traceback; from 3.12 on the value is all there is */
	uint64_t item;       /* the innermost item of the exc_info stack */
	uint64_t handled[3]; /* what that holds, likewise */
};

int python_exception_words(const struct python *python, pid_t pid, uint64_t thread,
			   struct python_exception_words *words) MUST_CHECK;

/* Where the words of `current` lie; 0: the version has no such word. */
void python_exception_places(const struct python *python, uint64_t thread, uint64_t places[3]);

/* What the interpreter knows of signals that arrived and that Python has not handled. */
struct python_pending {
	bool is_tripped;  /* any */
	uint64_t tripped; /* bit n-1: signal n arrived and its Python handler has not run */
	bool is_flagged;  /* the interpreter was told to look at the next check */
	bool is_known;    /* false: the table of handlers was not found, `tripped` says nothing */
};

/* Where the mark (4 bytes) lies that a signal arrived and that its Python handler has not run: it
 * is set by the handler in C, and cleared right before the one in Python is called. -ENOENT: the
 * table of handlers was not found. */
int python_tripped_at(const struct python *python, int signal, uint64_t *address) MUST_CHECK;

/* Bits of python_thread_breaker(), from 3.13 on (pycore_ceval.h, _PY_*_BIT). */
#define PYTHON_BREAKER_SIGNALS 2

int python_pending_signals(const struct python *python, pid_t pid, uint64_t thread,
			   struct python_pending *pending) MUST_CHECK;

/* The word that makes the interpreter leave its fast path: per interpreter a flag up to 3.12, per
 * thread bits from 3.13 on. */
int python_eval_breaker(const struct python *python, pid_t pid, uint64_t thread,
			uint64_t *value) MUST_CHECK;

/* Objects. All addresses are PyObject *; nothing of them is changed. */

/* The name of an object's type ("Lock", "KeyboardInterrupt"): its last part, without a module. */
int python_type_name(const struct python *python, pid_t pid, uint64_t object, char *name,
		     size_t size) MUST_CHECK;

/* Is a type, or one that it is derived from by tp_base (of several bases the one whose layout it
 * has), called so? A class of SystemExit's is derived from it in this way: it has a word more. */
bool python_is_derived(const struct python *python, pid_t pid, uint64_t type, const char *name);

/* A str as UTF-8, cut to `size` - 1 bytes at a whole character: its length, or -errno (-EINVAL: it
 * is no str). Always ends `text`. */
ssize_t python_unicode(const struct python *python, pid_t pid, uint64_t object, char *text,
		       size_t size) MUST_CHECK;

/* The reference count; -1 with *is_immortal for an object that has none. */
int python_refcount(const struct python *python, pid_t pid, uint64_t object, int64_t *count,
		    bool *is_immortal) MUST_CHECK;

/* Where it lies: 4 bytes, the lower ones where there are more. */
uint64_t python_refcount_at(const struct python *python, uint64_t object);

/* The value that a dict (its address) holds under a str key; -ENOENT: none. */
int python_dict_find(const struct python *python, pid_t pid, uint64_t dict, const char *key,
		     uint64_t *value) MUST_CHECK;

/* Calls `each` with every key and value of a dict, in order, until it returns nonzero, which is
 * then returned; 0 at the end, -errno when the dict could not be read. */
int python_dict_each(const struct python *python, pid_t pid, uint64_t dict,
		     int (*each)(void *context, uint64_t key, uint64_t value),
		     void *context) MUST_CHECK;

/* How many items a dict has. */
int python_dict_size(const struct python *python, pid_t pid, uint64_t dict,
		     uint64_t *size) MUST_CHECK;

/* A module of sys.modules, and the value of one of its attributes; -ENOENT: none. */
int python_module_attribute(const struct python *python, pid_t pid, const char *module,
			    const char *attribute, uint64_t *value) MUST_CHECK;

/* Where the address stands of the C function behind a method that a type written in C has itself;
 * -ENOENT: there is none. */
int python_type_function(const struct python *python, pid_t pid, uint64_t type, const char *name,
			 uint64_t *pointer) MUST_CHECK;

/* The C function that frees a type's objects. */
int python_type_dealloc(const struct python *python, pid_t pid, uint64_t type,
			uint64_t *function) MUST_CHECK;

/* The C function behind a built-in function; -EINVAL: the object is none. */
int python_builtin_function(const struct python *python, pid_t pid, uint64_t object,
			    uint64_t *function) MUST_CHECK;

enum python_calls {
	PYTHON_CALLS_C,     /* a function written in C, or it cannot be told */
	PYTHON_CALLS_CODE,  /* a Python function's */
	PYTHON_CALLS_CLASS, /* what makes an object of a class, or a class */
};

/* What calling an object executes. */
struct python_callee {
	enum python_calls kind;
	uint64_t at; /* C: the function, CODE: the code object; 0: not known */
};

/* The same through methods, functools.partial(), static methods, and the __call__() of objects. 0:
 * no object. */
struct python_callee python_callee(const struct python *python, pid_t pid, uint64_t object);

/* The address of the import lock, a _PyRecursiveMutex (pycore_lock.h); 0: it is a PyThread lock, up
 * to 3.12. */
uint64_t python_import_lock(const struct python *python);

/* The minor version: 13 for 3.13. */
unsigned int python_minor(const struct python *python);

/* The elements of a list or tuple: their number, at most `max` of them are stored; or -errno. */
ssize_t python_items(const struct python *python, pid_t pid, uint64_t object, uint64_t *items,
		     size_t max) MUST_CHECK;

#endif
