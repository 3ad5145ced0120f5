/* SPDX-License-Identifier: MIT */
/* See stage.h. */
#include "harness/model/stage.h"

#include "harness/base/clock.h"
#include "harness/engine/freeze.h"
#include "harness/engine/shm.h"
#include "harness/kernel/procfs.h"
#include "harness/model/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int input_from_text(const char *text)
{
	const size_t size = text ? strlen(text) : 0;
	int fd = memfd_create("sigsweep-stdin", MFD_CLOEXEC);

	if (fd < 0 || (size && write(fd, text, size) != (ssize_t)size))
		return fail(-errno, "cannot make memory for the program's input: %s",
			    strerror(errno));
	return fd;
}

int stage_input(const struct scenario *scenario)
{
	int fd;

	if (!scenario->stdin_path)
		return input_from_text(scenario->stdin_text);
	fd = open(scenario->stdin_path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd
		       : fail(-errno, "cannot open %s for the program's input: %s",
			      scenario->stdin_path, strerror(errno));
}

static bool wants_returns(const struct scenario *scenario)
{
	unsigned int needs = 0;

	for (size_t i = 0; scenario->oracles[i]; i++)
		needs |= scenario->oracles[i]->needs;
	return needs & ORACLE_NEEDS_RETURN;
}

int stage_open(struct stage *stage, const struct scenario *scenario,
	       const struct baseline *baseline, const struct resources *resources)
{
	int error;

	memset(stage, 0, sizeof(*stage));
	stage->scenario = scenario;
	stage->baseline = baseline;
	error = capture_open(&stage->capture);
	if (error)
		return error;
	stage->filter = guard_filter(wants_returns(scenario));
	stage->guard = (struct guard){.undo = undo_open(resources->log_fd),
				      .turn_fd = resources->turn_fd,
				      .family = &stage->family,
				      .harness = getppid()};
	stage->undo_start = undo_mark(stage->guard.undo);
	stage->descriptors = descriptors_new();
	stage->launch = (struct launch){
		.program = scenario->program,
		.argv = scenario->arguments.items,
		.envp = scenario->environ.items,
		.directory = scenario->directory,
		.stdin_fd = resources->stdin_fd,
		.stdout_fd = stage->capture.streams[CAPTURE_OUT].fd,
		.stderr_fd = stage->capture.streams[CAPTURE_ERR].fd,
		.filter = stage->filter,
		.keep_vdso = scenario->keep_vdso,
		.cpu = resources->cpu,
	};
	return 0;
}

/* SIG_IGN, or a default action that is none (signal(7)), which /proc does not count as ignored. */
static bool signal_does_nothing(const struct process_status *status, int signal)
{
	const uint64_t bit = UINT64_C(1) << (signal - 1);

	if (status->signals_ignored & bit)
		return true;
	return !(status->signals_caught & bit) &&
	       (signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT);
}

const char *stage_why_unknown(const struct stage *stage, size_t n)
{
	if (stage->baseline->ignorance[n])
		return stage->baseline->ignorance[n];
	return stage->scenario->oracles[n]->needs & ORACLE_NEEDS_PYTHON ? stage->unread_python
									: NULL;
}

bool stage_has_oracle(const struct stage *stage, size_t n)
{
	return !stage_why_unknown(stage, n) &&
	       (stage->interpreter || !(stage->scenario->oracles[n]->needs & ORACLE_NEEDS_PYTHON));
}

int stage_save(struct stage *stage, bool *is_new)
{
	const uint64_t bit = UINT64_C(1) << (stage->scenario->signal - 1);
	const int skip[] = {stage->capture.streams[CAPTURE_OUT].fd,
			    stage->capture.streams[CAPTURE_ERR].fd};
	struct process_status status;
	int error;

	error = freeze_others(&stage->walker);
	if (error)
		return fail(error, "cannot hold the children of %s still: %s",
			    stage->scenario->program, strerror(-error));
	*is_new = stage->saved_at != stage->walker.syscalls + 1;
	if (!*is_new)
		return 0;
	capture_mark(&stage->capture);
	error = descriptors_save(stage->descriptors, stage->walker.pid, skip, CAPTURE_STREAMS);
	if (!error)
		error = procfs_status(stage->walker.pid, &status);
	if (error)
		return fail(error, "cannot save the state of %s: %s", stage->scenario->program,
			    strerror(-error));
	stage->signal_blocked = status.signals_blocked & bit;
	stage->signal_ignored = signal_does_nothing(&status, stage->scenario->signal);
	stage->saved_at = stage->walker.syscalls + 1;
	return 0;
}

int stage_start(struct stage *stage)
{
	stage->begun = clock_now();
	return walker_open(&stage->walker, &stage->launch, &stage->guard, &stage->family);
}

int stage_close(struct stage *stage)
{
	const pid_t walker = stage->walker.pid;
	int error;

	family_kill(&stage->family, FAMILY_TRIAL);
	walker_close(&stage->walker);
	announced_free(&stage->announced);
	if (stage->guard.uses_shm && walker > 0)
		(void)shm_remove_of(walker);
	error = undo_rollback(stage->guard.undo, stage->undo_start);
	undo_close(stage->guard.undo);
	descriptors_free(stage->descriptors);
	capture_close(&stage->capture);
	went_answers_free(&stage->went_answers);
	filter_free(stage->filter);
	family_free(&stage->family);
	return error;
}
