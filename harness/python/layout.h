/* SPDX-License-Identifier: MIT */
/*
 * Where CPython keeps what the harness reads: offsets into its structs and its opcode table, for
 * each minor version. The tables (offsets_3_*.c) are made by scripts/python-offsets from the
 * interpreter's own headers; nobody writes one by hand.
 */
#ifndef SIGSWEEP_PYTHON_LAYOUT_H
#define SIGSWEEP_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYTHON_NONE 0xffffffffu /* this version has no such field */
#define PYTHON_OPCODES 256

/*
 * Bytes from the start of the struct that the name begins with, unless said otherwise:
 * runtime (_PyRuntimeState), interpreter (PyInterpreterState), thread (PyThreadState), cframe
 * (_PyCFrame, 3.10 to 3.12), frame (PyFrameObject up to 3.10, _PyInterpreterFrame from 3.11 on),
 * code (PyCodeObject), exc_info (_PyErr_StackItem), exception (PyBaseExceptionObject), traceback
 * (PyTracebackObject), keys (PyDictKeysObject), monitoring (_PyCoMonitoringData),
 * gil (struct _gil_runtime_state), the others by their type.
 */
#define PYTHON_LAYOUT_FIELDS(X)                                                                    \
	X(runtime_size) /* sizeof, as the symbol _PyRuntime has it */                              \
	X(runtime_interpreters_head)                                                               \
	X(runtime_interpreters_main)                                                               \
	X(runtime_finalizing)                                                                      \
	X(runtime_current_thread)  /* whose turn it is, up to 3.11 */                              \
	X(runtime_signals_pending) /* int, up to 3.11 */                                           \
	X(runtime_signals)         /* array of signal entries, from 3.12 on; before: a static */   \
	X(runtime_signals_tripped) /* int is_tripped, from 3.12 on */                              \
	X(signal_size)             /* sizeof one entry */                                          \
	X(signal_tripped)          /* int */                                                       \
	X(signal_function)         /* the Python handler */                                        \
	X(interpreter_next)                                                                        \
	X(interpreter_threads)                                                                     \
	X(interpreter_modules)                                                                     \
	X(interpreter_sysdict)                                                                     \
	X(interpreter_import_lock)  /* _PyRecursiveMutex, from 3.13 on; before: a PyThread lock */ \
	X(interpreter_eval_breaker) /* int, up to 3.12 */                                          \
	X(interpreter_gil)          /* address of its GIL, from 3.12 on */                         \
	X(gil_holder)               /* the thread that has it, or had it last */                   \
	X(gil_locked)               /* int */                                                      \
	X(thread_next)                                                                             \
	X(thread_interpreter)                                                                      \
	X(thread_id)    /* pthread_self() */                                                       \
	X(thread_frame) /* up to 3.9, and from 3.13 on */                                          \
	X(thread_cframe)                                                                           \
	X(thread_current_exception) /* the value; the type up to 3.11 */                           \
	X(thread_current_value)     /* up to 3.11 */                                               \
	X(thread_current_traceback) /* up to 3.11 */                                               \
	X(thread_exc_info)                                                                         \
	X(thread_eval_breaker) /* uintptr_t, from 3.13 on */                                       \
	X(thread_async_exc)                                                                        \
	X(cframe_current)                                                                          \
	X(frame_previous)                                                                          \
	X(frame_code)                                                                              \
	X(frame_instruction) /* int f_lasti up to 3.10; pointer from 3.11 on */                    \
	X(frame_owner)                                                                             \
	X(frame_is_entry) /* 3.11 */                                                               \
	X(frame_object)   /* the PyFrameObject made for it */                                      \
	X(frame_globals)                                                                           \
	X(frame_locals) /* f_localsplus, localsplus */                                             \
	X(frame_owner_thread)                                                                      \
	X(frame_owner_generator)                                                                   \
	X(frame_owner_object)                                                                      \
	X(frame_owner_shim)   /* value of owner that marks an entry shim: no Python frame */       \
	X(frame_object_inner) /* PyFrameObject.f_frame, from 3.11 on */                            \
	X(code_bytes) /* co_code, a bytes object, up to 3.10; else the instructions themselves */  \
	X(code_first_line)                                                                         \
	X(code_file)                                                                               \
	X(code_name)                                                                               \
	X(code_qualname)                                                                           \
	X(code_lines) /* co_lnotab, co_linetable */                                                \
	X(code_exceptions)                                                                         \
	X(code_flags)                                                                              \
	X(code_local_count)                                                                        \
	X(code_constants)                                                                          \
	X(code_monitoring)         /* from 3.12 on: NULL, or what the next two are about */        \
	X(monitoring_lines)        /* what INSTRUMENTED_LINE stands for */                         \
	X(monitoring_instructions) /* bytes: what INSTRUMENTED_INSTRUCTION stands for */           \
	X(exc_info_value)                                                                          \
	X(exc_info_type)      /* up to 3.10 */                                                     \
	X(exc_info_traceback) /* up to 3.10 */                                                     \
	X(exc_info_previous)                                                                       \
	X(exception_traceback)                                                                     \
	X(exception_context)                                                                       \
	X(exception_cause)                                                                         \
	X(traceback_next)                                                                          \
	X(traceback_frame)                                                                         \
	X(traceback_line)                                                                          \
	X(object_refcount)                                                                         \
	X(object_type)                                                                             \
	X(object_size) /* ob_size of a PyVarObject */                                              \
	X(type_name)                                                                               \
	X(type_flags)                                                                              \
	X(type_dictoffset)                                                                         \
	X(type_dealloc)                                                                            \
	X(type_base)                                                                               \
	X(type_dict) /* NULL of static types from 3.12 on: it is the interpreter's */              \
	X(type_mro)                                                                                \
	X(type_methods)                                                                            \
	X(unicode_length)                                                                          \
	X(unicode_state)                                                                           \
	X(unicode_kind_shift) /* bits of state from the least one on */                            \
	X(unicode_compact_shift)                                                                   \
	X(unicode_ascii_shift)                                                                     \
	X(unicode_ascii_data)   /* sizeof PyASCIIObject */                                         \
	X(unicode_compact_data) /* sizeof PyCompactUnicodeObject */                                \
	X(bytes_data)                                                                              \
	X(tuple_items)                                                                             \
	X(list_items)                                                                              \
	X(dict_used)                                                                               \
	X(dict_keys)                                                                               \
	X(dict_values)                                                                             \
	X(values_items)    /* of what dict_values points at */                                     \
	X(keys_log2_size)  /* from 3.11 on: uint8_t */                                             \
	X(keys_log2_index) /* from 3.11 on: uint8_t log2 of the index's bytes */                   \
	X(keys_kind)       /* from 3.11 on: uint8_t, 0: general entries */                         \
	X(keys_size)       /* up to 3.10 */                                                        \
	X(keys_count)      /* dk_nentries */                                                       \
	X(keys_indices)

struct python_layout {
#define X(name) uint32_t name;
	PYTHON_LAYOUT_FIELDS(X)
#undef X
};

struct python_version {
	unsigned int minor;             /* 13 for 3.13 */
	struct python_layout layout[2]; /* release, pydebug */
	/* From 3.13 on: where _Py_DebugOffsets, with which _PyRuntime starts, has the offset of the
	 * field; PYTHON_NONE: it is not in there. NULL: this version has no such table. */
	const struct python_layout *debug_offsets;
	const char *const *names; /* PYTHON_OPCODES names, NULL: no such opcode */
	const uint8_t *base;      /* the opcode that a specialised one stands for; NULL: none are */
	const uint8_t *caches; /* code units of inline cache after each base opcode; NULL: none */
};

/* All known versions, ended by NULL. */
extern const struct python_version *const python_versions[];

#endif
