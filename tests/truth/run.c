/* SPDX-License-Identifier: MIT */
/* See run.h. */
#include "run.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MICROSECONDS 20000
#define ASLEEP_TICKS 15  /* 0.3 s asleep in one system call: it will not wake */
#define SPINNING_CPU 60  /* hundredths of a second on the CPU: it will not end */
#define LIMIT_TICKS 1500 /* 30 s in all */

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("stepper: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(3);
}

void trace(int request, pid_t pid, uintptr_t address, uintptr_t data)
{
	if (ptrace(request, pid, address, data) != 0)
		die("ptrace request %d: %s", request, strerror(errno));
}

uint64_t peek(pid_t pid, uint64_t address)
{
	errno = 0;
	return (uint64_t)ptrace(PTRACE_PEEKDATA, pid, address, 0);
}

/* The child: the surroundings that a sweep gives its target, then the program. */
static _Noreturn void become_target(char **argv, const char *stdin_path, const int output[2])
{
	sigset_t none;
	int input = open(stdin_path, O_RDONLY);

	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || personality(ADDR_NO_RANDOMIZE) < 0)
		_exit(126);
	if (input < 0 || dup2(input, 0) < 0 || dup2(output[0], 1) < 0 || dup2(output[1], 2) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

/* The address of the auxiliary vector: above argc, argv and the environment on the first stack. */
static uint64_t find_auxiliary(pid_t pid)
{
	struct user_regs_struct registers;
	uint64_t at;

	trace(PTRACE_GETREGS, pid, 0, (uintptr_t)&registers);
	at = registers.rsp + 8 * (peek(pid, registers.rsp) + 2);
	while (peek(pid, at) != 0)
		at += 8;
	return at + 8;
}

/* Hides the vDSO, whose clock would make the path differ from run to run; finds the image. */
static void prepare_image(struct run *run)
{
	for (uint64_t at = find_auxiliary(run->pid); peek(run->pid, at) != AT_NULL; at += 16) {
		uint64_t type = peek(run->pid, at);

		/* The program headers follow the ELF header, which begins the image. */
		if (type == AT_PHDR)
			run->base = peek(run->pid, at + 8) - sizeof(Elf64_Ehdr);
		if (type == AT_SYSINFO_EHDR)
			trace(PTRACE_POKEDATA, run->pid, at, AT_IGNORE);
	}
	if (!run->base)
		die("there is no AT_PHDR");
}

void run_start(struct run *run, char **argv, const char *stdin_path)
{
	int status;

	for (int n = 0; n < 2; n++) {
		run->output[n] = memfd_create("output", MFD_CLOEXEC);
		if (run->output[n] < 0)
			die("memfd_create: %s", strerror(errno));
	}
	run->pid = fork();
	if (run->pid < 0)
		die("fork: %s", strerror(errno));
	if (run->pid == 0)
		become_target(argv, stdin_path, run->output);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFSTOPPED(status))
		die("cannot run %s", argv[0]);
	trace(PTRACE_SETOPTIONS, run->pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	run->base = 0;
	prepare_image(run);
}

void run_end(struct run *run)
{
	kill(run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(run->output[0]);
	close(run->output[1]);
}

/* State letter and CPU time, in clock ticks, of a process (proc(5), stat fields 3, 14 and 15). */
static char look_at(pid_t pid, unsigned long *cpu)
{
	char path[64];
	char text[512] = "";
	unsigned long user = 0;
	unsigned long system = 0;
	char state = '?';
	const char *after_name;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return '?';
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	after_name = strrchr(text, ')');
	if (after_name)
		sscanf(after_name + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		       &state, &user, &system);
	*cpu = user + system;
	return state;
}

/* Waits for the next stop or end; the interval timer interrupts waitpid() for a look at it. */
enum event wait_event(pid_t pid, int *status)
{
	unsigned long cpu_before = ~0UL;
	unsigned long cpu_first = ~0UL;
	unsigned long cpu = 0;
	int asleep = 0;

	for (int ticks = 0; ticks < LIMIT_TICKS; ticks++) {
		if (waitpid(pid, status, 0) == pid)
			return WIFSTOPPED(*status) ? STOPPED : ENDED;
		asleep = look_at(pid, &cpu) == 'S' && cpu == cpu_before ? asleep + 1 : 0;
		if (asleep > ASLEEP_TICKS)
			return ASLEEP;
		if (cpu_first == ~0UL)
			cpu_first = cpu;
		if (cpu - cpu_first > SPINNING_CPU)
			return SPINNING;
		cpu_before = cpu;
	}
	return TIMED_OUT;
}

static void on_tick(int number)
{
	(void)number;
}

void wait_settle(void)
{
	struct itimerval tick = {{0, TICK_MICROSECONDS}, {0, TICK_MICROSECONDS}};
	struct sigaction action = {.sa_handler = on_tick};
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
}
