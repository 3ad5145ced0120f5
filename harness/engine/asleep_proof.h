/* SPDX-License-Identifier: MIT */
/*
 * The proof in the making, shared by the files of asleep*.c and by nobody else.
 *
 * The argument: a set of processes sleeps for ever if each of its threads sleeps in a call that
 * only a member of the set or a stopped process could end. No member can act first, so none acts.
 * What is looked for is therefore, thread by thread, anything else that could end the call.
 */
#ifndef SIGSWEEP_ENGINE_ASLEEP_PROOF_H
#define SIGSWEEP_ENGINE_ASLEEP_PROOF_H

#include "harness/engine/asleep.h"
#include "harness/kernel/procfs.h"

/* A thread as one look found it. */
struct asleep_sight {
	pid_t pid;
	pid_t tid;
	struct process_status status;
	struct process_syscall call;
	uint64_t cpu_time;
};

enum asleep_holder {
	HOLDER_ANY,    /* whoever holds the object can end the wait */
	HOLDER_READER, /* only who holds it open for reading */
	HOLDER_WRITER,
};

/* An object that a thread waits for; whoever else holds it could end the wait. */
struct asleep_source {
	size_t thread; /* index into out->threads */
	pid_t tid;     /* whose descriptor it is */
	int fd;
	char target[64]; /* as /proc/PID/fd shows it */
	bool compare;    /* all objects of the kind look alike there: ask kcmp(2) */
	enum asleep_holder holder;
};

/* How a system call is told how long to sleep at most. */
enum asleep_timeout {
	TIMEOUT_NONE,
	TIMEOUT_TIMESPEC, /* an argument points to a length; NULL: without limit */
	TIMEOUT_TIMEVAL,
	TIMEOUT_MILLISECONDS, /* an int; negative: without limit */
	TIMEOUT_CLOCK,        /* as clock_nanosleep(2) */
	TIMEOUT_FUTEX,        /* as futex(2), depending on the operation */
};

struct asleep_proof {
	const pid_t *pids;
	size_t count;
	const pid_t *stopped;
	size_t stopped_count;
	double limit; /* seconds; 0: none */
	struct asleep *out;
	struct asleep_sight *sights; /* one for each of out->threads */
	struct asleep_source *sources;
	size_t source_count;
	size_t source_capacity;
};

/* Is `pid` one of the set, one of the stopped, or this process (whose duplicates of the target's
 * descriptors lie idle)? */
bool asleep_is_ours(const struct asleep_proof *proof, pid_t pid);

/* Sets the reason of a thread and returns `verdict`. */
enum asleep_verdict asleep_say(struct asleep_proof *proof, size_t thread,
			       enum asleep_verdict verdict, const char *format, ...)
	PRINTF_LIKE(4, 5);

/* asleep_calls.c: could the system call that the thread is in end by itself? */
enum asleep_verdict asleep_judge_call(struct asleep_proof *proof, size_t thread);

/* asleep_timeouts.c: has the call a timeout in that argument, and how many seconds does it sleep
 * from now on at least? Not above 0: that is not known. */
bool asleep_has_timeout(const struct process_syscall *call, enum asleep_timeout kind, int argument);
double asleep_seconds_left(const struct asleep_sight *sight, enum asleep_timeout kind,
			   int argument);

/* asleep_waits.c: calls that wait for processes, futexes and file locks. */
enum asleep_verdict asleep_judge_children(struct asleep_proof *proof, size_t thread,
					  const char *call);
enum asleep_verdict asleep_judge_futex(struct asleep_proof *proof, size_t thread);
enum asleep_verdict asleep_judge_lock(struct asleep_proof *proof, size_t thread, const char *call);

/*
 * asleep_descriptors.c: could anything but the set end a wait of the thread for `fd`? Notes who
 * must not hold it in proof->sources. `timeout_option` names the socket option that
 * bounds the call (SO_RCVTIMEO, SO_SNDTIMEO), 0: none does.
 */
enum asleep_verdict asleep_judge_descriptor(struct asleep_proof *proof, size_t thread, int fd,
					    const char *call, int timeout_option);

/* asleep_holders.c: looks through all processes for holders of the sources; the threads that wait
 * for something that a stranger holds are UNKNOWN, and *which is set to the first of them. */
enum asleep_verdict asleep_judge_holders(struct asleep_proof *proof, size_t *which);

/* asleep_process.c: what could send a signal to a process without anybody acting: timers, SIGIO,
 * asynchronous I/O, children outside of the set. */
enum asleep_verdict asleep_judge_process(struct asleep_proof *proof, size_t thread);

#endif
