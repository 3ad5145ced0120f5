/* SPDX-License-Identifier: MIT */
/*
 * Every macro of include/sigsweep.h, for tests/cli/annotations.bats, which looks at the notes that
 * come of it. Compiled as C and as C++, with and without <sys/sdt.h>.
 */
#include "include/sigsweep.h"

struct object {
	long references;
	unsigned char small;
};

static struct object object = {1, 2};
static int lock;
unsigned short *far_away; /* a pointer that only a symbol names must not stay where it is */

int main(void)
{
	int local = 3;

	SIGSWEEP_WINDOW_BEGIN();
	SIGSWEEP_LOCK_WORD(&lock, "word");
	SIGSWEEP_LOCK_ACQUIRED(&lock, "table");
	SIGSWEEP_LOCK_RELEASED(&lock);
	SIGSWEEP_COUNTER(&object.references, "object");
	SIGSWEEP_COUNTER(far_away, "far away");
	SIGSWEEP_COUNTER_END(&object.references);
	SIGSWEEP_INVARIANT(&object.small, LESS_EQUAL, 7, "small");
	SIGSWEEP_INVARIANT(&local, EQUAL, 3, "local");
	SIGSWEEP_INVARIANT_PAIR(&object.references, GREATER, &local, "pair");
	SIGSWEEP_INVARIANT_END(&local);
	SIGSWEEP_BENIGN_BEGIN("a test");
	SIGSWEEP_BENIGN_END();
	SIGSWEEP_WINDOW_END();
	return SIGSWEEP_ANNOTATIONS ? 0 : 5;
}
