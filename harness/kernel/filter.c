/* SPDX-License-Identifier: MIT */
/* See filter.h. */
#include "harness/kernel/filter.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct filter {
	struct sock_fprog program;
	size_t capacity;
};

static void emit(struct filter *filter, struct sock_filter instruction)
{
	alloc_grow((void **)&filter->program.filter, filter->program.len, &filter->capacity,
		   sizeof(instruction));
	filter->program.filter[filter->program.len++] = instruction;
}

static void emit_load(struct filter *filter, size_t offset)
{
	emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void emit_return(struct filter *filter, uint32_t what)
{
	emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

static void emit_row(struct filter *filter, const struct filter_row *row)
{
	const uint32_t number = (uint32_t)row->number;

	if (row->flags_argument < 0) {
		emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
		emit_return(filter, SECCOMP_RET_TRACE);
		return;
	}
	/* The argument is loaded over the number, so every way out of here returns. */
	emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4));
	emit_load(filter, offsetof(struct seccomp_data, args[row->flags_argument]));
	emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
						  (uint32_t)row->flags_mask, 0, 1));
	emit_return(filter, SECCOMP_RET_TRACE);
	emit_return(filter, SECCOMP_RET_ALLOW);
}

struct filter *filter_new(const struct filter_row *rows, size_t count)
{
	struct filter *filter = alloc_zero(sizeof(*filter));

	emit_load(filter, offsetof(struct seccomp_data, arch));
	emit(filter,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	emit_return(filter, SECCOMP_RET_ALLOW);
	emit_load(filter, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++)
		emit_row(filter, &rows[i]);
	emit_return(filter, SECCOMP_RET_ALLOW);
	return filter;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	free(filter->program.filter);
	free(filter);
}

int filter_install(const struct filter *filter)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter->program) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter->program) == 0 ? 0 : -errno;
}
