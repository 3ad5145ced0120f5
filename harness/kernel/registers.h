/* SPDX-License-Identifier: MIT */
/*
 * What the rest of the harness knows of the CPU. registers.c and ptrace.c are the only files with
 * x86-64 in them; names and order of the fields are struct user_regs_struct's (sys/user.h).
 */
#ifndef SIGSWEEP_KERNEL_REGISTERS_H
#define SIGSWEEP_KERNEL_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

struct registers {
	struct user_regs_struct user;
};

#define SYSCALL_INSTRUCTION_SIZE 2
#define BREAKPOINT_SIZE 1

extern const uint8_t syscall_instruction[SYSCALL_INSTRUCTION_SIZE]; /* 0f 05 */
extern const uint8_t breakpoint_instruction[BREAKPOINT_SIZE];       /* cc */

uint64_t registers_pc(const struct registers *registers);
void registers_set_pc(struct registers *registers, uint64_t pc);
uint64_t registers_sp(const struct registers *registers);
uint64_t registers_fp(const struct registers *registers);
/* The thread pointer (fs base), by which pthread_self() knows the thread; a forked copy keeps it.
 */
uint64_t registers_thread_pointer(const struct registers *registers);
uint64_t registers_gs_base(const struct registers *registers);

/* A general register by the number that instructions have for it: rax, rcx, rdx, rbx, rsp, rbp,
 * rsi, rdi, r8 to r15 (Intel SDM volume 2, table 2-2). 0 for any other number. */
uint64_t registers_general(const struct registers *registers, unsigned int n);

/* The argument registers of the C calling convention (System V AMD64 ABI 3.2.3), 0 to 5. */
uint64_t registers_argument(const struct registers *registers, unsigned int n);

/* Number and arguments of the system call at whose entry or exit the thread is stopped. */
long registers_syscall(const struct registers *registers);
uint64_t registers_syscall_argument(const struct registers *registers, unsigned int n);
void registers_set_syscall_argument(struct registers *registers, unsigned int n, uint64_t value);
/* The number in the register that the syscall instruction takes it from (rax). */
long registers_syscall_about_to_run(const struct registers *registers);

/* The result of a system call or of a C function. */
int64_t registers_result(const struct registers *registers);
void registers_set_result(struct registers *registers, int64_t value);

/* At the entry of a system call: makes it another one. */
void registers_set_syscall(struct registers *registers, long number);

/* Turns the system call at whose entry the thread is stopped into none: it will return `result`
 * once registers_set_result() has been written at its exit. */
void registers_skip_syscall(struct registers *registers);

/* Makes `registers` those of a thread about to execute `syscall` at `at` with these arguments. */
void registers_prepare_syscall(struct registers *registers, uint64_t at, long number,
			       const uint64_t arguments[6]);

/*
 * Makes `registers` those of a thread about to enter the function at `address`: arguments, an
 * aligned stack below the red zone of 128 bytes (System V AMD64 ABI 3.2.2), no vector arguments.
 * Gives where the return address must be written.
 */
uint64_t registers_make_call(struct registers *registers, uint64_t address,
			     const uint64_t *arguments, size_t count);

/* Says that no system call is being restarted, so that the kernel leaves the registers alone
 * (arch/x86/kernel/signal.c: restarts only where orig_rax >= 0). Do it before writing them back. */
void registers_forget_syscall(struct registers *registers);

/* Does the result say that the system call was interrupted and is to be made again once the signal
 * has been seen to? Programs never see these numbers (include/linux/errno.h: ERESTARTSYS,
 * ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK). */
bool registers_will_restart(const struct registers *registers);

/*
 * Where the signal frame keeps the pc that was interrupted, for a thread that stands before the
 * first instruction of a handler: the kernel hands the frame's ucontext over as the third argument,
 * with and without SA_SIGINFO (arch/x86/kernel/signal_64.c, x64_setup_rt_frame()).
 */
uint64_t registers_interrupted_pc_at(const struct registers *registers);

/* Name and value of the n-th register for a person's eyes; false after the last one. */
bool registers_each(const struct registers *registers, size_t n, const char **name,
		    uint64_t *value);

#endif
