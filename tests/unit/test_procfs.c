/* SPDX-License-Identifier: MIT */
/* Readers of /proc against processes whose state is known because the test has made it so. */
#include "harness/kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A child that says through a pipe that it is ready, and then sleeps in pause(). */
static pid_t start_pausing(void (*prepare)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prepare)
			prepare();
		(void)!write(ready[1], "x", 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	for (int tries = 0; tries < 1000; tries++) {
		struct process_stat stat;

		assert_int_equal(procfs_stat(pid, pid, &stat), 0);
		if (stat.state == 'S')
			break;
		usleep(1000);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void on_signal(int number)
{
	(void)number;
}

static void set_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGTERM, on_signal);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
}

static uint64_t bit(int number)
{
	return 1ULL << (number - 1);
}

static void status_names_signals(void **state)
{
	struct process_status status;
	pid_t pid = start_pausing(set_signals);

	(void)state;
	assert_int_equal(procfs_status(pid, &status), 0);
	assert_int_equal(status.pid, pid);
	assert_int_equal(status.tid, pid);
	assert_int_equal(status.parent, getpid());
	assert_int_equal(status.tracer, 0);
	assert_int_equal(status.threads, 1);
	assert_int_equal(status.uid, geteuid());
	assert_int_equal(status.state, 'S');
	assert_true(status.signals_blocked & bit(SIGUSR1));
	assert_true(status.signals_ignored & bit(SIGUSR2));
	assert_true(status.signals_caught & bit(SIGTERM));
	assert_true(status.signals_pending & bit(SIGUSR1));
	assert_true(status.signals_pending_shared & bit(SIGUSR1));
	assert_true(status.switches_voluntary > 0);
	end(pid);
	assert_int_equal(procfs_status(pid, &status), -ESRCH);
}

static void syscall_is_pause(void **state)
{
	struct process_syscall call;
	struct process_stat stat;
	uint64_t before;
	uint64_t after;
	pid_t pid = start_pausing(NULL);

	(void)state;
	assert_int_equal(procfs_syscall(pid, pid, &call), 0);
	assert_false(call.running);
	assert_int_equal(call.number, SYS_pause);
	assert_true(call.pc != 0 && call.sp != 0);
	assert_int_equal(procfs_cpu_time(pid, pid, &before), 0);
	assert_int_equal(procfs_cpu_time(pid, pid, &after), 0);
	assert_true(before == after);
	assert_int_equal(procfs_stat(pid, pid, &stat), 0);
	assert_int_equal(stat.parent, getpid());
	assert_int_equal(stat.group, getpgrp());
	assert_int_equal(stat.session, getsid(0));
	assert_true(stat.started > 0);
	end(pid);
	assert_int_equal(procfs_syscall(pid, pid, &call), -ESRCH);
	assert_int_equal(procfs_stat(pid, pid, &stat), -ESRCH);
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void start_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_for_ever, NULL))
		_exit(1);
}

static void tasks_and_children(void **state)
{
	pid_t pid = start_pausing(start_thread);
	pid_t *list;
	size_t count;
	bool found = false;

	(void)state;
	assert_int_equal(procfs_tasks(pid, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(list[0], pid);
	free(list);
	assert_int_equal(procfs_children(getpid(), &list, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0], pid);
	free(list);
	assert_int_equal(procfs_processes(&list, &count), 0);
	for (size_t n = 0; n < count; n++)
		found = found || list[n] == pid;
	assert_true(found);
	free(list);
	end(pid);
	assert_int_equal(procfs_tasks(pid, &list, &count), -ESRCH);
	assert_int_equal(procfs_children(getpid(), &list, &count), 0);
	assert_int_equal(count, 0);
	free(list);
}

static void descriptor_kinds(void **state)
{
	struct itimerspec soon = {.it_value.tv_sec = 100};
	struct process_descriptor descriptor;
	struct epoll_event event = {.events = EPOLLIN};
	int counter = eventfd(19, 0);
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	int poller = epoll_create1(0);
	char target[64];
	size_t count;
	int *list;

	(void)state;
	assert_int_equal(procfs_descriptor(getpid(), counter, &descriptor), 0);
	assert_true(descriptor.is_eventfd && !descriptor.is_timerfd && !descriptor.is_signalfd);
	assert_int_equal(descriptor.eventfd_count, 19);
	assert_int_equal(procfs_descriptor(getpid(), timer, &descriptor), 0);
	assert_true(descriptor.is_timerfd && !descriptor.timerfd_armed);
	timerfd_settime(timer, 0, &soon, NULL);
	assert_int_equal(procfs_descriptor(getpid(), timer, &descriptor), 0);
	assert_true(descriptor.timerfd_armed);
	epoll_ctl(poller, EPOLL_CTL_ADD, counter, &event);
	epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
	assert_int_equal(procfs_descriptor(getpid(), poller, &descriptor), 0);
	assert_int_equal(descriptor.watches, 2);
	assert_int_equal(procfs_epoll_watches(getpid(), poller, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_true(list[0] + list[1] == counter + timer);
	free(list);
	assert_true(procfs_descriptor_target(getpid(), counter, target, sizeof(target)) > 0);
	assert_string_equal(target, "anon_inode:[eventfd]");
	assert_int_equal(procfs_descriptors(getpid(), &list, &count), 0);
	assert_true(count >= 6 && list[0] == 0);
	free(list);
	close(counter);
	close(timer);
	close(poller);
	assert_int_equal(procfs_descriptor_target(getpid(), counter, target, sizeof(target)),
			 -ESRCH);
	assert_int_equal(procfs_descriptor(getpid(), counter, &descriptor), -ESRCH);
}

static void position_flags_and_locks(void **state)
{
	struct process_descriptor descriptor;
	struct process_lock *locks;
	int fd = memfd_create("test", MFD_CLOEXEC);
	size_t count;
	bool found = false;

	(void)state;
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(procfs_descriptor(getpid(), fd, &descriptor), 0);
	assert_int_equal(descriptor.position, 7);
	assert_int_equal(descriptor.flags & O_ACCMODE, O_RDWR);
	assert_true(descriptor.flags & O_CLOEXEC);
	assert_true(descriptor.has_lock);
	assert_int_equal(procfs_locks(&locks, &count), 0);
	for (size_t n = 0; n < count; n++) {
		if (locks[n].pid != getpid() || locks[n].inode != descriptor.inode)
			continue;
		found = true;
		assert_string_equal(locks[n].kind, "FLOCK");
		assert_true(locks[n].exclusive && !locks[n].waiting);
		assert_true(locks[n].start == 0 && locks[n].end == UINT64_MAX);
	}
	assert_true(found);
	free(locks);
	close(fd);
}

static void timers_are_counted(void **state)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	size_t count;
	timer_t timer;

	(void)state;
	if (procfs_timers(getpid(), &count) == -ENOENT)
		skip();
	assert_int_equal(count, 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(procfs_timers(getpid(), &count), 0);
	assert_int_equal(count, 1);
	timer_delete(timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_names_signals),     cmocka_unit_test(syscall_is_pause),
		cmocka_unit_test(tasks_and_children),       cmocka_unit_test(descriptor_kinds),
		cmocka_unit_test(position_flags_and_locks), cmocka_unit_test(timers_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
