/* SPDX-License-Identifier: MIT */
/*
 * harmless(yes): declares that what follows is harmless, or that this is over. Bad twin (-DBAD):
 * declares nothing.
 */
#include "include/sigsweep.h"
#include "targets/cpython/extension.h"

static PyObject *harmless(PyObject *module, PyObject *yes)
{
	(void)module;
#ifndef BAD
	if (yes == Py_True)
		SIGSWEEP_BENIGN_BEGIN("it is only a test");
	else
		SIGSWEEP_BENIGN_END();
#endif
	(void)yes;
	Py_RETURN_NONE;
}

EXTENSION("harmless", harmless, METH_O)
