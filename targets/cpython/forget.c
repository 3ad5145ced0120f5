/* SPDX-License-Identifier: MIT */
/*
 * work(count): makes a text and a number and looks for signals while it has them, again and again.
 * Good twin: drops both when there was one. Bad twin (-DBAD): returns and forgets them, on that
 * error path alone. The garbage collector knows neither. was_interrupted() tells whether that path
 * was taken.
 */
#include "targets/cpython/extension.h"

static long interruptions;

static int look(long n)
{
	PyObject *text = PyUnicode_FromFormat("forgotten %ld", n);
	PyObject *number = PyLong_FromLong(n + 1000000007);
	int error = text == NULL || number == NULL;

	if (!error && PyErr_CheckSignals() != 0) {
		interruptions++;
#ifdef BAD
		return -1;
#endif
		error = 1;
	}
	Py_XDECREF(text);
	Py_XDECREF(number);
	return error ? -1 : 0;
}

static PyObject *work(PyObject *module, PyObject *argument)
{
	long count = PyLong_AsLong(argument);

	(void)module;
	if (PyErr_Occurred())
		return NULL;
	for (long n = 0; n < count; n++)
		if (look(n) != 0)
			return NULL;
	Py_RETURN_NONE;
}

static PyObject *was_interrupted(PyObject *module, PyObject *unused)
{
	(void)module;
	(void)unused;
	return PyBool_FromLong(interruptions);
}

static PyMethodDef methods[] = {
	{"work", work, METH_O, NULL}, {"was_interrupted", was_interrupted, METH_NOARGS, NULL}, {0}};
EXTENSION_WITH(methods)
