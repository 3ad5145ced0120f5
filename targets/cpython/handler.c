/* SPDX-License-Identifier: MIT */
/*
 * work(log): installs a handler of its own for SIGINT. Good twin: the handler counts, in a
 * sig_atomic_t. Bad twin (-DBAD): it calls the C API, appending to the list `log` while the
 * interpreter may be in the middle of anything.
 */
#include "targets/cpython/extension.h"

#include <signal.h>

static volatile sig_atomic_t arrived;
static PyObject *volatile log_list;

static void on_signal(int number)
{
#ifdef BAD
	PyObject *element = PyLong_FromLong(100000 + number);

	PyList_Append(log_list, element);
	Py_DECREF(element);
#else
	(void)number;
#endif
	arrived++;
}

static PyObject *work(PyObject *module, PyObject *log)
{
	struct sigaction action = {.sa_handler = on_signal};

	(void)module;
	Py_INCREF(log);
	log_list = log;
	if (sigaction(SIGINT, &action, NULL) != 0)
		return PyErr_SetFromErrno(PyExc_OSError);
	Py_RETURN_NONE;
}

EXTENSION("work", work, METH_O)
