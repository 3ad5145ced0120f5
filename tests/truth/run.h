/* SPDX-License-Identifier: MIT */
/*
 * One run of a target for the ground truth: its surroundings, its start under ptrace, and waiting
 * for it. Shares no code with the harness and knows nothing of it.
 */
#ifndef TESTS_TRUTH_RUN_H
#define TESTS_TRUTH_RUN_H

#include <stdint.h>
#include <sys/types.h>

struct run {
	pid_t pid;
	int output[2]; /* what it prints on standard output and standard error */
	uint64_t base; /* where the program's image lies */
};

/* How a wait ended: the process stopped, ended, or neither comes. */
enum event { STOPPED, ENDED, ASLEEP, SPINNING, TIMED_OUT };

/* "stepper: SENTENCE" on standard error, and the end with status 3. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ptrace(2) that cannot fail, and the word at an address (0 where there is none). */
void trace(int request, pid_t pid, uintptr_t address, uintptr_t data);
uint64_t peek(pid_t pid, uint64_t address);

/* Starts argv[0], stopped after its exec, as a sweep would: fixed addresses, default dispositions,
 * no vDSO. What it prints goes to files of its own. */
void run_start(struct run *run, char **argv, const char *stdin_path);

/* Kills what is left of it. */
void run_end(struct run *run);

/* Waits for its next stop or end; *status as waitpid(2) gives it. Needs wait_settle(). */
enum event wait_event(pid_t pid, int *status);

/* Once: the timer behind wait_event(); tracer and targets on one CPU, where a step is cheapest. */
void wait_settle(void);

#endif
