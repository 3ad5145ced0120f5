/* SPDX-License-Identifier: MIT */
/*
 * Two looks at all threads of the set with the judgement between them: see asleep.h. What is judged
 * counts only if no thread ran meanwhile, and a thread that ran and went to sleep again shows in
 * its count of voluntary switches and in its time on the CPU.
 */
#include "harness/engine/asleep.h"

#include "harness/base/alloc.h"
#include "harness/engine/asleep_proof.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool contains(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t n = 0; n < count; n++) {
		if (pids[n] == pid)
			return true;
	}
	return false;
}

bool asleep_is_ours(const struct asleep_proof *proof, pid_t pid)
{
	return contains(proof->pids, proof->count, pid) ||
	       contains(proof->stopped, proof->stopped_count, pid) || pid == getpid();
}

enum asleep_verdict asleep_say(struct asleep_proof *proof, size_t thread,
			       enum asleep_verdict verdict, const char *format, ...)
{
	struct asleep_thread *of = &proof->out->threads[thread];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(of->why, sizeof(of->why), format, arguments);
	va_end(arguments);
	return verdict;
}

static bool has_ended(const struct asleep_sight *sight)
{
	return sight->status.state == 'Z' || sight->status.state == 'X';
}

/* One without memory of its own belongs to nobody any more, and only root may look: it has ended
 * since, or is about to, while its state still says that it runs. */
static int look_at_dying(pid_t pid, pid_t tid, struct asleep_sight *sight, int refused)
{
	struct process_stat stat;
	int error = procfs_stat(pid, tid, &stat);

	if (error)
		return error;
	if (!stat.is_exiting && stat.state != 'Z' && stat.state != 'X')
		return refused;
	sight->call.running = true;
	return procfs_status(tid, &sight->status);
}

static int look_at_thread(pid_t pid, pid_t tid, struct asleep_sight *sight)
{
	int error = procfs_status(tid, &sight->status);

	sight->pid = pid;
	sight->tid = tid;
	sight->call = (struct process_syscall){.number = -1};
	if (!error && !has_ended(sight))
		error = procfs_syscall(pid, tid, &sight->call);
	if (error == -EACCES || error == -EPERM)
		error = look_at_dying(pid, tid, sight, error);
	if (!error)
		error = procfs_cpu_time(pid, tid, &sight->cpu_time);
	return error;
}

/* Adds the threads of one process. A thread that ended between the list and the look is left out:
 * if that mattered, the second look differs. */
static int look_at_process(pid_t pid, struct asleep_sight **sights, size_t *count, size_t *capacity)
{
	pid_t *tids;
	size_t total;
	int error = procfs_tasks(pid, &tids, &total);

	if (error)
		return error;
	for (size_t n = 0; n < total; n++) {
		alloc_grow((void **)sights, *count, capacity, sizeof(**sights));
		error = look_at_thread(pid, tids[n], &(*sights)[*count]);
		if (error == 0)
			(*count)++;
		else if (error != -ESRCH)
			break;
		error = 0;
	}
	free(tids);
	return error;
}

static int look(const struct asleep_proof *proof, struct asleep_sight **sights, size_t *count)
{
	size_t capacity = 0;
	int error = 0;

	*sights = NULL;
	*count = 0;
	for (size_t n = 0; n < proof->count && !error; n++)
		error = look_at_process(proof->pids[n], sights, count, &capacity);
	return error;
}

static bool is_same(const struct asleep_sight *left, const struct asleep_sight *right)
{
	return left->tid == right->tid && left->cpu_time == right->cpu_time &&
	       left->status.state == right->status.state &&
	       left->status.switches_voluntary == right->status.switches_voluntary &&
	       left->status.switches_forced == right->status.switches_forced &&
	       left->status.signals_pending == right->status.signals_pending &&
	       left->status.signals_pending_shared == right->status.signals_pending_shared &&
	       left->call.running == right->call.running &&
	       left->call.number == right->call.number && left->call.pc == right->call.pc &&
	       left->call.sp == right->call.sp &&
	       memcmp(left->call.arguments, right->call.arguments, sizeof(left->call.arguments)) ==
		       0;
}

/* Is the state one in which a thread only waits? vfork(2) waits uninterruptibly for its child. */
static enum asleep_verdict judge_state(struct asleep_proof *proof, size_t thread)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	const struct process_status *status = &sight->status;
	long number = sight->call.number;
	bool in_clone = number == SYS_vfork || number == SYS_clone || number == SYS_clone3;

	if ((status->signals_pending | status->signals_pending_shared) & ~status->signals_blocked)
		return asleep_say(proof, thread, ASLEEP_NO, "a signal is about to be delivered");
	if (status->state == 'T')
		return asleep_say(proof, thread, ASLEEP_FOREVER, "stopped: only SIGCONT ends it");
	if (sight->call.running || !(status->state == 'S' || (status->state == 'D' && in_clone)))
		return asleep_say(proof, thread, ASLEEP_NO, "it runs (state %c)", status->state);
	if (number < 0)
		return asleep_say(proof, thread, ASLEEP_NO, "sleeps outside of a system call");
	return asleep_judge_call(proof, thread);
}

static enum asleep_verdict weaker(enum asleep_verdict left, enum asleep_verdict right)
{
	return left < right ? left : right;
}

static enum asleep_verdict judge_thread(struct asleep_proof *proof, size_t thread)
{
	const struct asleep_sight *sight = &proof->sights[thread];
	enum asleep_verdict verdict;
	bool is_last;

	/* The main thread of a process whose other threads live on. */
	if (sight->status.state == 'Z' && sight->status.threads > 1)
		return asleep_say(proof, thread, ASLEEP_FOREVER, "this thread has ended");
	if (sight->status.state == 'Z' || sight->status.state == 'X')
		return asleep_say(proof, thread, ASLEEP_NO, "the process has ended");
	verdict = judge_state(proof, thread);
	if (verdict < ASLEEP_LONG)
		return verdict;
	/* Once for each process, at its last thread: a main thread may have ended before others. */
	is_last = thread + 1 == proof->out->count || proof->sights[thread + 1].pid != sight->pid;
	return is_last ? weaker(verdict, asleep_judge_process(proof, thread)) : verdict;
}

static void fill_threads(struct asleep_proof *proof, size_t count)
{
	struct asleep *out = proof->out;

	out->threads = alloc_zero(count * sizeof(*out->threads));
	out->count = count;
	for (size_t n = 0; n < count; n++) {
		const struct asleep_sight *sight = &proof->sights[n];
		struct asleep_thread *thread = &out->threads[n];

		thread->pid = sight->pid;
		thread->tid = sight->tid;
		thread->syscall = sight->call.running ? -1 : sight->call.number;
		memcpy(thread->arguments, sight->call.arguments, sizeof(thread->arguments));
	}
}

static void conclude(struct asleep *out, enum asleep_verdict verdict, const char *why)
{
	out->verdict = verdict;
	snprintf(out->why, sizeof(out->why), "%s", why);
}

/* The weakest of all threads' verdicts, with the reason of the thread that it comes from. */
static void judge_all(struct asleep_proof *proof)
{
	struct asleep *out = proof->out;
	enum asleep_verdict weakest = ASLEEP_FOREVER;
	size_t which = 0;

	for (size_t n = 0; n < out->count; n++) {
		enum asleep_verdict verdict = judge_thread(proof, n);

		if (verdict < weakest) {
			weakest = verdict;
			which = n;
		}
	}
	/* Only now, since it goes through all processes of the machine. */
	if (weakest >= ASLEEP_LONG)
		weakest = weaker(weakest, asleep_judge_holders(proof, &which));
	conclude(out, weakest, out->threads[which].why);
}

static int confirm(struct asleep_proof *proof)
{
	struct asleep_sight *again;
	size_t count;
	int error = look(proof, &again, &count);
	bool same = !error && count == proof->out->count;

	for (size_t n = 0; same && n < count; n++)
		same = is_same(&proof->sights[n], &again[n]);
	free(again);
	if (error == 0 && !same)
		conclude(proof->out, ASLEEP_NO, "a thread ran while it was looked at");
	return error;
}

static int prove(struct asleep_proof *proof, bool has_timer)
{
	struct asleep *out = proof->out;
	size_t count;
	int error = look(proof, &proof->sights, &count);

	if (error)
		return error;
	if (count == 0 || !proof->sights)
		return -ESRCH;
	fill_threads(proof, count);
	judge_all(proof);
	if (out->verdict == ASLEEP_NO)
		return 0;
	if (has_timer && out->verdict >= ASLEEP_LONG)
		conclude(out, ASLEEP_UNKNOWN, "a timer that was armed may still send a signal");
	return confirm(proof);
}

int asleep_prove(const pid_t *pids, size_t count, const pid_t *stopped, size_t stopped_count,
		 bool has_timer, double limit, struct asleep *out)
{
	struct asleep_proof proof = {
		.pids = pids,
		.count = count,
		.stopped = stopped,
		.stopped_count = stopped_count,
		.limit = limit,
		.out = out,
	};
	int error;

	memset(out, 0, sizeof(*out));
	error = prove(&proof, has_timer);
	free(proof.sights);
	free(proof.sources);
	if (error == -ESRCH) {
		conclude(out, ASLEEP_NO, "a process has just ended");
		return 0;
	}
	if (error) {
		asleep_free(out);
		return fail(error, "cannot look into /proc for sleeping processes: %s",
			    strerror(-error));
	}
	return 0;
}

void asleep_free(struct asleep *asleep)
{
	free(asleep->threads);
	memset(asleep, 0, sizeof(*asleep));
}
