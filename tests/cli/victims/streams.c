/* SPDX-License-Identifier: MIT */
/* Programs that read and print awkward things. */
#include "victim.h"

#include <errno.h>

/* 50 MB before the window, and one byte in it. */
static void flood(char **arguments)
{
	static char block[1 << 20];

	(void)arguments;
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 50; i++)
		if (write(STDOUT_FILENO, block, sizeof(block)) != (ssize_t)sizeof(block))
			_exit(8);
	install(SIGINT);
	say("!");
}

/* Bytes that are no text, on both streams, and a status that makes a finding of every trial. */
static void babble(char **arguments)
{
	static const char bytes[] = "\xff\xfe\x80\x00 \xc3\x28 \xed\xa0\x80 \x1b[31m\n";

	(void)arguments;
	install(SIGINT);
	if (write(STDOUT_FILENO, bytes, sizeof(bytes)) < 0 ||
	    write(STDERR_FILENO, bytes, sizeof(bytes)) < 0)
		_exit(8);
	if (caught) {
		if (write(STDERR_FILENO, bytes, sizeof(bytes)) < 0)
			_exit(8);
		_exit(5);
	}
}

static void copy_input(char **arguments)
{
	char bytes[256];
	ssize_t size;

	(void)arguments;
	install(SIGINT);
	while ((size = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)size) != size)
			_exit(8);
	if (size < 0)
		_exit(errno == EBADF ? 77 : 9);
}

/* Prints environment variables, or where it stands. */
static void show(char **arguments)
{
	char folder[4096];

	install(SIGINT);
	for (; *arguments; arguments++) {
		const char *value = getenv(*arguments);

		say(value ? value : "(unset)");
		say("\n");
	}
	say(getcwd(folder, sizeof(folder)) ? folder : "?");
	say("\n");
}

static void count_arguments(char **arguments)
{
	size_t bytes = 0;
	char text[40];

	for (; *arguments; arguments++)
		bytes += strlen(*arguments) + 1;
	install(SIGINT);
	snprintf(text, sizeof(text), "%zu\n", bytes);
	say(text);
}

static const struct behaviour behaviours[] = {
	{"flood", flood},
	{"babble", babble},
	{"copy", copy_input},
	{"show", show},
	{"arguments", count_arguments},
	{NULL, NULL},
};

int main(int count, char **arguments)
{
	(void)count;
	return behave(behaviours, arguments);
}
