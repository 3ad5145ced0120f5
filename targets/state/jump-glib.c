/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that a GLib mutex guards, which is a word and a futex of GLib's own.
 * See section.h.
 */
#include <glib.h>

static GMutex lock;

static inline __attribute__((always_inline)) void enter(void)
{
	g_mutex_lock(&lock);
}

static inline __attribute__((always_inline)) void leave(void)
{
	g_mutex_unlock(&lock);
}

static long look(void)
{
	return !g_mutex_trylock(&lock);
}

#include "targets/state/section.h"
