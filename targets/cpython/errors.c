/* SPDX-License-Identifier: MIT */
/*
 * work(object, how): looks for signals, with a reference to the object kept for good. Good twin:
 * says that there was one. Bad twin (-DBAD) does it wrong on that path alone, in the way that `how`
 * names: "result" returns one with the exception set, "nothing" returns none without an exception,
 * "replace" sets another one over it, "wrap" one of which it is the cause (which is not wrong),
 * "drop" drops a reference to the object that it does not own, "take" takes one that it forgets.
 */
#include "targets/cpython/extension.h"

#include <string.h>

static PyObject *kept;

#ifdef BAD
/* Raises ValueError with the current exception as its cause. */
static void wrap(void)
{
	PyObject *types[2];
	PyObject *values[2];
	PyObject *tracebacks[2];

	PyErr_Fetch(&types[0], &values[0], &tracebacks[0]);
	PyErr_NormalizeException(&types[0], &values[0], &tracebacks[0]);
	PyErr_SetString(PyExc_ValueError, "interrupted");
	PyErr_Fetch(&types[1], &values[1], &tracebacks[1]);
	PyErr_NormalizeException(&types[1], &values[1], &tracebacks[1]);
	PyException_SetCause(values[1], values[0]);
	PyErr_Restore(types[1], values[1], tracebacks[1]);
	Py_DECREF(types[0]);
	Py_XDECREF(tracebacks[0]);
}

/* What it returns. */
static PyObject *do_wrong(PyObject *object, const char *how)
{
	if (strcmp(how, "result") == 0)
		return PyLong_FromLong(100000);
	if (strcmp(how, "nothing") == 0)
		PyErr_Clear();
	else if (strcmp(how, "replace") == 0)
		PyErr_SetString(PyExc_ValueError, "nothing came");
	else if (strcmp(how, "wrap") == 0)
		wrap();
	else if (strcmp(how, "drop") == 0)
		Py_DECREF(object);
	else
		Py_INCREF(object);
	return NULL;
}
#endif

static PyObject *work(PyObject *module, PyObject *arguments)
{
	PyObject *object;
	const char *how;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "Os", &object, &how))
		return NULL;
	if (kept == NULL) {
		Py_INCREF(object);
		kept = object;
	}
	if (PyErr_CheckSignals() == 0)
		return PyLong_FromLong(0);
#ifdef BAD
	return do_wrong(object, how);
#else
	return NULL;
#endif
}

EXTENSION("work", work, METH_VARARGS)
