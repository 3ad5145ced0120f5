/* SPDX-License-Identifier: MIT */
/*
 * x86-64: registers, the calling convention, the system call convention (System V AMD64 ABI, A.2).
 */
#include "harness/kernel/registers.h"

#include <stddef.h>
#include <ucontext.h>

const uint8_t syscall_instruction[SYSCALL_INSTRUCTION_SIZE] = {0x0f, 0x05};
const uint8_t breakpoint_instruction[BREAKPOINT_SIZE] = {0xcc};

uint64_t registers_pc(const struct registers *registers)
{
	return registers->user.rip;
}

void registers_set_pc(struct registers *registers, uint64_t pc)
{
	registers->user.rip = pc;
}

uint64_t registers_sp(const struct registers *registers)
{
	return registers->user.rsp;
}

uint64_t registers_thread_pointer(const struct registers *registers)
{
	return registers->user.fs_base;
}

uint64_t registers_gs_base(const struct registers *registers)
{
	return registers->user.gs_base;
}

uint64_t registers_general(const struct registers *registers, unsigned int n)
{
	const struct user_regs_struct *user = &registers->user;
	const uint64_t general[] = {user->rax, user->rcx, user->rdx, user->rbx,
				    user->rsp, user->rbp, user->rsi, user->rdi,
				    user->r8,  user->r9,  user->r10, user->r11,
				    user->r12, user->r13, user->r14, user->r15};

	return n < sizeof(general) / sizeof(general[0]) ? general[n] : 0;
}

uint64_t registers_fp(const struct registers *registers)
{
	return registers->user.rbp;
}

uint64_t registers_argument(const struct registers *registers, unsigned int n)
{
	const struct user_regs_struct *user = &registers->user;
	const uint64_t arguments[] = {user->rdi, user->rsi, user->rdx,
				      user->rcx, user->r8,  user->r9};

	return n < 6 ? arguments[n] : 0;
}

long registers_syscall(const struct registers *registers)
{
	return (long)registers->user.orig_rax;
}

uint64_t registers_syscall_argument(const struct registers *registers, unsigned int n)
{
	const struct user_regs_struct *user = &registers->user;
	const uint64_t arguments[] = {user->rdi, user->rsi, user->rdx,
				      user->r10, user->r8,  user->r9};

	return n < 6 ? arguments[n] : 0;
}

static unsigned long long *syscall_argument(struct user_regs_struct *user, unsigned int n)
{
	unsigned long long *const arguments[] = {&user->rdi, &user->rsi, &user->rdx,
						 &user->r10, &user->r8,  &user->r9};

	return arguments[n % 6];
}

void registers_set_syscall_argument(struct registers *registers, unsigned int n, uint64_t value)
{
	*syscall_argument(&registers->user, n) = value;
}

long registers_syscall_about_to_run(const struct registers *registers)
{
	return (long)registers->user.rax;
}

int64_t registers_result(const struct registers *registers)
{
	return (int64_t)registers->user.rax;
}

void registers_set_result(struct registers *registers, int64_t value)
{
	registers->user.rax = (unsigned long long)value;
}

void registers_set_syscall(struct registers *registers, long number)
{
	registers->user.orig_rax = (unsigned long long)number;
}

void registers_skip_syscall(struct registers *registers)
{
	registers->user.orig_rax = (unsigned long long)-1;
}

void registers_prepare_syscall(struct registers *registers, uint64_t at, long number,
			       const uint64_t arguments[6])
{
	registers->user.rip = at;
	registers->user.rax = (unsigned long long)number;
	for (unsigned int i = 0; i < 6; i++)
		registers_set_syscall_argument(registers, i, arguments[i]);
	registers_forget_syscall(registers);
}

uint64_t registers_make_call(struct registers *registers, uint64_t address,
			     const uint64_t *arguments, size_t count)
{
	struct user_regs_struct *user = &registers->user;
	unsigned long long *const places[] = {&user->rdi, &user->rsi, &user->rdx,
					      &user->rcx, &user->r8,  &user->r9};

	for (size_t i = 0; i < count && i < sizeof(places) / sizeof(places[0]); i++)
		*places[i] = arguments[i];
	/* At a function's entry sp + 8 is a multiple of 16. */
	user->rsp = ((user->rsp - 128) & ~UINT64_C(15)) - sizeof(uint64_t);
	user->rip = address;
	user->rax = 0;
	registers_forget_syscall(registers);
	return user->rsp;
}

void registers_forget_syscall(struct registers *registers)
{
	registers->user.orig_rax = (unsigned long long)-1;
}

bool registers_will_restart(const struct registers *registers)
{
	const int64_t result = registers_result(registers);

	return (long)registers->user.orig_rax >= 0 &&
	       (result == -512 || result == -513 || result == -514 || result == -516);
}

uint64_t registers_interrupted_pc_at(const struct registers *registers)
{
	return registers->user.rdx + offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]);
}

bool registers_each(const struct registers *registers, size_t n, const char **name, uint64_t *value)
{
#define ROW(field)                                                                                 \
	{                                                                                          \
#field, offsetof(struct user_regs_struct, field)                                   \
	}
	static const struct {
		const char *name;
		size_t offset;
	} rows[] = {ROW(rip), ROW(rsp), ROW(rbp), ROW(rax),    ROW(rbx),     ROW(rcx),    ROW(rdx),
		    ROW(rsi), ROW(rdi), ROW(r8),  ROW(r9),     ROW(r10),     ROW(r11),    ROW(r12),
		    ROW(r13), ROW(r14), ROW(r15), ROW(eflags), ROW(fs_base), ROW(gs_base)};
#undef ROW
	const char *bytes = (const char *)&registers->user;

	if (n >= sizeof(rows) / sizeof(rows[0]))
		return false;
	*name = rows[n].name;
	*value = *(const unsigned long long *)(bytes + rows[n].offset);
	return true;
}
