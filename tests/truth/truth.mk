# SPDX-License-Identifier: MIT
# Builds the ground truth's stepper, which shares no code with the harness. Included by the top
# Makefile.
$(BUILD)/tests/truth/stepper: tests/truth/stepper.c tests/truth/run.c tests/truth/run.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -o $@ $(filter %.c,$^)
