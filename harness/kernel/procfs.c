/* SPDX-License-Identifier: MIT */
/*
 * Reading /proc/PID of processes and threads: see procfs.h. Descriptors and machine-wide lists are
 * in procfs_descriptors.c and procfs_lists.c. Buffers are on the stack, since a sweep asks several
 * thousand times a second.
 */
#include "harness/kernel/procfs.h"

#include "harness/base/alloc.h"
#include "harness/kernel/procfs_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* include/linux/sched.h; among the flags of /proc/PID/stat */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

static int read_error(int error)
{
	return error == ENOENT ? -ESRCH : -error;
}

ssize_t procfs_read_small(char *text, size_t size, const char *format, ...)
{
	char path[96];
	va_list arguments;
	ssize_t used;
	int fd;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	text[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return read_error(errno);
	used = read(fd, text, size - 1);
	if (used < 0)
		used = -errno;
	close(fd);
	text[used > 0 ? used : 0] = '\0';
	return used;
}

const char *procfs_field(const char *text, const char *name)
{
	size_t length = strlen(name);
	const char *line = text;

	while (line) {
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return NULL;
}

uint64_t procfs_number(const char *text, const char *name, int base)
{
	const char *value = procfs_field(text, name);

	return value ? strtoull(value, NULL, base) : 0;
}

static uid_t effective_uid(const char *text)
{
	const char *value = procfs_field(text, "Uid");
	unsigned int real = 0;
	unsigned int effective = 0;

	if (value)
		sscanf(value, "%u %u", &real, &effective);
	return effective;
}

int procfs_status(pid_t tid, struct process_status *out)
{
	char text[4096];
	ssize_t used = procfs_read_small(text, sizeof(text), "/proc/%d/status", tid);
	const char *value;

	memset(out, 0, sizeof(*out));
	if (used <= 0)
		return used < 0 ? (int)used : -ESRCH;
	value = procfs_field(text, "Name");
	if (value)
		snprintf(out->name, sizeof(out->name), "%.*s", (int)strcspn(value, "\n"), value);
	value = procfs_field(text, "State");
	out->state = value ? *value : '?';
	out->pid = (pid_t)procfs_number(text, "Tgid", 10);
	out->tid = (pid_t)procfs_number(text, "Pid", 10);
	out->parent = (pid_t)procfs_number(text, "PPid", 10);
	out->tracer = (pid_t)procfs_number(text, "TracerPid", 10);
	out->uid = effective_uid(text);
	out->threads = (unsigned int)procfs_number(text, "Threads", 10);
	out->seccomp = (unsigned int)procfs_number(text, "Seccomp", 10);
	out->seccomp_filters = (unsigned int)procfs_number(text, "Seccomp_filters", 10);
	out->no_new_privileges = procfs_number(text, "NoNewPrivs", 10) != 0;
	out->locked_kib = procfs_number(text, "VmLck", 10);
	out->signals_pending = procfs_number(text, "SigPnd", 16);
	out->signals_pending_shared = procfs_number(text, "ShdPnd", 16);
	out->signals_blocked = procfs_number(text, "SigBlk", 16);
	out->signals_ignored = procfs_number(text, "SigIgn", 16);
	out->signals_caught = procfs_number(text, "SigCgt", 16);
	out->switches_voluntary = procfs_number(text, "voluntary_ctxt_switches", 10);
	out->switches_forced = procfs_number(text, "nonvoluntary_ctxt_switches", 10);
	return 0;
}

int procfs_stat(pid_t pid, pid_t tid, struct process_stat *out)
{
	char text[1024];
	ssize_t used = procfs_read_small(text, sizeof(text), "/proc/%d/task/%d/stat", pid, tid);
	unsigned int flags;
	const char *rest;

	memset(out, 0, sizeof(*out));
	if (used <= 0)
		return used < 0 ? (int)used : -ESRCH;
	/* The name is in brackets and may hold brackets and spaces itself. */
	rest = strrchr(text, ')');
	if (!rest)
		return -EILSEQ;
	used = sscanf(rest + 1,
		      " %c %d %d %d %u %*d %u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		      " %*d %*d %*d %*d %*d %*d %" SCNu64,
		      &out->state, &out->parent, &out->group, &out->session, &out->terminal, &flags,
		      &out->user_ticks, &out->system_ticks, &out->started);
	if (used != 9)
		return -EILSEQ;
	out->is_kernel_thread = flags & PF_KTHREAD;
	out->is_exiting = flags & PF_EXITING;
	return 0;
}

int procfs_cpu_time(pid_t pid, pid_t tid, uint64_t *nanoseconds)
{
	char text[128];
	struct process_stat stat;
	uint64_t ticks;
	int error;

	if (procfs_read_small(text, sizeof(text), "/proc/%d/task/%d/schedstat", pid, tid) > 0) {
		*nanoseconds = strtoull(text, NULL, 10);
		return 0;
	}
	error = procfs_stat(pid, tid, &stat);
	if (error)
		return error;
	ticks = stat.user_ticks + stat.system_ticks;
	*nanoseconds = ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}

int procfs_syscall(pid_t pid, pid_t tid, struct process_syscall *out)
{
	char text[256];
	ssize_t used = procfs_read_small(text, sizeof(text), "/proc/%d/task/%d/syscall", pid, tid);
	uint64_t *arguments = out->arguments;

	memset(out, 0, sizeof(*out));
	out->number = -1;
	if (used <= 0)
		return used < 0 ? (int)used : -ESRCH;
	if (strncmp(text, "running", 7) == 0) {
		out->running = true;
		return 0;
	}
	used = sscanf(text,
		      "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		      " %" SCNx64 " %" SCNx64,
		      &out->number, &arguments[0], &arguments[1], &arguments[2], &arguments[3],
		      &arguments[4], &arguments[5], &out->sp, &out->pc);
	if (used == 9)
		return 0;
	/* Outside of a system call: "-1 SP PC". */
	if (used == 3 && out->number == -1) {
		out->sp = arguments[0];
		out->pc = arguments[1];
		memset(arguments, 0, sizeof(out->arguments));
		return 0;
	}
	return -EILSEQ;
}
