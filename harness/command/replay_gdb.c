/* SPDX-License-Identifier: MIT */
/* See replay_gdb.h. */
#include "harness/command/replay_gdb.h"

#include "harness/base/alloc.h"
#include "harness/base/signals.h"
#include "harness/engine/program.h"
#include "harness/model/handover.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become_gdb(const char *gdb, const char *program, pid_t pid, int signal)
{
	char name[SIGNAL_NAME_SIZE];
	char *handle = alloc_format("handle %s stop print pass", signal_name(signal, name));
	char *target = alloc_format("%d", (int)pid);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* SIGSTOP is what it was stopped with: the next thing to be seen is the signal itself. */
	execl(gdb, "gdb", "-q", "-ex", "set confirm off", "-ex", handle, "-ex",
	      "handle SIGSTOP nostop noprint nopass", program, "-p", target, (char *)NULL);
	_exit(127);
}

static int run_gdb(const char *gdb, const struct scenario *scenario, pid_t pid)
{
	pid_t debugger = fork();
	int status;

	if (debugger < 0)
		return fail(-errno, "cannot make a process: %s", strerror(errno));
	if (debugger == 0)
		become_gdb(gdb, scenario->program, pid, scenario->signal);
	/* A Ctrl-C on the terminal is for gdb. */
	signal(SIGINT, SIG_IGN);
	while (waitpid(debugger, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? fail(-ENOENT, "gdb did not start")
							       : 0;
}

int replay_gdb(const struct scenario *scenario, uint64_t index)
{
	char *gdb;
	pid_t pid = 0;
	int error = program_search("gdb", &gdb);

	if (error)
		return fail(-ENOENT, "there is no gdb here: install the package gdb");
	error = handover_run(scenario, index, &pid);
	if (!error)
		error = run_gdb(gdb, scenario, pid);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	free(gdb);
	return error;
}
