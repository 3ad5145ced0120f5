/* SPDX-License-Identifier: MIT */
/*
 * What the files of the python-lock oracle share. As for native locks, detection is cheap: the
 * words of all locks that the baseline takes are read where the interpreter begins to end. Only
 * where one is held that the baseline does not hold there is the trial made once more and watched.
 * Stacks are of Python frames, so who has to release a lock is a Python function.
 */
#ifndef SIGSWEEP_ORACLES_PYTHON_LOCK_H
#define SIGSWEEP_ORACLES_PYTHON_LOCK_H

#include "harness/kernel/ptrace.h"
#include "harness/model/follow.h"
#include "harness/model/interpreter.h"
#include "harness/model/notes.h"
#include "harness/model/oracle.h"
#include "harness/oracles/lock/lock.h"

#define PYTHON_LOCK_EVENTS 20000 /* in the survey: some seconds */

/* Where something happens to a lock. */
struct python_lock_site {
	uint64_t pc;
	enum lock_kind kind;
	enum lock_effect effect;
	uint64_t address;    /* of the lock; 0: it is what the first argument says */
	unsigned int offset; /* of the lock in the object that is the first argument */
	bool is_object;      /* the first argument is a Python object */
	bool is_pointer;     /* that has a pointer to the lock at `offset` */
	bool is_inner;       /* counts only when the interpreter's own code calls it */
	bool is_exchange;    /* an instruction that takes or gives it, if it succeeds */
	uint64_t pointer;    /* where the address of the function stands; 0: nowhere */
	uint64_t function;   /* what stands there */
};

struct python_lock_module {
	uint64_t start;
	const char *path; /* lives as long as the symbols */
};

struct python_lock_sites {
	struct python_lock_site *list;
	size_t count;
	size_t capacity;
	uint64_t loader; /* a function that is called when an extension was loaded; 0: not known */
	struct python_lock_module *scanned; /* for what is inlined */
	size_t scanned_count;
	size_t scanned_capacity;
};

void python_lock_sites_add(struct python_lock_sites *sites, const struct python_lock_site *site);

/* For a walker that has its interpreter's modules. */
int python_lock_sites_find(struct python_lock_sites *sites, const struct python *python,
			   struct symbols *symbols, pid_t pid) MUST_CHECK;
/* Adds what extensions take and give by instructions of their own, in modules that are new. */
void python_lock_inlined_find(struct python_lock_sites *sites, const struct python *python,
			      struct symbols *symbols, pid_t pid);
/* Does such a site's instruction stand there, in this process? */
bool python_lock_inlined_is_there(const struct python_lock_site *site, pid_t pid);
/* The lock that such an instruction, about to be executed, takes or gives; false: it does neither,
 * but fails, and what is called then is seen. */
bool python_lock_inlined_read(const struct python_lock_site *site, pid_t pid,
			      const struct registers *registers, uint64_t *address,
			      enum lock_effect *effect);
void python_lock_sites_free(struct python_lock_sites *sites);
/*
 * Lets a process that is ours to spoil call the functions of the sites where they are watched.
 * Compilers that know which function is called most through a pointer put a copy of it where it is
 * called, behind a comparison of the pointer; so methods get another address: behind the endbr64
 * that they begin with. Without that instruction nothing is changed.
 */
int python_lock_sites_divert(const struct python_lock_sites *sites, pid_t pid) MUST_CHECK;

/* The Python object of a lock. */
struct python_lock_object {
	uint64_t lock;
	uint64_t object;
};

struct python_lock_objects {
	struct python_lock_object *list;
	size_t count;
	size_t capacity;
};

uint64_t python_lock_object_of(const struct python_lock_objects *objects, uint64_t lock);

/* A run that is followed, from where it stands to where the interpreter begins to end. */
struct python_lock_watch {
	struct follow follow;
	struct interpreter *interpreter;
	struct python_lock_sites *sites; /* more are added as extensions are loaded */
	struct lock_book *book;
	struct python_lock_objects objects;
	uint64_t end;                                  /* where the interpreter begins to end */
	const struct lock_point *words[TRACE_WATCHES]; /* locks whose words the CPU watches, so that
							* it is seen to the instruction when they
							* are taken and released */
	uint32_t levels[TRACE_WATCHES];
	size_t word_count;
	uint64_t limit; /* events, 0: any number */

	uint64_t events;
	uint64_t waited_for; /* the lock of the last event, when that was to take it */
	bool is_at_end;
	bool has_loaded; /* an extension: the symbols are those of this run */
	bool is_over_limit;
	struct frame frames[TRIAL_FRAMES]; /* Python's, at the end */
	size_t frame_count;
};

/* Has the CPU watch a lock's word; no more than it can. */
int python_lock_watch_word(struct python_lock_watch *watch,
			   const struct lock_point *point) MUST_CHECK;

/* 0 or -errno when the harness failed. */
int python_lock_watch_run(struct python_lock_watch *watch) MUST_CHECK;
void python_lock_watch_free(struct python_lock_watch *watch);

/*
 * The Python frames of a process as frames of a lock book, innermost first: cfa is the frame's
 * address, function_start its code object, pc the code object's address plus the offset of the
 * instruction in bytes. Their number.
 */
size_t python_lock_stack(struct interpreter *interpreter, pid_t pid,
			 const struct registers *registers, struct frame *frames, size_t max);

/* What the survey learns. */
struct python_lock_knowledge {
	struct lock_book book;
	struct lock_points points;
	struct python_lock_objects objects;
	uint64_t module_locks; /* how many the import system has at the baseline's end */
	char *reason;          /* why something may have been missed; NULL: nothing was */
};

int python_lock_survey(struct stage *stage, void **knowledge) MUST_CHECK;
void python_lock_forget(void *knowledge);

/* The dict with the locks of single modules that the import system has at the moment
 * (importlib._bootstrap._module_locks); 0: not found. */
uint64_t python_lock_modules(const struct python *python, pid_t pid);

/* What the interpreter itself tells at the end of a trial, when nothing holds the exception that
 * ended the script any more. */
struct python_lock_named {
	uint64_t address; /* of the object */
	uint64_t frame;   /* of a generator: its frame object */
	char kind;        /* L lock, G suspended generator, M lock of a module */
	char *type;
	char *name; /* of a lock: how the script reaches it */
};

struct python_lock_names {
	struct python_lock_named *list;
	size_t count;
	size_t capacity;
};

/* Ask a copy, a walker that stands where the interpreter begins to end; it is spoilt by that. The
 * first drops what only the exception that ended the script keeps alive, and tells what is
 * suspended or held then (kinds G and M), the second what locks are called (L). */
int python_lock_ask_left(struct python_lock_names *names, const struct python_lock_watch *watch,
			 const struct walker *walker) MUST_CHECK;
int python_lock_ask_names(struct python_lock_names *names, const struct python_lock_watch *watch,
			  const struct walker *walker) MUST_CHECK;
void python_lock_names_free(struct python_lock_names *names);
const struct python_lock_named *python_lock_names_find(const struct python_lock_names *names,
						       uint64_t object);
/* The suspended generator whose frame it is; NULL: none. */
const struct python_lock_named *python_lock_names_generator(const struct python_lock_names *names,
							    uint64_t frame);

/* What a lock was found to be called that was taken at this instruction (0: before the signal). */
struct python_lock_label {
	uint64_t object;
	uint64_t taken;
	char *type;
	char *name; /* NULL: the script does not reach it */
};

/* The oracle's state for one walker. */
struct python_lock_oracle {
	const struct python_lock_knowledge *knowledge;
	struct lock_points points;
	struct python_lock_sites sites;
	bool sites_are_known;
	uint64_t module_locks;            /* the dict */
	struct notes told;                /* places of verdicts that had evidence */
	struct python_lock_label *labels; /* names that were found out */
	size_t label_count;
	size_t label_capacity;

	/* This trial's. */
	bool is_at_end; /* it came to where the interpreter begins to end */
	bool has_candidates;
	bool has_module_locks; /* more than the baseline */
	bool is_retraced;
	int retrace_error;
	struct python_lock_watch watch;
	struct lock_book book;
	struct python_lock_names left;
	struct python_lock_names names; /* asked anew where a lock's is not known */
	uint32_t *levels;               /* of the points, at the retrace's end, once it was asked */
};

/* The trial made once more: the watch, the book, the names and the levels are filled. False when
 * that failed (then the sentence is there). */
bool python_lock_retrace(struct python_lock_oracle *oracle, const struct trial *trial);

/*
 * Does the undisturbed program, from the boundary on, release the lock at this address? Where the
 * heap is laid out differently from run to run (a library that seeds its tables with the time),
 * what was a lock in the survey's run is something else in the walker's. True where it cannot be
 * told.
 */
bool python_lock_is_released(struct python_lock_oracle *oracle, const struct trial *trial,
			     uint64_t address);

size_t python_lock_judge(void *state, const struct trial *trial, struct verdict *verdicts);

/* Who holds a lock at the end. */
struct python_lock_holder {
	const struct lock_stack *taken;            /* where it was taken; NULL: not seen */
	struct frame owner;                        /* cfa 0: not known */
	const struct python_lock_named *generator; /* in which it is, NULL: in none that is there */
	bool before;                               /* taken before the signal */
};

/* False: nobody who would have to release it. */
bool python_lock_find_holder(struct python_lock_oracle *oracle, const struct trial *trial,
			     const struct lock_point *point, struct python_lock_holder *holder);

/* A lock's object; 0: it has none, or none was seen. */
uint64_t python_lock_object(const struct python_lock_oracle *oracle, uint64_t lock);

/* Takes over from oracle->names what a lock is called. */
void python_lock_label_add(struct python_lock_oracle *oracle, uint64_t lock);
void python_lock_labels_free(struct python_lock_oracle *oracle);

/* What is known of a lock's name; NULL: not asked yet. */
const struct python_lock_label *python_lock_label_of(const struct python_lock_oracle *oracle,
						     uint64_t lock);

/* What a lock is called: "lock (Lock)", "a PyThread lock taken in script.py:work". */
void python_lock_place(const struct python_lock_oracle *oracle, const struct trial *trial,
		       const struct lock_point *point, const struct python_lock_holder *holder,
		       char *place, size_t size);
/* {"locks": [...]} as the lock oracle has them, with rows of Python frames. */
json_t *python_lock_evidence(const struct python_lock_oracle *oracle, const struct trial *trial,
			     const struct lock_point *point,
			     const struct python_lock_holder *holder, bool is_waited_for);
/* "work() at script.py:9": of a frame of a book. */
void python_lock_frame_text(const struct python *python, pid_t pid, const struct frame *frame,
			    char *text, size_t size);

#endif
