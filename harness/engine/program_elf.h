/* SPDX-License-Identifier: MIT */
/* The part of program.h that reads ELF headers; for program.c only. */
#ifndef SIGSWEEP_ENGINE_PROGRAM_ELF_H
#define SIGSWEEP_ENGINE_PROGRAM_ELF_H

#include "harness/engine/program.h"

#include <sys/types.h>

/* Checks the ELF file of `size` bytes open at `fd` and fills what its headers tell. */
int program_elf_inspect(int fd, off_t size, const char *path, struct program_info *out) MUST_CHECK;

#endif
