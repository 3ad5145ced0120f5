/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it with a PyThread lock held that is made for that and freed afterwards.
 * Bad twin (-DBAD): keeps it as it is when the call fails. After a call that failed the next one
 * first takes memory of the lock's size, cleared, where the lock was: as a semaphore it would read
 * as held.
 */
#include "targets/cpython/extension.h"

#include <pythread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

static int has_failed;
static void *volatile kept;

static void reuse(void)
{
	kept = malloc(sizeof(sem_t)); /* calloc() would leave it to malloc()'s cache */
	memset(kept, 0, sizeof(sem_t));
}

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyThread_type_lock lock;
	PyObject *result;

	(void)module;
	if (has_failed)
		reuse();
	lock = PyThread_allocate_lock();
	PyThread_acquire_lock(lock, WAIT_LOCK);
	result = PyObject_CallObject(callable, NULL);
	has_failed = result == NULL;
#ifdef BAD
	if (result == NULL)
		return NULL;
#endif
	PyThread_release_lock(lock);
	PyThread_free_lock(lock);
	return result;
}

EXTENSION("work", work, METH_O)
