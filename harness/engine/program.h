/* SPDX-License-Identifier: MIT */
/*
 * A look at a program file before it is started, so that what the kernel would refuse with one
 * error number, or what cannot be swept at all, is said in words. Reads files only.
 */
#ifndef SIGSWEEP_ENGINE_PROGRAM_H
#define SIGSWEEP_ENGINE_PROGRAM_H

#include "harness/base/fail.h"

#include <stdbool.h>

struct program_info {
	bool is_script; /* begins with "#!" */
	/* The program that the kernel will load: the file itself, or the one at the end of the
	 * script's chain of "#!" lines, which all that follows is about. Owned by the struct. */
	char *interpreter;
	char *loader;  /* dynamic linker that it asks for (PT_INTERP), NULL: none. Owned. */
	int elf_class; /* ELFCLASS64, others are refused */
	int machine;   /* EM_X86_64, others are refused */
	bool is_static;
	bool is_pie;
	bool is_setuid;   /* would run as another user or group (of ours: see program_inspect) */
	bool is_stripped; /* no .symtab; a separate debug file may still exist */
	bool is_python;   /* CPython: its dynamic symbols name Py_BytesMain, its own or a library's
			   */
};

/*
 * Says of the file at `path` (not searched for) what it is. Fails, with a sentence, on what cannot
 * be run or swept: -ENOENT (missing, or its interpreter or loader is), -EISDIR, -EACCES (not
 * executable, not readable, a file system mounted noexec), -ENOEXEC (empty, neither ELF nor "#!",
 * another architecture, 32-bit, a library or object file, cut off or corrupt), -ELOOP (more than
 * five interpreters, Linux's limit), -EPERM (set-user-id or set-group-id for another than ours:
 * the kernel either drops that under a tracer, or makes it another user's process).
 * program_info_free() after a success; a failure leaves nothing.
 */
int program_inspect(const char *path, struct program_info *out) MUST_CHECK;
void program_info_free(struct program_info *info);

/* The file that execvp(3) would run for `name`: a name with '/' is itself, others are looked for in
 * PATH. New text in *path; -ENOENT or -EACCES with a sentence. */
int program_search(const char *name, char **path) MUST_CHECK;

#endif
