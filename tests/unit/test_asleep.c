/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on processes that sleep in a known way. Each victim tells through shared memory that it
 * is about to sleep, and which helper process it has made.
 */
#include "harness/engine/asleep.h"

#include "harness/kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOKS 400 /* of 5 ms each: as long as a victim may take to fall asleep */

static struct shared {
	atomic_int ready;
	atomic_int helper; /* pid */
	atomic_int futex;
} * shared;

static void ready(void)
{
	atomic_store(&shared->ready, 1);
}

static pid_t start(void (*body)(void))
{
	pid_t pid;

	atomic_store(&shared->ready, 0);
	atomic_store(&shared->helper, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(30); /* nothing outlives the test; reported by has_timer only */
		body();
		_exit(0);
	}
	while (!atomic_load(&shared->ready))
		usleep(200);
	return pid;
}

static void end(pid_t pid)
{
	pid_t helper = atomic_load(&shared->helper);

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* This process is the subreaper: the victim's children are its own now. */
	if (helper) {
		kill(helper, SIGKILL);
		assert_int_equal(waitpid(helper, NULL, 0), helper);
	}
}

/* The verdict on `pids` once they have fallen asleep: the first that is not NO, or the last. */
static enum asleep_verdict settle(const pid_t *pids, size_t count, const pid_t *stopped,
				  size_t stopped_count, struct asleep *asleep)
{
	for (int n = 0; n < LOOKS; n++) {
		assert_int_equal(
			asleep_prove(pids, count, stopped, stopped_count, false, 0, asleep), 0);
		if (asleep->verdict != ASLEEP_NO)
			break;
		if (n + 1 < LOOKS)
			asleep_free(asleep);
		usleep(5000);
	}
	return asleep->verdict;
}

static void expect(void (*body)(void), enum asleep_verdict verdict)
{
	struct asleep asleep;
	pid_t pid = start(body);

	if (settle(&pid, 1, NULL, 0, &asleep) != verdict)
		fail_msg("verdict %d: %s", asleep.verdict, asleep.why);
	assert_true(asleep.why[0] != '\0');
	asleep_free(&asleep);
	end(pid);
}

/* The victim and the helper that it made are the set. */
static void expect_both(void (*body)(void), enum asleep_verdict verdict)
{
	struct asleep asleep;
	pid_t pids[2] = {start(body)};

	pids[1] = atomic_load(&shared->helper);
	assert_true(pids[1] > 0);
	if (settle(pids, 2, NULL, 0, &asleep) != verdict)
		fail_msg("verdict %d: %s", asleep.verdict, asleep.why);
	asleep_free(&asleep);
	end(pids[0]);
}

/* The helper is stopped, like a walker. */
static void expect_stopped(void (*body)(void), enum asleep_verdict verdict)
{
	struct asleep asleep;
	pid_t pid = start(body);
	pid_t helper = atomic_load(&shared->helper);

	kill(helper, SIGSTOP);
	if (settle(&pid, 1, &helper, 1, &asleep) != verdict)
		fail_msg("verdict %d: %s", asleep.verdict, asleep.why);
	asleep_free(&asleep);
	end(pid);
}

/* The verdict on a victim that has fallen asleep, where timeouts of more than `limit` seconds are.
 */
static void expect_within(void (*body)(void), bool is_interrupted, double limit,
			  enum asleep_verdict verdict)
{
	struct asleep asleep;
	pid_t pid = start(body);

	if (is_interrupted) {
		usleep(20000);
		kill(pid, SIGSTOP);
		usleep(20000);
		kill(pid, SIGCONT);
	}
	for (int n = 0; n < LOOKS; n++) {
		assert_int_equal(asleep_prove(&pid, 1, NULL, 0, false, limit, &asleep), 0);
		if (asleep.verdict == verdict && verdict != ASLEEP_NO)
			break;
		if (verdict == ASLEEP_NO && n == 20)
			break;
		if (n + 1 == LOOKS || (verdict == ASLEEP_NO && asleep.verdict != verdict))
			fail_msg("verdict %d: %s", asleep.verdict, asleep.why);
		asleep_free(&asleep);
		usleep(5000);
	}
	if (verdict == ASLEEP_LONG)
		assert_non_null(strstr(asleep.why, ": only a signal ends it within 50 s"));
	asleep_free(&asleep);
	end(pid);
}

/* Must be NO at every one of some looks. */
static void expect_awake(void (*body)(void), bool with_helper)
{
	struct asleep asleep;
	pid_t pids[2] = {start(body)};

	pids[1] = atomic_load(&shared->helper);
	for (int n = 0; n < 30; n++) {
		assert_int_equal(
			asleep_prove(pids, with_helper ? 2 : 1, NULL, 0, false, 0, &asleep), 0);
		if (asleep.verdict != ASLEEP_NO)
			fail_msg("verdict %d: %s", asleep.verdict, asleep.why);
		asleep_free(&asleep);
		usleep(2000);
	}
	end(pids[0]);
}

/* A helper that keeps what it inherits and sleeps. */
static pid_t sleeping_helper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(30);
		for (;;)
			pause();
	}
	atomic_store(&shared->helper, pid);
	return pid;
}

/* A helper that is nobody's child here: its end sends no signal to the victim. */
static void orphan_helper(void)
{
	pid_t middle = fork();

	if (middle == 0) {
		sleeping_helper();
		_exit(0);
	}
	waitpid(middle, NULL, 0);
}

static void body_pause(void)
{
	ready();
	pause();
}

static void body_sigsuspend(void)
{
	sigset_t set;

	sigemptyset(&set);
	ready();
	sigsuspend(&set);
}

static void body_sigwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	sigwaitinfo(&set, NULL);
}

static void signals(void **state)
{
	(void)state;
	expect(body_pause, ASLEEP_FOREVER);
	expect(body_sigsuspend, ASLEEP_FOREVER);
	expect(body_sigwait, ASLEEP_FOREVER);
}

static void a_timer_may_wake(void **state)
{
	struct asleep asleep;
	pid_t pid = start(body_pause);

	(void)state;
	assert_int_equal(settle(&pid, 1, NULL, 0, &asleep), ASLEEP_FOREVER);
	assert_int_equal(asleep.count, 1);
	assert_int_equal(asleep.threads[0].syscall, SYS_pause);
	assert_int_equal(asleep.threads[0].tid, pid);
	assert_string_equal(asleep.threads[0].why, "pause: only a signal ends it");
	asleep_free(&asleep);
	assert_int_equal(asleep_prove(&pid, 1, NULL, 0, true, 0, &asleep), 0);
	assert_int_equal(asleep.verdict, ASLEEP_UNKNOWN);
	asleep_free(&asleep);
	end(pid);
	assert_int_equal(asleep_prove(&pid, 1, NULL, 0, false, 0, &asleep), 0);
	assert_int_equal(asleep.verdict, ASLEEP_NO);
	asleep_free(&asleep);
}

static void body_posix_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec later = {.it_value.tv_sec = 100};
	timer_t timer;

	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &later, NULL);
	ready();
	pause();
}

static void body_own_signals(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0)
		fcntl(ends[0], F_SETFL, O_ASYNC);
	ready();
	pause();
}

static void timers_and_descriptors_that_signal(void **state)
{
	(void)state;
	expect(body_posix_timer, ASLEEP_UNKNOWN);
	expect(body_own_signals, ASLEEP_UNKNOWN);
}

static void body_mutex(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&mutex);
	ready();
	pthread_mutex_lock(&mutex);
}

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;

static void *lock_other_way(void *unused)
{
	pthread_mutex_lock(&second);
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&first);
	return unused;
}

static void body_two_mutexes(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, lock_other_way, NULL);
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&barrier);
	ready();
	pthread_mutex_lock(&second);
}

static void *sleep_long(void *unused)
{
	sleep(100);
	return unused;
}

static void body_join_sleeper(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_long, NULL);
	ready();
	pthread_join(thread, NULL);
}

static void *pause_long(void *unused)
{
	pause();
	return unused;
}

static void body_main_thread_ends(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, pause_long, NULL);
	ready();
	pthread_exit(NULL);
}

static void body_join(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, pause_long, NULL);
	ready();
	pthread_join(thread, NULL);
}

static void body_timed_mutex(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct timespec limit = {.tv_sec = time(NULL) + 100};

	pthread_mutex_lock(&mutex);
	ready();
	pthread_mutex_timedlock(&mutex, &limit);
}

static void futexes(void **state)
{
	(void)state;
	expect(body_mutex, ASLEEP_FOREVER);
	expect(body_two_mutexes, ASLEEP_FOREVER);
	expect(body_join, ASLEEP_FOREVER);
	expect(body_main_thread_ends, ASLEEP_FOREVER);
	expect_awake(body_join_sleeper, false);
	expect_awake(body_timed_mutex, false);
}

static void body_shared_futex(void)
{
	orphan_helper();
	ready();
	syscall(SYS_futex, &shared->futex, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
}

static void body_own_shared_futex(void)
{
	atomic_int *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ready();
	syscall(SYS_futex, word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
}

static void shared_futexes(void **state)
{
	(void)state;
	expect(body_shared_futex, ASLEEP_UNKNOWN);
	expect_both(body_shared_futex, ASLEEP_FOREVER);
	expect_stopped(body_shared_futex, ASLEEP_FOREVER);
	expect(body_own_shared_futex, ASLEEP_FOREVER);
}

static void body_own_pipe(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) == 0) {
		ready();
		(void)!read(ends[0], &byte, 1);
	}
}

static void body_others_pipe(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) == 0) {
		orphan_helper();
		ready();
		(void)!read(ends[0], &byte, 1);
	}
}

static void body_full_pipe(void)
{
	char bytes[4096] = {0};
	int ends[2];

	if (pipe(ends) == 0) {
		ready();
		for (;;)
			(void)!write(ends[1], bytes, sizeof(bytes));
	}
}

/* The helper holds a read end only: it cannot end a read. */
static void body_pipe_with_reader(void)
{
	int ends[2];
	char byte;
	int copy;

	if (pipe(ends) == 0) {
		copy = dup(ends[1]);
		fcntl(copy, F_SETFD, FD_CLOEXEC);
		if (fork() == 0) {
			close(ends[1]);
			close(copy);
			sleeping_helper();
			_exit(0);
		}
		wait(NULL);
		ready();
		(void)!read(ends[0], &byte, 1);
	}
}

static void pipes(void **state)
{
	(void)state;
	expect(body_own_pipe, ASLEEP_FOREVER);
	expect(body_full_pipe, ASLEEP_FOREVER);
	expect(body_others_pipe, ASLEEP_UNKNOWN);
	expect_both(body_others_pipe, ASLEEP_FOREVER);
	expect_stopped(body_others_pipe, ASLEEP_FOREVER);
	expect(body_pipe_with_reader, ASLEEP_FOREVER);
}

static void body_socketpair(void)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
		ready();
		(void)!read(ends[0], &byte, 1);
	}
}

static void body_others_socketpair(void)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0) {
		orphan_helper();
		close(ends[1]);
		ready();
		(void)!read(ends[0], &byte, 1);
	}
}

static void body_socket_timeout(void)
{
	struct timeval limit = {.tv_sec = 100};
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
		setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		ready();
		(void)!read(ends[0], &byte, 1);
	}
}

static void body_listen(void)
{
	struct sockaddr name = {.sa_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(fd, &name, sizeof(sa_family_t)) == 0 && listen(fd, 1) == 0) {
		ready();
		accept(fd, NULL, NULL);
	}
}

static void sockets(void **state)
{
	(void)state;
	expect(body_socketpair, ASLEEP_FOREVER);
	expect(body_others_socketpair, ASLEEP_UNKNOWN);
	expect_both(body_others_socketpair, ASLEEP_FOREVER);
	expect_awake(body_socket_timeout, false);
	expect(body_listen, ASLEEP_UNKNOWN);
}

static void wait_by_poll(int fd, int timeout)
{
	struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1}};

	ready();
	poll(polled, 2, timeout);
}

static void body_poll_own_pipe(void)
{
	int ends[2];

	if (pipe(ends) == 0)
		wait_by_poll(ends[0], -1);
}

static void body_poll_with_timeout(void)
{
	int ends[2];

	if (pipe(ends) == 0)
		wait_by_poll(ends[0], 100000);
}

static void body_poll_others_pipe(void)
{
	int ends[2];

	if (pipe(ends) == 0) {
		orphan_helper();
		wait_by_poll(ends[0], -1);
	}
}

static void body_select(void)
{
	int ends[2];
	fd_set set;

	FD_ZERO(&set);
	if (pipe(ends) == 0) {
		int high = fcntl(ends[0], F_DUPFD, 200);

		FD_SET(high, &set);
		ready();
		select(high + 1, &set, NULL, NULL, NULL);
	}
}

static void body_eventfd(void)
{
	uint64_t count;
	int fd = eventfd(0, 0);

	ready();
	(void)!read(fd, &count, sizeof(count));
}

static void body_others_eventfd(void)
{
	int fd = eventfd(0, 0);

	orphan_helper();
	wait_by_poll(fd, -1);
}

static void body_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wait_by_poll(signalfd(-1, &set, 0), -1);
}

static void wait_by_epoll(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int inner = epoll_create1(0);
	int outer = epoll_create1(0);

	epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event);
	epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
	ready();
	epoll_wait(outer, &event, 1, -1);
}

static void body_epoll(void)
{
	wait_by_epoll(eventfd(0, 0));
}

static void body_epoll_gone(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(0);
	int fd = eventfd(0, 0);
	int other;

	epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
	other = dup(fd); /* keeps the counter, under another number, in the set */
	close(fd);
	if (other >= 0 && eventfd(0, 0) == fd)
		ready();
	epoll_wait(set, &event, 1, -1);
}

static void body_timerfd(void)
{
	struct itimerspec later = {.it_value.tv_sec = 100};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	timerfd_settime(fd, 0, &later, NULL);
	wait_by_poll(fd, -1);
}

static void readiness(void **state)
{
	(void)state;
	expect(body_poll_own_pipe, ASLEEP_FOREVER);
	expect_awake(body_poll_with_timeout, false);
	expect(body_poll_others_pipe, ASLEEP_UNKNOWN);
	expect_both(body_poll_others_pipe, ASLEEP_FOREVER);
	expect(body_select, ASLEEP_FOREVER);
	expect(body_eventfd, ASLEEP_FOREVER);
	expect(body_others_eventfd, ASLEEP_UNKNOWN);
	expect_stopped(body_others_eventfd, ASLEEP_FOREVER);
	expect(body_signalfd, ASLEEP_FOREVER);
	expect(body_epoll, ASLEEP_FOREVER);
	expect(body_epoll_gone, ASLEEP_UNKNOWN);
	expect_awake(body_timerfd, false);
}

/* After a stop and a continuation the call is restart_syscall(2). */
static void interrupted_poll(void **state)
{
	struct asleep asleep;
	pid_t pid = start(body_poll_own_pipe);

	(void)state;
	assert_int_equal(settle(&pid, 1, NULL, 0, &asleep), ASLEEP_FOREVER);
	asleep_free(&asleep);
	kill(pid, SIGSTOP);
	usleep(20000);
	kill(pid, SIGCONT);
	usleep(20000);
	assert_int_equal(settle(&pid, 1, NULL, 0, &asleep), ASLEEP_FOREVER);
	assert_int_equal(asleep.threads[0].syscall, SYS_restart_syscall);
	asleep_free(&asleep);
	end(pid);
}

static void interrupt_and_expect_awake(void (*body)(void))
{
	struct asleep asleep;
	pid_t pid = start(body);

	usleep(20000);
	kill(pid, SIGSTOP);
	usleep(20000);
	kill(pid, SIGCONT);
	for (int n = 0; n < 20; n++) {
		assert_int_equal(asleep_prove(&pid, 1, NULL, 0, false, 0, &asleep), 0);
		assert_int_equal(asleep.verdict, ASLEEP_NO);
		asleep_free(&asleep);
		usleep(2000);
	}
	end(pid);
}

static void body_sleep(void)
{
	ready();
	sleep(100);
}

static void body_spin(void)
{
	ready();
	for (;;)
		;
}

static void interrupted_sleeps(void **state)
{
	(void)state;
	interrupt_and_expect_awake(body_sleep);
	interrupt_and_expect_awake(body_poll_with_timeout);
	interrupt_and_expect_awake(body_timed_mutex);
}

static void body_sleep_until(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += 100;
	ready();
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void body_old_sleep(void)
{
	struct timespec time = {.tv_sec = 100};

	ready();
	syscall(SYS_nanosleep, &time, NULL);
}

static void body_sleep_on_the_cpu_clock(void)
{
	struct timespec time = {.tv_sec = 100};

	ready();
	syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &time, NULL);
}

static void body_select_with_timeout(void)
{
	struct timeval time = {.tv_sec = 100};

	ready();
	select(0, NULL, NULL, NULL, &time);
}

static void body_sigtimedwait(void)
{
	struct timespec time = {.tv_sec = 100};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	sigtimedwait(&set, NULL, &time);
}

static void body_futex_with_timeout(void)
{
	struct timespec time = {.tv_sec = 100};
	static int word;

	ready();
	syscall(SYS_futex, &word, 128 /* FUTEX_WAIT, private */, 0, &time, NULL, 0);
}

static void body_others_pipe_with_timeout(void)
{
	int ends[2];

	if (pipe(ends) == 0) {
		orphan_helper();
		wait_by_poll(ends[0], 100000);
	}
}

/* Each sleeps for 100 seconds. */
static void long_sleeps(void **state)
{
	/* SIGCONT ends sigtimedwait(2), and all others go on. */
	static void (*const bodies[])(void) = {
		body_sleep,
		body_sleep_until,
		body_old_sleep,
		body_select_with_timeout,
		body_futex_with_timeout,
		body_timed_mutex,
		body_poll_with_timeout,
	};

	(void)state;
	for (size_t n = 0; n < sizeof(bodies) / sizeof(*bodies); n++) {
		expect_within(bodies[n], false, 50, ASLEEP_LONG);
		expect_within(bodies[n], false, 101, ASLEEP_NO);
		expect_within(bodies[n], true, 50, ASLEEP_LONG);
		expect_within(bodies[n], true, 101, ASLEEP_NO);
	}
	expect_within(body_sigtimedwait, false, 50, ASLEEP_LONG);
	expect_within(body_pause, false, 50, ASLEEP_FOREVER);
	expect_within(body_others_pipe_with_timeout, false, 50, ASLEEP_UNKNOWN);
	expect_within(body_sleep_on_the_cpu_clock, false, 50, ASLEEP_NO);
}

static void awake(void **state)
{
	(void)state;
	expect_awake(body_sleep, false);
	expect_awake(body_spin, false);
}

static void body_wait_for_sleeper(void)
{
	sleeping_helper();
	ready();
	wait(NULL);
}

static void body_wait_for_one_second(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		sleep(1);
		_exit(0);
	}
	atomic_store(&shared->helper, pid);
	ready();
	wait(NULL);
}

static void body_pause_with_child(void)
{
	sleeping_helper();
	ready();
	pause();
}

static void body_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		atomic_store(&shared->helper, getpid());
		ready();
		for (;;)
			pause();
	}
}

static void children(void **state)
{
	(void)state;
	expect_both(body_wait_for_sleeper, ASLEEP_FOREVER);
	expect_stopped(body_wait_for_sleeper, ASLEEP_FOREVER);
	expect(body_wait_for_sleeper, ASLEEP_UNKNOWN);
	expect(body_pause_with_child, ASLEEP_UNKNOWN);
	expect_both(body_pause_with_child, ASLEEP_FOREVER);
	expect_awake(body_wait_for_one_second, true);
	expect_both(body_vfork, ASLEEP_FOREVER);
}

static int lock_file;

static void body_flock_self(void)
{
	char path[64];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", lock_file);
	other = open(path, O_RDWR);
	flock(other, LOCK_EX);
	other = open(path, O_RDWR);
	ready();
	flock(other, LOCK_EX);
}

static void body_lock_others(void)
{
	struct flock lock = {.l_type = F_WRLCK};
	pid_t middle = fork();

	if (middle == 0) {
		if (fork() == 0) {
			fcntl(lock_file, F_SETLK, &lock);
			atomic_store(&shared->helper, getpid());
			alarm(30);
			for (;;)
				pause();
		}
		_exit(0);
	}
	wait(NULL);
	while (!atomic_load(&shared->helper))
		usleep(200);
	ready();
	fcntl(lock_file, F_SETLKW, &lock);
}

static void file_locks(void **state)
{
	(void)state;
	lock_file = memfd_create("locked", 0);
	expect(body_flock_self, ASLEEP_FOREVER);
	expect(body_lock_others, ASLEEP_UNKNOWN);
	expect_both(body_lock_others, ASLEEP_FOREVER);
	expect_stopped(body_lock_others, ASLEEP_FOREVER);
	close(lock_file);
}

/* Pausing costs less than a millisecond; measured over many looks, and generous. */
static void is_cheap(void **state)
{
	struct asleep asleep;
	struct timespec from;
	struct timespec to;
	double seconds;
	pid_t pid = start(body_pause);

	(void)state;
	assert_int_equal(settle(&pid, 1, NULL, 0, &asleep), ASLEEP_FOREVER);
	asleep_free(&asleep);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int n = 0; n < 100; n++) {
		assert_int_equal(asleep_prove(&pid, 1, NULL, 0, false, 0, &asleep), 0);
		asleep_free(&asleep);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	print_message("%.0f us a proof\n", seconds / 100 * 1e6);
	assert_true(seconds < 1.0);
	end(pid);
}

static int set_up(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals),
		cmocka_unit_test(a_timer_may_wake),
		cmocka_unit_test(timers_and_descriptors_that_signal),
		cmocka_unit_test(futexes),
		cmocka_unit_test(shared_futexes),
		cmocka_unit_test(pipes),
		cmocka_unit_test(sockets),
		cmocka_unit_test(readiness),
		cmocka_unit_test(interrupted_poll),
		cmocka_unit_test(interrupted_sleeps),
		cmocka_unit_test(long_sleeps),
		cmocka_unit_test(awake),
		cmocka_unit_test(children),
		cmocka_unit_test(file_locks),
		cmocka_unit_test(is_cheap),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
