/* SPDX-License-Identifier: MIT */
/* See signals.h. The names are the C library's own, sigabbrev_np(3). */
#include "harness/base/signals.h"

#include "harness/base/nearest.h"
#include "harness/base/options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The kernel's highest signal, _NSIG in arch/x86/include/uapi/asm/signal.h. */
#define LAST_SIGNAL 64
#define LAST_NAMED 31

/* Second names of signal(7) which sigabbrev_np() does not give. */
static const struct {
	const char *name;
	int signal;
} second_names[] = {
	{"IO", SIGIO},
	{"IOT", SIGIOT},
	{"CLD", SIGCHLD},
};
#define SECOND_NAME_COUNT (sizeof(second_names) / sizeof(second_names[0]))

/* "+3" after RTMIN, "-3" after RTMAX, or nothing. */
static int parse_realtime(const char *text, const char *rest, int from, char sign, int *signal)
{
	unsigned long long most = (unsigned long long)(SIGRTMAX - SIGRTMIN);
	unsigned long long offset = 0;

	if (*rest && *rest != sign)
		return fail(-EINVAL,
			    "\"%s\" is no signal; real-time signals are RTMIN+N and "
			    "RTMAX-N, N from 0 to %llu",
			    text, most);
	if (*rest && option_number(rest + 1, 0, most, &offset) < 0)
		return fail_prefix(-EINVAL, "\"%s\" is no signal: ", text);
	*signal = sign == '+' ? from + (int)offset : from - (int)offset;
	return 0;
}

static int fail_unknown(const char *text, const char *name)
{
	const char *names[LAST_NAMED + SECOND_NAME_COUNT];
	const char *nearest;
	size_t count = 0;

	for (int n = 1; n <= LAST_NAMED; n++)
		names[count++] = sigabbrev_np(n);
	for (size_t n = 0; n < SECOND_NAME_COUNT; n++)
		names[count++] = second_names[n].name;
	nearest = word_nearest(name, names, count);
	if (nearest)
		return fail(-EINVAL, "\"%s\" is no signal; did you mean %s?", text, nearest);
	return fail(-EINVAL, "\"%s\" is no signal; give a name such as INT, or a number", text);
}

int signal_from_name(const char *text, int *signal)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	unsigned long long number;

	if (*text >= '0' && *text <= '9') {
		if (option_number(text, 1, LAST_SIGNAL, &number) < 0)
			return fail(-EINVAL, "\"%s\" is no signal: their numbers go from 1 to %d",
				    text, LAST_SIGNAL);
		*signal = (int)number;
		return 0;
	}
	if (!strncasecmp(name, "RTMIN", 5))
		return parse_realtime(text, name + 5, SIGRTMIN, '+', signal);
	if (!strncasecmp(name, "RTMAX", 5))
		return parse_realtime(text, name + 5, SIGRTMAX, '-', signal);
	for (int n = 1; n <= LAST_NAMED; n++)
		if (!strcasecmp(name, sigabbrev_np(n))) {
			*signal = n;
			return 0;
		}
	for (size_t n = 0; n < SECOND_NAME_COUNT; n++)
		if (!strcasecmp(name, second_names[n].name)) {
			*signal = second_names[n].signal;
			return 0;
		}
	return fail_unknown(text, name);
}

const char *signal_name(int signal, char buffer[SIGNAL_NAME_SIZE])
{
	const char *name = signal > 0 && signal <= LAST_NAMED ? sigabbrev_np(signal) : NULL;

	if (name)
		snprintf(buffer, SIGNAL_NAME_SIZE, "SIG%s", name);
	else if (signal == SIGRTMIN)
		snprintf(buffer, SIGNAL_NAME_SIZE, "SIGRTMIN");
	else if (signal > SIGRTMIN && signal <= SIGRTMAX)
		snprintf(buffer, SIGNAL_NAME_SIZE, "SIGRTMIN+%d", signal - SIGRTMIN);
	else
		snprintf(buffer, SIGNAL_NAME_SIZE, "SIG%d", signal);
	return buffer;
}
