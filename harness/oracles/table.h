/* SPDX-License-Identifier: MIT */
/* One line for each oracle of this folder. */
#ifndef SIGSWEEP_ORACLES_TABLE_H
#define SIGSWEEP_ORACLES_TABLE_H

#include "harness/model/oracle.h"

extern const struct oracle oracle_end;
extern const struct oracle oracle_lock;
extern const struct oracle oracle_refcount;
extern const struct oracle oracle_invariant;
extern const struct oracle oracle_state;
extern const struct oracle oracle_exception;
extern const struct oracle oracle_leftovers;
extern const struct oracle oracle_unsafe_call;
extern const struct oracle oracle_python_exception;
extern const struct oracle oracle_lost;
extern const struct oracle oracle_latency;
extern const struct oracle oracle_shared_data;
extern const struct oracle oracle_python_lock;
extern const struct oracle oracle_python_refcount;
extern const struct oracle oracle_python_check;
extern const struct oracle oracle_cleanup;
extern const struct oracle oracle_python_call;

#endif
