/* SPDX-License-Identifier: MIT */
/* The rate is that of the last seconds, so that the time left follows a run that slows down. */
#include "reports/progress.h"

#include "harness/base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.2
#define PLAIN_INTERVAL 10.0
#define RATE_SPAN 5.0 /* seconds after which the rate forgets what was before */
#define WIDTH_DEFAULT 80

struct mark {
	double seconds;
	uint64_t done;
};

struct progress {
	FILE *out;
	bool quiet;
	bool is_terminal;
	unsigned int width;
	bool is_shown;
	bool has_started;
	double last_written;
	struct mark older; /* the rate is taken from here */
	struct mark newer; /* takes its place after RATE_SPAN */
};

struct progress *progress_new_for(FILE *out, bool quiet, bool is_terminal, unsigned int width)
{
	struct progress *progress = alloc_zero(sizeof(*progress));

	progress->out = out;
	progress->quiet = quiet;
	progress->is_terminal = is_terminal;
	progress->width = width;
	return progress;
}

struct progress *progress_new(FILE *out, bool quiet)
{
	bool is_terminal = isatty(fileno(out));
	unsigned int width = WIDTH_DEFAULT;
	struct winsize size;

	if (is_terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	return progress_new_for(out, quiet, is_terminal, width);
}

static double current_rate(struct progress *progress, const struct progress_state *state)
{
	double span = state->seconds - progress->older.seconds;

	if (state->seconds - progress->newer.seconds >= RATE_SPAN) {
		progress->older = progress->newer;
		progress->newer = (struct mark){state->seconds, state->done};
		span = state->seconds - progress->older.seconds;
	}
	if (span <= 0 || state->done < progress->older.done)
		return 0;
	return (double)(state->done - progress->older.done) / span;
}

/* "3 s", "4 min 10 s", "2 h 5 min" */
static void format_duration(double seconds, char *text, size_t size)
{
	unsigned long long whole = seconds < 1e9 ? (unsigned long long)(seconds + 0.5) : 1000000000;

	if (whole < 60)
		snprintf(text, size, "%llu s", whole);
	else if (whole < 3600)
		snprintf(text, size, "%llu min %llu s", whole / 60, whole % 60);
	else
		snprintf(text, size, "%llu h %llu min", whole / 3600, whole % 3600 / 60);
}

static void format_line(const struct progress_state *state, double rate, char *text, size_t size)
{
	char done[64];
	char left[64] = "";
	char duration[48];

	snprintf(done, sizeof(done), "%" PRIu64, state->done);
	if (state->total > 0)
		snprintf(done, sizeof(done), "%" PRIu64 "/%" PRIu64 " (%d%%)", state->done,
			 state->total, (int)(100.0 * (double)state->done / (double)state->total));
	if (state->total > state->done && rate > 0) {
		format_duration((double)(state->total - state->done) / rate, duration,
				sizeof(duration));
		snprintf(left, sizeof(left), ", %s left", duration);
	}
	snprintf(text, size, "%s, %.0f/s, %" PRIu64 " finding%s%s", done, rate, state->findings,
		 state->findings == 1 ? "" : "s", left);
}

static void write_line(struct progress *progress, const char *text)
{
	if (!progress->is_terminal) {
		fprintf(progress->out, "sigsweep: %s\n", text);
	} else {
		/* A line that filled the last column would wrap, and could not be taken back. */
		int room = progress->width > 1 ? (int)progress->width - 1 : 0;

		fprintf(progress->out, "\r%.*s\x1b[K", room, text);
		progress->is_shown = true;
	}
	fflush(progress->out);
}

void progress_update(struct progress *progress, const struct progress_state *state)
{
	double interval = progress->is_terminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
	char text[256];
	double rate;

	if (progress->quiet)
		return;
	if (!progress->has_started) {
		/* Nothing to tell yet; what a resumed run had done counts in no rate. */
		progress->has_started = true;
		progress->older = (struct mark){state->seconds, state->done};
		progress->newer = progress->older;
		progress->last_written = state->seconds;
		return;
	}
	if (state->seconds - progress->last_written < interval)
		return;
	progress->last_written = state->seconds;
	rate = current_rate(progress, state);
	format_line(state, rate, text, sizeof(text));
	write_line(progress, text);
}

void progress_hide(struct progress *progress)
{
	if (!progress->is_shown)
		return;
	fputs("\r\x1b[K", progress->out);
	fflush(progress->out);
	progress->is_shown = false;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	progress_hide(progress);
	free(progress);
}
