/* SPDX-License-Identifier: MIT */
/* Programs that end, go on elsewhere, or do not end, in awkward ways. */
#include "victim.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static void fail_with(char **arguments)
{
	install(SIGINT);
	fprintf(stderr, "I cannot: %s\n", arguments[1] ? arguments[1] : "no reason");
	_exit(atoi(arguments[0]));
}

static void die(char **arguments)
{
	install(SIGINT);
	fprintf(stderr, "about to die\n");
	kill(getpid(), atoi(arguments[0]));
}

/* "wait": for the child; "leave": the child outlives it by far. */
static void fork_child(char **arguments)
{
	pid_t child;

	install(SIGINT);
	child = fork();
	if (child == 0) {
		if (strcmp(arguments[0], "leave") == 0)
			sleep(300);
		_exit(3);
	}
	if (strcmp(arguments[0], "wait") == 0) {
		int status = 0;

		if (waitpid(child, &status, 0) < 0)
			_exit(8);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 3)
			_exit(9);
	}
	say("forked\n");
}

static volatile unsigned int *ticks;

/* Ends the process if the child is going on. */
static void watch_child(int signal)
{
	const struct timespec moment = {.tv_nsec = 3000000};
	const unsigned int before = *ticks;

	(void)signal;
	nanosleep(&moment, NULL);
	if (*ticks != before)
		_exit(7);
}

/* A child that runs beside it and never stops. */
static void run_beside(char **arguments)
{
	(void)arguments;
	ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ticks == MAP_FAILED)
		_exit(8);
	if (fork() == 0)
		for (;;) {
			++*ticks;
			usleep(100);
		}
	while (*ticks < 3)
		usleep(100);
	signal(SIGINT, watch_child);
	say("beside\n");
}

static void exec_other(char **arguments)
{
	execv(arguments[0], arguments);
	_exit(9);
}

/* The window begins before the exec and goes on behind it. */
static void exec_in_window(char **arguments)
{
	install(SIGINT);
	execv(arguments[0], arguments);
	_exit(9);
}

static void daemonise(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	if (fork() > 0)
		_exit(0);
	setsid();
	if (fork() > 0)
		_exit(0);
	sleep(300);
}

static void close_all(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	for (int fd = 0; fd < 64; fd++)
		close(fd);
}

/* A name that means something only in the folder it went to. */
static void change_directory(char **arguments)
{
	int fd;

	install(SIGINT);
	if (chdir(arguments[0]) < 0)
		_exit(8);
	fd = open("left", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		_exit(9);
	close(fd);
	if (unlink("left") < 0)
		_exit(10);
	say("gone and back\n");
}

static void sleep_on(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	for (;;)
		sleep(1);
}

static void spin(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	for (volatile unsigned int i = 0;; i++)
		;
}

/* A window that nobody has the patience for, and trials that are short. */
static void go_far(char **arguments)
{
	const int turns = atoi(arguments[0]);

	install(SIGINT);
	for (volatile int n = 0; n < turns; n++)
		;
}

static const struct behaviour behaviours[] = {
	{"fail", fail_with},    {"die", die},         {"fork", fork_child},
	{"beside", run_beside}, {"exec", exec_other}, {"exec-in-window", exec_in_window},
	{"daemon", daemonise},  {"close", close_all}, {"chdir", change_directory},
	{"sleep", sleep_on},    {"spin", spin},       {"far", go_far},
	{NULL, NULL},
};

int main(int count, char **arguments)
{
	(void)count;
	return behave(behaviours, arguments);
}
