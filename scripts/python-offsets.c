/* SPDX-License-Identifier: MIT */
/*
 * Prints where one CPython keeps its state: compiled by scripts/python-offsets against the headers
 * of the interpreter in question, never linked with it. Field names are harness/python/layout.h's.
 */
#define Py_BUILD_CORE 1
#define NEED_OPCODE_TABLES 1
#define NEED_OPCODE_METADATA 1
#include <Python.h>

#include <frameobject.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#if PY_VERSION_HEX >= 0x030d0000
#include "internal/pycore_opcode_metadata.h"
#elif PY_VERSION_HEX >= 0x030b0000
#include "internal/pycore_opcode.h"
#endif
#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#if PY_VERSION_HEX >= 0x030e0000
#include "internal/pycore_instruments.h"
#endif
#if PY_VERSION_HEX >= 0x030b0000
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#else
/* Objects/dict-common.h is not installed; the struct is as it was from 3.6 to 3.10. */
typedef struct {
	Py_ssize_t dk_refcnt;
	Py_ssize_t dk_size;
	void *dk_lookup;
	Py_ssize_t dk_usable;
	Py_ssize_t dk_nentries;
	char dk_indices[];
} PyDictKeysObject_;
#endif
#if PY_VERSION_HEX >= 0x030e0000
#include "internal/pycore_debug_offsets.h"
#include "internal/pycore_interpframe_structs.h"
#endif

#define AT(name, type, member) printf(#name " %zu\n", offsetof(type, member))
#define NUMBER(name, value) printf(#name " %zu\n", (size_t)(value))

static void print_runtime(void)
{
	NUMBER(runtime_size, sizeof(_PyRuntimeState));
	AT(runtime_interpreters_head, _PyRuntimeState, interpreters.head);
	AT(runtime_interpreters_main, _PyRuntimeState, interpreters.main);
	AT(runtime_finalizing, _PyRuntimeState, _finalizing);
	AT(interpreter_next, PyInterpreterState, next);
	AT(interpreter_sysdict, PyInterpreterState, sysdict);
#if PY_VERSION_HEX >= 0x030c0000
	AT(runtime_signals, _PyRuntimeState, signals.handlers);
	AT(runtime_signals_tripped, _PyRuntimeState, signals.is_tripped);
	NUMBER(signal_size, sizeof(((_PyRuntimeState *)0)->signals.handlers[0]));
	NUMBER(signal_tripped, offsetof(_PyRuntimeState, signals.handlers[0].tripped) -
				       offsetof(_PyRuntimeState, signals.handlers));
	NUMBER(signal_function, offsetof(_PyRuntimeState, signals.handlers[0].func) -
					offsetof(_PyRuntimeState, signals.handlers));
	AT(interpreter_modules, PyInterpreterState, imports.modules);
#else
	/* Modules/signalmodule.c: static struct { _Py_atomic_int tripped; PyObject *func; } */
	NUMBER(signal_size, 2 * sizeof(void *));
	NUMBER(signal_tripped, 0);
	NUMBER(signal_function, sizeof(void *));
	AT(interpreter_modules, PyInterpreterState, modules);
#endif
#if PY_VERSION_HEX >= 0x030d0000
	AT(interpreter_import_lock, PyInterpreterState, imports.lock);
#endif
#if PY_VERSION_HEX < 0x030d0000
	AT(runtime_signals_pending, _PyRuntimeState, ceval.signals_pending);
#endif
#if PY_VERSION_HEX >= 0x030b0000
	AT(interpreter_threads, PyInterpreterState, threads.head);
#else
	AT(interpreter_threads, PyInterpreterState, tstate_head);
#endif
#if PY_VERSION_HEX < 0x030d0000
	AT(interpreter_eval_breaker, PyInterpreterState, ceval.eval_breaker);
#endif
#if PY_VERSION_HEX >= 0x030c0000
	AT(interpreter_gil, PyInterpreterState, ceval.gil);
	AT(gil_holder, struct _gil_runtime_state, last_holder);
	AT(gil_locked, struct _gil_runtime_state, locked);
#else
	AT(runtime_current_thread, _PyRuntimeState, gilstate.tstate_current);
#endif
}

static void print_thread(void)
{
	AT(thread_next, PyThreadState, next);
	AT(thread_interpreter, PyThreadState, interp);
	AT(thread_id, PyThreadState, thread_id);
	AT(thread_exc_info, PyThreadState, exc_info);
	AT(thread_async_exc, PyThreadState, async_exc);
#if PY_VERSION_HEX >= 0x030d0000
	AT(thread_frame, PyThreadState, current_frame);
	AT(thread_eval_breaker, PyThreadState, eval_breaker);
#elif PY_VERSION_HEX >= 0x030b0000
	AT(thread_cframe, PyThreadState, cframe);
	AT(cframe_current, _PyCFrame, current_frame);
#else
	AT(thread_frame, PyThreadState, frame);
#endif
#if PY_VERSION_HEX >= 0x030c0000
	AT(thread_current_exception, PyThreadState, current_exception);
#else
	AT(thread_current_exception, PyThreadState, curexc_type);
	AT(thread_current_value, PyThreadState, curexc_value);
	AT(thread_current_traceback, PyThreadState, curexc_traceback);
#endif
	AT(exc_info_value, _PyErr_StackItem, exc_value);
	AT(exc_info_previous, _PyErr_StackItem, previous_item);
#if PY_VERSION_HEX < 0x030b0000
	AT(exc_info_type, _PyErr_StackItem, exc_type);
	AT(exc_info_traceback, _PyErr_StackItem, exc_traceback);
#endif
}

static void print_frame(void)
{
#if PY_VERSION_HEX < 0x030b0000
	AT(frame_previous, PyFrameObject, f_back);
	AT(frame_code, PyFrameObject, f_code);
	AT(frame_instruction, PyFrameObject, f_lasti);
	AT(frame_globals, PyFrameObject, f_globals);
	AT(frame_locals, PyFrameObject, f_localsplus);
#else
	AT(frame_previous, _PyInterpreterFrame, previous);
	AT(frame_owner, _PyInterpreterFrame, owner);
	AT(frame_object, _PyInterpreterFrame, frame_obj);
	AT(frame_globals, _PyInterpreterFrame, f_globals);
	AT(frame_locals, _PyInterpreterFrame, localsplus);
	AT(frame_object_inner, PyFrameObject, f_frame);
	NUMBER(frame_owner_thread, FRAME_OWNED_BY_THREAD);
	NUMBER(frame_owner_generator, FRAME_OWNED_BY_GENERATOR);
	NUMBER(frame_owner_object, FRAME_OWNED_BY_FRAME_OBJECT);
#if PY_VERSION_HEX >= 0x030e0000
	NUMBER(frame_owner_shim, FRAME_OWNED_BY_INTERPRETER);
#elif PY_VERSION_HEX >= 0x030c0000
	NUMBER(frame_owner_shim, FRAME_OWNED_BY_CSTACK);
#else
	AT(frame_is_entry, _PyInterpreterFrame, is_entry);
#endif
#if PY_VERSION_HEX >= 0x030d0000
	AT(frame_code, _PyInterpreterFrame, f_executable);
	AT(frame_instruction, _PyInterpreterFrame, instr_ptr);
#else
	AT(frame_code, _PyInterpreterFrame, f_code);
	AT(frame_instruction, _PyInterpreterFrame, prev_instr);
#endif
#endif
}

static void print_code(void)
{
	AT(code_first_line, PyCodeObject, co_firstlineno);
	AT(code_file, PyCodeObject, co_filename);
	AT(code_name, PyCodeObject, co_name);
	AT(code_flags, PyCodeObject, co_flags);
	AT(code_constants, PyCodeObject, co_consts);
#if PY_VERSION_HEX >= 0x030b0000
	AT(code_bytes, PyCodeObject, co_code_adaptive);
	AT(code_qualname, PyCodeObject, co_qualname);
	AT(code_exceptions, PyCodeObject, co_exceptiontable);
	AT(code_local_count, PyCodeObject, co_nlocalsplus);
#else
	AT(code_bytes, PyCodeObject, co_code);
	AT(code_local_count, PyCodeObject, co_nlocals);
#endif
#if PY_VERSION_HEX >= 0x030a0000
	AT(code_lines, PyCodeObject, co_linetable);
#else
	AT(code_lines, PyCodeObject, co_lnotab);
#endif
}

/* Which opcodes stand where instrumented ones do. */
static void print_monitoring(void)
{
#if PY_VERSION_HEX >= 0x030c0000
	AT(code_monitoring, PyCodeObject, _co_monitoring);
	AT(monitoring_lines, _PyCoMonitoringData, lines);
	AT(monitoring_instructions, _PyCoMonitoringData, per_instruction_opcodes);
#endif
}

/* The lowest bit that is set in the state word of `text`. */
static unsigned int state_bit(const PyASCIIObject *text)
{
	unsigned int word;

	memcpy(&word, &text->state, sizeof(word));
	return __builtin_ctz(word);
}

static void print_unicode(void)
{
	PyASCIIObject kind, compact, ascii;

	memset(&kind, 0, sizeof(kind));
	memset(&compact, 0, sizeof(compact));
	memset(&ascii, 0, sizeof(ascii));
	kind.state.kind = 1;
	compact.state.compact = 1;
	ascii.state.ascii = 1;
	AT(unicode_length, PyASCIIObject, length);
	AT(unicode_state, PyASCIIObject, state);
	NUMBER(unicode_kind_shift, state_bit(&kind));
	NUMBER(unicode_compact_shift, state_bit(&compact));
	NUMBER(unicode_ascii_shift, state_bit(&ascii));
	NUMBER(unicode_ascii_data, sizeof(PyASCIIObject));
	NUMBER(unicode_compact_data, sizeof(PyCompactUnicodeObject));
}

static void print_objects(void)
{
	AT(object_refcount, PyObject, ob_refcnt);
	AT(object_type, PyObject, ob_type);
	AT(object_size, PyVarObject, ob_size);
	AT(type_name, PyTypeObject, tp_name);
	AT(type_flags, PyTypeObject, tp_flags);
	AT(type_dictoffset, PyTypeObject, tp_dictoffset);
	AT(type_dealloc, PyTypeObject, tp_dealloc);
	AT(type_base, PyTypeObject, tp_base);
	AT(type_dict, PyTypeObject, tp_dict);
	AT(type_mro, PyTypeObject, tp_mro);
	AT(type_methods, PyTypeObject, tp_methods);
	AT(bytes_data, PyBytesObject, ob_sval);
	AT(tuple_items, PyTupleObject, ob_item);
	AT(list_items, PyListObject, ob_item);
	AT(exception_traceback, PyBaseExceptionObject, traceback);
	AT(exception_context, PyBaseExceptionObject, context);
	AT(exception_cause, PyBaseExceptionObject, cause);
	AT(traceback_next, PyTracebackObject, tb_next);
	AT(traceback_frame, PyTracebackObject, tb_frame);
	AT(traceback_line, PyTracebackObject, tb_lineno);
	AT(dict_used, PyDictObject, ma_used);
	AT(dict_keys, PyDictObject, ma_keys);
	AT(dict_values, PyDictObject, ma_values);
#if PY_VERSION_HEX >= 0x030b0000
	AT(values_items, PyDictValues, values);
	AT(keys_log2_size, PyDictKeysObject, dk_log2_size);
	AT(keys_log2_index, PyDictKeysObject, dk_log2_index_bytes);
	AT(keys_kind, PyDictKeysObject, dk_kind);
	AT(keys_count, PyDictKeysObject, dk_nentries);
	AT(keys_indices, PyDictKeysObject, dk_indices);
#else
	NUMBER(values_items, 0);
	AT(keys_size, PyDictKeysObject_, dk_size);
	AT(keys_count, PyDictKeysObject_, dk_nentries);
	AT(keys_indices, PyDictKeysObject_, dk_indices);
#endif
}

static void print_opcodes(void)
{
#if PY_VERSION_HEX >= 0x030b0000
	for (unsigned int n = 0; n < 256; n++) {
		printf("base[%u] %u\n", n, (unsigned int)_PyOpcode_Deopt[n]);
		printf("caches[%u] %u\n", n, (unsigned int)_PyOpcode_Caches[n]);
	}
#endif
}

#if PY_VERSION_HEX >= 0x030d0000
#define DEBUG(name, member) printf("debug." #name " %zu\n", offsetof(_Py_DebugOffsets, member))

/* Where _Py_DebugOffsets has the offset that we call `name`. */
static void print_debug_offsets(void)
{
	DEBUG(runtime_finalizing, runtime_state.finalizing);
	DEBUG(runtime_interpreters_head, runtime_state.interpreters_head);
	DEBUG(runtime_size, runtime_state.size);
	DEBUG(interpreter_next, interpreter_state.next);
	DEBUG(interpreter_threads, interpreter_state.threads_head);
	DEBUG(interpreter_modules, interpreter_state.imports_modules);
	DEBUG(interpreter_sysdict, interpreter_state.sysdict);
	DEBUG(interpreter_gil, interpreter_state.ceval_gil);
	DEBUG(thread_next, thread_state.next);
	DEBUG(thread_interpreter, thread_state.interp);
	DEBUG(thread_frame, thread_state.current_frame);
	DEBUG(thread_id, thread_state.thread_id);
	DEBUG(frame_previous, interpreter_frame.previous);
	DEBUG(frame_code, interpreter_frame.executable);
	DEBUG(frame_instruction, interpreter_frame.instr_ptr);
	DEBUG(frame_locals, interpreter_frame.localsplus);
	DEBUG(frame_owner, interpreter_frame.owner);
	DEBUG(code_file, code_object.filename);
	DEBUG(code_name, code_object.name);
	DEBUG(code_qualname, code_object.qualname);
	DEBUG(code_lines, code_object.linetable);
	DEBUG(code_first_line, code_object.firstlineno);
	DEBUG(code_bytes, code_object.co_code_adaptive);
	DEBUG(object_type, pyobject.ob_type);
	DEBUG(object_size, tuple_object.ob_size);
	DEBUG(type_name, type_object.tp_name);
	DEBUG(type_flags, type_object.tp_flags);
	DEBUG(tuple_items, tuple_object.ob_item);
	DEBUG(list_items, list_object.ob_item);
	DEBUG(dict_keys, dict_object.ma_keys);
	DEBUG(dict_values, dict_object.ma_values);
	DEBUG(bytes_data, bytes_object.ob_sval);
	DEBUG(unicode_state, unicode_object.state);
	DEBUG(unicode_length, unicode_object.length);
	DEBUG(unicode_ascii_data, unicode_object.asciiobject_size);
#if PY_VERSION_HEX >= 0x030e0000
	DEBUG(thread_eval_breaker, debugger_support.eval_breaker);
#endif
#if PY_VERSION_HEX >= 0x030f0000
	DEBUG(thread_current_exception, thread_state.current_exception);
	DEBUG(exc_info_value, err_stackitem.exc_value);
	DEBUG(unicode_compact_data, unicode_object.compactunicodeobject_size);
#endif
}
#endif

int main(void)
{
	printf("version %s\n", PY_VERSION);
	print_runtime();
	print_thread();
	print_frame();
	print_code();
	print_monitoring();
	print_unicode();
	print_objects();
	print_opcodes();
#if PY_VERSION_HEX >= 0x030d0000
	print_debug_offsets();
#endif
	return 0;
}
