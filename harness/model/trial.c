/* SPDX-License-Identifier: MIT */
/* See trial.h. */
#include "harness/model/trial_private.h"

#include "harness/base/clock.h"
#include "harness/engine/shm.h"
#include "harness/kernel/ptrace.h"
#include "harness/kernel/watch_step.h"
#include "harness/model/deliver.h"
#include "harness/model/fatal.h"
#include "harness/model/tell.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define FIRST_LOOK 0.002 /* seconds until the first look at a trial that has not ended */

void trial_keep_stack(struct trial *trial)
{
	struct trial_stack *stack = &trial->end_stack;

	if (trial->is_control || trace_get_registers(trial->pid, &trial->end_registers))
		return;
	stack->count =
		unwind_stack(trial->stage->walker.unwinder, trial->pid, &trial->end_registers,
			     stack->frames, TRIAL_FRAMES, &stack->complete);
	python_stack_take(&trial->end_python, trial->stage->interpreter, trial->pid,
			  &trial->end_registers);
}

static bool outputs_equal(struct trial *trial)
{
	const struct stage *stage = trial->stage;
	bool equal = true;

	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		trial->output_differs[i] =
			stage->baseline->compare_output &&
			!capture_equals(&stage->capture, i, &stage->baseline->streams[i],
					stage->capture.streams[i].size);
		equal &= !trial->output_differs[i];
	}
	return equal;
}

/* The outcome of a process that ends with this wait status. */
static void judge_status(struct trial *trial, int status)
{
	const struct outcome *baseline = &trial->stage->baseline->outcome;
	struct outcome *outcome = &trial->outcome;

	if (WIFSIGNALED(status))
		*outcome = (struct outcome){OUTCOME_SIGNAL, WTERMSIG(status)};
	else
		*outcome = (struct outcome){OUTCOME_EXIT, WEXITSTATUS(status)};
	if (outcome->kind == baseline->kind && outcome->number == baseline->number &&
	    outputs_equal(trial))
		outcome->kind = OUTCOME_SAME;
}

static int on_signal(struct trial *trial, struct course *course, const struct stop *stop);

static int on_trap(struct trial *trial, struct course *course, const struct stop *stop)
{
	bool was_watch;
	int error = tell_watches(trial, &was_watch);

	if (error)
		return error;
	return was_watch ? trace_resume(trial->pid, TRACE_CONTINUE, 0)
			 : on_signal(trial, course, stop);
}

/* Is the signal frame, above which the handler's return address lay, still on the stack? */
static bool is_in_handler(const struct trial *trial, const struct registers *registers)
{
	struct frame frames[TRIAL_FRAMES];
	bool complete;
	size_t count;

	if (trial->delivery != DELIVERY_ENTERED || trial->has_returned)
		return false;
	count = unwind_stack(trial->stage->walker.unwinder, trial->pid, registers, frames,
			     TRIAL_FRAMES, &complete);
	for (size_t i = 0; i < count; i++)
		if (frames[i].is_signal_frame && i > 0 &&
		    frames[i - 1].cfa == trial->handler_sp + sizeof(uint64_t))
			return true;
	return false;
}

/* The process is about to end itself and can still be asked anything. */
static int on_exit_call(struct trial *trial, const struct registers *registers)
{
	trial->told_status = W_EXITCODE((int)registers_syscall_argument(registers, 0) & 0xff, 0);
	judge_status(trial, trial->told_status);
	if (!scenario_expects(trial->stage->scenario, &trial->outcome))
		trial_keep_stack(trial);
	trial->ends_in_handler = is_in_handler(trial, registers);
	tell_oracles(trial, MOMENT_EXIT);
	trial->has_told_end = true;
	/* One stop less. */
	return trace_set_options(trial->pid, launch_options & ~(unsigned long)PTRACE_O_TRACEEXIT);
}

/* At a return from a handler, the signal frame lies where the return address was. */
static void on_return_call(struct trial *trial, const struct registers *registers)
{
	if (trial->delivery != DELIVERY_ENTERED || trial->has_returned ||
	    registers_sp(registers) != trial->handler_sp + sizeof(uint64_t))
		return;
	trial->has_returned = true;
	tell_oracles(trial, MOMENT_RETURN);
}

static int on_syscall(struct trial *trial)
{
	struct registers registers;
	int error = guard_syscall(&trial->stage->guard, trial->pid, &registers);

	if (error)
		return error;
	if (registers_syscall(&registers) == SYS_exit_group && !trial->has_told_end)
		return on_exit_call(trial, &registers);
	if (registers_syscall(&registers) == SYS_rt_sigreturn)
		on_return_call(trial, &registers);
	return 0;
}

/* Was it judged in its last system call, alone, so that nothing can have changed since? */
static bool is_as_told(const struct trial *trial, int status)
{
	return trial->has_told_end && trial->told_status == status &&
	       family_others(&trial->stage->family, FAMILY_TRIAL, trial->pid) == 0;
}

static int settle_main(struct trial *trial, struct course *course, const struct stop *stop)
{
	unsigned long message;

	switch (stop->kind) {
	case STOP_EXITED:
	case STOP_KILLED:
		if (!is_as_told(trial, stop->raw))
			judge_status(trial, stop->raw);
		family_remove(&trial->stage->family, trial->pid);
		course->main_ended = clock_now();
		course->has_ended = family_others(&trial->stage->family, FAMILY_TRIAL, 0) == 0;
		return 0;
	case STOP_EVENT:
		if (stop->event == PTRACE_EVENT_SECCOMP) {
			int error = on_syscall(trial);

			if (error)
				return error;
		} else if (stop->event == PTRACE_EVENT_EXIT && !trial->has_told_end) {
			if (trace_event_message(trial->pid, &message) == 0) {
				judge_status(trial, (int)message);
				if (!scenario_expects(trial->stage->scenario, &trial->outcome))
					trial_keep_stack(trial);
			}
			tell_oracles(trial, MOMENT_EXIT);
		} else if (stop->event != PTRACE_EVENT_EXEC &&
			   trace_event_message(trial->pid, &message) == 0 &&
			   !family_find(&trial->stage->family, (pid_t)message)) {
			family_adopt(&trial->stage->family, (pid_t)message);
		}
		return trace_resume(trial->pid, TRACE_CONTINUE, 0);
	case STOP_SYSCALL:
		return trace_resume(trial->pid, TRACE_CONTINUE, 0);
	case STOP_TRAP:
		return on_trap(trial, course, stop);
	case STOP_SIGNAL:
		return on_signal(trial, course, stop);
	}
	return 0;
}

static int finish_stopped(struct trial *trial, struct course *course)
{
	trial_keep_stack(trial);
	tell_oracles(trial, MOMENT_STOPPED);
	course->has_ended = true;
	return 0;
}

static int on_signal(struct trial *trial, struct course *course, const struct stop *stop)
{
	siginfo_t info;

	if (trace_get_siginfo(trial->pid, &info) == -EINVAL) {
		trial->outcome.kind = OUTCOME_STOPPED;
		return finish_stopped(trial, course);
	}
	if (stop->signal == SIGSTOP && course->is_sampling) {
		course->is_sampling = false;
		went_sample(trial);
		return trace_resume(trial->pid, TRACE_CONTINUE, 0);
	}
	if (fatal_is_crash(stop->signal) && fatal_will_kill(trial->pid, stop->signal)) {
		/* Not let through: it would only dump core. */
		trial->outcome = (struct outcome){OUTCOME_SIGNAL, stop->signal};
		trial->crash_signal = stop->signal;
		if (info.si_code > 0) /* a fault, not a signal that was sent */
			trial->crash_address = (uint64_t)(uintptr_t)info.si_addr;
		return finish_stopped(trial, course);
	}
	/* Without a handler there is nothing to step into but the program itself. */
	if (stop->signal == trial->stage->scenario->signal && trial->delivery == DELIVERY_BLOCKED &&
	    !trial->is_late && fatal_is_caught(trial->pid, stop->signal)) {
		struct stop next;
		bool has_stop;
		int error = deliver_late(trial, &next, &has_stop);

		if (error)
			return error;
		return has_stop ? settle_main(trial, course, &next)
				: trace_resume(trial->pid, TRACE_CONTINUE, 0);
	}
	return trace_resume(trial->pid, TRACE_CONTINUE, stop->signal);
}

static int settle(struct trial *trial, struct course *course, const struct stop *stop)
{
	int error;

	if (stop->tid == trial->pid)
		error = settle_main(trial, course, stop);
	else
		error = walker_serve(&trial->stage->walker, stop);
	if (course->main_ended > 0 && family_others(&trial->stage->family, FAMILY_TRIAL, 0) == 0)
		course->has_ended = true;
	return error == -ESRCH ? 0 : error;
}

static int follow(struct trial *trial, struct course *course)
{
	while (!course->has_ended) {
		struct stop stop;
		int error = trace_wait(-1, trial_patience(trial, course), &stop);

		if (!error && stop.tid == trial->stage->walker.pid)
			return fail(-ESRCH, "the walker died during a trial (signal %d)",
				    stop.signal);
		if (!error)
			error = settle(trial, course, &stop);
		else if (error == -ETIMEDOUT)
			error = trial_on_silence(trial, course);
		if (error)
			return error;
	}
	return 0;
}

static int start(struct trial *trial, struct course *course)
{
	struct stop stop;
	bool has_stop;
	int error;

	tell_at_finalize(trial);
	tell_oracles(trial, MOMENT_BEGUN);
	if (trial->is_control)
		return trace_resume(trial->pid, TRACE_CONTINUE, 0);
	error = deliver_signal(trial, &stop, &has_stop);
	if (error)
		return error;
	if (trial->delivery == DELIVERY_IGNORED) {
		trial->outcome.kind = OUTCOME_IGNORED;
		course->has_ended = true;
		return 0;
	}
	if (trial->outcome.kind == OUTCOME_NOT_REACHED || trial->outcome.kind == OUTCOME_STOPPED) {
		course->has_ended = true;
		return 0;
	}
	if (trial->delivery == DELIVERY_ENTERED)
		tell_oracles(trial, MOMENT_ENTERED);
	if (has_stop)
		return settle_main(trial, course, &stop);
	if (trial->boundary->phase == PHASE_DURING && trial->delivery == DELIVERY_BLOCKED)
		return 0; /* asleep in its call, with the signal pending */
	return trace_resume(trial->pid, TRACE_CONTINUE, 0);
}

/* Blocked to the end is an outcome of its own: the program was not interrupted at all. */
static void settle_blocked(struct trial *trial)
{
	if (trial->delivery == DELIVERY_BLOCKED && !trial->is_late &&
	    trial->outcome.kind == OUTCOME_SAME)
		trial->outcome.kind = OUTCOME_BLOCKED;
}

int trial_put_back(struct trial *trial)
{
	struct stage *stage = trial->stage;
	int restored;
	int error;

	if (!stage)
		return 0; /* it was never begun */
	family_kill(&stage->family, FAMILY_TRIAL);
	watch_step_forget(trial->pid);
	stage->guard.trial = 0;
	/* The undo log first: a file that the trial opened by path after it had written to it
	 * through a descriptor of the walker's goes back to what that write left, and only then to
	 * the walker's. */
	error = undo_mark(stage->guard.undo) == trial->undo_mark
			? 0
			: undo_rollback(stage->guard.undo, trial->undo_mark);
	guard_end_turn(&stage->guard);
	restored = descriptors_restore(stage->descriptors);
	return error ? error : restored;
}

int trial_begin(struct trial *trial, struct stage *stage, const struct boundary *boundary,
		bool is_control, void **oracle_states)
{
	int error;

	trial->stage = stage;
	trial->boundary = boundary;
	trial->is_control = is_control;
	trial->oracle_states = oracle_states;
	trial->delivery = DELIVERY_NOT;
	trial->outcome = (struct outcome){.kind = OUTCOME_EXIT};
	trial->undo_mark = undo_mark(stage->guard.undo);
	trial->marks = stage->capture;
	capture_mark(&stage->capture);
	stage->watches.taken = 0;
	stage->watches.has_finalize = false;
	stage->guard.has_timer = false;
	stage->guard.removed_segment_count = 0;
	stage->guard.trial_signals = stage->guard.walker_signals;
	error = stage->scenario->strategy->take(&stage->walker, &trial->pid);
	stage->guard.trial = trial->pid;
	return error;
}

int trial_run(struct trial *trial, struct stage *stage, const struct boundary *boundary,
	      bool is_control, void **oracle_states)
{
	struct course course = {.start = clock_now(), .slice = FIRST_LOOK};
	int restored;
	int error = trial_begin(trial, stage, boundary, is_control, oracle_states);

	if (!error)
		error = start(trial, &course);
	if (!error)
		error = follow(trial, &course);
	settle_blocked(trial);
	trial->children_left = family_others(&stage->family, FAMILY_TRIAL, trial->pid);
	family_kill(&stage->family, FAMILY_TRIAL);
	if (stage->guard.uses_shm)
		trial->shm_left = shm_remove_of(trial->pid) +
				  shm_count_of(stage->guard.walker, stage->guard.removed_segments,
					       stage->guard.removed_segment_count);
	trial->watches_lost = trial->has_missed || watch_step_is_lost(trial->pid);
	if (!error)
		tell_oracles(trial, MOMENT_ENDED);
	restored = trial_put_back(trial);
	return error ? error : restored;
}

void trial_free(struct trial *trial)
{
	if (trial->stage) {
		capture_reset(&trial->stage->capture);
		trial->stage->capture = trial->marks;
	}
	asleep_free(&trial->asleep);
	went_free(&trial->went);
	python_stack_free(&trial->end_python);
}

bool trial_sleeps_on(const struct trial *trial)
{
	return trial->outcome.kind == OUTCOME_STUCK ||
	       (trial->outcome.kind == OUTCOME_TIMEOUT && trial->asleep.verdict == ASLEEP_LONG);
}

bool trial_went_on(const struct trial *trial)
{
	const struct outcome *baseline = &trial->stage->baseline->outcome;

	return !trial->ends_in_handler &&
	       (trial->outcome.kind == OUTCOME_SAME ||
		(trial->outcome.kind == OUTCOME_EXIT && baseline->kind == OUTCOME_EXIT &&
		 trial->outcome.number == baseline->number));
}
