/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it with a PyThread lock of the extension held. Good twin: releases it
 * whatever the call did. Bad twin (-DBAD): not when the call raised.
 */
#include "targets/cpython/extension.h"

static PyThread_type_lock lock;

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyObject *result;

	(void)module;
	if (lock == NULL)
		lock = PyThread_allocate_lock();
	PyThread_acquire_lock(lock, WAIT_LOCK);
	result = PyObject_CallObject(callable, NULL);
#ifdef BAD
	if (result == NULL)
		return NULL;
#endif
	PyThread_release_lock(lock);
	return result;
}

EXTENSION("work", work, METH_O)
