/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it and gives None where it raises ValueError. Bad twin (-DBAD): clears
 * whatever was raised, KeyboardInterrupt included, which is lost.
 */
#include "targets/cpython/extension.h"

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyObject *result = PyObject_CallObject(callable, NULL);

	(void)module;
	if (result != NULL)
		return result;
#ifndef BAD
	if (!PyErr_ExceptionMatches(PyExc_ValueError))
		return NULL;
#endif
	PyErr_Clear();
	Py_RETURN_NONE;
}

EXTENSION("work", work, METH_O)
