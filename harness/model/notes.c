/* SPDX-License-Identifier: MIT */
/* See notes.h. */
#include "harness/model/notes.h"

#include "harness/base/alloc.h"
#include "harness/engine/fidelity.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/story.h"
#include "harness/model/trial.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct note {
	char *text;
	UT_hash_handle hh;
};

bool notes_is_new(struct notes *notes, const char *text)
{
	struct note *note;

	HASH_FIND_STR(notes->seen, text, note);
	if (note)
		return false;
	note = alloc_zero(sizeof(*note));
	note->text = alloc_text(text);
	HASH_ADD_KEYPTR(hh, notes->seen, note->text, strlen(note->text), note);
	return true;
}

bool notes_is_new_finding(struct notes *notes, const struct trial *trial, const char *kind,
			  const char *place)
{
	const char *benign = trial->boundary->benign;
	char *text = alloc_format("%s/%s/%s", kind, place, benign ? benign : "");
	const bool is_new = notes_is_new(notes, text);

	free(text);
	return is_new;
}

void notes_free(struct notes *notes)
{
	struct note *note;
	struct note *next;

	HASH_ITER (hh, notes->seen, note, next) {
		HASH_DEL(notes->seen, note);
		free(note->text);
		free(note);
	}
}

int notes_modules(struct notes *notes, struct stage *stage, const struct sink *sink)
{
	const struct symbols *symbols = stage->walker.symbols;
	int error = 0;

	for (size_t i = 0; !error && i < symbols_module_count(symbols); i++) {
		const struct module *module = symbols_module(symbols, i);
		char *key = alloc_format("module %s %s", module->path, module->build_id);

		if (notes_is_new(notes, key))
			error = story_write_line(json_pack("{s:s, s:s%, s:s}", "type", "module",
							   "path", module->path,
							   strlen(module->path), "build_id",
							   module->build_id),
						 sink);
		free(key);
	}
	return error;
}

struct fidelity_context {
	struct notes *notes;
	const struct sink *sink;
	int error;
};

static void note_fidelity(void *context, const char *kind, const char *text)
{
	struct fidelity_context *fidelity = context;
	char *key = alloc_format("fidelity %s %s", kind, text);

	if (!fidelity->error && notes_is_new(fidelity->notes, key))
		fidelity->error = story_write_line(json_pack("{s:s, s:s, s:s}", "type", "fidelity",
							     "kind", kind, "text", text),
						   fidelity->sink);
	free(key);
}

static void note_undo_lost(struct fidelity_context *fidelity, const struct undo *undo)
{
	const char *text;

	for (size_t i = 0; (text = undo_lost(undo, i)) != NULL; i++)
		note_fidelity(fidelity, "file", text);
}

/* Of a CPython that cannot be read. */
static void note_python(struct fidelity_context *fidelity, const struct stage *stage)
{
	const struct location *from = &stage->scenario->from;
	char text[512];

	if (!stage->unread_python)
		return;
	snprintf(text, sizeof(text), "%s; what only the interpreter could tell is unknown%s",
		 stage->unread_python,
		 from->kind == LOCATION_MODULE && from->is_default
			 ? ", and the window begins at Py_RunMain"
			 : "");
	note_fidelity(fidelity, "python", text);
}

int notes_fidelity(struct notes *notes, struct stage *stage, const struct sink *sink)
{
	struct fidelity_context fidelity = {.notes = notes, .sink = sink};

	if (!stage->launch.keep_vdso)
		note_fidelity(&fidelity, "vdso",
			      "the vDSO is hidden from the program, so that reading the clock is a "
			      "system call");
	if (stage->launch.cpu >= 0)
		note_fidelity(&fidelity, "cpu",
			      "the program is pinned to one CPU and may see only that one");
	note_fidelity(
		&fidelity, "pid",
		"a copy is told its walker's process id; the thread id that the kernel tells it "
		"is its own");
	if (!trace_has_watches())
		note_fidelity(&fidelity, "watchpoints",
			      "the CPU's watchpoints do not work on this machine: what is to be "
			      "watched is stepped, and unknown where that would take too long");
	note_python(&fidelity, stage);
	if (stage->baseline && !stage->baseline->compare_output)
		note_fidelity(&fidelity, "output",
			      "the program prints something else at each run, so output is not "
			      "compared");
	if (stage->baseline && stage->baseline->shares_files)
		note_fidelity(&fidelity, "file",
			      "every run changes files of the same names, so that only one job "
			      "walks; what a run changes is undone behind it");
	if (stage->guard.signalled_harness)
		note_fidelity(
			&fidelity, "signal",
			"the program sends a signal to its parent or to every process; it was "
			"held back");
	if (stage->scenario->signal == SIGTSTP || stage->scenario->signal == SIGTTIN ||
	    stage->scenario->signal == SIGTTOU)
		note_fidelity(&fidelity, "session",
			      "the program runs in a session of its own, where no shell could let "
			      "it go on, so that SIGTSTP, SIGTTIN and SIGTTOU do not stop it");
	if (stage->guard.walker_has_timer)
		note_fidelity(&fidelity, "timer",
			      "the program sets a timer (alarm, setitimer or timer_settime), which "
			      "a copy does not have");
	if (stage->walker.ticks_lost)
		note_fidelity(&fidelity, "ticks",
			      "a periodic timer of the program fires faster than it can be walked: "
			      "ticks that came too soon were lost");
	if (stage->guard.signalled_walker_child)
		note_fidelity(&fidelity, "signal",
			      "a copy sent a signal to a child of its walker; it was held back");
	note_undo_lost(&fidelity, stage->guard.undo);
	descriptors_fidelity(stage->descriptors, note_fidelity, &fidelity);
	fidelity_process(stage->walker.pid, note_fidelity, &fidelity);
	return fidelity.error;
}
