/* SPDX-License-Identifier: MIT */
/* See check_python.h. The interpreter is asked, since a path may be a wrapper that says nothing. */
#include "harness/command/check_python.h"

#include "harness/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The answer: "3.11", or "3.11d" for a pydebug build. */
static const char question[] = "import sys; print('%d.%d' % sys.version_info[:2] + "
			       "('d' if hasattr(sys, 'gettotalrefcount') else ''), end='')";

/* Starts it with its standard output in the pipe and its complaints nowhere. */
static int start(const char *path, const int ends[2], pid_t *pid)
{
	char *arguments[] = {(char *)path, "-I", "-S", "-c", (char *)question, NULL};
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(pid, path, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error ? fail(-ENOENT, "cannot run %s: %s", path, strerror(error)) : 0;
}

static void read_answer(int fd, char *answer, size_t size)
{
	size_t have = 0;
	ssize_t count;

	while (have + 1 < size && (count = read(fd, answer + have, size - 1 - have)) > 0)
		have += (size_t)count;
	answer[have] = '\0';
}

int check_python_version(const char *path, char **version)
{
	char answer[16];
	int ends[2];
	int status;
	pid_t pid;
	int error;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(-errno, "cannot make a pipe: %s", strerror(errno));
	error = start(path, ends, &pid);
	close(ends[1]);
	if (!error)
		read_answer(ends[0], answer, sizeof(answer));
	close(ends[0]);
	if (error)
		return error;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0 || answer[strspn(answer, "0123456789.d")] || !answer[0])
		return fail(-EINVAL, "%s is no CPython", path);
	*version = alloc_text(answer);
	return 0;
}
