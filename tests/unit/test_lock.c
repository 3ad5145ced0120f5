/* SPDX-License-Identifier: MIT */
/* The pure parts of the lock oracle: states against real locks of this process, books of events. */
#include "harness/oracles/lock/book.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint32_t level_of(enum lock_kind kind, const volatile void *lock, uint64_t free)
{
	uint8_t bytes[LOCK_BYTES] = {0};
	struct lock_state state;

	memcpy(bytes, (const void *)lock, lock_kind_size(kind));
	state = lock_state_read(kind, bytes);
	assert_true(state.is_sane);
	return lock_level(kind, &state, free, 0);
}

static void mutex_of_type(int type, uint32_t twice)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutex_init(&mutex, &attributes);
	assert_int_equal(level_of(LOCK_MUTEX, &mutex, 0), 0);
	pthread_mutex_lock(&mutex);
	assert_int_equal(level_of(LOCK_MUTEX, &mutex, 0), 1);
	(void)pthread_mutex_trylock(&mutex);
	assert_int_equal(level_of(LOCK_MUTEX, &mutex, 0), twice);
	if (twice > 1)
		pthread_mutex_unlock(&mutex);
	pthread_mutex_unlock(&mutex);
	assert_int_equal(level_of(LOCK_MUTEX, &mutex, 0), 0);
}

static void test_mutexes(void **state)
{
	(void)state;
	mutex_of_type(PTHREAD_MUTEX_NORMAL, 1);
	mutex_of_type(PTHREAD_MUTEX_ERRORCHECK, 1);
	mutex_of_type(PTHREAD_MUTEX_ADAPTIVE_NP, 1);
	mutex_of_type(PTHREAD_MUTEX_RECURSIVE, 2);
}

static void test_robust_mutex(void **state)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;

	(void)state;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attributes);
	pthread_mutex_lock(&mutex); /* its word is the holder's id */
	assert_int_equal(level_of(LOCK_MUTEX, &mutex, 0), 1);
	pthread_mutex_unlock(&mutex);
	assert_int_equal(level_of(LOCK_MUTEX, &mutex, 0), 0);
}

static void test_rwlock(void **state)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(level_of(LOCK_RWLOCK, &lock, 0), 0);
		pthread_rwlock_rdlock(&lock);
		pthread_rwlock_rdlock(&lock);
		assert_int_equal(level_of(LOCK_RWLOCK, &lock, 0), 2);
		pthread_rwlock_unlock(&lock);
		pthread_rwlock_unlock(&lock);
		assert_int_equal(level_of(LOCK_RWLOCK, &lock, 0), 0);
		pthread_rwlock_wrlock(&lock);
		assert_int_equal(level_of(LOCK_RWLOCK, &lock, 0), 1);
		pthread_rwlock_unlock(&lock);
	}
}

static void test_others(void **state)
{
	pthread_spinlock_t spin;
	sem_t semaphore;

	(void)state;
	pthread_spin_init(&spin, 0);
	assert_int_equal(level_of(LOCK_SPIN, &spin, lock_usual_free(LOCK_SPIN)), 0);
	pthread_spin_lock(&spin);
	assert_int_equal(level_of(LOCK_SPIN, &spin, lock_usual_free(LOCK_SPIN)), 1);
	sem_init(&semaphore, 0, 3);
	assert_int_equal(level_of(LOCK_SEMAPHORE, &semaphore, 3), 0);
	sem_wait(&semaphore);
	sem_wait(&semaphore);
	assert_int_equal(level_of(LOCK_SEMAPHORE, &semaphore, 3), 2);
	sem_post(&semaphore);
	sem_post(&semaphore);
	sem_post(&semaphore);
	assert_int_equal(level_of(LOCK_SEMAPHORE, &semaphore, 3), 0);
}

static void test_stream(void **state)
{
	uint64_t lock;

	(void)state;
	memcpy(&lock, (const char *)stderr + FILE_LOCK_OFFSET, sizeof(lock));
	assert_int_equal(level_of(LOCK_FILE, (void *)(uintptr_t)lock, 0), 0);
	flockfile(stderr);
	assert_int_equal(level_of(LOCK_FILE, (void *)(uintptr_t)lock, 0), 1);
	funlockfile(stderr);
	assert_int_equal(level_of(LOCK_FILE, (void *)(uintptr_t)lock, 0), 0);
}

static void test_garbage(void **state)
{
	uint8_t bytes[LOCK_BYTES];

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	assert_false(lock_state_read(LOCK_MUTEX, bytes).is_sane);
	assert_false(lock_state_read(LOCK_RWLOCK, bytes).is_sane);
	assert_false(lock_state_read(LOCK_SEMAPHORE, bytes).is_sane);
	assert_false(lock_state_read(LOCK_FILE, bytes).is_sane);
}

static void test_announced_word(void **state)
{
	const struct lock_state held = {.word = 0xffff0001, .is_sane = true};
	const struct lock_state other = {.word = 0xffff0000, .is_sane = true};

	(void)state;
	assert_int_equal(lock_level(LOCK_WORD, &held, 0, 1), 1);
	assert_int_equal(lock_level(LOCK_WORD, &other, 0, 1), 0); /* what lies beside it */
	assert_int_equal(lock_level(LOCK_WORD, &other, 0, 4), 1);
}

/* Frames of a program: main calls work, work calls a function of the library at its entry. */
static const struct frame main_frame = {.pc = 0x1100, .cfa = 0x9000, .function_start = 0x1000};
static const struct frame work_frame = {.pc = 0x2100, .cfa = 0x8000, .function_start = 0x2000};
static const struct frame helper = {.pc = 0x3100, .cfa = 0x7000, .function_start = 0x3000};
static const struct frame other_helper = {.pc = 0x4100, .cfa = 0x7000, .function_start = 0x4000};
static const struct frame handler = {.pc = 0x5100, .cfa = 0x6000, .function_start = 0x5000};
static const struct frame signal_frame = {.pc = 0x10, .cfa = 0x6500, .is_signal_frame = true};

static void note(struct lock_book *book, enum lock_kind kind, enum lock_effect effect,
		 uint32_t level, const struct frame *frames, size_t count)
{
	const struct lock_event event = {.effect = effect,
					 .kind = kind,
					 .address = 0x555000,
					 .state = {.word = level, .level = level, .is_sane = true},
					 .frames = frames,
					 .count = count};

	lock_book_note(book, &event);
}

#define NOTE(book, kind, effect, level, ...)                                                       \
	do {                                                                                       \
		const struct frame frames_[] = {__VA_ARGS__};                                      \
		note(book, kind, effect, level, frames_, sizeof(frames_) / sizeof(*frames_));      \
	} while (0)

static const struct lock *only_lock(const struct lock_book *book)
{
	assert_int_equal(book->count, 1);
	return &book->locks[0];
}

static void test_owner_is_common(void **state)
{
	struct lock_book book = {0};
	const struct lock *lock;

	(void)state;
	/* Wrappers at the same depth have the same address, and are not the same frame. */
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, work_frame, main_frame);
	assert_non_null(only_lock(&book)->open);
	NOTE(&book, LOCK_MUTEX, LOCK_RELEASE, 1, other_helper, work_frame, main_frame);
	lock = only_lock(&book);
	assert_null(lock->open);
	assert_non_null(lock->holds);
	assert_int_equal(lock->holds->owner.function_start, work_frame.function_start);
	assert_null(lock->holds->next);
	lock_book_free(&book);
}

static void test_owner_is_caller(void **state)
{
	struct lock_book book = {0};

	(void)state;
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, work_frame, main_frame);
	NOTE(&book, LOCK_MUTEX, LOCK_RELEASE, 1, other_helper, main_frame);
	assert_int_equal(only_lock(&book)->holds->owner.cfa, main_frame.cfa);
	lock_book_free(&book);
}

static void test_alike_once(void **state)
{
	struct lock_book book = {0};

	(void)state;
	for (int i = 0; i < 5; i++) {
		NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, work_frame, main_frame);
		NOTE(&book, LOCK_MUTEX, LOCK_RELEASE, 1, other_helper, work_frame, main_frame);
	}
	assert_null(only_lock(&book)->holds->next);
	lock_book_free(&book);
}

static void test_recursive(void **state)
{
	struct lock_book book = {0};

	(void)state;
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, work_frame, main_frame);
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 1, helper, work_frame, main_frame);
	NOTE(&book, LOCK_MUTEX, LOCK_RELEASE, 2, other_helper, work_frame, main_frame);
	assert_non_null(only_lock(&book)->open);
	NOTE(&book, LOCK_MUTEX, LOCK_RELEASE, 1, other_helper, work_frame, main_frame);
	assert_null(only_lock(&book)->open);
	lock_book_free(&book);
}

static void test_refused(void **state)
{
	struct lock_book book = {0};
	const struct lock_hold *open;

	(void)state;
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, work_frame, main_frame);
	open = only_lock(&book)->open;
	NOTE(&book, LOCK_MUTEX, LOCK_TRY, 1, helper, handler, signal_frame, work_frame, main_frame);
	assert_ptr_equal(only_lock(&book)->open, open);
	assert_false(open->in_handler);
	lock_book_free(&book);
}

static void test_handler_takes(void **state)
{
	struct lock_book book = {0};

	(void)state;
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, handler, signal_frame, work_frame);
	assert_true(only_lock(&book)->open->in_handler);
	lock_book_free(&book);
}

static void test_held_before(void **state)
{
	const struct frame start[] = {work_frame, main_frame};
	struct lock_book book = {.start = lock_stack_copy(start, 2)};

	(void)state;
	NOTE(&book, LOCK_MUTEX, LOCK_RELEASE, 1, other_helper, main_frame);
	assert_true(only_lock(&book)->is_released_first);
	assert_true(only_lock(&book)->holds->taken_unseen);
	assert_int_equal(only_lock(&book)->holds->owner.cfa, main_frame.cfa);
	lock_book_free(&book);
}

static void test_counting_semaphore(void **state)
{
	struct lock_book book = {0};

	(void)state;
	NOTE(&book, LOCK_SEMAPHORE, LOCK_RELEASE, 5, helper, main_frame);
	assert_true(only_lock(&book)->is_counter);
	lock_book_free(&book);
	NOTE(&book, LOCK_SEMAPHORE, LOCK_TAKE, 2, helper, main_frame);
	assert_int_equal(only_lock(&book)->free, 2);
	NOTE(&book, LOCK_SEMAPHORE, LOCK_RELEASE, 1, other_helper, main_frame);
	assert_false(only_lock(&book)->is_counter);
	assert_non_null(only_lock(&book)->holds);
	lock_book_free(&book);
}

static void test_destroyed(void **state)
{
	struct lock_book book = {0};

	(void)state;
	NOTE(&book, LOCK_MUTEX, LOCK_TAKE, 0, helper, main_frame);
	NOTE(&book, LOCK_MUTEX, LOCK_FORGET, 1, helper, main_frame);
	assert_null(only_lock(&book)->open);
	assert_true(only_lock(&book)->is_new);
	lock_book_free(&book);
}

static void test_stream_again(void **state)
{
	struct lock_book book = {0};

	(void)state;
	NOTE(&book, LOCK_FILE, LOCK_TAKE, 0, helper, main_frame);
	NOTE(&book, LOCK_FILE, LOCK_TAKE, 1, helper, main_frame);
	NOTE(&book, LOCK_FILE, LOCK_RELEASE, 1, other_helper, main_frame);
	assert_non_null(only_lock(&book)->open);
	NOTE(&book, LOCK_FILE, LOCK_RELEASE, 1, other_helper, main_frame);
	assert_null(only_lock(&book)->open);
	lock_book_free(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutexes),
		cmocka_unit_test(test_robust_mutex),
		cmocka_unit_test(test_rwlock),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_announced_word),
		cmocka_unit_test(test_owner_is_common),
		cmocka_unit_test(test_owner_is_caller),
		cmocka_unit_test(test_alike_once),
		cmocka_unit_test(test_recursive),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_handler_takes),
		cmocka_unit_test(test_held_before),
		cmocka_unit_test(test_counting_semaphore),
		cmocka_unit_test(test_destroyed),
		cmocka_unit_test(test_stream_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
