/* SPDX-License-Identifier: MIT */
/*
 * work(False): fails with ValueError, and looks for signals. Good twin: looks first. Bad twin
 * (-DBAD): when the exception is set already, so that the handler is called over it.
 * work(True): did it meet a signal?
 */
#include "targets/cpython/extension.h"

static int met;

static PyObject *work(PyObject *module, PyObject *is_question)
{
	(void)module;
	if (PyObject_IsTrue(is_question))
		return PyBool_FromLong(met);
#ifndef BAD
	met = PyErr_CheckSignals() != 0;
	if (met)
		return NULL;
#endif
	PyErr_SetString(PyExc_ValueError, "this cannot be read");
#ifdef BAD
	met = PyErr_CheckSignals() != 0;
#endif
	return NULL;
}

EXTENSION("work", work, METH_O)
