/* SPDX-License-Identifier: MIT */
/* One line for each injector of this folder. */
#ifndef SIGSWEEP_INJECTORS_TABLE_H
#define SIGSWEEP_INJECTORS_TABLE_H

#include "harness/model/injector.h"

extern const struct injector injector_instruction;
extern const struct injector injector_call;
extern const struct injector injector_syscall;
extern const struct injector injector_opcode;

#endif
