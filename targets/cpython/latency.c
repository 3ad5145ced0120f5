/* SPDX-License-Identifier: MIT */
/*
 * work(rounds): a long calculation in C. Good twin: looks for signals every thousand rounds. Bad
 * twin (-DBAD): never looks, so that Ctrl-C waits until it is done.
 */
#include "targets/cpython/extension.h"

static volatile unsigned long state = 1;

static PyObject *work(PyObject *module, PyObject *argument)
{
	unsigned long rounds = PyLong_AsUnsignedLong(argument);

	(void)module;
	if (PyErr_Occurred())
		return NULL;
	for (unsigned long n = 1; n <= rounds; n++) {
		state = state * 6364136223846793005ul + 1442695040888963407ul;
#ifndef BAD
		if (n % 1000 == 0 && PyErr_CheckSignals() != 0)
			return NULL;
#endif
	}
	return PyLong_FromUnsignedLong(state >> 33);
}

EXTENSION("work", work, METH_O)
