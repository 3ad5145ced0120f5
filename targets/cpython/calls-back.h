/* SPDX-License-Identifier: MIT */
/*
 * work(callable): calls it with a lock of the extension held, which take() and give() of the file
 * that includes this are about. Good twin: gives it back whatever the call did. Bad twin (-DBAD):
 * not when the call raised.
 */
#ifndef SIGSWEEP_TARGETS_CALLS_BACK_H
#define SIGSWEEP_TARGETS_CALLS_BACK_H

#include "targets/cpython/extension.h"

static void take(void);
static void give(void);

static PyObject *work(PyObject *module, PyObject *callable)
{
	PyObject *result;

	(void)module;
	take();
	result = PyObject_CallObject(callable, NULL);
#ifdef BAD
	if (result == NULL)
		return NULL;
#endif
	give();
	return result;
}

EXTENSION("work", work, METH_O)

#endif
