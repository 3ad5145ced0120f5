/* SPDX-License-Identifier: MIT */
/*
 * Holds still what a walker has started, while copies of the walker are tried: a child that ran on
 * would meet what a trial does to files and pipes, and what is put back after it. Needs no control
 * group: each thread is sent a SIGSTOP and kept where the tracer sees it, so that it stops nothing
 * and nobody else hears of it.
 */
#ifndef SIGSWEEP_ENGINE_FREEZE_H
#define SIGSWEEP_ENGINE_FREEZE_H

#include "harness/engine/walker.h"

/*
 * Stops every process that the walker started; nothing happens to those that stand still already.
 * The walker itself stands. A call that such a process sleeps in is broken off and made again; the
 * few calls that even a signal nobody handles makes fail with EINTR (signal(7), "Interruption of
 * system calls and library functions by stop signals") fail so. One that takes no signal now, since
 * it waits for its own child in vfork(2), stands still anyway.
 */
int freeze_others(struct walker *walker) MUST_CHECK;

/* The walker is about to go on: lets them go too. Counts as a system call, since what they share
 * with the walker may change from now on. Nothing to do where none was stopped. */
void freeze_end(struct walker *walker);

#endif
