/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of processes, threads and their descriptors (proc(5)): parsed, not judged. Knows
 * nothing of tracing; the process may run or end while it is looked at.
 *
 * Functions that read give 0, or -ESRCH when the process or thread is gone, -EACCES when it belongs
 * to somebody else, or another -errno. They leave no sentence: a process that has just ended is
 * no failure to most callers.
 */
#ifndef SIGSWEEP_KERNEL_PROCFS_H
#define SIGSWEEP_KERNEL_PROCFS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* /proc/TID/status. Signal sets have bit n-1 for signal n. */
struct process_status {
	char name[64];
	char state; /* R, S, D, T (stopped), t (traced stop), Z, X, I */
	pid_t pid;  /* thread group: what getpid() gives */
	pid_t tid;
	pid_t parent;
	pid_t tracer; /* 0: none */
	uid_t uid;    /* effective */
	unsigned int threads;
	unsigned int seccomp; /* 0 off, 1 strict, 2 filter */
	unsigned int seccomp_filters;
	bool no_new_privileges;
	uint64_t locked_kib;             /* mlock(2) */
	uint64_t signals_pending;        /* for this thread */
	uint64_t signals_pending_shared; /* for the process */
	uint64_t signals_blocked;
	uint64_t signals_ignored;
	uint64_t signals_caught;
	uint64_t switches_voluntary; /* how often the thread went to sleep */
	uint64_t switches_forced;
};

/* Takes the id of any thread; that of the main thread is the process's. */
int procfs_status(pid_t tid, struct process_status *out) MUST_CHECK;

/* /proc/PID/task/TID/stat. Times in clock ticks, of this thread only. */
struct process_stat {
	char state;
	pid_t parent;
	pid_t group;
	pid_t session;
	unsigned int terminal; /* device number of the controlling terminal, 0: none */
	uint64_t user_ticks;
	uint64_t system_ticks;
	bool is_kernel_thread;
	bool is_exiting;  /* its memory may be gone already, whatever its state says */
	uint64_t started; /* ticks since boot: tells a reused pid from the old one */
};

int procfs_stat(pid_t pid, pid_t tid, struct process_stat *out) MUST_CHECK;

/* Time on the CPU of one thread in nanoseconds (/proc/PID/task/TID/schedstat; where the kernel was
 * built without it, user and system ticks). */
int procfs_cpu_time(pid_t pid, pid_t tid, uint64_t *nanoseconds) MUST_CHECK;

/* /proc/PID/task/TID/syscall (fs/proc/base.c, proc_pid_syscall()). */
struct process_syscall {
	bool running; /* on a CPU or about to be: nothing else is known */
	long number;  /* -1: not in a system call (stopped, or in a fault) */
	uint64_t arguments[6];
	uint64_t sp;
	uint64_t pc;
};

/* Needs the right to trace the thread. */
int procfs_syscall(pid_t pid, pid_t tid, struct process_syscall *out) MUST_CHECK;

/* The ids of the process's threads, ascending; the caller frees. */
int procfs_tasks(pid_t pid, pid_t **tids, size_t *count) MUST_CHECK;

/* All processes (not threads), ascending; the caller frees. */
int procfs_processes(pid_t **pids, size_t *count) MUST_CHECK;

/* The children of all threads of the process, zombies included; the caller frees. Reads
 * /proc/PID/task/TID/children, or searches all processes where the kernel has no such file. */
int procfs_children(pid_t pid, pid_t **pids, size_t *count) MUST_CHECK;

/* The open descriptors of the process, ascending; the caller frees. */
int procfs_descriptors(pid_t pid, int **fds, size_t *count) MUST_CHECK;

/* Where /proc/PID/fd/FD points: a path, "pipe:[INODE]", "socket:[INODE]", "anon_inode:[eventfd]"...
 * Its length (cut to size-1), or -errno; always ends the text. */
ssize_t procfs_descriptor_target(pid_t pid, int fd, char *target, size_t size) MUST_CHECK;

/* /proc/PID/fdinfo/FD */
struct process_descriptor {
	uint64_t position;
	unsigned int flags; /* of open(2), and O_CLOEXEC */
	uint64_t inode;
	bool is_eventfd;
	uint64_t eventfd_count;
	uint64_t eventfd_id;
	bool is_timerfd;
	bool timerfd_armed; /* it_value is not zero */
	bool is_signalfd;
	uint64_t signalfd_mask;
	pid_t pidfd; /* of the process that a pidfd names, -1: ended and reaped; 0: no pidfd */
	unsigned int watches; /* of inotify or epoll */
	bool has_lock;        /* a "lock:" line: the description or process holds a file lock */
};

int procfs_descriptor(pid_t pid, int fd, struct process_descriptor *out) MUST_CHECK;

/* The descriptors that an epoll set watches, as they were numbered when they were added (proc(5),
 * "tfd:"); the caller frees. */
int procfs_epoll_watches(pid_t pid, int fd, int **fds, size_t *count) MUST_CHECK;

/* One line of /proc/locks. */
struct process_lock {
	bool waiting;  /* "->": blocked by the lock listed before it */
	char kind[16]; /* POSIX, FLOCK, OFDLCK, LEASE, DELEG, ACCESS */
	bool exclusive;
	pid_t pid; /* of the owner; -1 for locks of an open file description */
	unsigned int major;
	unsigned int minor;
	uint64_t inode;
	uint64_t start;
	uint64_t end; /* inclusive, UINT64_MAX: to the end of the file */
};

/* The locks of the whole machine, in the kernel's order; the caller frees. */
int procfs_locks(struct process_lock **locks, size_t *count) MUST_CHECK;

/* How many POSIX timers (timer_create(2)) the process has: /proc/PID/timers, of kernels with
 * CONFIG_CHECKPOINT_RESTORE; -ENOENT elsewhere. */
int procfs_timers(pid_t pid, size_t *count) MUST_CHECK;

/* Reads a whole file of /proc into new memory that the caller frees, with a NUL behind it; 0 or
 * -errno. `size` may be NULL. */
int procfs_read(const char *path, char **text, size_t *size) MUST_CHECK;

#endif
