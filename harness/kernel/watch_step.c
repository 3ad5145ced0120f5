/* SPDX-License-Identifier: MIT */
/*
 * See watch_step.h. It lies between trace_resume() and trace_wait(): the one makes steps of what
 * was to be a run, the other swallows their stops.
 *
 * Where a program has a handler for SIGTRAP and blocks SIGTRAP, a step takes the handler away
 * (kernel/signal.c, force_sig_info_to_task()); that is not mended here.
 */
#include "harness/kernel/watch_step_private.h"

#include "harness/base/clock.h"
#include "harness/kernel/memory.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>

#define CALM 8 /* steps that touched no watched page: to close the pages costs about as many */
#define THREADS_MAX 8 /* a trial, or a copy that is driven: one at a time, as a rule */
#define INSTRUCTION_BYTES 15
#define PUSHF 0x9c

static struct stepped threads[THREADS_MAX];
static watch_step_look *look_at;
static uint64_t steps_max;

void watch_step_use(watch_step_look *look, uint64_t max)
{
	look_at = look;
	steps_max = max;
}

static struct stepped *find(pid_t tid)
{
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	return NULL;
}

void watch_step_forget(pid_t tid)
{
	struct stepped *stepped = tid > 0 ? find(tid) : NULL;

	if (stepped)
		memset(stepped, 0, sizeof(*stepped));
}

bool watch_step_is_lost(pid_t tid)
{
	const struct stepped *stepped = find(tid);

	return stepped && stepped->is_lost;
}

static bool has_data(const struct stepped *stepped)
{
	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++)
		if (stepped->watches[i].is_set && stepped->watches[i].kind != WATCH_EXECUTE)
			return true;
	return false;
}

struct watch_step_cost watch_step_cost(pid_t tid)
{
	const struct stepped *stepped = find(tid);
	struct watch_step_cost cost = {0};
	uint64_t now;

	if (!stepped)
		return cost;
	cost = stepped->cost;
	now = stepped->cpu_began ? clock_of_process(tid) : 0;
	if (now > stepped->cpu_began) {
		cost.cpu += now - stepped->cpu_began;
		cost.seconds += clock_now() - stepped->began;
	}
	return cost;
}

double watch_step_own_seconds(pid_t tid, uint64_t cpu)
{
	const struct watch_step_cost cost = watch_step_cost(tid);
	const uint64_t taken = cost.cpu + cost.faults * WATCH_STEP_FAULT;

	return cpu > taken ? (double)(cpu - taken) * 1e-9 : 0;
}

/* Starts and stops the clocks of what stepping takes. */
static void count_time(struct stepped *stepped)
{
	const bool is_on = has_data(stepped) && !stepped->is_free;

	if (is_on && !stepped->cpu_began) {
		stepped->cpu_began = clock_of_process(stepped->tid);
		stepped->began = clock_now();
	} else if (!is_on && stepped->cpu_began) {
		stepped->cost = watch_step_cost(stepped->tid);
		stepped->cpu_began = 0;
	}
}

/* Room for one more: those that are gone need theirs no longer. */
static struct stepped *find_room(void)
{
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (!threads[i].tid || (kill(threads[i].tid, 0) < 0 && errno == ESRCH))
			return &threads[i];
	return NULL;
}

static struct stepped *make(pid_t tid)
{
	const struct stop *last = trace_last_stop();
	struct stepped *stepped = find(tid);

	if (stepped)
		return stepped;
	stepped = find_room();
	if (!stepped)
		return NULL;
	*stepped = (struct stepped){.tid = tid};
	stepped->is_in_kernel =
		last->tid == tid && (last->kind == STOP_EVENT ||
				     (last->kind == STOP_SYSCALL && trace_is_at_entry(tid)));
	return stepped;
}

int watch_step_set(pid_t tid, unsigned int slot, enum trace_watch kind, uint64_t address,
		   size_t size)
{
	struct stepped *stepped;
	struct watch *watch;
	int error = watch_step_clear(tid, slot);

	if (error || (kind != WATCH_EXECUTE && !look_at))
		return error ? error : -ENOTSUP;
	stepped = make(tid);
	if (!stepped)
		return -ENOTSUP;
	watch = &stepped->watches[slot];
	*watch = (struct watch){.is_set = true, .kind = kind, .address = address, .size = size};
	if (kind == WATCH_EXECUTE)
		error = watch_code_plant(tid, watch);
	watch->is_set = !error;
	stepped->pages.is_known = false;
	count_time(stepped);
	return error;
}

int watch_step_clear(pid_t tid, unsigned int slot)
{
	struct stepped *stepped = find(tid);
	int error;

	if (!stepped || !stepped->watches[slot].is_set)
		return 0;
	error = watch_code_lift(tid, &stepped->watches[slot]);
	stepped->watches[slot].is_set = false;
	stepped->pages.is_known = false;
	stepped->hits &= ~(1U << slot);
	count_time(stepped);
	return error;
}

unsigned int watch_step_take(pid_t tid)
{
	struct stepped *stepped = find(tid);
	const unsigned int hits = stepped ? stepped->hits : 0;

	if (stepped)
		stepped->hits = 0;
	return hits;
}

/* Beyond all patience: it runs on unseen. */
static void lose(struct stepped *stepped)
{
	stepped->is_lost = true;
	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++)
		if (stepped->watches[i].kind != WATCH_EXECUTE)
			stepped->watches[i].is_set = false;
	count_time(stepped);
}

/* The slots that the instruction will hit. */
static unsigned int foresee_hits(struct stepped *stepped, const uint8_t *bytes, size_t size,
				 const struct registers *registers)
{
	struct watch_step_touch touches[WATCH_STEP_TOUCHES];
	const size_t count = look_at(bytes, size, registers, touches);
	unsigned int hits = 0;

	stepped->calm++;
	for (size_t n = 0; n < count; n++) {
		if (watch_pages_stop(&stepped->pages, touches[n].address, touches[n].size,
				     touches[n].writes))
			stepped->calm = 0;
		for (size_t i = 0; i < TRACE_WATCHES_MAX; i++) {
			const struct watch *watch = &stepped->watches[i];

			if (watch->is_set && watch->kind != WATCH_EXECUTE &&
			    (touches[n].writes || watch->kind == WATCH_ACCESS) &&
			    touches[n].address < watch->address + watch->size &&
			    watch->address < touches[n].address + touches[n].size)
				hits |= 1U << i;
		}
	}
	return hits;
}

static bool is_prefix(uint8_t byte)
{
	return byte == 0xf2 || byte == 0xf3 || byte == 0x66 || byte == 0x67 ||
	       (byte & 0xf0) == 0x40;
}

/* What the next instruction is going to do. True: it is a system call. */
static bool foresee(struct stepped *stepped, const struct registers *registers)
{
	uint8_t bytes[INSTRUCTION_BYTES];
	const ssize_t size =
		memory_read_some(stepped->tid, stepped->pc_before, bytes, sizeof(bytes));
	ssize_t first = 0;

	if (size <= 0)
		return false;
	while (first + 1 < size && is_prefix(bytes[first]))
		first++;
	stepped->pushes_flags = bytes[first] == PUSHF;
	stepped->is_breakpoint = bytes[0] == *breakpoint_instruction;
	/* A repeated string instruction, jmp, jcc, loop: may start once more where it is. */
	stepped->may_stay = bytes[0] == 0xf2 || bytes[0] == 0xf3 || bytes[0] == 0xeb ||
			    bytes[0] == 0xe9 || (bytes[0] & 0xf0) == 0x70 ||
			    (bytes[0] & 0xfc) == 0xe0 || bytes[0] == 0xff || bytes[0] == 0x0f;
	if (has_data(stepped))
		stepped->coming = foresee_hits(stepped, bytes, (size_t)size, registers);
	return size >= SYSCALL_INSTRUCTION_SIZE &&
	       memcmp(bytes, syscall_instruction, SYSCALL_INSTRUCTION_SIZE) == 0;
}

/* Can it run until one of the watched pages is touched? */
static bool can_run_free(struct stepped *stepped, const struct registers *registers)
{
	struct watch_page_word words[TRACE_WATCHES_MAX];
	size_t count = 0;
	uint64_t mask;

	if (stepped->calm < CALM || stepped->coming || stepped->is_breakpoint)
		return false;
	for (size_t i = 0; i < TRACE_WATCHES_MAX; i++) {
		const struct watch *watch = &stepped->watches[i];

		if (watch->is_set && watch->kind != WATCH_EXECUTE)
			words[count++] = (struct watch_page_word){watch->address,
								  watch->kind == WATCH_ACCESS};
	}
	if (!stepped->pages.is_known)
		watch_pages_find(&stepped->pages, stepped->tid, registers, words, count);
	return stepped->pages.can_close && trace_get_mask(stepped->tid, &mask) == 0 &&
	       !(mask & UINT64_C(1) << (SIGSEGV - 1));
}

/* True: it runs, with its pages closed. */
static bool run_free(struct stepped *stepped)
{
	if (watch_pages_close(&stepped->pages, stepped->tid))
		return false;
	stepped->is_free = true;
	count_time(stepped);
	/* A system call is made with the pages open: the kernel may write there. */
	return trace_resume_plain(stepped->tid, TRACE_SYSCALL, 0) == 0;
}

static int advance(struct stepped *stepped, const struct registers *registers, int signal)
{
	const bool is_in_user =
		!signal && !stepped->is_in_kernel && !registers_will_restart(registers);
	bool is_syscall = false;
	bool is_off = false;

	stepped->coming = 0;
	stepped->is_stepping = false;
	stepped->pushes_flags = false;
	stepped->is_breakpoint = false;
	stepped->may_stay = true;
	stepped->pc_before = registers_pc(registers);
	if (is_in_user) {
		is_off = watch_code_step_off(stepped);
		is_syscall = foresee(stepped, registers);
	}
	if (is_syscall && watch_pages_are_changed_by(registers_syscall_about_to_run(registers)))
		stepped->pages.is_known = false;
	if (stepped->how == TRACE_SYSCALL && (stepped->is_in_kernel || is_syscall))
		return trace_resume_plain(stepped->tid, TRACE_SYSCALL, signal);
	if (stepped->how == TRACE_STEP || (!has_data(stepped) && !is_off))
		return trace_resume_plain(stepped->tid, stepped->how, signal);
	if (is_in_user && !is_off && !is_syscall && can_run_free(stepped, registers) &&
	    run_free(stepped))
		return 0;
	stepped->is_stepping = true;
	return trace_resume_plain(stepped->tid, TRACE_STEP, signal);
}

bool watch_step_resume(pid_t tid, enum trace_resume how, int signal, int *error)
{
	struct stepped *stepped = find(tid);
	struct registers registers;

	if (!stepped)
		return false;
	stepped->how = how;
	*error = trace_get_registers(tid, &registers);
	if (!*error)
		*error = advance(stepped, &registers, signal);
	return true;
}

static bool absorb_trap(struct stepped *stepped)
{
	const bool was_stepping = stepped->is_stepping;
	struct registers registers;
	uint64_t pc;

	stepped->is_in_kernel = false;
	stepped->is_stepping = false;
	if (trace_get_registers(stepped->tid, &registers))
		return false;
	pc = registers_pc(&registers);
	if (stepped->how != TRACE_STEP && !was_stepping) {
		(void)watch_code_meet(stepped, &registers);
		return false;
	}
	watch_code_plant_all(stepped, pc);
	if (stepped->is_breakpoint || (pc == stepped->pc_before && !stepped->may_stay))
		return false; /* not of our making */
	stepped->hits |= stepped->coming | watch_code_hits(stepped, pc);
	if (was_stepping && stepped->pushes_flags &&
	    trace_clear_trap_flag(stepped->tid, registers_sp(&registers)))
		fail_clear();
	if (!was_stepping || stepped->hits)
		return false;
	if (has_data(stepped) && ++stepped->cost.steps > steps_max)
		lose(stepped);
	return advance(stepped, &registers, 0) == 0;
}

/* Its next instruction, after its pages were opened for it. */
static bool go_on(struct stepped *stepped)
{
	struct registers registers;

	return trace_get_registers(stepped->tid, &registers) == 0 &&
	       advance(stepped, &registers, 0) == 0;
}

/* It ran with its pages closed, and has stopped: they are opened. True: that was all there was. */
static bool end_free(struct stepped *stepped, const struct stop *stop)
{
	const bool is_ours = stop->kind == STOP_SIGNAL && stop->signal == SIGSEGV &&
			     watch_pages_caused(&stepped->pages, stepped->tid);

	const bool is_call = stop->kind == STOP_SYSCALL;
	int error;

	stepped->is_free = false;
	stepped->calm = 0;
	if (is_ours) {
		stepped->cost.faults++;
		stepped->cost.seconds += WATCH_STEP_FAULT * 1e-9;
	}
	count_time(stepped);
	if (!is_call && stop->kind != STOP_SIGNAL && stop->kind != STOP_TRAP)
		return false; /* at its end */
	error = is_call ? watch_pages_open_at_entry(&stepped->pages, stepped->tid)
			: watch_pages_open(&stepped->pages, stepped->tid);
	if (error)
		lose(stepped); /* what becomes of it now is not its own doing */
	return !error && (is_call || is_ours) && go_on(stepped);
}

bool watch_step_absorb(const struct stop *stop)
{
	struct stepped *stepped = find(stop->tid);

	if (!stepped)
		return false;
	if (stepped->is_free && end_free(stepped, stop))
		return true;
	switch (stop->kind) {
	case STOP_EXITED:
	case STOP_KILLED:
		return false; /* what is known of it may still be asked for */
	case STOP_EVENT:
		stepped->is_in_kernel = true;
		if (stop->event == PTRACE_EVENT_FORK)
			watch_code_clean_child(stepped);
		else if (stop->event == PTRACE_EVENT_EXEC)
			watch_step_forget(stop->tid);
		return false;
	case STOP_SYSCALL:
		stepped->is_in_kernel = !stepped->is_in_kernel;
		return false;
	case STOP_SIGNAL:
		stepped->is_in_kernel = false;
		watch_code_plant_all(stepped, stepped->pc_before);
		return false;
	case STOP_TRAP:
		return absorb_trap(stepped);
	}
	return false;
}
