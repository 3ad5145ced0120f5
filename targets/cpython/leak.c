/* SPDX-License-Identifier: MIT */
/*
 * work(count): builds a list and looks for signals between its elements. Good twin: drops the list
 * when there was one. Bad twin (-DBAD): returns and forgets it, on that error path alone.
 */
#include "targets/cpython/extension.h"

static int append(PyObject *list, long number)
{
	PyObject *element = PyLong_FromLong(number + 100000);
	int error;

	if (element == NULL)
		return -1;
	error = PyList_Append(list, element);
	Py_DECREF(element);
	return error;
}

static PyObject *work(PyObject *module, PyObject *argument)
{
	long count = PyLong_AsLong(argument);
	PyObject *list;

	(void)module;
	if (PyErr_Occurred())
		return NULL;
	list = PyList_New(0);
	for (long n = 0; list != NULL && n < count; n++) {
		if (append(list, n) != 0) {
			Py_CLEAR(list);
			break;
		}
		if (PyErr_CheckSignals() != 0) {
#ifndef BAD
			Py_DECREF(list);
#endif
			return NULL;
		}
	}
	return list;
}

EXTENSION("work", work, METH_O)
