/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it with a PyMutex of the extension held (CPython 3.13 and later), taken by a
 * call, as from languages that know no inline functions of C. Good twin: unlocks it whatever the call
 * did. Bad twin (-DBAD): not when the call raised.
 */
#include "targets/cpython/extension.h"

/* Include/cpython/lock.h of 3.13: a byte. The headers that this is compiled with may be older. */
extern void PyMutex_Lock(unsigned char *mutex);
extern void PyMutex_Unlock(unsigned char *mutex);

static unsigned char mutex;

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyObject *result;

	(void)module;
	PyMutex_Lock(&mutex);
	result = PyObject_CallObject(callable, NULL);
#ifdef BAD
	if (result == NULL)
		return NULL;
#endif
	PyMutex_Unlock(&mutex);
	return result;
}

EXTENSION("work", work, METH_O)
