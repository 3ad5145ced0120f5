/* SPDX-License-Identifier: MIT */
/*
 * Bytes that wait in pipes and socket pairs, and the counts of eventfds. Only where both ends
 * belong to the process itself: with another process at one end, bytes come and go for reasons of
 * its own, and putting them back would do more harm than leaving them.
 */
#include "harness/base/alloc.h"
#include "harness/engine/descriptors_parts.h"
#include "harness/kernel/procfs.h"
#include "harness/kernel/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int waiting(int fd, size_t *size)
{
	int bytes = 0;

	if (ioctl(fd, FIONREAD, &bytes) < 0)
		return -errno;
	*size = (size_t)bytes;
	return 0;
}

/*
 * Copies what waits in the pipe without taking it (tee(2)), through a pipe of our own of the same
 * capacity: tee gives the first bytes only, as many as fit.
 */
static int peek(int from, uint8_t *bytes, size_t size)
{
	int own[2];
	ssize_t got;
	size_t used = 0;
	int error = 0;

	if (pipe2(own, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(own[1], F_SETPIPE_SZ, fcntl(from, F_GETPIPE_SZ));
	got = tee(from, own[1], size, SPLICE_F_NONBLOCK);
	if (got != (ssize_t)size)
		error = got < 0 ? -errno : -ENOBUFS;
	while (!error && used < size) {
		got = read(own[0], bytes + used, size - used);
		if (got <= 0)
			error = got < 0 ? -errno : -EIO;
		else
			used += (size_t)got;
	}
	close(own[0]);
	close(own[1]);
	return error;
}

/* The writing end of the pipe, among the process's descriptors. */
static const struct descriptor *find_writer(const struct descriptors *descriptors,
					    const struct descriptor *reader)
{
	for (size_t n = 0; n < descriptors->count; n++) {
		const struct descriptor *of = &descriptors->list[n];

		if (S_ISFIFO(of->mode) && of->inode == reader->inode &&
		    of->device == reader->device && (of->flags & O_ACCMODE) != O_RDONLY)
			return of;
	}
	return NULL;
}

static void forgive_pipe(struct descriptors *descriptors, const struct descriptor *reader)
{
	for (size_t n = 0; n < descriptors->count; n++) {
		struct descriptor *of = &descriptors->list[n];

		if (S_ISFIFO(of->mode) && of->inode == reader->inode &&
		    of->device == reader->device)
			of->lost = NULL;
	}
}

/* Has an earlier descriptor of the same object been chosen to put it back through? */
static bool is_covered(const struct descriptors *descriptors, const struct descriptor *of,
		       enum descriptor_kind kind)
{
	for (size_t n = 0; &descriptors->list[n] != of; n++) {
		const struct descriptor *earlier = &descriptors->list[n];

		if (earlier->kind == kind && earlier->inode == of->inode &&
		    earlier->device == of->device)
			return true;
	}
	return false;
}

static void save_pipe(struct descriptors *descriptors, struct descriptor *of)
{
	const struct descriptor *writer = find_writer(descriptors, of);
	int error;
	int copy;

	if ((of->flags & O_ACCMODE) == O_WRONLY || !writer ||
	    is_covered(descriptors, of, DESCRIPTOR_PIPE))
		return;
	copy = descriptors_duplicate(descriptors, of->fd);
	if (copy < 0)
		return; /* stays on the fidelity list */
	error = waiting(copy, &of->size);
	if (!error && of->size > 0) {
		of->bytes = alloc_zero(of->size);
		error = peek(copy, of->bytes, of->size);
	}
	close(copy);
	forgive_pipe(descriptors, of);
	if (error || (of->flags & O_DIRECT)) { /* packets would run together */
		of->lost = "pipe-contents";
		return;
	}
	of->kind = DESCRIPTOR_PIPE;
	of->other_fd = writer->fd;
}

static bool holds_socket(const struct descriptors *descriptors, uint64_t inode)
{
	for (size_t n = 0; n < descriptors->count; n++) {
		const struct descriptor *of = &descriptors->list[n];

		if (S_ISSOCK(of->mode) && of->inode == inode)
			return true;
	}
	return false;
}

static void save_socket(struct descriptors *descriptors, struct descriptor *of)
{
	struct unix_socket facts;
	int copy;

	if (sockets_unix(of->inode, &facts) < 0 || facts.peer == 0 || facts.is_listening ||
	    !holds_socket(descriptors, facts.peer))
		return;
	copy = descriptors_duplicate(descriptors, of->fd);
	if (copy < 0)
		return;
	of->lost = waiting(copy, &of->size) < 0 || of->size > 0 ? "socket-contents" : NULL;
	close(copy);
	if (!of->lost && !is_covered(descriptors, of, DESCRIPTOR_PAIR))
		of->kind = DESCRIPTOR_PAIR;
}

void descriptors_save_streams(struct descriptors *descriptors)
{
	for (size_t n = 0; n < descriptors->count; n++) {
		struct descriptor *of = &descriptors->list[n];

		if (S_ISFIFO(of->mode))
			save_pipe(descriptors, of);
		else if (S_ISSOCK(of->mode))
			save_socket(descriptors, of);
		else if (of->kind == DESCRIPTOR_COUNTER &&
			 is_covered(descriptors, of, DESCRIPTOR_COUNTER))
			of->kind = DESCRIPTOR_PLAIN;
	}
}

static int drain(int fd, size_t size)
{
	char bytes[4096];

	while (size > 0) {
		ssize_t got = read(fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		size -= (size_t)got;
	}
	return 0;
}

/* What waited fits in again, since it did before and is now in one piece. */
static int refill(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);

		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

static int restore_pipe(struct descriptors *descriptors, const struct descriptor *of, int copy)
{
	size_t present = 0;
	int error = waiting(copy, &present);
	int writer;

	if (error || (present == 0 && of->size == 0))
		return error;
	error = drain(copy, present);
	if (error || of->size == 0)
		return error;
	writer = descriptors_duplicate(descriptors, of->other_fd);
	if (writer < 0)
		return writer;
	error = refill(writer, of->bytes, of->size);
	close(writer);
	return error;
}

/* Nothing waited: what is there now is the trial's. */
static int restore_pair(int copy)
{
	char bytes[4096];

	while (recv(copy, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return 0;
}

static bool is_readable(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 0) > 0 && (polled.revents & POLLIN);
}

static int restore_counter(const struct descriptor *of, int copy)
{
	struct process_descriptor facts;
	uint64_t value;

	if (of->counter == 0 && !is_readable(copy))
		return 0;
	if (procfs_descriptor(getpid(), copy, &facts) == 0 && facts.eventfd_count == of->counter)
		return 0;
	/* In semaphore mode each read takes one. */
	while (is_readable(copy)) {
		if (read(copy, &value, sizeof(value)) < 0)
			return -errno;
	}
	return of->counter == 0 ? 0 : refill(copy, (const uint8_t *)&of->counter, sizeof(value));
}

int descriptors_restore_stream(struct descriptors *descriptors, const struct descriptor *of,
			       int copy)
{
	int error = 0;

	if (of->kind == DESCRIPTOR_PIPE)
		error = restore_pipe(descriptors, of, copy);
	else if (of->kind == DESCRIPTOR_PAIR)
		error = restore_pair(copy);
	else if (of->kind == DESCRIPTOR_COUNTER)
		error = restore_counter(of, copy);
	return error ? fail(error, "cannot put back what waits in descriptor %d: %s", of->fd,
			    strerror(-error))
		     : 0;
}
