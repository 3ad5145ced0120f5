/* SPDX-License-Identifier: MIT */
/*
 * What a trial leaves behind that the baseline (as the controls show it) does not: descriptors open
 * at the end of a program that went on, files that it made, processes, shared memory.
 */
#include "harness/base/alloc.h"
#include "harness/engine/undo.h"
#include "harness/kernel/procfs.h"
#include "harness/model/trial.h"
#include "harness/oracles/table.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_LENGTH 12 /* bytes of a name that may be chance */

struct things {
	bool is_known;
	int *fds;
	size_t fd_count;
	char **files; /* made since the run began, and there at its end */
	size_t file_count;
	size_t file_capacity;
	size_t children;
	size_t shm;
};

struct state {
	struct things expected; /* of the latest control */
	struct things got;
	char target[256]; /* what the first descriptor too many points to */
	int target_fd;
};

static void drop_files(struct things *things)
{
	for (size_t i = 0; i < things->file_count; i++)
		free(things->files[i]);
	free(things->files);
	things->files = NULL;
	things->file_count = 0;
	things->file_capacity = 0;
}

static void drop(struct things *things)
{
	drop_files(things);
	free(things->fds);
	memset(things, 0, sizeof(*things));
}

static int begin(const struct stage *stage, void *knowledge, void **out)
{
	(void)stage;
	(void)knowledge;
	*out = alloc_zero(sizeof(struct state));
	return 0;
}

static int before(void *context, const struct trial *trial)
{
	struct state *state = context;

	(void)trial;
	drop(&state->got);
	state->target_fd = -1;
	return 0;
}

static bool has_fd(const struct things *things, int fd)
{
	for (size_t i = 0; i < things->fd_count; i++)
		if (things->fds[i] == fd)
			return true;
	return false;
}

static void read_descriptors(struct state *state, const struct trial *trial)
{
	struct things *things = trial->is_control ? &state->expected : &state->got;

	if (trial->is_control)
		drop(things);
	things->is_known = procfs_descriptors(trial->pid, &things->fds, &things->fd_count) == 0;
	for (size_t i = 0; !trial->is_control && i < things->fd_count; i++) {
		if (has_fd(&state->expected, things->fds[i]))
			continue;
		state->target_fd = things->fds[i];
		if (procfs_descriptor_target(trial->pid, state->target_fd, state->target,
					     sizeof(state->target)) < 0)
			state->target[0] = '\0';
		return;
	}
}

static void note_file(void *context, const char *path, bool was_there, bool is_there)
{
	struct things *things = context;

	if (was_there || !is_there)
		return;
	alloc_grow((void **)&things->files, things->file_count, &things->file_capacity,
		   sizeof(*things->files));
	things->files[things->file_count++] = alloc_text(path);
}

static int on_stop(void *context, const struct trial *trial, enum oracle_moment moment)
{
	struct state *state = context;
	struct things *things = trial->is_control ? &state->expected : &state->got;

	if (moment == MOMENT_EXIT)
		read_descriptors(state, trial);
	if (moment == MOMENT_ENDED) {
		drop_files(
			things); /* a control that never came to its exit adds to no earlier one */
		undo_each(trial->stage->guard.undo, trial->stage->undo_start, note_file, things);
		things->children = trial->children_left;
		things->shm = trial->shm_left;
	}
	return 0;
}

static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Names as mkstemp(3) and its like make them: equal but for at most RANDOM_LENGTH letters and
 * digits in one place. */
static bool is_alike(const char *a, const char *b)
{
	size_t length = strlen(a);
	size_t start = 0;

	if (strlen(b) != length)
		return false;
	while (start < length && a[start] == b[start])
		start++;
	while (length > start && a[length - 1] == b[length - 1])
		length--;
	if (length - start > RANDOM_LENGTH)
		return false;
	while (start < length && isalnum((unsigned char)a[start]) &&
	       isalnum((unsigned char)b[start]))
		start++;
	return start == length;
}

/* Temporary names are random, so that files are counted by what their names have in common. */
static size_t count_alike(const struct things *things, const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < things->file_count; i++)
		count += is_alike(things->files[i], path);
	return count;
}

static bool has_file(const struct things *things, const char *path)
{
	for (size_t i = 0; i < things->file_count; i++)
		if (strcmp(things->files[i], path) == 0)
			return true;
	return false;
}

static bool is_watched(const struct trial *trial, const char *path)
{
	const struct list *watched = &trial->stage->scenario->watched;

	for (size_t i = 0; i < watched->count; i++) {
		const size_t length = strlen(watched->items[i]);

		if (strncmp(path, watched->items[i], length) == 0 &&
		    (path[length] == '/' || watched->items[i][length - 1] == '/'))
			return true;
	}
	return watched->count == 0;
}

static struct verdict *violate(struct verdict *verdict, const char *kind)
{
	verdict->value = VERDICT_VIOLATED;
	verdict->kind = kind;
	verdict->severity = SEVERITY_WARNING;
	return verdict;
}

static size_t judge_files(const struct state *state, const struct trial *trial,
			  struct verdict *verdict)
{
	for (size_t i = 0; i < state->got.file_count; i++) {
		const char *path = state->got.files[i];

		if (!is_watched(trial, path) || has_file(&state->expected, path) ||
		    count_alike(&state->got, path) <= count_alike(&state->expected, path))
			continue;
		violate(verdict, "file");
		snprintf(verdict->title, sizeof(verdict->title),
			 "a file is left behind that is not there without the signal: %.150s",
			 path);
		snprintf(verdict->place, sizeof(verdict->place), "%.*s",
			 (int)(folder_length(path) < 200 ? folder_length(path) : 200), path);
		verdict->evidence = json_pack("{s:s%}", "path", path, strlen(path));
		return 1;
	}
	return 0;
}

static size_t judge_descriptors(const struct state *state, const struct trial *trial,
				struct verdict *verdict)
{
	if (!trial_went_on(trial) || !state->got.is_known || !state->expected.is_known ||
	    state->target_fd < 0)
		return 0;
	violate(verdict, "descriptor");
	snprintf(
		verdict->title, sizeof(verdict->title),
		"descriptor %d is left open to the end, which it is not without the signal: %.120s",
		state->target_fd, state->target);
	snprintf(verdict->place, sizeof(verdict->place), "descriptor %d", state->target_fd);
	verdict->evidence = json_pack("{s:i}", "fd", state->target_fd);
	return 1;
}

static size_t judge_count(const char *kind, const char *what, size_t got, size_t expected,
			  struct verdict *verdict)
{
	if (got <= expected)
		return 0;
	violate(verdict, kind);
	snprintf(verdict->title, sizeof(verdict->title),
		 "%zu %s left behind; without the signal there are %zu", got, what, expected);
	snprintf(verdict->place, sizeof(verdict->place), "%s", kind);
	return 1;
}

/* One that the harness ended (asleep, out of time, at a crash) had no time for its children to end
 * behind it. */
static bool has_ended_itself(const struct trial *trial)
{
	return !trial->crash_signal &&
	       (trial->outcome.kind == OUTCOME_SAME || trial->outcome.kind == OUTCOME_EXIT ||
		trial->outcome.kind == OUTCOME_SIGNAL || trial->outcome.kind == OUTCOME_BLOCKED);
}

static size_t judge(void *context, const struct trial *trial, struct verdict *verdicts)
{
	const struct state *state = context;
	size_t count = judge_files(state, trial, verdicts);

	count += judge_descriptors(state, trial, verdicts + count);
	if (has_ended_itself(trial))
		count += judge_count("child", "processes are", state->got.children,
				     state->expected.children, verdicts + count);
	count += judge_count("shm", "shared memory segments are", state->got.shm,
			     state->expected.shm, verdicts + count);
	return count;
}

static void end(void *context)
{
	struct state *state = context;

	drop(&state->expected);
	drop(&state->got);
	free(state);
}

const struct oracle oracle_leftovers = {
	.name = "leftovers",
	.help = "descriptors, files, processes and shared memory that the baseline does not leave",
	.needs = ORACLE_NEEDS_CONTROL,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = end,
};
