/* SPDX-License-Identifier: MIT */
/* See handover.h. */
#include "harness/model/handover.h"

#include "harness/engine/undo.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/control.h"
#include "harness/model/stage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A boundary inside a blocking call cannot be kept for a debugger: it stands before the call. */
static int would_block(void *context, bool *blocks)
{
	struct stage *stage = context;
	bool is_new;
	int error = stage_save(stage, &is_new);

	return error ? error : control_would_block(stage, blocks);
}

static int walk_to(struct stage *stage, struct window *window, uint64_t index)
{
	const struct injector *injector = stage->scenario->injector;
	struct injection injection = {.walker = &stage->walker,
				      .window = window,
				      .would_block = would_block,
				      .context = stage};
	struct boundary boundary;
	uint64_t eligible = 0;
	int more;
	int error = injector->open ? injector->open(&injection) : 0;

	if (error)
		return error;
	while ((more = injector->next(&injection, &boundary)) == 1)
		if (window_is_eligible(window, &stage->walker) && ++eligible == index)
			break;
	if (injector->close)
		injector->close(&injection);
	if (more == 0)
		return fail(-ERANGE, "the window has only %llu boundaries",
			    (unsigned long long)eligible);
	return more < 0 ? more : 0;
}

/* Stopped by SIGSTOP once nobody traces it; the signal waits behind it. */
static int let_go(struct stage *stage)
{
	const pid_t pid = stage->walker.pid;
	int error = trace_detach(pid, SIGSTOP);

	if (!error && kill(pid, stage->scenario->signal) < 0)
		error = -errno;
	family_remove(&stage->family, pid);
	return error;
}

int handover_run(const struct scenario *scenario, uint64_t index, pid_t *pid)
{
	struct window window =
		window_of(&scenario->from, &scenario->to, scenario->in, scenario->signal);
	struct stage stage;
	const struct resources resources = {.log_fd = undo_make_fd(),
					    .turn_fd = -1,
					    .stdin_fd = stage_input(scenario),
					    .cpu = -1};
	int error = stage_open(&stage, scenario, NULL, &resources);

	if (error)
		return error;
	stage.launch.stdout_fd = STDOUT_FILENO;
	stage.launch.stderr_fd = STDERR_FILENO;
	stage.launch.filter = NULL; /* without a tracer its system calls would fail */
	error = stage_start(&stage);
	if (!error)
		error = window_enter(&window, &stage.walker);
	if (!error)
		error = walk_to(&stage, &window, index);
	if (!error) {
		*pid = stage.walker.pid;
		error = let_go(&stage);
	}
	window_free(&window);
	if (stage_close(&stage))
		fail_clear();
	close(resources.stdin_fd);
	close(resources.log_fd);
	return error;
}
