/* SPDX-License-Identifier: MIT */
/*
 * See shared_data.h: the survey's walker, stepped through the window once. What the handler does is
 * sampled where the window begins and wherever something has changed on which it depends: bytes
 * that it reads, or which handler there is and whether it is let in.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/ptrace.h"
#include "harness/model/window.h"
#include "harness/oracles/shared_data/shared_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define STEPS_MAX 200000         /* about five seconds */
#define STEPS_MAX_SYSCALL 50000  /* a sweep of system calls is over sooner */
#define SAMPLES_MAX 256          /* of the handler */
#define ALL_SAMPLES_STEPS 400000 /* in all of them together */

struct tracing {
	struct trace *trace;
	struct stage *stage;
	struct names names;
	struct owning owning;
	uint64_t sample_steps;
	uint32_t run;
};

static void stop_because(struct trace *trace, const char *why)
{
	snprintf(trace->reason, sizeof(trace->reason), "%s", why);
}

static int take_sample(struct tracing *tracing)
{
	struct trace *trace = tracing->trace;
	struct sample *sample;
	int error;

	if (trace->sample_count == SAMPLES_MAX || tracing->sample_steps >= ALL_SAMPLES_STEPS) {
		stop_because(trace, "what the handler depends on changes so often that it was not "
				    "followed any further");
		return 0;
	}
	alloc_grow((void **)&trace->samples, trace->sample_count, &trace->sample_capacity,
		   sizeof(*trace->samples));
	sample = &trace->samples[trace->sample_count++];
	*sample = (struct sample){.position = (uint32_t)trace->count};
	error = sample_take(sample, tracing->stage, NULL, &trace->lines, &tracing->names,
			    SAMPLE_STEPS, &tracing->sample_steps);
	sample_merge(sample, &trace->all);
	return error;
}

static bool changes_handling(long number)
{
	return number == SYS_rt_sigaction || number == SYS_rt_sigprocmask ||
	       number == SYS_rt_sigreturn || number == SYS_sigaltstack;
}

static void add_access(struct tracing *tracing, const struct memory_access *access, bool is_locked)
{
	struct trace *trace = tracing->trace;

	alloc_grow((void **)&trace->accesses, trace->access_count, &trace->access_capacity,
		   sizeof(*trace->accesses));
	trace->accesses[trace->access_count++] =
		(struct trace_access){.address = access->address,
				      .size = access->size,
				      .reads = access->reads,
				      .writes = access->writes,
				      .is_compare = access->is_compare,
				      .is_locked = is_locked,
				      .counts = owning_counts(&tracing->owning, access->address)};
}

/* Notes the instruction before which the walker stands. *depends: it may change what the handler
 * does. */
static int note_step(struct tracing *tracing, const struct registers *registers, uint32_t flags,
		     bool *depends)
{
	struct trace *trace = tracing->trace;
	struct walker *walker = &tracing->stage->walker;
	const struct sample *sample = &trace->samples[trace->sample_count - 1];
	const struct code_line *line = code_line_at(&trace->lines, walker->pid, walker->pc);
	struct access_list accesses = {0};

	owning_follow(&tracing->owning, walker->pc, registers_sp(registers), flags);
	alloc_grow((void **)&trace->steps, trace->count, &trace->capacity, sizeof(*trace->steps));
	trace->steps[trace->count] = (struct trace_step){
		.line = line, .first = (uint32_t)trace->access_count, .run = tracing->run};
	if (line && access_list_of(line->bytes, line->length, registers, &accesses))
		accesses.count = 0;
	*depends = (flags & (INSTRUCTION_SYSCALL | INSTRUCTION_OTHER_GATE)) || accesses.is_unknown;
	for (size_t i = 0; i < accesses.count; i++) {
		const struct memory_access *access = &accesses.list[i];

		add_access(tracing, access, accesses.is_locked);
		*depends |=
			access->writes && sample_depends_on(sample, access->address, access->size);
	}
	if (flags & INSTRUCTION_SYSCALL) {
		alloc_grow((void **)&trace->calls, trace->call_count, &trace->call_capacity,
			   sizeof(*trace->calls));
		trace->calls[trace->call_count++] = (uint32_t)trace->count;
	}
	trace->count++;
	return line ? 0 : fail(-EILSEQ, "an instruction of the window cannot be decoded");
}

/* One instruction on. */
static int step(struct tracing *tracing)
{
	struct trace *trace = tracing->trace;
	struct walker *walker = &tracing->stage->walker;
	const uint32_t flags = walker_code(walker)->instruction.flags;
	const uint8_t length = walker_code(walker)->instruction.length;
	const uint64_t pc = walker->pc;
	const struct registers *registers;
	bool handling = false;
	bool depends;
	int error = walker_registers(walker, &registers);

	if (!error && (flags & INSTRUCTION_SYSCALL))
		handling = changes_handling(registers_syscall_about_to_run(registers));
	if (!error)
		error = note_step(tracing, registers, flags, &depends);
	if (!error)
		error = walker_step(walker);
	if (error || walker->end != WALKER_RUNS)
		return error;
	if ((flags & (INSTRUCTION_CALL | INSTRUCTION_RETURN | INSTRUCTION_SYSCALL |
		      INSTRUCTION_OTHER_GATE)) ||
	    (walker->pc != pc + length && walker->pc != pc && !(flags & INSTRUCTION_JUMP)))
		tracing->run++;
	if (walker->execed) {
		stop_because(trace, "the program executed another one, which was not followed");
		return 0;
	}
	if (handling ||
	    (depends && sample_is_outdated(&trace->samples[trace->sample_count - 1], walker->pid)))
		error = take_sample(tracing);
	return error;
}

static int step_all(struct tracing *tracing)
{
	struct trace *trace = tracing->trace;
	struct walker *walker = &tracing->stage->walker;
	const char *injector = tracing->stage->scenario->injector->name;
	const size_t limit = strcmp(injector, "syscall") == 0 ? STEPS_MAX_SYSCALL : STEPS_MAX;
	bool is_shared = true;
	int error = take_sample(tracing);

	if (!error)
		error = quick_look(tracing->stage, trace, &tracing->names, &is_shared);
	trace->is_quiet = !is_shared;
	if (error || trace->is_quiet)
		return error;
	walker->execed = false;
	while (!error && !*trace->reason && walker->end == WALKER_RUNS &&
	       !window_is_end(tracing->stage->window, walker->pc)) {
		if (trace_interrupted)
			return -EINTR;
		if (trace->count == limit) {
			stop_because(trace, "the window is longer than the part of it that was "
					    "stepped through in the survey");
			break;
		}
		error = step(tracing);
	}
	trace->is_complete = !error && !*trace->reason;
	return error;
}

int trace_take(struct trace *trace, struct stage *stage)
{
	struct tracing tracing = {.trace = trace, .stage = stage};
	int error;

	names_init(&tracing.names, &stage->walker);
	tracing.owning.names = &tracing.names;
	error = step_all(&tracing);
	names_free(&tracing.names);
	return error;
}

void trace_free(struct trace *trace)
{
	for (size_t i = 0; i < trace->sample_count; i++)
		sample_free(&trace->samples[i]);
	touches_free(&trace->all);
	free(trace->samples);
	free(trace->steps);
	free(trace->accesses);
	free(trace->calls);
	code_lines_free(&trace->lines);
}

const struct trace_access *trace_accesses(const struct trace *trace, size_t step,
					  const struct trace_access **end)
{
	const size_t last =
		step + 1 < trace->count ? trace->steps[step + 1].first : trace->access_count;

	*end = trace->accesses + last;
	return trace->accesses + trace->steps[step].first;
}

const struct sample *trace_sample(const struct trace *trace, size_t position)
{
	size_t n = trace->sample_count;

	while (n > 0 && trace->samples[n - 1].position > position)
		n--;
	return n ? &trace->samples[n - 1] : NULL;
}
