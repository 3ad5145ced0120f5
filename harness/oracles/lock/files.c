/* SPDX-License-Identifier: MIT */
/*
 * The locks of stdio's streams, which stdio takes without calling a function that could be watched.
 * glibc links all open streams (libio.h, _IO_list_all; bits/types/struct_FILE.h).
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/lock/lock.h"

#include <string.h>

#define STREAMS_MAX 256

struct stream {
	uint64_t next;
	uint64_t lock;
};

static bool read_stream(pid_t pid, uint64_t address, struct stream *stream)
{
	uint8_t bytes[FILE_SIZE];

	if (memory_read(pid, address, bytes, sizeof(bytes)))
		return false;
	memcpy(&stream->next, bytes + FILE_CHAIN_OFFSET, sizeof(stream->next));
	memcpy(&stream->lock, bytes + FILE_LOCK_OFFSET, sizeof(stream->lock));
	return true;
}

static uint64_t first_stream(pid_t pid, uint64_t list)
{
	uint64_t first = 0;

	return list && !memory_read(pid, list, &first, sizeof(first)) ? first : 0;
}

uint64_t lock_files_list(struct symbols *symbols)
{
	uint64_t address;
	uint64_t size;

	if (symbols_find_object(symbols, NULL, "_IO_list_all", &address, &size)) {
		fail_clear();
		return 0;
	}
	return address;
}

/* "_IO_2_1_stdout_" is stdout. */
static char *stream_name(struct symbols *symbols, uint64_t address)
{
	static const char *const names[] = {"stdin", "stdout", "stderr"};
	struct object_place object;

	if (symbols_object_at(symbols, address, &object))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strstr(object.name, names[i]))
				return alloc_text(names[i]);
	return alloc_text("a stream");
}

void lock_files_add(struct lock_points *points, struct symbols *symbols, pid_t pid, uint64_t list)
{
	uint64_t address = first_stream(pid, list);
	struct stream stream;

	for (size_t i = 0; address && i < STREAMS_MAX; i++, address = stream.next) {
		struct lock_point *point;

		if (!read_stream(pid, address, &stream))
			return;
		if (!stream.lock)
			continue;
		point = lock_points_add(points, stream.lock, LOCK_FILE);
		point->stream = address;
		if (!point->name)
			point->name = stream_name(symbols, address);
	}
}

bool lock_files_is_open(pid_t pid, uint64_t list, uint64_t stream)
{
	uint64_t address = first_stream(pid, list);
	struct stream next;

	for (size_t i = 0; address && i < STREAMS_MAX; i++, address = next.next) {
		if (address == stream)
			return true;
		if (!read_stream(pid, address, &next))
			return false;
	}
	return false;
}
