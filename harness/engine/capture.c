/* SPDX-License-Identifier: MIT */
/* See capture.h. */
#include "harness/engine/capture.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int capture_open(struct capture *capture)
{
	static const char *const names[] = {"sigsweep-stdout", "sigsweep-stderr"};

	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		int fd = memfd_create(names[i], MFD_CLOEXEC);

		if (fd < 0)
			return fail(-errno, "cannot make memory for the program's output: %s",
				    strerror(errno));
		capture->streams[i] = (struct capture_stream){.fd = fd};
	}
	return 0;
}

void capture_close(struct capture *capture)
{
	for (int i = 0; i < CAPTURE_STREAMS; i++)
		close(capture->streams[i].fd);
}

static off_t size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) < 0 ? 0 : status.st_size;
}

void capture_mark(struct capture *capture)
{
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		struct capture_stream *stream = &capture->streams[i];

		stream->size = size_of(stream->fd);
		stream->position = lseek(stream->fd, 0, SEEK_CUR);
	}
}

void capture_reset(struct capture *capture)
{
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		const struct capture_stream *stream = &capture->streams[i];

		if (size_of(stream->fd) != stream->size)
			(void)!ftruncate(stream->fd, stream->size);
		lseek(stream->fd, stream->position, SEEK_SET);
	}
}

off_t capture_weight(const struct capture *capture)
{
	off_t weight = 0;

	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		struct stat status;

		if (fstat(capture->streams[i].fd, &status) == 0)
			weight += status.st_blocks * 512; /* stat(2): of 512 bytes */
	}
	return weight;
}

int capture_read(const struct capture *capture, int stream, size_t limit, struct text *text)
{
	const int fd = capture->streams[stream].fd;

	text->size = (size_t)size_of(fd);
	if (text->size > limit)
		text->size = limit;
	text->bytes = alloc_zero(text->size + 1);
	for (size_t done = 0; done < text->size;) {
		ssize_t part = pread(fd, text->bytes + done, text->size - done, (off_t)done);

		if (part <= 0)
			return fail(-EIO, "cannot read the program's output back");
		done += (size_t)part;
	}
	return 0;
}

bool capture_equals(const struct capture *capture, int stream, const struct text *text, off_t from)
{
	const int fd = capture->streams[stream].fd;
	char bytes[4096];

	if (size_of(fd) != (off_t)text->size)
		return false;
	while (from < (off_t)text->size) {
		ssize_t part = pread(fd, bytes, sizeof(bytes), from);

		if (part <= 0 || memcmp(bytes, text->bytes + from, (size_t)part) != 0)
			return false;
		from += part;
	}
	return true;
}
