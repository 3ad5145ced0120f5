/* SPDX-License-Identifier: MIT */
/*
 * The program drops the last reference of a GObject and clears its pointer to it only then; the
 * handler takes a reference through the pointer for as long as it needs it. Bad: up to the clearing
 * it takes one to an object that is no more.
 */
#include "targets/state/state.h"

#include <glib-object.h>

static GObject *current;
static volatile sig_atomic_t is_dead;
static volatile sig_atomic_t late; /* uses of the object when it was no more */

/* The complaint would be made of what is broken. */
static GLogWriterOutput be_silent(GLogLevelFlags level, const GLogField *fields, gsize count,
				  gpointer data)
{
	(void)level;
	(void)fields;
	(void)count;
	(void)data;
	return G_LOG_WRITER_HANDLED;
}

static void note_death(gpointer data, GObject *object)
{
	(void)data;
	(void)object;
	is_dead = 1;
}

static void on_signal(int number)
{
	GObject *it = *(GObject *volatile *)&current;

	(void)number;
	if (!it)
		return;
	late += is_dead;
	g_object_ref(it);
	g_object_unref(it);
}

static __attribute__((noinline)) void forget(void)
{
	*(GObject *volatile *)&current = NULL;
}

int main(int count, char **arguments)
{
	g_log_set_writer_func(be_silent, NULL, NULL);
	current = g_object_new(G_TYPE_OBJECT, NULL);
	g_object_weak_ref(current, note_death, NULL);
	g_object_unref(current);
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	forget();
	SIGSWEEP_WINDOW_END();
	tell(late);
	return 0;
}
