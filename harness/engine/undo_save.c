/* SPDX-License-Identifier: MIT */
/* Records of what is about to be changed: see undo_parts.h for their kinds. */
#include "harness/engine/undo_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct undo_record make_record(enum undo_kind kind, const struct undo_target *target)
{
	struct undo_record record = {
		.kind = kind,
		.parent_times = {target->parent_times[0], target->parent_times[1]},
	};

	if (!target->exists)
		return record;
	record.device = target->facts.st_dev;
	record.inode = target->facts.st_ino;
	record.special = target->facts.st_rdev;
	record.mode = target->facts.st_mode;
	record.uid = target->facts.st_uid;
	record.gid = target->facts.st_gid;
	record.times[0] = target->facts.st_atim;
	record.times[1] = target->facts.st_mtim;
	return record;
}

int undo_save_absent(struct undo *undo, const struct undo_target *target)
{
	struct undo_record record = make_record(UNDO_ABSENT, target);

	return undo_append(undo, &record, target->path, NULL, -1, NULL);
}

int undo_save_attributes(struct undo *undo, const struct undo_target *target)
{
	struct undo_record record = make_record(UNDO_STATE, target);

	return undo_append(undo, &record, target->path, NULL, -1, NULL);
}

static int save_link_text(struct undo *undo, const struct undo_target *target)
{
	struct undo_record record = make_record(UNDO_STATE, target);
	char text[PATH_MAX];
	ssize_t length = readlink(target->path, text, sizeof(text) - 1);

	if (length < 0)
		return 0; /* gone: the call will find nothing either */
	text[length] = '\0';
	record.has_data = 1;
	record.data_size = (uint64_t)length + 1;
	return undo_append(undo, &record, target->path, NULL, -1, text);
}

int undo_save_contents(struct undo *undo, const struct undo_target *target)
{
	struct undo_record record = make_record(UNDO_STATE, target);
	uint64_t size = (uint64_t)target->facts.st_size;
	int error;
	int fd;

	if (size > UNDO_CONTENTS_MAX || undo->end + size > UNDO_LOG_MAX) {
		undo_lose(undo, "%s is too large to save: what is written to it stays",
			  target->path);
		return undo_save_attributes(undo, target);
	}
	fd = open(target->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(target->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		undo_lose(undo, "%s cannot be read (%s): what is written to it stays", target->path,
			  strerror(errno));
		return undo_save_attributes(undo, target);
	}
	record.has_data = 1;
	record.data_size = size;
	error = undo_append(undo, &record, target->path, NULL, fd, NULL);
	close(fd);
	return error;
}

static int save_copy(struct undo *undo, const struct undo_target *target)
{
	if (S_ISREG(target->facts.st_mode))
		return undo_save_contents(undo, target);
	if (S_ISLNK(target->facts.st_mode))
		return save_link_text(undo, target);
	return undo_save_attributes(undo, target);
}

int undo_save_whole(struct undo *undo, const struct undo_target *target)
{
	struct undo_record record = make_record(UNDO_KEEP, target);
	char *link;
	int error;

	if (S_ISDIR(target->facts.st_mode))
		return undo_save_attributes(undo, target);
	link = undo_stash_link(undo, target, &error);
	if (error)
		return error;
	if (!link)
		return save_copy(undo, target);
	error = undo_append(undo, &record, target->path, link, -1, NULL);
	if (error)
		unlink(link);
	free(link);
	return error;
}

int undo_save_rename(struct undo *undo, const struct undo_target *from,
		     const struct undo_target *to, bool exchange)
{
	struct undo_record record = make_record(exchange ? UNDO_EXCHANGE : UNDO_RENAME, from);
	bool is_same = to->exists && to->facts.st_dev == from->facts.st_dev &&
		       to->facts.st_ino == from->facts.st_ino;
	int error = 0;

	/* Two names of one file: rename(2) then does nothing. */
	if (is_same)
		return 0;
	if (!exchange)
		error = to->exists ? undo_save_whole(undo, to) : undo_save_absent(undo, to);
	return error ? error : undo_append(undo, &record, from->path, to->path, -1, NULL);
}
