/* SPDX-License-Identifier: MIT */
/* The program: finds the command and runs it. */
#include "harness/base/nearest.h"
#include "harness/command/command.h"
#include "harness/engine/access.h"
#include "harness/kernel/watch_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command *const command_table[] = {
	&command_run, &command_check, &command_replay, &command_show, &command_list, NULL,
};

int command_fail(int error)
{
	static const int machine[] = {EPERM,  ENOSPC, EIO,    ECHILD, ESRCH, EPIPE,  EDQUOT, EFBIG,
				      ENOMEM, EMFILE, ENFILE, EAGAIN, EROFS, EFAULT, ENOSYS, EBADF};

	warn("%s", *fail_text() ? fail_text() : strerror(-error));
	for (size_t i = 0; i < sizeof(machine) / sizeof(machine[0]); i++)
		if (error == -machine[i])
			return STATUS_FAILED;
	return STATUS_USAGE;
}

static void print_help(FILE *out)
{
	fputs("sigsweep: if a signal arrives right here, does this program survive it?\n\n"
	      "Usage: sigsweep COMMAND [options] ...\n\nCommands:\n",
	      out);
	for (size_t i = 0; command_table[i]; i++)
		fprintf(out, "  %-8s %s\n", command_table[i]->name, command_table[i]->summary);
	fputs("\n'sigsweep COMMAND --help' tells of each. 'sigsweep --version' prints the "
	      "version.\n"
	      "Exit status: 0 as it should be, 1 findings, 2 usage or bad input, 3 the harness or\n"
	      "the machine failed, 77 skipped for a reason that is printed.\n",
	      out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; command_table[i]; i++)
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	return NULL;
}

static int no_such_command(const char *name)
{
	const char *names[sizeof(command_table) / sizeof(command_table[0])];
	const char *near;
	size_t count = 0;

	for (; command_table[count]; count++)
		names[count] = command_table[count]->name;
	near = word_nearest(name, names, count);
	if (near)
		warn("there is no command '%s'; did you mean '%s'?", name, near);
	else
		warn("there is no command '%s'; see sigsweep --help", name);
	return STATUS_USAGE;
}

/* A standard stream that was closed would be some file of ours, into which messages were written.
 * What takes its place refuses what the stream is for. */
static void occupy_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static int run_command(int count, char **arguments)
{
	const struct command *command;
	const char *name = count > 1 ? arguments[1] : "";

	if (count < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (strcmp(name, "--version") == 0) {
		puts("sigsweep " SIGSWEEP_VERSION);
		return STATUS_OK;
	}
	if (strcmp(name, "--man") == 0) {
		options_print_man(command_table);
		return STATUS_OK;
	}
	if (strcmp(name, "--completion") == 0) {
		options_print_completion(command_table);
		return STATUS_OK;
	}
	command = find(name);
	return command ? command->run(count - 1, arguments + 1) : no_such_command(name);
}

int main(int count, char **arguments)
{
	int status;

	occupy_streams();
	access_serve_watches(WATCH_STEP_MAX);
	status = run_command(count, arguments);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (status == STATUS_OK || status == STATUS_FINDINGS) {
		warn("cannot write to standard output: %s", strerror(errno));
		status = STATUS_FAILED;
	}
	return status;
}
