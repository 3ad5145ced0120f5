/* SPDX-License-Identifier: MIT */
/*
 * Sleeping for a descriptor: of what kind it is, and who could make it ready. Objects that only
 * processes act on become sources, whose holders asleep_holders.c looks for; what hardware, the
 * clock or the network acts on is not proved.
 */
#include "harness/engine/asleep_proof.h"

#include "harness/base/alloc.h"
#include "harness/kernel/sockets.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define EPOLL_DEPTH 5 /* of sets within sets (fs/eventpoll.c, EP_MAX_NESTS) */

/* What a thread waits for, as the functions below hand it on. */
struct awaited {
	struct asleep_proof *proof;
	size_t thread;
	pid_t tid;
	const char *call;
	int fd;
	char target[64];
	int timeout_option;
	int depth;
};

static enum asleep_verdict judge(struct awaited *awaited);

static void add_source(const struct awaited *awaited, const char *target, bool compare,
		       enum asleep_holder holder)
{
	struct asleep_proof *proof = awaited->proof;
	struct asleep_source *source;

	alloc_grow((void **)&proof->sources, proof->source_count, &proof->source_capacity,
		   sizeof(*proof->sources));
	source = &proof->sources[proof->source_count++];
	*source = (struct asleep_source){
		.thread = awaited->thread,
		.tid = awaited->tid,
		.fd = awaited->fd,
		.compare = compare,
		.holder = holder,
	};
	snprintf(source->target, sizeof(source->target), "%s", target);
}

static enum asleep_verdict say(const struct awaited *awaited, enum asleep_verdict verdict,
			       const char *text)
{
	return asleep_say(awaited->proof, awaited->thread, verdict, "%s: fd %d (%s) %s",
			  awaited->call, awaited->fd, awaited->target, text);
}

/* A read end waits for writers, a write end for readers. */
static enum asleep_verdict judge_pipe(const struct awaited *awaited)
{
	struct stat link;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", awaited->tid, awaited->fd);
	/* The owner's bits of the link are the descriptor's mode (fs/proc/fd.c). */
	if (lstat(path, &link) < 0)
		return say(awaited, ASLEEP_NO, "is gone");
	switch (link.st_mode & (S_IRUSR | S_IWUSR)) {
	case S_IRUSR:
		add_source(awaited, awaited->target, false, HOLDER_WRITER);
		return say(awaited, ASLEEP_FOREVER, "is a pipe whose writers all sleep");
	case S_IWUSR:
		add_source(awaited, awaited->target, false, HOLDER_READER);
		return say(awaited, ASLEEP_FOREVER, "is a pipe whose readers all sleep");
	default:
		add_source(awaited, awaited->target, false, HOLDER_ANY);
		return say(awaited, ASLEEP_FOREVER, "is a pipe whose holders all sleep");
	}
}

/* 1, 0, or -errno. */
static int socket_has_timeout(const struct awaited *awaited)
{
	struct timeval limit = {0};
	socklen_t size = sizeof(limit);
	int pidfd;
	int copy;
	int result;

	if (awaited->timeout_option == 0)
		return 0;
	pidfd = (int)syscall(SYS_pidfd_open, awaited->proof->sights[awaited->thread].pid, 0);
	if (pidfd < 0)
		return -errno;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, awaited->fd, 0);
	result = -errno;
	close(pidfd);
	if (copy < 0)
		return result;
	result = getsockopt(copy, SOL_SOCKET, awaited->timeout_option, &limit, &size) < 0 ? -errno
											  : 0;
	close(copy);
	return result ? result : limit.tv_sec || limit.tv_usec;
}

static enum asleep_verdict judge_socket(const struct awaited *awaited)
{
	struct unix_socket facts;
	char peer[64];
	int limited;

	if (sockets_unix(strtoull(awaited->target + strlen("socket:["), NULL, 10), &facts) < 0)
		return say(awaited, ASLEEP_UNKNOWN, "is a socket that others may reach");
	/* A named datagram socket is written to without a connection. */
	if (facts.is_listening || facts.peer == 0 || (facts.is_named && facts.type == SOCK_DGRAM))
		return say(awaited, ASLEEP_UNKNOWN, "is a socket that others may reach");
	limited = socket_has_timeout(awaited);
	if (limited > 0)
		return say(awaited, ASLEEP_NO, "is a socket with a timeout");
	if (limited < 0)
		return say(awaited, ASLEEP_UNKNOWN, "is a socket that may have a timeout");
	snprintf(peer, sizeof(peer), "socket:[%llu]", (unsigned long long)facts.peer);
	add_source(awaited, awaited->target, false, HOLDER_ANY);
	add_source(awaited, peer, false, HOLDER_ANY);
	return say(awaited, ASLEEP_FOREVER, "is a socket whose other end sleeps");
}

/* Is what the set calls `watched` still the descriptor of that number? */
static bool is_watched(const struct awaited *awaited, int watched)
{
	struct kcmp_epoll_slot slot = {.efd = (uint32_t)awaited->fd, .tfd = (uint32_t)watched};

	return syscall(SYS_kcmp, awaited->tid, awaited->tid, KCMP_EPOLL_TFD, (long)watched,
		       &slot) == 0;
}

static enum asleep_verdict judge_epoll(struct awaited *awaited)
{
	enum asleep_verdict verdict = ASLEEP_FOREVER;
	size_t count;
	int *fds;

	if (awaited->depth >= EPOLL_DEPTH)
		return say(awaited, ASLEEP_UNKNOWN, "is too deep a set of sets");
	if (procfs_epoll_watches(awaited->tid, awaited->fd, &fds, &count) < 0)
		return say(awaited, ASLEEP_NO, "is gone");
	for (size_t n = 0; n < count && verdict == ASLEEP_FOREVER; n++) {
		struct awaited inner = *awaited;

		inner.fd = fds[n];
		inner.timeout_option = 0;
		inner.depth++;
		if (is_watched(awaited, fds[n]))
			verdict = judge(&inner);
		else
			verdict = say(awaited, ASLEEP_UNKNOWN,
				      "watches something that is no descriptor any more");
	}
	free(fds);
	if (verdict != ASLEEP_FOREVER)
		return verdict;
	add_source(awaited, awaited->target, true, HOLDER_ANY);
	return say(awaited, ASLEEP_FOREVER, "watches nothing that others can make ready");
}

static enum asleep_verdict judge_eventfd(struct awaited *awaited)
{
	add_source(awaited, awaited->target, true, HOLDER_ANY);
	return say(awaited, ASLEEP_FOREVER, "is a counter whose holders all sleep");
}

static enum asleep_verdict judge_signalfd(struct awaited *awaited)
{
	const struct process_status *status = &awaited->proof->sights[awaited->thread].status;
	struct process_descriptor facts;

	if (procfs_descriptor(awaited->tid, awaited->fd, &facts) < 0)
		return say(awaited, ASLEEP_NO, "is gone");
	if ((status->signals_pending | status->signals_pending_shared) & facts.signalfd_mask)
		return say(awaited, ASLEEP_NO, "has a signal waiting");
	return say(awaited, ASLEEP_FOREVER, "becomes ready by a signal only");
}

static enum asleep_verdict judge_timerfd(struct awaited *awaited)
{
	struct process_descriptor facts;

	if (procfs_descriptor(awaited->tid, awaited->fd, &facts) < 0 || facts.timerfd_armed)
		return say(awaited, ASLEEP_NO, "is a timer that runs");
	/* One that is not armed may still end a wait when the clock is set (timerfd_create(2)). */
	return say(awaited, ASLEEP_UNKNOWN, "is a timer");
}

static enum asleep_verdict judge_pidfd(struct awaited *awaited)
{
	struct process_descriptor facts;
	struct process_status status;

	if (procfs_descriptor(awaited->tid, awaited->fd, &facts) < 0 || facts.pidfd <= 0 ||
	    procfs_status(facts.pidfd, &status) < 0 || status.state == 'Z')
		return say(awaited, ASLEEP_NO, "is a process that has ended");
	if (!asleep_is_ours(awaited->proof, facts.pidfd))
		return say(awaited, ASLEEP_UNKNOWN, "is a process outside");
	return say(awaited, ASLEEP_FOREVER, "is a process that sleeps");
}

static enum asleep_verdict judge_file(struct awaited *awaited)
{
	char path[64];
	struct stat facts;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", awaited->tid, awaited->fd);
	if (stat(path, &facts) < 0)
		return say(awaited, ASLEEP_UNKNOWN, "cannot be looked at");
	if (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode) || S_ISBLK(facts.st_mode))
		return say(awaited, ASLEEP_NO, "is a file: it ends by itself");
	return say(awaited, ASLEEP_UNKNOWN, "may become ready from outside");
}

static const struct kind {
	const char *prefix;
	enum asleep_verdict (*judge)(struct awaited *awaited);
} anonymous_kinds[] = {
	{"anon_inode:[eventfd]", judge_eventfd},   {"anon_inode:[eventpoll]", judge_epoll},
	{"anon_inode:[signalfd]", judge_signalfd}, {"anon_inode:[timerfd]", judge_timerfd},
	{"anon_inode:[pidfd]", judge_pidfd},       {"pidfd:", judge_pidfd},
};

static enum asleep_verdict judge(struct awaited *awaited)
{
	ssize_t length = procfs_descriptor_target(awaited->tid, awaited->fd, awaited->target,
						  sizeof(awaited->target));

	if (length < 0)
		return asleep_say(awaited->proof, awaited->thread, ASLEEP_UNKNOWN,
				  "%s: fd %d is closed", awaited->call, awaited->fd);
	if (strncmp(awaited->target, "pipe:[", 6) == 0)
		return judge_pipe(awaited);
	if (strncmp(awaited->target, "socket:[", 8) == 0)
		return judge_socket(awaited);
	for (size_t n = 0; n < sizeof(anonymous_kinds) / sizeof(*anonymous_kinds); n++) {
		const struct kind *kind = &anonymous_kinds[n];

		if (strncmp(awaited->target, kind->prefix, strlen(kind->prefix)) == 0)
			return kind->judge(awaited);
	}
	return judge_file(awaited);
}

enum asleep_verdict asleep_judge_descriptor(struct asleep_proof *proof, size_t thread, int fd,
					    const char *call, int timeout_option)
{
	struct awaited awaited = {
		.proof = proof,
		.thread = thread,
		.tid = proof->sights[thread].tid,
		.call = call,
		.fd = fd,
		.timeout_option = timeout_option,
	};

	return judge(&awaited);
}
