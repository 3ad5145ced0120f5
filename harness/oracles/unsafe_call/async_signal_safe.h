/* SPDX-License-Identifier: MIT */
/*
 * Which functions a signal handler may call wherever it interrupts the program: the list of
 * POSIX.1-2024 (IEEE Std 1003.1-2024, System Interfaces, 2.4.3 Signal Actions), with the edition in
 * which each came to it, and what this harness counts as safe beside it. Knows only names.
 *
 * X(name, edition, standing); the edition is the year of POSIX.1 whose list has the function
 * first (2004 and 2013 are corrected printings, 2017 is that of 2008 with both corrections); 0:
 * none has it. The rows up to 2017 are as in signal-safety(7); docs/oracles.md says what those of
 * 2024 were compared with.
 */
#ifndef SIGSWEEP_ORACLES_ASYNC_SIGNAL_SAFE_H
#define SIGSWEEP_ORACLES_ASYNC_SIGNAL_SAFE_H

#include <stddef.h>

enum safety {
	SAFETY_UNSAFE,        /* in no list here */
	SAFETY_LISTED,        /* in the list of 2024 */
	SAFETY_FUNCTION_GONE, /* was in the list; 2024 has no such function; safe as ever */
	SAFETY_DROPPED,       /* was in the list; 2024 has the function and says it is unsafe */
	SAFETY_SYSTEM_CALL,   /* never in it; on Linux nothing but a system call and errno */
	SAFETY_ARGUMENTS, /* never in it; touches nothing but its arguments, or says where errno or
			   * the like is: what compilers make of calls and macros */
};

/*
 * What becomes of a name that the C library has for the same function before it is looked up:
 * __write, __GI_write and __libc_write are write, __memcpy_chk is memcpy, open64 and __open64_2 are
 * open, _IO_puts is puts, __memcpy_avx_unaligned is memcpy. A name that is in the list as it stands
 * (_exit) stays. A C++ function, demangled, loses its parameters. Into `plain`.
 */
void async_signal_plain_name(const char *name, char *plain, size_t size);

/* The standing of a plain name. */
enum safety async_signal_safety(const char *plain);

/* clang-format off */
#define ASYNC_SIGNAL_SAFE(X) \
	X(_Exit, 2001, LISTED)                          \
	X(_Fork, 2024, LISTED)                          \
	X(_exit, 2001, LISTED)                          \
	X(abort, 2004, LISTED)                          \
	X(accept, 2001, LISTED)                         \
	X(accept4, 2024, LISTED)                        \
	X(access, 2001, LISTED)                         \
	X(aio_error, 2001, LISTED)                      \
	X(aio_return, 2001, LISTED)                     \
	X(aio_suspend, 2001, LISTED)                    \
	X(alarm, 2001, LISTED)                          \
	X(arch_prctl, 0, SYSTEM_CALL)                   \
	X(bcmp, 0, ARGUMENTS)                           \
	X(bcopy, 0, ARGUMENTS)                          \
	X(be16toh, 2024, LISTED)                        \
	X(be32toh, 2024, LISTED)                        \
	X(be64toh, 2024, LISTED)                        \
	X(bind, 2001, LISTED)                           \
	X(bzero, 0, ARGUMENTS)                          \
	X(cfgetispeed, 2001, LISTED)                    \
	X(cfgetospeed, 2001, LISTED)                    \
	X(cfsetispeed, 2001, LISTED)                    \
	X(cfsetospeed, 2001, LISTED)                    \
	X(chdir, 2001, LISTED)                          \
	X(chmod, 2001, LISTED)                          \
	X(chown, 2001, LISTED)                          \
	X(chroot, 0, SYSTEM_CALL)                       \
	X(clock_getres, 0, SYSTEM_CALL)                 \
	X(clock_gettime, 2001, LISTED)                  \
	X(clock_nanosleep, 0, SYSTEM_CALL)              \
	X(clock_settime, 0, SYSTEM_CALL)                \
	X(close, 2001, LISTED)                          \
	X(connect, 2001, LISTED)                        \
	X(copy_file_range, 0, SYSTEM_CALL)              \
	X(creat, 2001, LISTED)                          \
	X(ctype_b_loc, 0, ARGUMENTS)                    \
	X(ctype_get_mb_cur_max, 0, ARGUMENTS)           \
	X(ctype_tolower_loc, 0, ARGUMENTS)              \
	X(ctype_toupper_loc, 0, ARGUMENTS)              \
	X(dup, 2001, LISTED)                            \
	X(dup2, 2001, LISTED)                           \
	X(dup3, 2024, LISTED)                           \
	X(epoll_create, 0, SYSTEM_CALL)                 \
	X(epoll_create1, 0, SYSTEM_CALL)                \
	X(epoll_ctl, 0, SYSTEM_CALL)                    \
	X(epoll_pwait, 0, SYSTEM_CALL)                  \
	X(epoll_wait, 0, SYSTEM_CALL)                   \
	X(errno_location, 0, ARGUMENTS)                 \
	X(eventfd, 0, SYSTEM_CALL)                      \
	X(execl, 2008, LISTED)                          \
	X(execle, 2001, LISTED)                         \
	X(execv, 2008, LISTED)                          \
	X(execve, 2001, LISTED)                         \
	X(explicit_bzero, 0, ARGUMENTS)                 \
	X(faccessat, 2008, LISTED)                      \
	X(fchdir, 2013, LISTED)                         \
	X(fchmod, 2001, LISTED)                         \
	X(fchmodat, 2008, LISTED)                       \
	X(fchown, 2001, LISTED)                         \
	X(fchownat, 2008, LISTED)                       \
	X(fcntl, 2001, LISTED)                          \
	X(fdatasync, 2001, LISTED)                      \
	X(fexecve, 2008, LISTED)                        \
	X(ffs, 2017, LISTED)                            \
	X(ffsl, 0, ARGUMENTS)                           \
	X(ffsll, 0, ARGUMENTS)                          \
	X(flock, 0, SYSTEM_CALL)                        \
	X(fork, 2001, DROPPED)                          \
	X(fstat, 2001, LISTED)                          \
	X(fstatat, 2008, LISTED)                        \
	X(fstatfs, 0, SYSTEM_CALL)                      \
	X(fsync, 2001, LISTED)                          \
	X(ftruncate, 2001, LISTED)                      \
	X(futimens, 2008, LISTED)                       \
	X(futimes, 0, SYSTEM_CALL)                      \
	X(futimesat, 0, SYSTEM_CALL)                    \
	X(getcpu, 0, SYSTEM_CALL)                       \
	X(getdents, 0, SYSTEM_CALL)                     \
	X(getegid, 2001, LISTED)                        \
	X(geteuid, 2001, LISTED)                        \
	X(getgid, 2001, LISTED)                         \
	X(getgroups, 2001, LISTED)                      \
	X(gethostname, 0, SYSTEM_CALL)                  \
	X(getitimer, 0, SYSTEM_CALL)                    \
	X(getpeername, 2001, LISTED)                    \
	X(getpgid, 0, SYSTEM_CALL)                      \
	X(getpgrp, 2001, LISTED)                        \
	X(getpid, 2001, LISTED)                         \
	X(getppid, 2001, LISTED)                        \
	X(getpriority, 0, SYSTEM_CALL)                  \
	X(getrandom, 0, SYSTEM_CALL)                    \
	X(getresgid, 2024, LISTED)                      \
	X(getresuid, 2024, LISTED)                      \
	X(getrlimit, 0, SYSTEM_CALL)                    \
	X(getrusage, 0, SYSTEM_CALL)                    \
	X(getsid, 0, SYSTEM_CALL)                       \
	X(getsockname, 2001, LISTED)                    \
	X(getsockopt, 2001, LISTED)                     \
	X(gettid, 0, SYSTEM_CALL)                       \
	X(gettimeofday, 0, SYSTEM_CALL)                 \
	X(getuid, 2001, LISTED)                         \
	X(h_errno_location, 0, ARGUMENTS)               \
	X(htobe16, 2024, LISTED)                        \
	X(htobe32, 2024, LISTED)                        \
	X(htobe64, 2024, LISTED)                        \
	X(htole16, 2024, LISTED)                        \
	X(htole32, 2024, LISTED)                        \
	X(htole64, 2024, LISTED)                        \
	X(htonl, 2017, LISTED)                          \
	X(htons, 2017, LISTED)                          \
	X(index, 0, ARGUMENTS)                          \
	X(inotify_add_watch, 0, SYSTEM_CALL)            \
	X(inotify_init, 0, SYSTEM_CALL)                 \
	X(inotify_init1, 0, SYSTEM_CALL)                \
	X(inotify_rm_watch, 0, SYSTEM_CALL)             \
	X(ioctl, 0, SYSTEM_CALL)                        \
	X(isatty, 0, SYSTEM_CALL)                       \
	X(kill, 2001, LISTED)                           \
	X(killpg, 2024, LISTED)                         \
	X(le16toh, 2024, LISTED)                        \
	X(le32toh, 2024, LISTED)                        \
	X(le64toh, 2024, LISTED)                        \
	X(link, 2001, LISTED)                           \
	X(linkat, 2008, LISTED)                         \
	X(listen, 2001, LISTED)                         \
	X(lockf, 0, SYSTEM_CALL)                        \
	X(longjmp, 2017, LISTED)                        \
	X(lseek, 2001, LISTED)                          \
	X(lstat, 2001, LISTED)                          \
	X(lutimes, 0, SYSTEM_CALL)                      \
	X(madvise, 0, SYSTEM_CALL)                      \
	X(memccpy, 2017, LISTED)                        \
	X(memchr, 2017, LISTED)                         \
	X(memcmp, 2017, LISTED)                         \
	X(memcpy, 2017, LISTED)                         \
	X(memfd_create, 0, SYSTEM_CALL)                 \
	X(memmem, 0, ARGUMENTS)                         \
	X(memmove, 2017, LISTED)                        \
	X(mempcpy, 0, ARGUMENTS)                        \
	X(memrchr, 0, ARGUMENTS)                        \
	X(memset, 2017, LISTED)                         \
	X(mincore, 0, SYSTEM_CALL)                      \
	X(mkdir, 2001, LISTED)                          \
	X(mkdirat, 2008, LISTED)                        \
	X(mkfifo, 2001, LISTED)                         \
	X(mkfifoat, 2008, LISTED)                       \
	X(mknod, 2008, LISTED)                          \
	X(mknodat, 2008, LISTED)                        \
	X(mlock, 0, SYSTEM_CALL)                        \
	X(mmap, 0, SYSTEM_CALL)                         \
	X(mprotect, 0, SYSTEM_CALL)                     \
	X(mremap, 0, SYSTEM_CALL)                       \
	X(msgrcv, 0, SYSTEM_CALL)                       \
	X(msgsnd, 0, SYSTEM_CALL)                       \
	X(msync, 0, SYSTEM_CALL)                        \
	X(munlock, 0, SYSTEM_CALL)                      \
	X(munmap, 0, SYSTEM_CALL)                       \
	X(nanosleep, 0, SYSTEM_CALL)                    \
	X(ntohl, 2017, LISTED)                          \
	X(ntohs, 2017, LISTED)                          \
	X(open, 2001, LISTED)                           \
	X(openat, 2008, LISTED)                         \
	X(pause, 2001, LISTED)                          \
	X(pidfd_open, 0, SYSTEM_CALL)                   \
	X(pidfd_send_signal, 0, SYSTEM_CALL)            \
	X(pipe, 2001, LISTED)                           \
	X(pipe2, 2024, LISTED)                          \
	X(pkey_alloc, 0, SYSTEM_CALL)                   \
	X(poll, 2001, LISTED)                           \
	X(posix_close, 2024, LISTED)                    \
	X(posix_trace_event, 2001, FUNCTION_GONE)       \
	X(ppoll, 2024, LISTED)                          \
	X(prctl, 0, SYSTEM_CALL)                        \
	X(pread, 2024, LISTED)                          \
	X(preadv, 0, SYSTEM_CALL)                       \
	X(preadv2, 0, SYSTEM_CALL)                      \
	X(prlimit, 0, SYSTEM_CALL)                      \
	X(process_vm_readv, 0, SYSTEM_CALL)             \
	X(pselect, 2001, LISTED)                        \
	X(pthread_kill, 2013, LISTED)                   \
	X(pthread_self, 2013, LISTED)                   \
	X(pthread_setcancelstate, 2024, LISTED)         \
	X(pthread_sigmask, 2013, LISTED)                \
	X(pwrite, 2024, LISTED)                         \
	X(pwritev, 0, SYSTEM_CALL)                      \
	X(pwritev2, 0, SYSTEM_CALL)                     \
	X(quick_exit, 2024, LISTED)                     \
	X(raise, 2001, LISTED)                          \
	X(rawmemchr, 0, ARGUMENTS)                      \
	X(read, 2001, LISTED)                           \
	X(readlink, 2001, LISTED)                       \
	X(readlinkat, 2008, LISTED)                     \
	X(readv, 2024, LISTED)                          \
	X(recv, 2001, LISTED)                           \
	X(recvfrom, 2001, LISTED)                       \
	X(recvmsg, 2001, LISTED)                        \
	X(remove, 0, SYSTEM_CALL)                       \
	X(rename, 2001, LISTED)                         \
	X(renameat, 2008, LISTED)                       \
	X(renameat2, 0, SYSTEM_CALL)                    \
	X(rindex, 0, ARGUMENTS)                         \
	X(rmdir, 2001, LISTED)                          \
	X(sched_getaffinity, 0, SYSTEM_CALL)            \
	X(sched_setaffinity, 0, SYSTEM_CALL)            \
	X(sched_yield, 0, SYSTEM_CALL)                  \
	X(select, 2001, LISTED)                         \
	X(sem_post, 2001, LISTED)                       \
	X(semop, 0, SYSTEM_CALL)                        \
	X(semtimedop, 0, SYSTEM_CALL)                   \
	X(send, 2001, LISTED)                           \
	X(sendfile, 0, SYSTEM_CALL)                     \
	X(sendmsg, 2001, LISTED)                        \
	X(sendto, 2001, LISTED)                         \
	X(setegid, 2024, LISTED)                        \
	X(seteuid, 2024, LISTED)                        \
	X(setgid, 2001, LISTED)                         \
	X(setitimer, 0, SYSTEM_CALL)                    \
	X(setjmp, 0, ARGUMENTS)                         \
	X(setpgid, 2001, LISTED)                        \
	X(setpriority, 0, SYSTEM_CALL)                  \
	X(setregid, 2024, LISTED)                       \
	X(setresgid, 2024, LISTED)                      \
	X(setresuid, 2024, LISTED)                      \
	X(setreuid, 2024, LISTED)                       \
	X(setrlimit, 0, SYSTEM_CALL)                    \
	X(setsid, 2001, LISTED)                         \
	X(setsockopt, 2001, LISTED)                     \
	X(setuid, 2001, LISTED)                         \
	X(shutdown, 2001, LISTED)                       \
	X(sig2str, 2024, LISTED)                        \
	X(sigaction, 2001, LISTED)                      \
	X(sigaddset, 2001, LISTED)                      \
	X(sigaltstack, 0, SYSTEM_CALL)                  \
	X(sigblock, 0, SYSTEM_CALL)                     \
	X(sigdelset, 2001, LISTED)                      \
	X(sigemptyset, 2001, LISTED)                    \
	X(sigfillset, 2001, LISTED)                     \
	X(sighold, 0, SYSTEM_CALL)                      \
	X(sigignore, 0, SYSTEM_CALL)                    \
	X(sigismember, 2001, LISTED)                    \
	X(siglongjmp, 2017, LISTED)                     \
	X(signal, 2001, LISTED)                         \
	X(signalfd, 0, SYSTEM_CALL)                     \
	X(sigpause, 2001, FUNCTION_GONE)                \
	X(sigpending, 2001, LISTED)                     \
	X(sigprocmask, 2001, LISTED)                    \
	X(sigqueue, 2001, LISTED)                       \
	X(sigrelse, 0, SYSTEM_CALL)                     \
	X(sigset, 2001, FUNCTION_GONE)                  \
	X(sigsetjmp, 0, ARGUMENTS)                      \
	X(sigsetmask, 0, SYSTEM_CALL)                   \
	X(sigsuspend, 2001, LISTED)                     \
	X(sigtimedwait, 0, SYSTEM_CALL)                 \
	X(sigwait, 0, SYSTEM_CALL)                      \
	X(sigwaitinfo, 0, SYSTEM_CALL)                  \
	X(sleep, 2001, LISTED)                          \
	X(sockatmark, 2004, LISTED)                     \
	X(socket, 2001, LISTED)                         \
	X(socketpair, 2001, LISTED)                     \
	X(splice, 0, SYSTEM_CALL)                       \
	X(stat, 2001, LISTED)                           \
	X(statfs, 0, SYSTEM_CALL)                       \
	X(statx, 0, SYSTEM_CALL)                        \
	X(stpcpy, 2017, LISTED)                         \
	X(stpncpy, 2017, LISTED)                        \
	X(strcat, 2017, LISTED)                         \
	X(strchr, 2017, LISTED)                         \
	X(strchrnul, 0, ARGUMENTS)                      \
	X(strcmp, 2017, LISTED)                         \
	X(strcpy, 2017, LISTED)                         \
	X(strcspn, 2017, LISTED)                        \
	X(strlcat, 2024, LISTED)                        \
	X(strlcpy, 2024, LISTED)                        \
	X(strlen, 2017, LISTED)                         \
	X(strncat, 2017, LISTED)                        \
	X(strncmp, 2017, LISTED)                        \
	X(strncpy, 2017, LISTED)                        \
	X(strnlen, 2017, LISTED)                        \
	X(strpbrk, 2017, LISTED)                        \
	X(strrchr, 2017, LISTED)                        \
	X(strspn, 2017, LISTED)                         \
	X(strstr, 2017, LISTED)                         \
	X(strtok_r, 2017, LISTED)                       \
	X(symlink, 2001, LISTED)                        \
	X(symlinkat, 2008, LISTED)                      \
	X(sync, 0, SYSTEM_CALL)                         \
	X(syncfs, 0, SYSTEM_CALL)                       \
	X(syscall, 0, SYSTEM_CALL)                      \
	X(tcdrain, 2001, LISTED)                        \
	X(tcflow, 2001, LISTED)                         \
	X(tcflush, 2001, LISTED)                        \
	X(tcgetattr, 2001, LISTED)                      \
	X(tcgetpgrp, 2001, LISTED)                      \
	X(tcgetwinsize, 2024, LISTED)                   \
	X(tcsendbreak, 2001, LISTED)                    \
	X(tcsetattr, 2001, LISTED)                      \
	X(tcsetpgrp, 2001, LISTED)                      \
	X(tcsetwinsize, 2024, LISTED)                   \
	X(tee, 0, SYSTEM_CALL)                          \
	X(tgkill, 0, SYSTEM_CALL)                       \
	X(time, 2001, LISTED)                           \
	X(timer_getoverrun, 2001, LISTED)               \
	X(timer_gettime, 2001, LISTED)                  \
	X(timer_settime, 2001, LISTED)                  \
	X(timerfd_create, 0, SYSTEM_CALL)               \
	X(timerfd_gettime, 0, SYSTEM_CALL)              \
	X(timerfd_settime, 0, SYSTEM_CALL)              \
	X(times, 2001, LISTED)                          \
	X(truncate, 0, SYSTEM_CALL)                     \
	X(ualarm, 0, SYSTEM_CALL)                       \
	X(umask, 2001, LISTED)                          \
	X(uname, 2001, LISTED)                          \
	X(unlink, 2001, LISTED)                         \
	X(unlinkat, 2008, LISTED)                       \
	X(usleep, 0, SYSTEM_CALL)                       \
	X(utime, 2001, FUNCTION_GONE)                   \
	X(utimensat, 2008, LISTED)                      \
	X(utimes, 2008, LISTED)                         \
	X(vmsplice, 0, SYSTEM_CALL)                     \
	X(wait, 2001, LISTED)                           \
	X(wait3, 0, SYSTEM_CALL)                        \
	X(wait4, 0, SYSTEM_CALL)                        \
	X(waitid, 2024, LISTED)                         \
	X(waitpid, 2001, LISTED)                        \
	X(wcpcpy, 2017, LISTED)                         \
	X(wcpncpy, 2017, LISTED)                        \
	X(wcscat, 2017, LISTED)                         \
	X(wcschr, 2017, LISTED)                         \
	X(wcscmp, 2017, LISTED)                         \
	X(wcscpy, 2017, LISTED)                         \
	X(wcscspn, 2017, LISTED)                        \
	X(wcslcat, 2024, LISTED)                        \
	X(wcslcpy, 2024, LISTED)                        \
	X(wcslen, 2017, LISTED)                         \
	X(wcsncat, 2017, LISTED)                        \
	X(wcsncmp, 2017, LISTED)                        \
	X(wcsncpy, 2017, LISTED)                        \
	X(wcsnlen, 2017, LISTED)                        \
	X(wcspbrk, 2017, LISTED)                        \
	X(wcsrchr, 2017, LISTED)                        \
	X(wcsspn, 2017, LISTED)                         \
	X(wcsstr, 2017, LISTED)                         \
	X(wcstok, 2017, LISTED)                         \
	X(wmemchr, 2017, LISTED)                        \
	X(wmemcmp, 2017, LISTED)                        \
	X(wmemcpy, 2017, LISTED)                        \
	X(wmemmove, 2017, LISTED)                       \
	X(wmempcpy, 0, ARGUMENTS)                       \
	X(wmemset, 2017, LISTED)                        \
	X(write, 2001, LISTED)                          \
	X(writev, 2024, LISTED)
/* clang-format on */

#endif
