/* SPDX-License-Identifier: MIT */
/*
 * A trace function in C that interrupts the interpreter that it is loaded into before one chosen
 * bytecode instruction: it calls PyErr_SetInterrupt(), which does what the signal's handler does
 * (set flags), so that the interpreter acts on it where it looks by itself. No Python code runs for
 * it, which would look at the flags. Independent of the harness: shares no code with it.
 *
 *   start(first, last, count)  instructions count from the call of a function named `first` to that
 *                              of one named `last`; before number `count` (from 1) it interrupts
 *   seen()                     [(function, offset, opcode)] of the instructions so far, the opcode
 *                              as the compiler emitted it
 *   called(code, offset), passed(code, offset)
 *                              callbacks for sys.monitoring (from 3.12 on): PY_START, INSTRUCTION
 *   leave(opcode, disable)     instructions with this opcode are put back as they were once they
 * have been seen: `disable` is sys.monitoring's word for that. 3.15 looks at the instruction before
 * a call, which is another one while it is traced.
 *   drop()                     looks for signals and clears what their handlers have raised
 *   poll(name)                 asks whether there was a SIGINT, and has no handler called: raises
 * the built-in exception of that name then, if it is one
 */
#define Py_LIMITED_API 0x03090000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

/* Include/cpython/ceval.h and pystate.h: exported by every version, but not in the limited API. */
typedef int (*trace_function)(PyObject *self, PyFrameObject *frame, int what, PyObject *argument);
extern void PyEval_SetTrace(trace_function function, PyObject *self);

#define TRACE_CALL 0
#define TRACE_OPCODE 7

static char first[64];
static char last[64];
static long wanted;
static long count;
static int is_open;
static PyObject *places;
static long left_opcode = -1;
static PyObject *disable;

/* `code`'s co_name against the window's two names. */
static int look_at(PyObject *code, const char *name)
{
	PyObject *text = PyObject_GetAttrString(code, "co_name");
	int is = text ? PyUnicode_CompareWithASCIIString(text, name) == 0 : -1;

	Py_XDECREF(text);
	return is;
}

static int enter(PyObject *code)
{
	if (look_at(code, first) > 0 && !is_open)
		is_open = 1;
	if (look_at(code, last) > 0)
		is_open = 2; /* over: it does not open again */
	return PyErr_Occurred() ? -1 : 0;
}

/* As compiled, whatever stands there for tracing. */
static long opcode_at(PyObject *code, Py_ssize_t offset)
{
	PyObject *bytes = PyObject_GetAttrString(code, "co_code");
	long opcode = -2;

	if (bytes && offset < PyBytes_Size(bytes))
		opcode = (unsigned char)PyBytes_AsString(bytes)[offset];
	Py_XDECREF(bytes);
	return opcode;
}

static int pass(PyObject *code, PyObject *offset)
{
	PyObject *name;
	PyObject *place;
	int error;

	if (is_open != 1)
		return 0;
	name = PyObject_GetAttrString(code, "co_name");
	place = name ? Py_BuildValue("OOl", name, offset, opcode_at(code, PyLong_AsSsize_t(offset)))
		     : NULL;
	error = place ? PyList_Append(places, place) : -1;
	Py_XDECREF(name);
	Py_XDECREF(place);
	if (++count == wanted)
		PyErr_SetInterrupt();
	return error;
}

static int trace(PyObject *self, PyFrameObject *frame, int what, PyObject *argument)
{
	PyObject *code;
	PyObject *offset;
	int error = 0;

	(void)self;
	(void)argument;
	if (what != TRACE_CALL && what != TRACE_OPCODE)
		return 0;
	code = PyObject_GetAttrString((PyObject *)frame, "f_code");
	if (code && what == TRACE_CALL) {
		error = PyObject_SetAttrString((PyObject *)frame, "f_trace_opcodes", Py_True);
		if (!error)
			error = enter(code);
	} else if (code) {
		offset = PyObject_GetAttrString((PyObject *)frame, "f_lasti");
		error = offset ? pass(code, offset) : -1;
		Py_XDECREF(offset);
	}
	Py_XDECREF(code);
	return code ? error : -1;
}

static PyObject *called(PyObject *module, PyObject *arguments)
{
	PyObject *code;
	PyObject *offset;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "OO", &code, &offset) || enter(code) != 0)
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *passed(PyObject *module, PyObject *arguments)
{
	PyObject *code;
	PyObject *offset;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "OO", &code, &offset) || pass(code, offset) != 0)
		return NULL;
	if (opcode_at(code, PyLong_AsSsize_t(offset)) == left_opcode) {
		Py_INCREF(disable);
		return disable;
	}
	Py_RETURN_NONE;
}

static PyObject *leave(PyObject *module, PyObject *arguments)
{
	(void)module;
	if (!PyArg_ParseTuple(arguments, "lO", &left_opcode, &disable))
		return NULL;
	Py_INCREF(disable);
	Py_RETURN_NONE;
}

static PyObject *start(PyObject *module, PyObject *arguments)
{
	const char *from;
	const char *to;
	int by_trace;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "sslp", &from, &to, &wanted, &by_trace))
		return NULL;
	strncpy(first, from, sizeof(first) - 1);
	strncpy(last, to, sizeof(last) - 1);
	Py_XDECREF(places);
	places = PyList_New(0);
	count = 0;
	is_open = 0;
	if (by_trace)
		PyEval_SetTrace(trace, NULL);
	Py_RETURN_NONE;
}

static PyObject *seen(PyObject *module, PyObject *nothing)
{
	(void)module;
	(void)nothing;
	Py_XINCREF(places);
	return places;
}

static PyObject *drop(PyObject *module, PyObject *none)
{
	(void)module;
	(void)none;
	if (PyErr_CheckSignals())
		PyErr_Clear();
	Py_RETURN_NONE;
}

static PyObject *poll(PyObject *module, PyObject *name)
{
	PyObject *builtins;
	PyObject *exception;

	(void)module;
	if (!PyOS_InterruptOccurred() || PyUnicode_GetLength(name) == 0)
		Py_RETURN_NONE;
	builtins = PyEval_GetBuiltins();
	exception = builtins ? PyDict_GetItem(builtins, name) : NULL;
	if (exception)
		PyErr_SetString(exception, "interrupted");
	return NULL;
}

static PyMethodDef methods[] = {
	{"start", start, METH_VARARGS, NULL},   {"called", called, METH_VARARGS, NULL},
	{"passed", passed, METH_VARARGS, NULL}, {"leave", leave, METH_VARARGS, NULL},
	{"seen", seen, METH_NOARGS, NULL},      {"drop", drop, METH_NOARGS, NULL},
	{"poll", poll, METH_O, NULL},           {0},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "interrupter",
					.m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit_interrupter(void);
PyMODINIT_FUNC PyInit_interrupter(void)
{
	return PyModule_Create(&definition);
}
