/* SPDX-License-Identifier: MIT */
/*
 * The only caller of ptrace(2). Every function takes a thread that this process traces and that is
 * stopped; -ESRCH means that it is gone (killed from outside), which callers must expect at any
 * time.
 */
#ifndef SIGSWEEP_KERNEL_PTRACE_H
#define SIGSWEEP_KERNEL_PTRACE_H

#include "harness/base/fail.h"
#include "harness/kernel/registers.h"
#include "harness/kernel/stop.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How a stopped thread goes on. */
enum trace_resume {
	TRACE_CONTINUE, /* until the next event */
	TRACE_STEP, /* one instruction; a signal handler entered counts as one (the stop is before
		     * its first instruction: kernel/signal.c, signal_setup_done()) */
	TRACE_SYSCALL, /* until the next system call's entry or exit */
};

/* In a child before it runs anything of the target: be traced by the parent. */
int trace_me(void) MUST_CHECK;

int trace_resume(pid_t tid, enum trace_resume how, int signal) MUST_CHECK;
int trace_set_options(pid_t tid, unsigned long options) MUST_CHECK; /* PTRACE_O_* */
int trace_event_message(pid_t tid, unsigned long *message) MUST_CHECK;

int trace_get_registers(pid_t tid, struct registers *registers) MUST_CHECK;
int trace_set_registers(pid_t tid, const struct registers *registers) MUST_CHECK;
int trace_get_pc(pid_t tid, uint64_t *pc) MUST_CHECK;         /* cheaper than all registers */
int trace_get_result(pid_t tid, int64_t *result) MUST_CHECK;  /* of a system call that just ended */
int trace_clear_trap_flag(pid_t tid, uint64_t at) MUST_CHECK; /* in flags saved in memory at `at` */

/*
 * How the floating-point units are set, without what computations leave there: the x87 control word
 * in the high half, MXCSR without its status flags (bits 0 to 5) in the low half (Intel SDM volume
 * 1, 8.1.5 and 10.2.3).
 */
int trace_get_float_control(pid_t tid, uint32_t *control) MUST_CHECK;

/*
 * Breakpoints of the CPU (Intel SDM volume 3, 17.2): four slots of a thread's own, which neither
 * change its code nor slow it down between hits. A hit is a STOP_TRAP: behind the instruction that
 * touched the bytes, before the one to execute. What the kernel itself writes, for a read(2) say,
 * is not seen. A copy made by clone(2) and a new program have none.
 *
 * Where they do not work (trace_has_watches(), tried out once for a process of the harness and
 * those that it forks; SIGSWEEP_NO_WATCHPOINTS in the environment says that they do not), the same
 * is done by stepping, which is slow and limited (watch_step.h).
 */
bool trace_has_watches(void);

#define TRACE_WATCHES 4

/* How many slots a thread really has: TRACE_WATCHES, or more where they are stepped. */
#define TRACE_WATCHES_MAX 16
unsigned int trace_watch_count(void);

enum trace_watch { WATCH_EXECUTE, WATCH_WRITE, WATCH_ACCESS };

/* `size` is 1, 2, 4 or 8 and `address` a multiple of it; execute: size 1. -ENOTSUP: the machine
 * has none, or none that work; -EINVAL: not such a place. */
int trace_set_watch(pid_t tid, unsigned int slot, enum trace_watch kind, uint64_t address,
		    size_t size) MUST_CHECK;
int trace_clear_watch(pid_t tid, unsigned int slot) MUST_CHECK;

/* The slots hit at this stop, one bit each, and forgets them. 0: the trap was another one. */
int trace_take_watch_hits(pid_t tid, unsigned int *slots) MUST_CHECK;

/*
 * Was a SIGTRAP at which the thread stands made by the CPU, though no slot was hit? siginfo says
 * that it was a breakpoint of the CPU's (TRAP_HWBKPT), or, of a debug exception without any reason,
 * that it was int1 (TRAP_BRKPT; arch/x86/kernel/traps.c, exc_debug_user()), where there is no int1.
 * A virtual machine was seen to lose the reason, very rarely; the program must not be killed for
 * that.
 */
bool trace_is_stray_watch(pid_t tid);

/* -EINVAL: the thread is in a group stop. */
int trace_get_siginfo(pid_t tid, siginfo_t *info) MUST_CHECK;
int trace_set_siginfo(pid_t tid, const siginfo_t *info) MUST_CHECK;
int trace_get_mask(pid_t tid, uint64_t *mask) MUST_CHECK; /* bit n-1: signal n is blocked */
int trace_set_mask(pid_t tid, uint64_t mask) MUST_CHECK;

/* Leaves the thread to itself, with a signal. */
int trace_detach(pid_t tid, int signal) MUST_CHECK;

/*
 * Waits for the next stop of `tid` (-1: of any thread or child of ours). Waits without limit when
 * `timeout` (seconds) is negative, else needs SIGCHLD blocked in this thread. 0; -ETIMEDOUT; -EINTR
 * when `trace_interrupted` was set by a signal handler; -ECHILD: there is none.
 */
int trace_wait(pid_t tid, double timeout, struct stop *stop) MUST_CHECK;
extern volatile sig_atomic_t trace_interrupted;

/* Is ptrace possible for this process at all? 0, or -EPERM with a sentence on why and what to do
 * (seccomp of a container, kernel.yama.ptrace_scope). */
int trace_probe(void) MUST_CHECK;

#endif
