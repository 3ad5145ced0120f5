/* SPDX-License-Identifier: MIT */
/*
 * What the extension twins share: the stable ABI of 3.9, so that one build serves every
 * interpreter under test, and the module definition with one function.
 */
#ifndef SIGSWEEP_TARGETS_EXTENSION_H
#define SIGSWEEP_TARGETS_EXTENSION_H

#define Py_LIMITED_API 0x03090000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* EXTENSION_INIT and EXTENSION_NAME come from targets.mk: the twin's own name. */
#define EXTENSION_WITH(methods)                                                                    \
	static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = EXTENSION_NAME,   \
						.m_size = -1, .m_methods = methods};               \
	PyMODINIT_FUNC EXTENSION_INIT(void);                                                       \
	PyMODINIT_FUNC EXTENSION_INIT(void)                                                        \
	{                                                                                          \
		return PyModule_Create(&definition);                                               \
	}

#define EXTENSION(name, function, flags)                                                           \
	static PyMethodDef methods[] = {{name, function, flags, NULL}, {0}};                       \
	EXTENSION_WITH(methods)

#endif
