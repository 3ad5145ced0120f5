/* SPDX-License-Identifier: MIT */
/*
 * The refcount oracle: what it does when. Values of counters are read at each trial; where they,
 * the handler or its interruption give reason to, the trial is made once more and watched, next to
 * the undisturbed program. See refcount.h.
 */
#include "harness/oracles/refcount/refcount.h"

#include "harness/base/alloc.h"
#include "harness/oracles/table.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUCK_LIMIT                                                                                \
	0.1 /* seconds after which a trial that was proved to sleep for ever does so               \
	     */

static int begin(const struct stage *stage, void *knowledge, void **state)
{
	struct count_oracle *oracle = alloc_zero(sizeof(*oracle));

	(void)stage;
	oracle->knowledge = knowledge;
	count_words_find(&oracle->words, &oracle->knowledge->lives);
	*state = oracle;
	return 0;
}

static void end(void *state)
{
	struct count_oracle *oracle = state;

	if (!oracle)
		return;
	notes_free(&oracle->told);
	free(oracle->learnt);
	count_sites_free(&oracle->sites);
	count_words_free(&oracle->words);
	free(oracle);
}

static int before(void *state, const struct trial *trial)
{
	struct count_oracle *oracle = state;

	oracle->has_return = false;
	oracle->has_exit = false;
	count_words_read(&oracle->words, trial->stage->walker.pid,
			 offsetof(struct count_word, at_boundary));
	return 0;
}

static int on_stop(void *state, const struct trial *trial, enum oracle_moment moment)
{
	struct count_oracle *oracle = state;

	if (trial->is_control && moment == MOMENT_EXIT) {
		oracle->has_expected = true;
		count_words_read(&oracle->words, trial->pid, offsetof(struct count_word, expected));
	} else if (moment == MOMENT_EXIT) {
		oracle->has_exit = true;
		count_words_read(&oracle->words, trial->pid, offsetof(struct count_word, at_exit));
	} else if (moment == MOMENT_RETURN) {
		oracle->has_return = true;
		count_words_read(&oracle->words, trial->pid,
				 offsetof(struct count_word, at_return));
	}
	return 0;
}

/* Is it the first trial of this handler in this function? What a handler touches is learnt there.
 */
static bool is_to_learn(struct count_oracle *oracle, const struct trial *trial)
{
	struct learnt key = {.handler = trial->handler};
	struct place place;

	if (symbols_place(trial->stage->walker.symbols, trial->boundary->pc, &place))
		key.interrupted = place.function_start;
	for (size_t i = 0; i < oracle->learnt_count; i++)
		if (oracle->learnt[i].handler == key.handler &&
		    oracle->learnt[i].interrupted == key.interrupted)
			return false;
	alloc_grow((void **)&oracle->learnt, oracle->learnt_count, &oracle->learnt_capacity,
		   sizeof(*oracle->learnt));
	oracle->learnt[oracle->learnt_count++] = key;
	return true;
}

/* The handler has changed it, or it does not end as it does without the signal. */
static bool has_changed(const struct count_oracle *oracle, const struct count_word *word)
{
	return (oracle->has_return && word->at_return != word->at_boundary) ||
	       (oracle->has_exit && oracle->has_expected && word->at_exit != word->expected);
}

/* Few enough to watch them all in every trial, so that nothing is missed. */
static bool are_few(const struct count_knowledge *known)
{
	return known->counter_count > 0 && known->counter_count <= TRACE_WATCHES;
}

/* Is there reason to look closer? */
static bool is_suspect(const struct count_oracle *oracle, const struct trial *trial)
{
	if (oracle->knowledge->has_ends || oracle->touches_objects)
		return true;
	if (trial->handler && !oracle->has_return && !trial->ends_in_handler &&
	    oracle->knowledge->has_objects)
		return true;
	for (size_t i = 0; i < oracle->words.count; i++)
		if (oracle->words.list[i].touched || has_changed(oracle, &oracle->words.list[i]))
			return true;
	return false;
}

/* The counters that are to be watched: all, or those that there is something about. */
static size_t choose(const struct count_oracle *oracle, bool all, struct counter *chosen)
{
	const struct count_knowledge *known = oracle->knowledge;
	size_t count = 0;

	for (size_t i = 0; i < known->counter_count; i++) {
		const struct count_word *word =
			count_words_at(&oracle->words, known->counters[i].address);

		if (all || (word && (word->touched || has_changed(oracle, word))))
			chosen[count++] = known->counters[i];
	}
	return count;
}

static int trace(struct count_comparison *comparison, bool with_signal)
{
	struct count_oracle *oracle = comparison->oracle;
	const struct trial *trial = comparison->trial;
	struct count_watch watch = {.sites = &oracle->sites,
				    .log = with_signal ? &comparison->got : &comparison->expected,
				    .known = oracle->knowledge->counters,
				    .known_count = oracle->knowledge->counter_count,
				    .follows_lives = with_signal};
	const double limit = with_signal && trial->outcome.kind == OUTCOME_STUCK
				     ? STUCK_LIMIT
				     : trial->stage->baseline->trial_limit;

	if (oracle->knowledge->has_objects && comparison->is_first) {
		watch.classes = &oracle->knowledge->classes;
		watch.calls = true;
	}
	for (size_t i = 0; i < comparison->counter_count; i++) {
		const struct counter *counter = &comparison->counters[i];
		const struct count_word *word = count_words_at(&oracle->words, counter->address);

		if (!with_signal || count_log_was_there(&comparison->expected, counter->address,
							word && word->is_open))
			watch.counters[watch.counter_count++] = *counter;
	}
	return count_retrace(&watch, trial->stage, trial->boundary, with_signal, limit);
}

static void learn(struct count_oracle *oracle, const struct count_log *log)
{
	for (size_t i = 0; i < log->touch_count; i++) {
		struct count_word *word;

		if (!log->touches[i].in_handler)
			continue;
		oracle->touches_objects |= log->touches[i].is_call;
		word = count_words_at(&oracle->words, log->touches[i].address);
		if (word && !log->touches[i].is_call)
			word->touched = true;
	}
}

/* Why the comparison may have missed something; NULL: it has not. */
static const char *why_unknown(const struct count_comparison *comparison)
{
	const struct count_knowledge *known = comparison->oracle->knowledge;

	if (comparison->got.watch_error || comparison->expected.watch_error)
		return "a counter could not be watched: the machine has no breakpoints on data, or "
		       "the counter is not aligned";
	if (comparison->got.is_full || comparison->expected.is_full)
		return "counters are touched too often to be followed";
	if (known->counter_count &&
	    (comparison->got.has_threads || comparison->expected.has_threads) && known->has_ends)
		return "the program makes threads, in which the ends of counters are not seen";
	return NULL;
}

static size_t say_unknown(struct verdict *verdict, const char *reason)
{
	verdict->value = VERDICT_UNKNOWN;
	snprintf(verdict->title, sizeof(verdict->title), "%s", reason);
	fail_clear();
	return 1;
}

/* One group of counters: the verdicts, or one that says why there is none. */
static size_t compare(struct count_comparison *comparison, struct verdict *verdicts, size_t room)
{
	const char *reason;
	size_t count = 0;
	int error = trace(comparison, false);

	if (!error)
		error = trace(comparison, true);
	if (!error) {
		learn(comparison->oracle, &comparison->got);
		count = count_judge(comparison, verdicts, room);
	}
	reason = error ? fail_text() : why_unknown(comparison);
	if (!count && reason && room)
		count = say_unknown(verdicts, reason);
	count_log_free(&comparison->expected);
	count_log_free(&comparison->got);
	return count;
}

static size_t look_closer(struct count_oracle *oracle, const struct trial *trial, bool all,
			  struct verdict *verdicts)
{
	struct counter chosen[COUNTERS_MAX];
	const size_t total = choose(oracle, all, chosen);
	size_t count = 0;
	size_t done = 0;

	if (!oracle->sites_are_known)
		count_sites_find(&oracle->sites, trial->stage->walker.symbols);
	oracle->sites_are_known = true;
	do {
		struct count_comparison comparison = {
			.oracle = oracle, .trial = trial, .is_first = done == 0};

		while (done < total && comparison.counter_count < TRACE_WATCHES)
			comparison.counters[comparison.counter_count++] = chosen[done++];
		count += compare(&comparison, verdicts + count, VERDICTS_MAX - count);
	} while (done < total);
	return count;
}

/* What ran out of time once would do so again. */
static bool can_be_followed(const struct trial *trial)
{
	return (trial->delivery == DELIVERY_ENTERED || trial->is_late) &&
	       trial->outcome.kind != OUTCOME_SPINNING && trial->outcome.kind != OUTCOME_TIMEOUT;
}

static size_t judge(void *state, const struct trial *trial, struct verdict *verdicts)
{
	struct count_oracle *oracle = state;
	size_t count = 0;
	bool all;

	if (!oracle->words.count || !can_be_followed(trial))
		return 0;
	all = is_to_learn(oracle, trial);
	if (all || are_few(oracle->knowledge) || is_suspect(oracle, trial))
		count = look_closer(oracle, trial, all || are_few(oracle->knowledge), verdicts);
	if (!count && oracle->words.is_cut)
		count = say_unknown(verdicts, "it has too many counters: not all were looked at");
	if (!count && oracle->knowledge->reason)
		count = say_unknown(verdicts, oracle->knowledge->reason);
	return count;
}

const struct oracle oracle_refcount = {
	.name = "refcount",
	.help = "reference counts, announced and GObject's: wrong at the end, below zero, used "
		"after zero, updates lost",
	.needs = ORACLE_NEEDS_RETURN | ORACLE_NEEDS_CONTROL,
	.prepare = count_prepare,
	.survey = count_survey,
	.forget = count_forget,
	.begin = begin,
	.before = before,
	.on_stop = on_stop,
	.judge = judge,
	.end = end,
};
