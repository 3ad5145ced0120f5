/* SPDX-License-Identifier: MIT */
/*
 * refuse CALL[,CALL...] PROGRAM [ARG...]: runs PROGRAM where system calls fail with EPERM, as a
 * container's filter (or a security module) makes them fail.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int number;
} calls[] = {
	{"ptrace", SYS_ptrace},
	{"seccomp", SYS_seccomp},
	{"personality", SYS_personality},
	{"process_vm_readv", SYS_process_vm_readv},
	{"process_vm_writev", SYS_process_vm_writev},
	{"pidfd_getfd", SYS_pidfd_getfd},
	{"pidfd_open", SYS_pidfd_open},
	{"memfd_create", SYS_memfd_create},
	{"kcmp", SYS_kcmp},
	{"sched_setaffinity", SYS_sched_setaffinity},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static int refuse(unsigned int number)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int main(int count, char **arguments)
{
	char *rest;

	if (count < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 100;
	rest = arguments[1];
	for (char *name; (name = strsep(&rest, ",")) != NULL;) {
		size_t n = 0;

		while (n < CALLS && strcmp(calls[n].name, name) != 0)
			n++;
		if (n == CALLS || refuse(calls[n].number) < 0) {
			fprintf(stderr, "cannot refuse %s\n", name);
			return 100;
		}
	}
	execv(arguments[2], arguments + 2);
	return 101;
}
