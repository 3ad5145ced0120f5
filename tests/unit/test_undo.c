/* SPDX-License-Identifier: MIT */
/*
 * Each test changes a small tree of files by system calls that it first shows to the log, as the
 * tracer does, and rolls back: every entry must be as before: type, inode, mode, owner, size,
 * contents and times.
 */
#include "harness/engine/undo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRIES_MAX 64

static char root[] = "/tmp/sigsweep-undo-XXXXXX";
static int log_fd = -1;
static struct undo *undo;

struct entry {
	char path[256];
	struct stat facts;
	char contents[64];
};

struct tree {
	struct entry entries[ENTRIES_MAX];
	size_t count;
};

static void take_entry(struct tree *tree, const char *path)
{
	struct entry *entry = &tree->entries[tree->count++];
	int fd;

	assert_true(tree->count < ENTRIES_MAX);
	memset(entry, 0, sizeof(*entry));
	snprintf(entry->path, sizeof(entry->path), "%s", path);
	assert_int_equal(lstat(path, &entry->facts), 0);
	if (S_ISLNK(entry->facts.st_mode))
		assert_true(readlink(path, entry->contents, sizeof(entry->contents) - 1) > 0);
	if (!S_ISREG(entry->facts.st_mode))
		return;
	fd = open(path, O_RDONLY | O_NOATIME);
	assert_true(fd >= 0);
	assert_true(read(fd, entry->contents, sizeof(entry->contents) - 1) >= 0);
	close(fd);
}

static void take(struct tree *tree, const char *path)
{
	struct dirent **list;
	int count;

	take_entry(tree, path);
	if (!S_ISDIR(tree->entries[tree->count - 1].facts.st_mode))
		return;
	count = scandir(path, &list, NULL, alphasort);
	assert_true(count >= 0);
	for (int n = 0; n < count; n++) {
		char below[512];

		snprintf(below, sizeof(below), "%s/%s", path, list[n]->d_name);
		if (strcmp(list[n]->d_name, ".") != 0 && strcmp(list[n]->d_name, "..") != 0)
			take(tree, below);
		free(list[n]);
	}
	free(list);
}

/* A directory that was removed is another one afterwards (`remade`); files are the same. */
static void assert_same(const struct tree *before, bool remade)
{
	struct tree *after = calloc(1, sizeof(*after));

	assert_non_null(after);
	take(after, root);
	assert_int_equal(before->count, after->count);
	for (size_t n = 0; n < before->count; n++) {
		const struct entry *old = &before->entries[n];
		const struct entry *new = &after->entries[n];

		assert_string_equal(old->path, new->path);
		assert_string_equal(old->contents, new->contents);
		assert_int_equal(old->facts.st_mode, new->facts.st_mode);
		assert_int_equal(old->facts.st_uid, new->facts.st_uid);
		assert_int_equal(old->facts.st_gid, new->facts.st_gid);
		assert_int_equal(old->facts.st_nlink, new->facts.st_nlink);
		if (S_ISREG(old->facts.st_mode))
			assert_int_equal(old->facts.st_size, new->facts.st_size);
		assert_int_equal(old->facts.st_mtim.tv_sec, new->facts.st_mtim.tv_sec);
		assert_int_equal(old->facts.st_mtim.tv_nsec, new->facts.st_mtim.tv_nsec);
		if (!remade || !S_ISDIR(old->facts.st_mode))
			assert_int_equal(old->facts.st_ino, new->facts.st_ino);
	}
	free(after);
}

/* Shows the call to the log and makes it. */
static long call(long number, long a, long b, long c, long d, long e)
{
	const uint64_t arguments[6] = {(uint64_t)a, (uint64_t)b, (uint64_t)c,
				       (uint64_t)d, (uint64_t)e, 0};
	long result;

	assert_int_equal(undo_before(undo, getpid(), number, arguments), 0);
	result = syscall(number, a, b, c, d, e);
	return result < 0 ? -errno : result;
}

#define CALL(name, a, b, c, d, e)                                                                  \
	call(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static void spoil(const char *path, int flags, const char *text)
{
	long fd = CALL(openat, AT_FDCWD, path, flags, 0600, 0);

	assert_true(fd >= 0);
	assert_int_equal(write((int)fd, text, strlen(text)), strlen(text));
	close((int)fd);
}

static void make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	strcpy(root + strlen(root) - 6, "XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(chdir(root), 0);
	make("one", "first contents");
	make("two", "second contents");
	assert_int_equal(mkdir("dir", 0751), 0);
	assert_int_equal(mkdir("empty", 0750), 0);
	make("dir/three", "third contents");
	assert_int_equal(symlink("../one", "dir/link"), 0);
	assert_int_equal(symlink("missing", "dangling"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(link("two", "dir/two-again"), 0);
	usleep(10000); /* a later tick of the file clock */
	take(tree, root);
	log_fd = undo_make_fd();
	assert_true(log_fd >= 0);
	undo = undo_open(log_fd);
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	const char *const files[] = {"one",           "two",  "dir/three", "dir/link",
				     "dir/two-again", "fifo", "dangling"};

	undo_close(undo);
	close(log_fd);
	for (size_t n = 0; n < sizeof(files) / sizeof(*files); n++)
		assert_int_equal(unlink(files[n]), 0);
	assert_int_equal(rmdir("dir"), 0);
	assert_int_equal(rmdir("empty"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(root), 0);
	free(*state);
	return 0;
}

static void roll_back_all(void **state, bool remade)
{
	assert_int_equal(undo_rollback(undo, 0), 0);
	assert_same(*state, remade);
}

static void created(void **state)
{
	char path[300];
	struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 0600};

	spoil("new", O_WRONLY | O_CREAT, "new");
	spoil("new", O_WRONLY | O_TRUNC, "newer");
	spoil("dangling", O_WRONLY | O_CREAT, "through a link");
	assert_int_equal(access("missing", F_OK), 0);
	assert_int_equal(CALL(mkdir, "sub", 0700, 0, 0, 0), 0);
	assert_int_equal(CALL(mkdirat, open("sub", O_PATH), "below/", 0700, 0, 0), 0);
	spoil("sub/below/file", O_RDWR | O_CREAT | O_EXCL, "deep");
	assert_int_equal(CALL(symlink, "anywhere", "sub/link", 0, 0, 0), 0);
	assert_int_equal(CALL(link, "one", "sub/one", 0, 0, 0), 0);
	assert_int_equal(CALL(mknod, "sub/fifo", S_IFIFO | 0600, 0, 0, 0), 0);
	snprintf(path, sizeof(path), "%s/dir/../absolute", root);
	assert_true(CALL(creat, path, 0600, 0, 0, 0) >= 0);
	assert_true(CALL(openat2, AT_FDCWD, "by-openat2", &how, sizeof(how), 0) >= 0);
	roll_back_all(state, false);
}

static void written(void **state)
{
	spoil("one", O_WRONLY | O_TRUNC, "X");
	spoil("two", O_RDWR | O_APPEND, "and more");
	spoil("dir/link", O_WRONLY, "F");
	assert_int_equal(CALL(truncate, "dir/three", 3, 0, 0, 0), 0);
	assert_true(CALL(open, "dir/three", O_RDONLY | O_TRUNC, 0, 0, 0) >= 0);
	roll_back_all(state, false);
}

static void removed(void **state)
{
	assert_int_equal(CALL(unlink, "one", 0, 0, 0, 0), 0);
	assert_int_equal(CALL(unlink, "dir/link", 0, 0, 0, 0), 0);
	assert_int_equal(CALL(unlinkat, AT_FDCWD, "fifo", 0, 0, 0), 0);
	assert_int_equal(CALL(unlink, "dir/three", 0, 0, 0, 0), 0);
	assert_int_equal(CALL(unlink, "dir/two-again", 0, 0, 0, 0), 0);
	/* Nothing of the log stands in the way of removing the directory. */
	assert_int_equal(CALL(rmdir, "dir/", 0, 0, 0, 0), 0);
	assert_int_equal(CALL(unlinkat, AT_FDCWD, "empty", AT_REMOVEDIR, 0, 0), 0);
	spoil("empty", O_WRONLY | O_CREAT, "a file now");
	roll_back_all(state, true);
}

/* The walker has the file open while a trial unlinks it: it must be the same file afterwards. */
static void unlinked_while_open(void **state)
{
	int fd = open("one", O_RDWR);
	char text[64] = "";

	assert_int_equal(CALL(unlink, "one", 0, 0, 0, 0), 0);
	assert_int_equal(undo_rollback(undo, 0), 0);
	assert_int_equal(pwrite(fd, "FIRST", 5, 0), 5);
	close(fd);
	fd = open("one", O_RDWR);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "FIRST contents");
	assert_int_equal(pwrite(fd, "first", 5, 0), 5);
	futimens(fd, (struct timespec[]){{.tv_nsec = UTIME_OMIT},
					 ((struct tree *)*state)->entries[0].facts.st_mtim});
	close(fd);
}

static void renamed(void **state)
{
	int dir = open("dir", O_RDONLY | O_DIRECTORY);

	assert_int_equal(CALL(rename, "one", "two", 0, 0, 0), 0);
	assert_int_equal(CALL(rename, "two", "three", 0, 0, 0), 0);
	assert_int_equal(CALL(renameat, dir, "three", AT_FDCWD, "here", 0), 0);
	assert_int_equal(CALL(renameat2, dir, "link", AT_FDCWD, "here", RENAME_EXCHANGE), 0);
	assert_int_equal(CALL(rename, "dir", "moved", 0, 0, 0), 0);
	spoil("moved/link", O_WRONLY | O_TRUNC, "T");
	assert_int_equal(CALL(rename, "moved", "empty", 0, 0, 0), 0);
	assert_int_equal(CALL(renameat2, AT_FDCWD, "fifo", AT_FDCWD, "three", RENAME_NOREPLACE),
			 -EEXIST);
	assert_int_equal(CALL(rename, "fifo", "no/such/directory", 0, 0, 0), -ENOENT);
	roll_back_all(state, true);
	close(dir);
}

static void attributes(void **state)
{
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
	int fd = open("two", O_RDONLY);

	assert_int_equal(CALL(chmod, "one", 0444, 0, 0, 0), 0);
	assert_int_equal(CALL(fchmod, fd, 0400, 0, 0, 0), 0);
	assert_int_equal(CALL(fchmodat, AT_FDCWD, "dir", 0700, 0, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(CALL(chown, "one", 12, 13, 0, 0), 0);
		assert_int_equal(CALL(lchown, "dir/link", 12, 13, 0, 0), 0);
		assert_int_equal(CALL(fchownat, fd, "", 12, 13, AT_EMPTY_PATH), 0);
	}
	assert_int_equal(CALL(utimensat, AT_FDCWD, "one", times, 0, 0), 0);
	assert_int_equal(CALL(utimensat, fd, NULL, times, 0, 0), 0);
	assert_int_equal(CALL(utimensat, AT_FDCWD, "dir/link", times, AT_SYMLINK_NOFOLLOW, 0), 0);
	assert_int_equal(CALL(utimes, "dir/.", NULL, 0, 0, 0), 0);
	roll_back_all(state, false);
	close(fd);
}

static void to_a_mark(void **state)
{
	char text[8] = "";
	size_t mark;
	int fd;

	spoil("one", O_WRONLY | O_TRUNC, "own");
	assert_int_equal(CALL(unlink, "two", 0, 0, 0, 0), 0);
	mark = undo_mark(undo);
	for (int n = 0; n < 3; n++) {
		spoil("one", O_WRONLY | O_TRUNC, "not");
		assert_int_equal(CALL(unlink, "one", 0, 0, 0, 0), 0);
		spoil("two", O_WRONLY | O_CREAT, "again");
		assert_int_equal(CALL(unlink, "dir/three", 0, 0, 0, 0), 0);
		assert_int_equal(undo_rollback(undo, mark), 0);
		assert_int_equal(undo_mark(undo), mark);
		assert_int_equal(access("two", F_OK), -1);
		fd = open("one", O_RDONLY);
		assert_int_equal(read(fd, text, sizeof(text)), 3);
		close(fd);
		assert_string_equal(text, "own");
	}
	roll_back_all(state, false);
}

/* Whoever holds the memfd can roll back, whatever has become of the one that wrote it. */
static void after_a_kill(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		spoil("one", O_WRONLY | O_TRUNC, "killed");
		CALL(unlink, "two", 0, 0, 0, 0);
		CALL(rename, "dir", "other", 0, 0, 0);
		spoil("other/new", O_WRONLY | O_CREAT, "new");
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(access("dir", F_OK), -1);
	undo_close(undo);
	undo = undo_open(log_fd);
	roll_back_all(state, false);
}

static void what_is_no_file(void **state)
{
	size_t mark = undo_mark(undo);
	int file = open("one", O_RDWR);
	char path[64];

	spoil("/dev/null", O_WRONLY, "x");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	assert_true(CALL(open, path, O_RDONLY | O_CREAT, 0, 0, 0) >= 0);
	assert_true(CALL(open, "/proc/self/comm", O_WRONLY, 0, 0, 0) >= 0);
	assert_true(CALL(open, ".", O_TMPFILE | O_RDWR, 0600, 0, 0) >= 0);
	assert_int_equal(CALL(open, "no/such/file", O_WRONLY | O_CREAT, 0600, 0, 0), -ENOENT);
	assert_int_equal(CALL(mkdir, "dir", 0700, 0, 0, 0), -EEXIST);
	assert_int_equal(CALL(unlink, 1, 0, 0, 0, 0), -EFAULT);
	assert_int_equal(undo_mark(undo), mark);
	assert_null(undo_lost(undo, 0));
	close(file);
	roll_back_all(state, false);
}

static void bound_sockets(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "bound"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(CALL(bind, fd, &name, sizeof(name), 0, 0), 0);
	assert_int_equal(access("bound", F_OK), 0);
	roll_back_all(state, false);
	close(fd);
}

static void too_large(void **state)
{
	int fd = open("one", O_RDWR);

	assert_int_equal(ftruncate(fd, (64L << 20) + 1), 0);
	close(fd);
	fd = (int)CALL(open, "one", O_RDWR, 0, 0, 0);
	close(fd);
	assert_non_null(undo_lost(undo, 0));
	assert_non_null(strstr(undo_lost(undo, 0), "/one is too large"));
	assert_null(undo_lost(undo, 1));
	(void)CALL(setxattr, "two", "user.test", "", 0, 0);
	assert_non_null(undo_lost(undo, 1));
	assert_int_equal(undo_rollback(undo, 0), 0);
	(void)state;
}

struct seen {
	char text[512];
};

static void note(void *context, const char *path, bool before, bool now)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s%s ", path + strlen(root) + 1,
		 before ? " was" : "", now ? " is" : "");
}

static void each_path_once(void **state)
{
	struct seen seen = {""};

	spoil("new", O_WRONLY | O_CREAT, "x");
	spoil("new", O_WRONLY, "y");
	spoil("one", O_WRONLY, "z");
	assert_int_equal(CALL(rename, "two", "other", 0, 0, 0), 0);
	assert_int_equal(CALL(unlink, "dir/three", 0, 0, 0, 0), 0);
	assert_int_equal(CALL(unlink, "new", 0, 0, 0, 0), 0);
	undo_each(undo, 0, note, &seen);
	assert_string_equal(seen.text, "new one was is other is two was dir/three was ");
	roll_back_all(state, false);
}

static const char inside_one[] = "/one";
static const char inside_new[] = "/to-dir/new";

/* Another process, as a traced one is: it waits to be told before it makes its calls. */
static pid_t start_in_root(int ready, int go)
{
	pid_t pid = fork();
	char byte;

	if (pid != 0)
		return pid;
	if (chroot(root) < 0 || write(ready, "x", 1) != 1 || read(go, &byte, 1) != 1)
		_exit(1);
	(void)!truncate(inside_one, 0);
	_exit(open(inside_new, O_WRONLY | O_CREAT, 0600) < 0);
}

/* There, absolute paths and links begin at that root. */
static void another_root(void **state)
{
	uint64_t truncated[6] = {(uint64_t)inside_one};
	uint64_t opened[6] = {(uint64_t)inside_new, O_WRONLY | O_CREAT};
	int ready[2];
	int go[2];
	char byte;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(CALL(symlink, "/dir", "to-dir", 0, 0, 0), 0);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = start_in_root(ready[1], go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(undo_before(undo, pid, SYS_truncate, truncated), 0);
	assert_int_equal(undo_before(undo, pid, SYS_open, opened), 0);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access("dir/new", F_OK), 0);
	roll_back_all(state, false);
	for (int n = 0; n < 2; n++) {
		close(ready[n]);
		close(go[n]);
	}
}

static void the_table_names_all(void **state)
{
	bool has_openat = false;

	(void)state;
	for (size_t n = 0; n < undo_syscall_count; n++) {
		assert_true(undo_syscalls[n].number >= 0);
		for (size_t m = 0; m < n; m++)
			assert_true(undo_syscalls[n].number != undo_syscalls[m].number);
		if (undo_syscalls[n].number == SYS_openat) {
			has_openat = true;
			assert_int_equal(undo_syscalls[n].flags_argument, 2);
			assert_true(undo_syscalls[n].flags_mask & O_WRONLY);
		}
	}
	assert_true(has_openat);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(created),         TEST(written),
		TEST(removed),         TEST(unlinked_while_open),
		TEST(renamed),         TEST(attributes),
		TEST(to_a_mark),       TEST(after_a_kill),
		TEST(what_is_no_file), TEST(bound_sockets),
		TEST(too_large),       TEST(each_path_once),
		TEST(another_root),    cmocka_unit_test(the_table_names_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
