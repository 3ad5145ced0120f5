/* SPDX-License-Identifier: MIT */
/*
 * A jump out of a section that holds a reference to a GObject, which nobody has announced: its
 * count stays one too high, and the object will never go. See section.h.
 */
#include <glib-object.h>

#define BEFORE make
/* A thread would be another one that counts. */
#define ASK(look) (look)()

static GObject *object;

static void make(void)
{
	object = g_object_new(G_TYPE_OBJECT, NULL);
}

static inline __attribute__((always_inline)) void enter(void)
{
	g_object_ref(object);
}

static inline __attribute__((always_inline)) void leave(void)
{
	g_object_unref(object);
}

static long look(void)
{
	return (long)object->ref_count;
}

#include "targets/state/section.h"
