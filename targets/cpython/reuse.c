/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it with a PyThread lock held that is made for that and freed afterwards.
 * Bad twin (-DBAD): keeps it as it is when the call fails. work(None): takes memory of the lock's
 * size, cleared, where the lock was, for good: as a semaphore it would read as held.
 */
#include "targets/cpython/extension.h"

#include <pythread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

static void *volatile kept;

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyThread_type_lock lock;
	PyObject *result;

	(void)module;
	if (callable == Py_None) {
		kept = malloc(sizeof(sem_t)); /* calloc() would leave it to malloc()'s cache */
		memset(kept, 0, sizeof(sem_t));
		Py_RETURN_NONE;
	}
	lock = PyThread_allocate_lock();
	PyThread_acquire_lock(lock, WAIT_LOCK);
	result = PyObject_CallObject(callable, NULL);
#ifdef BAD
	if (result == NULL)
		return NULL;
#endif
	PyThread_release_lock(lock);
	PyThread_free_lock(lock);
	return result;
}

EXTENSION("work", work, METH_O)
