/* SPDX-License-Identifier: MIT */
/* Programs that do awkward things with signals of their own, in the window. */
#include "victim.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#define PAGE 4096

static void block(char **arguments)
{
	sigset_t set;

	(void)arguments;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	install(SIGINT);
	say("done\n");
}

/* The window begins where the handler comes, and the handler goes at once. */
static void ignore(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	signal(SIGINT, SIG_IGN);
	say("done\n");
}

/* No handler of its own for the signal: what the kernel does by default. */
static void unhandled(char **arguments)
{
	(void)arguments;
	say("done\n");
}

/* Runs where no room is left below the stack pointer for a signal frame. */
static void full_stack(char **arguments)
{
	char *room =
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arguments;
	mprotect(room, PAGE, PROT_NONE);
	install(SIGINT);
	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "lea 256(%0), %%rsp\n\t"
			 "nop\n\tnop\n\tnop\n\tnop\n\t"
			 "mov %%rbx, %%rsp\n\t"
			 :
			 : "r"(room + PAGE)
			 : "rbx", "memory");
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

static void count_ticks(int signal)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = tick;
	sigaction(signal, &action, NULL);
}

/* A breakpoint of its own, and a trap that it sends itself. */
static void trap(char **arguments)
{
	(void)arguments;
	count_ticks(SIGTRAP);
	install(SIGINT);
	__asm__ volatile("int3");
	if (ticks != 1)
		_exit(9);
	raise(SIGTRAP);
	if (ticks != 2)
		_exit(10);
	say("trapped twice\n");
}

static void start_ticks(int which, int signal, suseconds_t period)
{
	const struct itimerval interval = {{0, period}, {0, period}};

	count_ticks(signal);
	setitimer(which, &interval, NULL);
}

/* Its own timer fires all the time while it is walked; only its end depends on it. */
static void timer(char **arguments)
{
	const struct itimerval none = {{0, 0}, {0, 0}};

	start_ticks(ITIMER_REAL, SIGALRM, arguments[0] ? atoi(arguments[0]) : 20000);
	install(SIGINT);
	for (volatile int i = 0; i < 40; i++)
		;
	setitimer(ITIMER_REAL, &none, NULL);
	say("done\n");
}

static void profile(char **arguments)
{
	(void)arguments;
	start_ticks(ITIMER_VIRTUAL, SIGVTALRM, 20000);
	install(SIGINT);
	for (volatile int i = 0; i < 40; i++)
		;
	say("done\n");
}

/* An alarm that a copy does not inherit: without it this waits for ever. */
static void alarmed(char **arguments)
{
	(void)arguments;
	count_ticks(SIGALRM);
	alarm(1);
	install(SIGINT);
	while (!ticks)
		if (pause() >= 0 || errno != EINTR)
			_exit(9);
}

static void trace_me(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	say(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? "traced already\n" : "traced now\n");
}

/* A process id that it remembered from before the copy was made. */
static void cached_pid(char **arguments)
{
	const pid_t self = getpid();

	(void)arguments;
	count_ticks(SIGUSR1);
	install(SIGINT);
	kill(self, SIGUSR1);
	if (ticks != 1)
		_exit(9);
	say("hit itself\n");
}

static void kill_parent(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	kill(getppid(), SIGKILL);
	say("parent shot at\n");
}

static void kill_group(char **arguments)
{
	(void)arguments;
	install(SIGTERM);
	install(SIGINT);
	kill(0, SIGTERM);
	kill(-getpgrp(), SIGTERM);
	say("group shot at\n");
}

static void kill_parent_group(char **arguments)
{
	(void)arguments;
	install(SIGINT);
	kill(-getpgid(getppid()), SIGKILL);
	say("parent's group shot at\n");
}

static void kill_all(char **arguments)
{
	(void)arguments;
	install(SIGTERM);
	install(SIGINT);
	kill(-1, SIGTERM);
	say("all shot at\n");
}

static const struct behaviour behaviours[] = {
	{"block", block},
	{"ignore", ignore},
	{"unhandled", unhandled},
	{"full-stack", full_stack},
	{"trap", trap},
	{"timer", timer},
	{"profile", profile},
	{"alarm", alarmed},
	{"trace-me", trace_me},
	{"cached-pid", cached_pid},
	{"kill-parent", kill_parent},
	{"kill-group", kill_group},
	{"kill-parent-group", kill_parent_group},
	{"kill-all", kill_all},
	{NULL, NULL},
};

int main(int count, char **arguments)
{
	(void)count;
	return behave(behaviours, arguments);
}
