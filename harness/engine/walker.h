/* SPDX-License-Identifier: MIT */
/*
 * The one process that goes from boundary to boundary. The walker never sees the signal and never
 * learns of its copies. Knows nothing of oracles or of what a boundary is: it offers steps, runs to
 * addresses and to system calls; injectors make boundaries of them.
 */
#ifndef SIGSWEEP_ENGINE_WALKER_H
#define SIGSWEEP_ENGINE_WALKER_H

#include "harness/base/fail.h"
#include "harness/engine/asleep.h"
#include "harness/engine/code.h"
#include "harness/engine/family.h"
#include "harness/engine/guard.h"
#include "harness/engine/launch.h"
#include "harness/engine/symbols.h"
#include "harness/engine/unwind.h"
#include "harness/kernel/maps.h"
#include "harness/kernel/registers.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WALKER_QUEUE 32

enum walker_end {
	WALKER_RUNS,
	WALKER_EXITED,  /* exit_status */
	WALKER_KILLED,  /* exit_signal */
	WALKER_STUCK,   /* proved asleep for ever, or for longer than `limit`: it waits for the
			 * signal, or is dead-locked */
	WALKER_THREADS, /* it made a second thread where that is not allowed */
	WALKER_LOST,    /* killed or gone in a way that is not its own doing */
};

struct walker_breakpoint {
	uint64_t address;
	uint8_t saved;
	bool is_planted;
	bool is_mark; /* the walker's own, while it runs to something else (walker_marks) */
};

struct walker;

/* Places of which somebody wants to know whenever the walker has executed the instruction there,
 * whichever way it runs. It goes on by itself. */
struct walker_marks {
	const uint64_t *places;
	size_t count;
	/* The walker stands behind places[n]. */
	void (*on_passed)(void *context, struct walker *walker, size_t n);
	/* What is mapped, and with it the places, may have changed; is_new_program: by an exec. */
	void (*on_refresh)(void *context, struct walker *walker, bool is_new_program);
	void *context;
};

/* Code that is replaced by traps while the walker runs at full speed. */
struct walker_trap {
	struct code_range range;
	uint8_t *saved;
};

#define WALKER_TABLE_MAX 256
#define WALKER_TABLE_ADDRESSES 4

/* A table of code addresses that the program jumps through. */
struct walker_table {
	size_t count;
	uint64_t targets[WALKER_TABLE_MAX];         /* what it holds */
	uint64_t addresses[WALKER_TABLE_ADDRESSES]; /* where it is mapped, once or more */
	size_t address_count;
};

struct walker_signal {
	siginfo_t info;
	bool is_sent; /* again, and not met since */
};

struct walker {
	pid_t pid;
	const struct launch *launch;
	struct guard *guard;
	struct family *family;

	struct maps maps;
	struct symbols *symbols;
	struct unwinder *unwinder;
	struct code *code;
	uint64_t syscall_pc; /* a mapped `syscall` instruction */

	uint64_t pc;
	struct registers registers; /* where registers_known */
	bool registers_known;
	bool in_syscall;  /* stopped at the entry of one (walker_run_syscall()) */
	bool maps_stale;  /* executable memory was unmapped: names and code must be read again */
	uint64_t steps;   /* instructions stepped */
	uint64_t moves;   /* how often it has gone on from where it stood, by a step or a run */
	uint64_t tick_at; /* of them, when a periodic timer of its own last fired */
	uint64_t ticks_lost;
	uint64_t mask_lent; /* its own, while one more signal is blocked for a step */
	bool is_mask_lent;
	uint64_t syscalls; /* system calls executed: what else than memory changes, changes there */
	bool execed;       /* it executed another program since the flag was last cleared */
	bool allow_threads; /* before the window */
	bool others_frozen; /* what it started is held still (freeze.h) */
	bool stop_at_exec;  /* a run ends where it has executed another program */
	uint64_t pending;   /* signals that wait in it, bit n-1 for n, where pending_known */
	bool pending_known;
	double patience;  /* seconds a system call may block before it is looked at; then doubled */
	double limit;     /* seconds it may block in all without proof: then -ETIMEDOUT */
	double cpu_limit; /* of a copy that is driven: seconds on the CPU, and */
	double deadline;  /* on the clock (clock_now()), after which it is given up; 0: none */

	enum walker_end end;
	int exit_status;
	int exit_signal;
	struct asleep asleep; /* where end is WALKER_STUCK */

	struct walker_signal queue[WALKER_QUEUE]; /* its own, held back while it was copied */
	size_t queued;
	struct walker_breakpoint *breakpoints;
	size_t breakpoint_count;
	size_t breakpoint_capacity;
	struct walker_trap *traps;
	size_t trap_count;
	struct walker_marks *marks; /* NULL: none. Only the walker itself passes them, none of its
				     * threads and children */
	struct walker_table *table; /* that leads to traps; NULL: none */
	uint64_t table_traps;       /* the trap of its first entry; the others follow */

	unsigned int
		watches; /* slots of the CPU's that were set with trace_set_watch(), a bit each */
	unsigned int watched; /* of them, those hit where a run has stopped */
};

/* Starts the target, stopped after exec. `launch` and `guard` must outlive the walker. */
int walker_open(struct walker *walker, const struct launch *launch, struct guard *guard,
		struct family *family) MUST_CHECK;
/* Kills it and what it started; frees. */
void walker_close(struct walker *walker);

/* Registers, read once for each place. */
int walker_registers(struct walker *walker, const struct registers **registers) MUST_CHECK;
/* Sets them (rewinding a system call). */
int walker_set_registers(struct walker *walker, const struct registers *registers) MUST_CHECK;

/* What stands at the present pc. */
struct code_entry *walker_code(struct walker *walker);

/* Reads the mappings again and brings symbols, code and unwind tables up to date. */
int walker_refresh(struct walker *walker) MUST_CHECK;

/*
 * Each of these runs the walker on and returns 0 when it stands as asked or has ended (look at
 * `end`); -errno when the harness failed; -EINTR when it is to stop.
 */
int walker_step(struct walker *walker) MUST_CHECK; /* one instruction, or into a handler */
int walker_run(struct walker *walker) MUST_CHECK;  /* to the next breakpoint or the end */
/* To the next entry (in_syscall) or exit of a system call, to a breakpoint, or behind an
 * instruction that a watch of the CPU waits for (`watched`). */
int walker_run_syscall(struct walker *walker, bool *at_breakpoint) MUST_CHECK;

int walker_add_breakpoint(struct walker *walker, uint64_t address) MUST_CHECK;
void walker_clear_breakpoints(struct walker *walker); /* forgets them; restores the bytes */
/* Does it stand at one, planted or lifted? That one is stepped over when it goes on. */
bool walker_is_on_breakpoint(const struct walker *walker);
/* Takes the walker's breakpoints out of a copy of its memory. The walker itself keeps them: only
 * where it stands there is none, so that what is read and copied there is the program's own. */
int walker_clean_copy(const struct walker *walker, pid_t copy) MUST_CHECK;

/*
 * Lets a run stop wherever the program jumps through a table, before the first instruction there,
 * as if there were a breakpoint at each of its targets; what comes there on another way does not
 * stop. `is_hooked` says for each entry whether it is meant, NULL: all. Until
 * walker_clear_breakpoints(). -ENOTSUP: there is no room for it, -EBUSY: there is another one.
 */
int walker_hook_table(struct walker *walker, const struct walker_table *table,
		      const bool *is_hooked) MUST_CHECK;

/*
 * Turns whole ranges of code into breakpoints, so that a run stops before the first instruction in
 * them, whichever that is. Until walker_untrap_code() no copies may be made, and the walker may not
 * be stepped in there. What is set already is replaced. walker_is_trapped(): does the pc lie there?
 */
int walker_trap_code(struct walker *walker, const struct code_range *ranges,
		     size_t count) MUST_CHECK;
int walker_untrap_code(struct walker *walker) MUST_CHECK;
bool walker_is_trapped(const struct walker *walker, uint64_t pc);

/* Lets it run to its end at full speed. */
int walker_finish(struct walker *walker) MUST_CHECK;

/* Handles a stop of a thread that is not the walker's main one: children and threads of the walker
 * run on, new ones are taken in. Used by whoever waits for any thread. */
int walker_serve(struct walker *walker, const struct stop *stop) MUST_CHECK;

/* Number of threads, as /proc says. */
int walker_threads(const struct walker *walker);

/* The walker is stopped at a signal of its own, in the middle of something that must not be
 * disturbed: keeps the signal, to be delivered when it goes on. */
int walker_hold_signal(struct walker *walker) MUST_CHECK;
/* Before it goes on: sends what is held anew. When it then stops at such a signal: gives it the
 * siginfo that it came with, and forgets it. */
void walker_release_signals(struct walker *walker);
void walker_meet_signal(struct walker *walker, int signal);

/*
 * Where a thread is stepped while SIGTRAP is blocked, the kernel takes its handler for SIGTRAP away
 * (kernel/signal.c, force_sig_info_to_task()). For a walker that has one: unblocks SIGTRAP for the
 * step; *was_blocked says whether walker_block_trap() has to follow (also in a copy made
 * meanwhile).
 */
int walker_unblock_trap(const struct walker *walker, bool *was_blocked) MUST_CHECK;
int walker_block_trap(pid_t pid) MUST_CHECK;

/* The signals that wait in it or are held, bit n-1 for signal n; read once between two things that
 * change it. */
uint64_t walker_pending(struct walker *walker);

/* For a walker asleep in a system call (WALKER_STUCK): gives it the signal after all and lets it
 * run to its end. */
int walker_wake(struct walker *walker, int signal) MUST_CHECK;

#endif
