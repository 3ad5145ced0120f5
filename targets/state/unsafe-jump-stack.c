/* SPDX-License-Identifier: MIT */
/*
 * As unsafe-jump, but the handler has an alternate stack and jumps to a third one, right below it,
 * where getenv(), which is not async-signal-safe, is called before main() goes on. By then the
 * handler has been left: the call is not the handler's, and only the jump counts, where it leaves
 * malloc() or free(). (cysignals does the like to get off its alternate stack.)
 */
#include <signal.h>

#define FLAGS SA_ONSTACK
#include "targets/state/state.h"

#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK 65536

static char stacks[2][STACK] __attribute__((aligned(16)));
static ucontext_t beginning, other;
static sigjmp_buf place, stage;
static void *volatile mine;
static const char *volatile seen;

static void on_signal(int number)
{
	(void)number;
	siglongjmp(stage, 1);
}

/* On the third stack: waits there to be jumped to. */
static void wait_there(void)
{
	if (sigsetjmp(stage, 1) == 0)
		swapcontext(&other, &beginning);
	seen = getenv("HOME");
	siglongjmp(place, 1);
}

static void prepare(void)
{
	const stack_t alternate = {.ss_sp = stacks[1], .ss_size = STACK};

	getcontext(&other);
	other.uc_stack = (stack_t){.ss_sp = stacks[0], .ss_size = STACK};
	makecontext(&other, wait_there, 0);
	swapcontext(&beginning, &other);
	sigaltstack(&alternate, NULL);
}

int main(int count, char **arguments)
{
	mine = malloc(100); /* the heap is ready then */
	free(mine);
	if (sigsetjmp(place, 1) != 0)
		return 0;
	prepare();
	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	mine = malloc(100);
	getppid();
	free(mine);
	SIGSWEEP_WINDOW_END();
	return 0;
}
