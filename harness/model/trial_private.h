/* SPDX-License-Identifier: MIT */
/* What the files of the trial share. */
#ifndef SIGSWEEP_MODEL_TRIAL_PRIVATE_H
#define SIGSWEEP_MODEL_TRIAL_PRIVATE_H

#include "harness/model/trial.h"

/* Where a trial is on its way. */
struct course {
	double start;
	double slice;
	double main_ended; /* time, 0: not yet */
	bool has_ended;
	bool is_sampling; /* SIGSTOP was sent, for a look at what it does */
	bool was_woken;   /* a control that waits for the signal as the baseline did */
};

/* Takes note of where the trial's process stands, which is where it ends. */
void trial_keep_stack(struct trial *trial);

/* How long to wait for the next stop, in seconds. */
double trial_patience(const struct trial *trial, const struct course *course);
/* There was none for so long: looks what it does, and ends the course of one that is asleep for
 * ever or has had its time. */
int trial_on_silence(struct trial *trial, struct course *course) MUST_CHECK;

#endif
