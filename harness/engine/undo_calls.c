/* SPDX-License-Identifier: MIT */
/*
 * The system calls that change files, and what each is about to change. Writing through descriptors
 * is not here: a file is saved when it is opened for writing, and what a copy writes through a
 * descriptor that it inherited is put back by descriptors.h (write, ftruncate, fallocate).
 */
#include "harness/engine/undo_parts.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define RENAME_EXCHANGES 2 /* RENAME_EXCHANGE of linux/fs.h */
#define OPEN_CHANGES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
#define NONE (-1) /* no such argument */

struct change;

struct call {
	long number;
	const char *name;
	int (*save)(const struct change *change);
	int directory; /* which argument is a descriptor of a directory */
	int path;      /* ... the path */
	int flags;     /* ... AT_* or O_* flags */
	bool follow;   /* a symbolic link at the end */
};

/* A call that is about to be made. */
struct change {
	struct undo *undo;
	pid_t tid;
	const struct call *call;
	const uint64_t *arguments;
};

static int directory_of(const struct change *change, int argument)
{
	return argument == NONE ? AT_FDCWD : (int)change->arguments[argument];
}

static bool resolve(const struct change *change, bool follow, struct undo_target *target)
{
	return undo_resolve(change->undo, change->tid,
			    directory_of(change, change->call->directory),
			    change->arguments[change->call->path], follow, target);
}

static int save_open_with(const struct change *change, uint64_t flags)
{
	bool creates_new = (flags & O_CREAT) && (flags & O_EXCL);
	struct undo_target target;

	/* O_TMPFILE gives a file without a name; O_PATH opens nothing. */
	if ((flags & O_TMPFILE) == O_TMPFILE || (flags & O_PATH) ||
	    !resolve(change, !creates_new && !(flags & O_NOFOLLOW), &target))
		return 0;
	if (!target.exists)
		return flags & O_CREAT ? undo_save_absent(change->undo, &target) : 0;
	if (creates_new || !(flags & (O_WRONLY | O_RDWR | O_TRUNC)))
		return 0;
	if (S_ISBLK(target.facts.st_mode))
		undo_lose(change->undo, "%s is a device: what is written to it stays", target.path);
	return S_ISREG(target.facts.st_mode) ? undo_save_contents(change->undo, &target) : 0;
}

static int save_open(const struct change *change)
{
	return save_open_with(change, change->arguments[change->call->flags]);
}

static int save_creat(const struct change *change)
{
	return save_open_with(change, O_CREAT | O_WRONLY | O_TRUNC);
}

static int save_openat2(const struct change *change)
{
	struct open_how how;

	if (memory_read(change->tid, change->arguments[2], &how, sizeof(how)) < 0)
		return 0;
	if (how.resolve & RESOLVE_IN_ROOT) {
		undo_lose(change->undo, "a file opened under another root (openat2) is not saved");
		return 0;
	}
	return save_open_with(change, how.flags);
}

static int save_open_by_handle(const struct change *change)
{
	if (change->arguments[2] & (O_WRONLY | O_RDWR | O_TRUNC))
		undo_lose(change->undo, "a file opened by its handle is not saved");
	return 0;
}

/* unlink, rmdir, unlinkat */
static int save_removed(const struct change *change)
{
	struct undo_target target;

	if (!resolve(change, false, &target) || !target.exists)
		return 0;
	return undo_save_whole(change->undo, &target);
}

/* mkdir, mknod, symlink, link: fail where something is there */
static int save_made(const struct change *change)
{
	struct undo_target target;

	if (!resolve(change, false, &target) || target.exists)
		return 0;
	return undo_save_absent(change->undo, &target);
}

/* A socket that is bound to a path is a file. */
static int save_bind(const struct change *change)
{
	struct sockaddr_un name = {.sun_family = AF_UNSPEC};
	char text[sizeof(name.sun_path) + 1] = "";
	size_t size = (uint32_t)change->arguments[2];
	struct undo_target target;

	if (size <= sizeof(name.sun_family) || size > sizeof(name) ||
	    memory_read(change->tid, change->arguments[1], &name, size) < 0 ||
	    name.sun_family != AF_UNIX)
		return 0;
	memcpy(text, name.sun_path, size - sizeof(name.sun_family));
	/* An abstract name begins with a NUL and gives an empty text. */
	if (!undo_resolve_text(change->undo, change->tid, AT_FDCWD, text, false, &target) ||
	    target.exists)
		return 0;
	return undo_save_absent(change->undo, &target);
}

static int save_rename_of(const struct change *change, int to_directory, int to_path, bool exchange)
{
	struct undo_target from;
	struct undo_target to;

	if (!resolve(change, false, &from) || !from.exists ||
	    !undo_resolve(change->undo, change->tid, directory_of(change, to_directory),
			  change->arguments[to_path], false, &to))
		return 0;
	return undo_save_rename(change->undo, &from, &to, exchange);
}

static int save_rename(const struct change *change)
{
	return save_rename_of(change, NONE, 1, false);
}

static int save_renameat(const struct change *change)
{
	bool exchange = change->call->flags != NONE &&
			(change->arguments[change->call->flags] & RENAME_EXCHANGES);

	return save_rename_of(change, 2, 3, exchange);
}

/* What a call on a path with AT_* flags is about: the path, or the descriptor itself where the path
 * is empty (AT_EMPTY_PATH) or NULL (utimensat). */
static bool resolve_any(const struct change *change, struct undo_target *target)
{
	const struct call *call = change->call;
	uint64_t flags = call->flags == NONE ? 0 : change->arguments[call->flags];
	char first = '\0';

	if (call->path == NONE)
		return undo_resolve_descriptor(change->tid, directory_of(change, call->directory),
					       target);
	if (change->arguments[call->path] != 0 &&
	    memory_read(change->tid, change->arguments[call->path], &first, 1) < 0)
		return false;
	if (first == '\0')
		return undo_resolve_descriptor(change->tid, directory_of(change, call->directory),
					       target);
	return resolve(change, call->follow && !(flags & AT_SYMLINK_NOFOLLOW), target);
}

/* Mode, owner, times */
static int save_attributes(const struct change *change)
{
	struct undo_target target;

	if (!resolve_any(change, &target) || !target.exists)
		return 0;
	return undo_save_attributes(change->undo, &target);
}

static int save_truncated(const struct change *change)
{
	struct undo_target target;

	if (!resolve(change, true, &target) || !target.exists || !S_ISREG(target.facts.st_mode))
		return 0;
	return undo_save_contents(change->undo, &target);
}

static int lose_attributes(const struct change *change)
{
	struct undo_target target;

	if (resolve_any(change, &target) && target.exists)
		undo_lose(change->undo, "extended attributes of %s are changed and not put back",
			  target.path);
	return 0;
}

static int lose(const struct change *change)
{
	undo_lose(change->undo, "%s: what it changes is not put back", change->call->name);
	return 0;
}

/*
 * One row a call: the filter's argument and mask, then the members of struct call. The two tables
 * are made from it, so that they cannot differ.
 */
#define ANY NONE, 0
#define CALLS(X)                                                                                   \
	X(open, 1, OPEN_CHANGES, save_open, NONE, 0, 1, true)                                      \
	X(openat, 2, OPEN_CHANGES, save_open, 0, 1, 2, true)                                       \
	X(openat2, ANY, save_openat2, 0, 1, NONE, true)                                            \
	X(creat, ANY, save_creat, NONE, 0, NONE, true)                                             \
	X(open_by_handle_at, 2, OPEN_CHANGES, save_open_by_handle, NONE, NONE, NONE, true)         \
	X(unlink, ANY, save_removed, NONE, 0, NONE, false)                                         \
	X(unlinkat, ANY, save_removed, 0, 1, NONE, false)                                          \
	X(rmdir, ANY, save_removed, NONE, 0, NONE, false)                                          \
	X(mkdir, ANY, save_made, NONE, 0, NONE, false)                                             \
	X(mkdirat, ANY, save_made, 0, 1, NONE, false)                                              \
	X(mknod, ANY, save_made, NONE, 0, NONE, false)                                             \
	X(mknodat, ANY, save_made, 0, 1, NONE, false)                                              \
	X(symlink, ANY, save_made, NONE, 1, NONE, false)                                           \
	X(symlinkat, ANY, save_made, 1, 2, NONE, false)                                            \
	X(link, ANY, save_made, NONE, 1, NONE, false)                                              \
	X(linkat, ANY, save_made, 2, 3, NONE, false)                                               \
	X(bind, ANY, save_bind, NONE, NONE, NONE, false)                                           \
	X(rename, ANY, save_rename, NONE, 0, NONE, false)                                          \
	X(renameat, ANY, save_renameat, 0, 1, NONE, false)                                         \
	X(renameat2, ANY, save_renameat, 0, 1, 4, false)                                           \
	X(truncate, ANY, save_truncated, NONE, 0, NONE, true)                                      \
	X(chmod, ANY, save_attributes, NONE, 0, NONE, true)                                        \
	X(fchmod, ANY, save_attributes, 0, NONE, NONE, true)                                       \
	X(fchmodat, ANY, save_attributes, 0, 1, NONE, true)                                        \
	X(fchmodat2, ANY, save_attributes, 0, 1, 3, true)                                          \
	X(chown, ANY, save_attributes, NONE, 0, NONE, true)                                        \
	X(fchown, ANY, save_attributes, 0, NONE, NONE, true)                                       \
	X(lchown, ANY, save_attributes, NONE, 0, NONE, false)                                      \
	X(fchownat, ANY, save_attributes, 0, 1, 4, true)                                           \
	X(utime, ANY, save_attributes, NONE, 0, NONE, true)                                        \
	X(utimes, ANY, save_attributes, NONE, 0, NONE, true)                                       \
	X(futimesat, ANY, save_attributes, 0, 1, NONE, true)                                       \
	X(utimensat, ANY, save_attributes, 0, 1, 3, true)                                          \
	X(setxattr, ANY, lose_attributes, NONE, 0, NONE, true)                                     \
	X(lsetxattr, ANY, lose_attributes, NONE, 0, NONE, false)                                   \
	X(fsetxattr, ANY, lose_attributes, 0, NONE, NONE, true)                                    \
	X(removexattr, ANY, lose_attributes, NONE, 0, NONE, true)                                  \
	X(lremovexattr, ANY, lose_attributes, NONE, 0, NONE, false)                                \
	X(fremovexattr, ANY, lose_attributes, 0, NONE, NONE, true)                                 \
	X(mount, ANY, lose, NONE, NONE, NONE, false)                                               \
	X(umount2, ANY, lose, NONE, NONE, NONE, false)                                             \
	X(move_mount, ANY, lose, NONE, NONE, NONE, false)                                          \
	X(pivot_root, ANY, lose, NONE, NONE, NONE, false)                                          \
	X(swapon, ANY, lose, NONE, NONE, NONE, false)                                              \
	X(swapoff, ANY, lose, NONE, NONE, NONE, false)                                             \
	X(io_uring_setup, ANY, lose, NONE, NONE, NONE, false)

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* since Linux 6.6; arch/x86/entry/syscalls/syscall_64.tbl */
#endif

#define EXPAND(X, ...) X(__VA_ARGS__)
#define FILTER_ROW(name_of, argument, mask, ...)                                                   \
	{.number = SYS_##name_of, .flags_argument = (argument), .flags_mask = (mask)},
#define CALL_ROW(name_of, argument, mask, function, directory_of, path_of, flags_of, follows)      \
	{.number = SYS_##name_of,                                                                  \
	 .name = #name_of,                                                                         \
	 .save = (function),                                                                       \
	 .directory = (directory_of),                                                              \
	 .path = (path_of),                                                                        \
	 .flags = (flags_of),                                                                      \
	 .follow = (follows)},
#define FILTER(...) EXPAND(FILTER_ROW, __VA_ARGS__)
#define CALL(...) EXPAND(CALL_ROW, __VA_ARGS__)

const struct undo_syscall undo_syscalls[] = {CALLS(FILTER)};
const size_t undo_syscall_count = sizeof(undo_syscalls) / sizeof(*undo_syscalls);

static const struct call calls[] = {CALLS(CALL)};

int undo_before(struct undo *undo, pid_t pid, long number, const uint64_t arguments[6])
{
	for (size_t n = 0; n < sizeof(calls) / sizeof(*calls); n++) {
		const struct change change = {
			.undo = undo, .tid = pid, .call = &calls[n], .arguments = arguments};

		if (calls[n].number == number)
			return calls[n].save(&change);
	}
	return 0;
}
