/* SPDX-License-Identifier: MIT */
/*
 * Second links to files that are about to lose their only name. A link keeps the inode, and with it
 * every descriptor that the walker has on the file; a copy of the contents would be another file.
 * Links live in a directory of ours on the same mount, out of the way of programs that list or
 * remove the directory of the file.
 */
#include "harness/base/alloc.h"
#include "harness/engine/undo_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* *facts: of `under` as it was before. */
static char *make_directory(const char *under, uint64_t device, struct stat *facts)
{
	char *path = NULL;

	if (!under || *under != '/' || stat(under, facts) < 0 || facts->st_dev != device ||
	    !S_ISDIR(facts->st_mode))
		return NULL;
	path = alloc_format("%s%s.sigsweep-undo-XXXXXX", under, under[1] ? "/" : "");
	if (mkdtemp(path))
		return path;
	free(path);
	return NULL;
}

/* Can the target be linked there? Mounts of one file system have one device number, and yet no
 * links between them. */
static char *link_under(struct undo *undo, const char *directory, const struct undo_target *target)
{
	char *path = alloc_format("%s/%u", directory, undo->links);

	if (linkat(AT_FDCWD, target->path, AT_FDCWD, path, 0) == 0) {
		undo->links++;
		return path;
	}
	free(path);
	return NULL;
}

static int remember(struct undo *undo, char *directory, uint64_t device, const struct stat *under)
{
	struct undo_record record = {.kind = UNDO_STASH,
				     .parent_times = {under->st_atim, under->st_mtim}};
	uint64_t offset = undo->end;
	int error = undo_append(undo, &record, directory, NULL, -1, NULL);

	if (error) {
		free(directory);
		return error;
	}
	alloc_grow((void **)&undo->stashes, undo->stash_count, &undo->stash_capacity,
		   sizeof(*undo->stashes));
	undo->stashes[undo->stash_count++] =
		(struct undo_stash){.device = device, .offset = offset, .path = directory};
	return 0;
}

/* Tries a new directory under `under`; NULL, and nothing is left, when no link can be made there.
 */
static char *try_under(struct undo *undo, const char *under, const struct undo_target *target,
		       int *error)
{
	struct stat facts;
	char *directory = make_directory(under, target->facts.st_dev, &facts);
	char *path;

	if (!directory)
		return NULL;
	*error = remember(undo, directory, target->facts.st_dev, &facts);
	if (*error)
		return NULL;
	path = link_under(undo, directory, target);
	if (!path) {
		rmdir(directory);
		/* Its record stays, and finds nothing to remove. */
		undo->stashes[undo->stash_count - 1].device = 0;
	}
	return path;
}

/* The directories above the file, the highest first, its own last. */
static char *try_above(struct undo *undo, const struct undo_target *target, int *error)
{
	char under[PATH_MAX];
	char *path = NULL;

	for (const char *slash = target->path; slash && !path && !*error;
	     slash = strchr(slash + 1, '/')) {
		int length = (int)(slash - target->path);

		snprintf(under, sizeof(under), "%.*s", length ? length : 1, target->path);
		path = try_under(undo, under, target, error);
	}
	return path;
}

char *undo_stash_link(struct undo *undo, const struct undo_target *target, int *error)
{
	const char *const usual[] = {getenv("TMPDIR"), "/tmp", "/var/tmp"};
	char *path = NULL;

	*error = 0;
	for (size_t n = 0; n < undo->stash_count && !path; n++) {
		if (undo->stashes[n].device == target->facts.st_dev)
			path = link_under(undo, undo->stashes[n].path, target);
	}
	for (size_t n = 0; n < sizeof(usual) / sizeof(*usual) && !path && !*error; n++)
		path = try_under(undo, usual[n], target, error);
	if (!path && !*error)
		path = try_above(undo, target, error);
	return path;
}

void undo_stash_forget(struct undo *undo, uint64_t mark)
{
	size_t kept = 0;

	for (size_t n = 0; n < undo->stash_count; n++) {
		if (undo->stashes[n].offset < mark)
			undo->stashes[kept++] = undo->stashes[n];
		else
			free(undo->stashes[n].path);
	}
	undo->stash_count = kept;
}
