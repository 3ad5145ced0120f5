/* SPDX-License-Identifier: MIT */
/* See program.h: finding the file, its permissions, and scripts. */
#include "harness/engine/program.h"

#include "harness/base/alloc.h"
#include "harness/engine/program_elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HEAD_SIZE 256      /* what Linux looks at for "#!" (BINPRM_BUF_SIZE) */
#define MAX_INTERPRETERS 5 /* fs/exec.c: a deeper chain gives ELOOP */

/* Who asks for a file: "PATH", or "the script S asks for the interpreter PATH". */
struct request {
	const char *path;
	const char *script; /* NULL: the program itself */
};

static int fail_request(int code, const struct request *request, const char *what)
{
	if (request->script)
		return fail(code, "the script %s asks for the interpreter %s, which %s",
			    request->script, request->path, what);
	return fail(code, "%s %s", request->path, what);
}

static int fail_missing(int code, const struct request *request)
{
	size_t length = strlen(request->path);

	if (request->script && length && request->path[length - 1] == '\r')
		return fail(code,
			    "the #! line of the script %s ends in a carriage return, which Linux "
			    "takes for a part of the interpreter's name (save it without DOS line "
			    "ends)",
			    request->script);
	switch (code) {
	case -ENOENT:
		return fail_request(code, request, "does not exist");
	case -ENOTDIR:
		return fail_request(code, request, "does not exist: a part of its path is a file");
	case -EACCES:
		return fail_request(code, request, "is in a folder that we may not enter");
	default:
		return fail_request(code, request, strerror(-code));
	}
}

static int check_permissions(const struct request *request, const struct stat *status)
{
	struct statvfs mount;

	if (S_ISDIR(status->st_mode))
		return fail_request(-EISDIR, request, "is a directory");
	if (!S_ISREG(status->st_mode))
		return fail_request(-EACCES, request, "is not a regular file");
	if (faccessat(AT_FDCWD, request->path, X_OK, AT_EACCESS)) {
		if (statvfs(request->path, &mount) == 0 && (mount.f_flag & ST_NOEXEC))
			return fail_request(-EACCES, request,
					    "is on a file system that is mounted noexec");
		return fail_request(-EACCES, request,
				    "is not executable (chmod +x would make it so)");
	}
	if (status->st_size == 0)
		return fail_request(-ENOEXEC, request, "is empty");
	return 0;
}

/* Whether executing the file would change user or group (execve(2), "nosuid" and no_new_privs). */
static bool changes_identity(const char *path, const struct stat *status)
{
	struct statvfs mount;
	mode_t group_bits = S_ISGID | S_IXGRP;

	if (statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOSUID))
		return false;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
	return ((status->st_mode & S_ISUID) && status->st_uid != geteuid()) ||
	       ((status->st_mode & group_bits) == group_bits && status->st_gid != getegid());
}

static int open_file(const struct request *request, struct stat *status)
{
	int fd;
	int code;

	if (stat(request->path, status))
		return fail_missing(-errno, request);
	code = check_permissions(request, status);
	if (code)
		return code;
	fd = open(request->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return fail_request(-EACCES, request,
				    "may be run but not read by us, so Linux lets nobody trace it");
	return fd < 0 ? fail_missing(-errno, request) : fd;
}

/* Splits a "#!" line as Linux does (fs/binfmt_script.c): the interpreter up to a blank, then one
 * argument. Both point into `head`; the interpreter is "" when there is none. */
static void split_line(char *head, char **interpreter, char **argument)
{
	char *line = head + 2;
	char *end;

	line[strcspn(line, "\n")] = '\0';
	for (end = line + strlen(line); end > line && strchr(" \t", end[-1]);)
		*--end = '\0';
	*interpreter = line + strspn(line, " \t");
	*argument = *interpreter + strcspn(*interpreter, " \t");
	if (**argument)
		*(*argument)++ = '\0';
	*argument += strspn(*argument, " \t");
}

/* "#!/usr/bin/env NAME" is how most scripts name an interpreter that is looked for in PATH. */
static int check_env(const char *script, const char *interpreter, const char *argument)
{
	const char *slash = strrchr(interpreter, '/');
	char *found;

	if (strcmp(slash ? slash + 1 : interpreter, "env") || !*argument || *argument == '-' ||
	    strpbrk(argument, "= \t"))
		return 0;
	if (program_search(argument, &found))
		return fail(-ENOENT,
			    "the script %s asks for the interpreter %s, which is not in PATH",
			    script, argument);
	free(found);
	return 0;
}

/* The next file of the chain, in new text. */
static int follow_line(char *head, const struct request *request, char **next)
{
	char *interpreter;
	char *argument;
	int code;

	split_line(head, &interpreter, &argument);
	if (!*interpreter)
		return fail_request(-ENOEXEC, request, "has a #! line that names no interpreter");
	code = check_env(request->path, interpreter, argument);
	if (code)
		return code;
	*next = alloc_text(interpreter);
	return 0;
}

/* Looks at one file of the chain: *next is set when it is a script. */
static int inspect_one(const struct request *request, struct program_info *out, char **next)
{
	char head[HEAD_SIZE + 1] = "";
	struct stat status;
	int fd = open_file(request, &status);
	int code;

	if (fd < 0)
		return fd;
	if (pread(fd, head, HEAD_SIZE, 0) < 0)
		code = fail_missing(-errno, request);
	else if (!strncmp(head, "#!", 2))
		code = follow_line(head, request, next);
	else if (!memcmp(head, ELFMAG, SELFMAG)) {
		code = program_elf_inspect(fd, status.st_size, request->path, out);
		out->is_setuid = changes_identity(request->path, &status);
	} else {
		code = fail_request(-ENOEXEC, request,
				    "is no program: neither an ELF file nor a script with a #! "
				    "line (name the interpreter, as in: sh FILE)");
	}
	close(fd);
	if (!code && out->is_setuid)
		code = fail_request(-EPERM, request,
				    "is set-user-id or set-group-id for another user: traced, it "
				    "would run as somebody else or without that right (run "
				    "sigsweep as that user, or sweep a copy without the bit)");
	return code;
}

int program_inspect(const char *path, struct program_info *out)
{
	char *current = alloc_text(path);
	char *script = NULL;
	int code = 0;

	*out = (struct program_info){0};
	for (int depth = 0; !code; depth++) {
		struct request request = {.path = current, .script = script};
		char *next = NULL;

		if (depth > MAX_INTERPRETERS) {
			code = fail(-ELOOP, "%s: more than %d scripts interpret each other", path,
				    MAX_INTERPRETERS);
			break;
		}
		code = inspect_one(&request, out, &next);
		if (!next)
			break;
		out->is_script = true;
		free(script);
		script = current;
		current = next;
	}
	free(script);
	out->interpreter = current;
	if (code)
		program_info_free(out);
	return code;
}

void program_info_free(struct program_info *info)
{
	free(info->interpreter);
	free(info->loader);
	*info = (struct program_info){0};
}

static char *default_path(void)
{
	size_t size = confstr(_CS_PATH, NULL, 0);
	char *path = alloc_zero(size + 1);

	confstr(_CS_PATH, path, size);
	return path;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int program_search(const char *name, char **path)
{
	char *folders = getenv("PATH") ? alloc_text(getenv("PATH")) : default_path();
	char *forbidden = NULL;
	char *rest = folders;
	char *folder;
	int code;

	*path = strchr(name, '/') ? alloc_text(name) : NULL;
	while (!*path && *name && (folder = strsep(&rest, ":"))) {
		char *candidate =
			*folder ? alloc_format("%s/%s", folder, name) : alloc_format("./%s", name);

		if (is_file(candidate) && !faccessat(AT_FDCWD, candidate, X_OK, AT_EACCESS))
			*path = candidate;
		else if (is_file(candidate) && !forbidden)
			forbidden = candidate;
		else
			free(candidate);
	}
	free(folders);
	if (*path)
		code = 0;
	else if (forbidden)
		code = fail(-EACCES, "%s is not executable (chmod +x would make it so)", forbidden);
	else
		code = fail(-ENOENT, "there is no program \"%s\" in the folders of PATH", name);
	free(forbidden);
	return code;
}
