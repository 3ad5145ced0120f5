/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it with a mutex of the extension held. Good twin: unlocks it whatever the
 * call did. Bad twin (-DBAD): not when the call raised; the next call then waits for ever.
 */
#include "targets/cpython/extension.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyObject *result;

	(void)module;
	pthread_mutex_lock(&mutex);
	result = PyObject_CallObject(callable, NULL);
#ifdef BAD
	if (result == NULL)
		return NULL;
#endif
	pthread_mutex_unlock(&mutex);
	return result;
}

EXTENSION("work", work, METH_O)
