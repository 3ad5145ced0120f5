/* SPDX-License-Identifier: MIT */
/*
 * work(): installs a handler for SIGINT. Bad twin (-DBAD): the naive one, which raises
 * KeyboardInterrupt right in the handler and so replaces an exception that is being raised, or sets
 * one where no one looks. Good twin: has the interpreter raise it at the next safe place
 * (PyErr_SetInterrupt(), which may be called from a signal handler).
 */
#include "targets/cpython/extension.h"

#include <signal.h>

static void on_signal(int number)
{
	(void)number;
#ifdef BAD
	PyErr_SetNone(PyExc_KeyboardInterrupt);
#else
	PyErr_SetInterrupt();
#endif
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
