/* SPDX-License-Identifier: MIT */
/* A PyThread lock, held while it calls back. */
#include "targets/cpython/calls-back.h"

static PyThread_type_lock lock;

static void take(void)
{
	if (lock == NULL)
		lock = PyThread_allocate_lock();
	PyThread_acquire_lock(lock, WAIT_LOCK);
}

static void give(void)
{
	PyThread_release_lock(lock);
}
