/* SPDX-License-Identifier: MIT */
/* The table of views. */
#include "harness/base/alloc.h"
#include "reports/text.h"
#include "reports/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 60
#define WIDTH_MAX 100
#define WIDTH_DEFAULT 80

static void render_json(const json_t *report, FILE *out, const struct view_settings *settings)
{
	(void)settings;
	json_dumpf(report, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	fputc('\n', out);
}

static const struct view json_view = {
	.name = "json",
	.help = "the report itself, indented",
	.render = render_json,
};

const struct view *const view_table[] = {&text_view, &json_view, NULL};

int view_find(const char *name, const struct view **view)
{
	char *names = alloc_text("");

	for (size_t n = 0; view_table[n]; n++) {
		char *longer;

		if (strcmp(view_table[n]->name, name) == 0) {
			*view = view_table[n];
			free(names);
			return 0;
		}
		longer = alloc_format("%s%s%s", names, n ? ", " : "", view_table[n]->name);
		free(names);
		names = longer;
	}
	fail(-EINVAL, "there is no format %s; there are: %s", name, names);
	free(names);
	return -EINVAL;
}

int view_show(const struct view *view, const json_t *report, FILE *out,
	      const struct view_settings *settings)
{
	errno = 0;
	view->render(report, out, settings);
	if (fflush(out) == EOF || ferror(out)) {
		int error = errno ? errno : EIO;

		return fail(-error, "cannot write the %s view: %s", view->name, strerror(error));
	}
	return 0;
}

struct view_settings view_settings_for(FILE *out)
{
	struct view_settings settings = {.width = WIDTH_DEFAULT};
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	struct winsize size;
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd))
		return settings;
	/* https://no-color.org: set and not empty. */
	settings.colour = !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		settings.width = size.ws_col;
	if (settings.width < WIDTH_MIN)
		settings.width = WIDTH_MIN;
	if (settings.width > WIDTH_MAX)
		settings.width = WIDTH_MAX;
	return settings;
}
