/* SPDX-License-Identifier: MIT */
/* A mutex of the C library, held while it calls back. */
#include "targets/cpython/calls-back.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void take(void)
{
	pthread_mutex_lock(&mutex);
}

static void give(void)
{
	pthread_mutex_unlock(&mutex);
}
