/* SPDX-License-Identifier: MIT */
/*
 * See memory.h. Sentences are made only for errors that a person should hear of: an address that is
 * not mapped is an answer like any other, and asked for often.
 */
#include "harness/kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096
#define PARTS_MAX 8

/* Longest stretch that does not leave the page: what lies behind may not be mapped. */
static size_t rest_of_page(uint64_t address, size_t size)
{
	size_t rest = PAGE - address % PAGE;

	return rest < size ? rest : size;
}

static int open_memory(pid_t pid, int flags)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0) {
		int code = -errno;

		return fail(code, "cannot open %s: %s", path, strerror(-code));
	}
	return fd;
}

/* For machines that forbid process_vm_readv (seccomp filters of some containers do). */
static ssize_t read_through_file(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	int fd = open_memory(pid, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = pread(fd, buffer, size, (off_t)address);
	if (got < 0)
		got = errno == EIO ? -EFAULT : -errno;
	else if (got == 0 && size)
		got = -EFAULT;
	close(fd);
	return got;
}

static ssize_t read_once(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	static bool forbidden;
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
	ssize_t got;

	if (forbidden)
		return read_through_file(pid, address, buffer, size);
	got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	if (got >= 0)
		return got;
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	got = read_through_file(pid, address, buffer, size);
	forbidden = got >= 0;
	return got;
}

/*
 * A first read of everything, then page by page from where it ended: process_vm_readv(2) promises
 * partial results between elements of its vectors only, and an element that is partly mapped may
 * give its part or nothing.
 */
ssize_t memory_read_some(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	ssize_t got = read_once(pid, address, buffer, size);
	size_t done = got > 0 ? (size_t)got : 0;

	if (got < 0 && got != -EFAULT)
		return got;
	while (done < size) {
		got = read_once(pid, address + done, (char *)buffer + done,
				rest_of_page(address + done, size - done));
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	if (done == 0 && size)
		return got < 0 ? got : -EFAULT;
	return (ssize_t)done;
}

int memory_read(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	ssize_t got = read_once(pid, address, buffer, size);

	if (got == (ssize_t)size)
		return 0;
	if (got < 0 && got != -EFAULT)
		return (int)got;
	got = memory_read_some(pid, address, buffer, size);
	if (got < 0)
		return (int)got;
	return (size_t)got == size ? 0 : -EFAULT;
}

int memory_read_parts(pid_t pid, const struct memory_part *parts, size_t count)
{
	struct iovec local[PARTS_MAX] = {0}, remote[PARTS_MAX] = {0};
	size_t size = 0;
	int error = 0;

	if (count > PARTS_MAX)
		return -EINVAL;
	for (size_t n = 0; n < count; n++) {
		local[n] = (struct iovec){parts[n].buffer, parts[n].size};
		remote[n] = (struct iovec){(void *)(uintptr_t)parts[n].address, parts[n].size};
		size += parts[n].size;
	}
	if (process_vm_readv(pid, local, count, remote, count, 0) == (ssize_t)size)
		return 0;
	/* Forbidden, or only a part: each by itself says why. */
	for (size_t n = 0; error == 0 && n < count; n++)
		error = memory_read(pid, parts[n].address, parts[n].buffer, parts[n].size);
	return error;
}

ssize_t memory_read_text(pid_t pid, uint64_t address, char *text, size_t size)
{
	size_t done = 0;

	if (size == 0)
		return -EINVAL;
	text[0] = '\0';
	while (done < size - 1) {
		size_t chunk = rest_of_page(address + done, size - 1 - done);
		ssize_t got = memory_read_some(pid, address + done, text + done, chunk);
		const char *end;

		if (got < 0) {
			text[done] = '\0';
			return got;
		}
		end = memchr(text + done, '\0', (size_t)got);
		if (end)
			return end - text;
		done += (size_t)got;
	}
	text[done] = '\0';
	return (ssize_t)done;
}

int memory_write(pid_t pid, uint64_t address, const void *buffer, size_t size)
{
	int fd = open_memory(pid, O_RDWR);
	size_t done = 0;
	int code = 0;

	if (fd < 0)
		return fd;
	while (done < size) {
		ssize_t put = pwrite(fd, (const char *)buffer + done, size - done,
				     (off_t)(address + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			code = put == 0 || errno == EIO ? -EFAULT : -errno;
			break;
		}
		done += (size_t)put;
	}
	close(fd);
	if (code)
		return fail(code, "cannot write %zu bytes at 0x%llx of process %d: %s", size,
			    (unsigned long long)address, pid, strerror(-code));
	return 0;
}
