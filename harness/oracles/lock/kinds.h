/* SPDX-License-Identifier: MIT */
/*
 * What locks look like in memory, and which functions take and release them. Pure: knows nothing of
 * processes. Layouts are those of x86-64 glibc and GLib.
 */
#ifndef SIGSWEEP_ORACLES_LOCK_KINDS_H
#define SIGSWEEP_ORACLES_LOCK_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_BYTES 24 /* enough of any lock to tell whether it is held */

#define LOCK_KIND_LIST(X)                                                                          \
	X(MUTEX, "mutex", 20)                                                                      \
	X(RWLOCK, "rwlock", 16)                                                                    \
	X(SPIN, "spin lock", 4)                                                                    \
	X(SEMAPHORE, "semaphore", 16)                                                              \
	X(GMUTEX, "GMutex", 4)                                                                     \
	X(FILE, "stdio lock", 16)                                                                  \
	X(LOW_LEVEL, "internal lock", 4)  /* glibc's own: an int */                                \
	X(WORD, "announced lock word", 8) /* SIGSWEEP_LOCK_WORD() */                               \
	X(ANNOUNCED, "announced lock", 8) /* SIGSWEEP_LOCK_ACQUIRED(), _RELEASED() */              \
	X(PYMUTEX, "PyMutex", 1)          /* CPython's own, from 3.13 on */                        \
	X(PYRECURSIVE, "recursive PyMutex", 24)

enum lock_kind {
#define X(name, text, size) LOCK_##name,
	LOCK_KIND_LIST(X)
#undef X
};

const char *lock_kind_text(enum lock_kind kind);
/* How many bytes at the lock's address tell its state, at most LOCK_BYTES. */
size_t lock_kind_size(enum lock_kind kind);

enum lock_effect {
	LOCK_TAKE,  /* waits until it has it */
	LOCK_SHARE, /* the same, beside others that share it */
	LOCK_TRY,   /* has it or not, perhaps after a while */
	LOCK_RELEASE,
	LOCK_FORGET,  /* made new, or destroyed: free in any case */
	LOCK_DECLARE, /* said to be a lock */
};

struct lock_function {
	const char *name;
	enum lock_kind kind;
	enum lock_effect effect;
};

/* Functions whose first argument is the lock (for LOCK_FILE, the FILE); ends with a NULL name. */
extern const struct lock_function lock_functions[];

/* The state of a lock as its bytes tell it. */
struct lock_state {
	uint64_t word;  /* what is read of it */
	uint32_t level; /* how often it is held, 0: free; not for kinds with a `free` word */
	bool is_sane;   /* could be such a lock at all */
};

struct lock_state lock_state_read(enum lock_kind kind, const uint8_t bytes[LOCK_BYTES]);

/* The level of a lock of which `free` is the word when it is free: as in the state, but for
 * semaphores (how far below), spin locks and announced locks (another word). `width`: bytes of an
 * announced word. */
uint32_t lock_level(enum lock_kind kind, const struct lock_state *state, uint64_t free,
		    unsigned int width);

/* The word of a free lock of this kind, before anything is known of it. */
uint64_t lock_usual_free(enum lock_kind kind);

/* stdio.h's FILE in glibc (bits/types/struct_FILE.h): where _chain, _fileno and _lock lie. */
#define FILE_CHAIN_OFFSET 104
#define FILE_LOCK_OFFSET 136
#define FILE_SIZE 144 /* up to and with _lock */

#endif
