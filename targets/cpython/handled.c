/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it while a LookupError counts as being handled, so that it may ask for that
 * with sys.exc_info(), and puts back what was being handled before. Bad twin (-DBAD): not where the
 * call fails.
 */
#include "targets/cpython/extension.h"

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyObject *type;
	PyObject *value;
	PyObject *traceback;
	PyObject *error = PyObject_CallFunction(PyExc_LookupError, "s", "nothing there");
	PyObject *result;

	(void)module;
	if (error == NULL)
		return NULL;
	PyErr_GetExcInfo(&type, &value, &traceback);
	Py_INCREF(PyExc_LookupError);
	PyErr_SetExcInfo(PyExc_LookupError, error, NULL);
	result = PyObject_CallObject(callable, NULL);
#ifdef BAD
	if (result == NULL) {
		Py_XDECREF(type);
		Py_XDECREF(value);
		Py_XDECREF(traceback);
		return NULL;
	}
#endif
	PyErr_SetExcInfo(type, value, traceback);
	return result;
}

EXTENSION("work", work, METH_O)
