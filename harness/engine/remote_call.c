/* SPDX-License-Identifier: MIT */
/* See remote_call.h. */
#include "harness/engine/remote_call.h"

#include "harness/kernel/memory.h"
#include "harness/kernel/ptrace.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>

/* No page is mapped there (vm.mmap_min_addr): the return to it is a fault that tells of the end. */
#define RETURN_TO UINT64_C(0x10)

static int prepare(pid_t tid, uint64_t address, const uint64_t *arguments, size_t count)
{
	const uint64_t return_to = RETURN_TO;
	struct registers registers;
	uint64_t sp;
	int error = trace_get_registers(tid, &registers);

	if (error)
		return error;
	sp = registers_make_call(&registers, address, arguments, count);
	error = memory_write(tid, sp, &return_to, sizeof(return_to));
	return error ? error : trace_set_registers(tid, &registers);
}

/* The process may stand at the entry of a system call: that one is made into none first. */
static int leave_syscall(pid_t tid)
{
	struct registers registers;
	struct stop stop;
	int error = trace_get_registers(tid, &registers);

	if (error || registers_syscall(&registers) < 0)
		return error;
	registers_skip_syscall(&registers);
	error = trace_set_registers(tid, &registers);
	if (!error)
		error = trace_resume(tid, TRACE_STEP, 0);
	return error ? error : trace_wait(tid, 1, &stop);
}

static int settle(pid_t tid, const struct stop *stop, uint64_t *result)
{
	struct registers registers;
	int error;

	if (stop->kind == STOP_EXITED || stop->kind == STOP_KILLED ||
	    (stop->kind == STOP_EVENT && stop->event == PTRACE_EVENT_EXIT))
		return -ESRCH;
	if (stop->kind != STOP_SIGNAL || stop->signal != SIGSEGV) {
		error = trace_resume(tid, TRACE_CONTINUE, 0);
		return error ? error : 1;
	}
	error = trace_get_registers(tid, &registers);
	if (error)
		return error;
	*result = (uint64_t)registers_result(&registers);
	return registers_pc(&registers) == RETURN_TO ? 0 : -EFAULT;
}

int remote_call(pid_t tid, uint64_t address, const uint64_t *arguments, size_t count, double limit,
		uint64_t *result)
{
	int error = leave_syscall(tid);

	if (!error)
		error = prepare(tid, address, arguments, count);
	if (!error)
		error = trace_resume(tid, TRACE_CONTINUE, 0);
	if (error)
		return error;
	do {
		struct stop stop;

		error = trace_wait(tid, limit, &stop);
		if (!error)
			error = settle(tid, &stop, result);
	} while (error == 1);
	return error;
}
