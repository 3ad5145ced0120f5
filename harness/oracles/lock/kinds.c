/* SPDX-License-Identifier: MIT */
/* See kinds.h. Each layout names where it comes from. */
#include "harness/oracles/lock/kinds.h"

#include <string.h>

const char *lock_kind_text(enum lock_kind kind)
{
	static const char *const texts[] = {
#define X(name, text, size) [LOCK_##name] = (text),
		LOCK_KIND_LIST(X)
#undef X
	};

	return texts[kind];
}

size_t lock_kind_size(enum lock_kind kind)
{
	static const size_t sizes[] = {
#define X(name, text, size) [LOCK_##name] = (size),
		LOCK_KIND_LIST(X)
#undef X
	};

	return sizes[kind];
}

const struct lock_function lock_functions[] = {
	{"pthread_mutex_lock", LOCK_MUTEX, LOCK_TAKE},
	{"pthread_mutex_timedlock", LOCK_MUTEX, LOCK_TRY},
	{"pthread_mutex_clocklock", LOCK_MUTEX, LOCK_TRY},
	{"pthread_mutex_trylock", LOCK_MUTEX, LOCK_TRY},
	{"pthread_mutex_unlock", LOCK_MUTEX, LOCK_RELEASE},
	{"pthread_mutex_init", LOCK_MUTEX, LOCK_FORGET},
	{"pthread_mutex_destroy", LOCK_MUTEX, LOCK_FORGET},
	{"pthread_rwlock_rdlock", LOCK_RWLOCK, LOCK_SHARE},
	{"pthread_rwlock_timedrdlock", LOCK_RWLOCK, LOCK_TRY},
	{"pthread_rwlock_clockrdlock", LOCK_RWLOCK, LOCK_TRY},
	{"pthread_rwlock_tryrdlock", LOCK_RWLOCK, LOCK_TRY},
	{"pthread_rwlock_wrlock", LOCK_RWLOCK, LOCK_TAKE},
	{"pthread_rwlock_timedwrlock", LOCK_RWLOCK, LOCK_TRY},
	{"pthread_rwlock_clockwrlock", LOCK_RWLOCK, LOCK_TRY},
	{"pthread_rwlock_trywrlock", LOCK_RWLOCK, LOCK_TRY},
	{"pthread_rwlock_unlock", LOCK_RWLOCK, LOCK_RELEASE},
	{"pthread_rwlock_init", LOCK_RWLOCK, LOCK_FORGET},
	{"pthread_rwlock_destroy", LOCK_RWLOCK, LOCK_FORGET},
	{"pthread_spin_lock", LOCK_SPIN, LOCK_TAKE},
	{"pthread_spin_trylock", LOCK_SPIN, LOCK_TRY},
	{"pthread_spin_unlock", LOCK_SPIN, LOCK_RELEASE},
	{"pthread_spin_destroy", LOCK_SPIN, LOCK_FORGET},
	{"sem_wait", LOCK_SEMAPHORE, LOCK_TAKE},
	{"sem_timedwait", LOCK_SEMAPHORE, LOCK_TRY},
	{"sem_clockwait", LOCK_SEMAPHORE, LOCK_TRY},
	{"sem_trywait", LOCK_SEMAPHORE, LOCK_TRY},
	{"sem_post", LOCK_SEMAPHORE, LOCK_RELEASE},
	{"sem_init", LOCK_SEMAPHORE, LOCK_FORGET},
	{"sem_destroy", LOCK_SEMAPHORE, LOCK_FORGET},
	{"mtx_lock", LOCK_MUTEX, LOCK_TAKE},
	{"mtx_timedlock", LOCK_MUTEX, LOCK_TRY},
	{"mtx_trylock", LOCK_MUTEX, LOCK_TRY},
	{"mtx_unlock", LOCK_MUTEX, LOCK_RELEASE},
	{"mtx_init", LOCK_MUTEX, LOCK_FORGET},
	{"mtx_destroy", LOCK_MUTEX, LOCK_FORGET},
	{"flockfile", LOCK_FILE, LOCK_TAKE},
	{"ftrylockfile", LOCK_FILE, LOCK_TRY},
	{"funlockfile", LOCK_FILE, LOCK_RELEASE},
	/* GRecMutex and GRWLock are pthread locks within. */
	{"g_mutex_lock", LOCK_GMUTEX, LOCK_TAKE},
	{"g_mutex_trylock", LOCK_GMUTEX, LOCK_TRY},
	{"g_mutex_unlock", LOCK_GMUTEX, LOCK_RELEASE},
	{"g_mutex_init", LOCK_GMUTEX, LOCK_FORGET},
	{"g_mutex_clear", LOCK_GMUTEX, LOCK_FORGET},
	{NULL, LOCK_MUTEX, LOCK_TAKE},
};

static uint32_t word_at(const uint8_t *bytes, size_t offset)
{
	uint32_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

/*
 * sysdeps/nptl/bits/struct_mutex.h: int lock (0 free, 1 held, 2 and waited for; robust and priority
 * mutexes: the holder's id), unsigned count, int owner, unsigned nusers, int kind, whose lowest two
 * bits are the type (nptl/pthreadP.h: 0 timed, 1 recursive, 2 error checking, 3 adaptive).
 */
static struct lock_state read_mutex(const uint8_t *bytes)
{
	const uint32_t kind = word_at(bytes, 16);
	struct lock_state state = {.word = word_at(bytes, 0)};

	state.level = state.word == 0 ? 0 : 1;
	if (state.level && (kind & 3) == 1 && word_at(bytes, 4) > 1)
		state.level = word_at(bytes, 4);
	/* Flags of nptl/pthreadP.h: 0x10 robust, 0x20 priority, the highest 0x200 (no elision). */
	state.is_sane =
		kind < 0x400 && word_at(bytes, 12) <= 0xffff && (state.word <= 2 || (kind & 0x30));
	return state;
}

/* nptl/pthread_rwlock_common.c: __readers; bit 0: write phase, 1: a writer holds it, 2: readers
 * wait, from 3 on: the number of readers. Then __writers, and two futex words that count to 3. */
static struct lock_state read_rwlock(const uint8_t *bytes)
{
	const uint32_t readers = word_at(bytes, 0);

	return (struct lock_state){.word = readers,
				   .level = (readers >> 3) + ((readers >> 1) & 1),
				   .is_sane = readers >> 3 <= 0xffff &&
					      word_at(bytes, 4) >> 3 <= 0xffff &&
					      word_at(bytes, 8) <= 3 && word_at(bytes, 12) <= 3};
}

/* nptl/semaphoreP.h, struct new_sem: 64 bits of which the low half is the value and the high half
 * the number of waiters; int private (0 or 0x80). */
static struct lock_state read_semaphore(const uint8_t *bytes)
{
	return (struct lock_state){.word = word_at(bytes, 0),
				   .is_sane = word_at(bytes, 0) <= INT32_MAX &&
					      word_at(bytes, 4) <= 0xffff &&
					      (word_at(bytes, 8) & ~UINT32_C(0x80)) == 0};
}

/* sysdeps/nptl/stdio-lock.h: int lock, int cnt, owner. What cnt is while the lock is held once is 1
 * or 0 by version, so how often it is held cannot be read. */
static struct lock_state read_file(const uint8_t *bytes)
{
	const uint32_t word = word_at(bytes, 0);

	return (struct lock_state){.word = word, .level = word != 0, .is_sane = word <= 2};
}

/* Include/cpython/lock.h: one byte, bit 0: held, bit 1: waited for. pycore_lock.h,
 * _PyRecursiveMutex: the same, at 8 the holder's id, at 16 how often more than once it has it. */
static struct lock_state read_pymutex(const uint8_t *bytes, bool is_recursive)
{
	struct lock_state state = {
		.word = bytes[0], .level = bytes[0] & 1, .is_sane = bytes[0] <= 3};

	if (state.level && is_recursive)
		state.level += word_at(bytes, 16);
	return state;
}

struct lock_state lock_state_read(enum lock_kind kind, const uint8_t bytes[LOCK_BYTES])
{
	struct lock_state state = {.is_sane = true};

	switch (kind) {
	case LOCK_MUTEX:
		return read_mutex(bytes);
	case LOCK_RWLOCK:
		return read_rwlock(bytes);
	case LOCK_SEMAPHORE:
		return read_semaphore(bytes);
	case LOCK_FILE:
		return read_file(bytes);
	case LOCK_GMUTEX: /* glib/gthread-posix.c: 0 free, 1 held, 2 and waited for */
	case LOCK_LOW_LEVEL:
		state.word = word_at(bytes, 0);
		state.level = state.word != 0;
		state.is_sane = state.word <= 2;
		return state;
	case LOCK_SPIN:
		state.word = word_at(bytes, 0);
		return state;
	case LOCK_PYMUTEX:
	case LOCK_PYRECURSIVE:
		return read_pymutex(bytes, kind == LOCK_PYRECURSIVE);
	case LOCK_WORD:
	case LOCK_ANNOUNCED:
		memcpy(&state.word, bytes, sizeof(state.word));
		return state;
	}
	return state;
}

static uint64_t mask_of(unsigned int width)
{
	return width == 0 || width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

uint32_t lock_level(enum lock_kind kind, const struct lock_state *state, uint64_t free,
		    unsigned int width)
{
	switch (kind) {
	case LOCK_SEMAPHORE:
		return state->word < free ? (uint32_t)(free - state->word) : 0;
	case LOCK_SPIN:
		return state->word != free;
	case LOCK_WORD:
	case LOCK_ANNOUNCED:
		return ((state->word ^ free) & mask_of(width)) != 0;
	default:
		return state->level;
	}
}

/* sysdeps/x86_64/nptl/pthread_spin_lock.S: 1 is free, less is held. */
uint64_t lock_usual_free(enum lock_kind kind)
{
	return kind == LOCK_SPIN || kind == LOCK_SEMAPHORE ? 1 : 0;
}
