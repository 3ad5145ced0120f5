/* SPDX-License-Identifier: MIT */
/*
 * work(): installs a handler for SIGINT that looks which exception is being handled, as one that
 * logs it would. Good twin: gives back the references that PyErr_GetExcInfo() gave it. Bad twin
 * (-DBAD): forgets that of the exception.
 */
#include "targets/cpython/extension.h"

#include <signal.h>

static volatile sig_atomic_t was_handling;

static void on_signal(int number)
{
	PyObject *type;
	PyObject *value;
	PyObject *traceback;

	(void)number;
	PyErr_GetExcInfo(&type, &value, &traceback);
	was_handling = value != NULL && value != Py_None;
	Py_XDECREF(type);
	Py_XDECREF(traceback);
#ifdef BAD
	if (was_handling)
		return;
#endif
	Py_XDECREF(value);
}

static PyObject *work(PyObject *module, PyObject *nothing)
{
	struct sigaction action = {.sa_handler = on_signal};

	(void)module;
	(void)nothing;
	if (sigaction(SIGINT, &action, NULL) != 0)
		return PyErr_SetFromErrno(PyExc_OSError);
	Py_RETURN_NONE;
}

EXTENSION("work", work, METH_NOARGS)
