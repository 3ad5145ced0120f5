/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with counters in a trial: its log against that of the undisturbed program from the
 * same boundary on. One fault for each counter, the one that says most.
 */
#include "harness/oracles/refcount/refcount.h"

#include <string.h>

/* The touches of one counter in a log, in turn. */
static const struct touch *next_touch(const struct count_log *log, uint64_t address,
				      const struct touch *after)
{
	for (size_t i = after ? (size_t)(after - log->touches) + 1 : 0; i < log->touch_count; i++)
		if (log->touches[i].address == address)
			return &log->touches[i];
	return NULL;
}

static size_t count_touches(const struct count_log *log, uint64_t address)
{
	size_t count = 0;

	for (size_t i = 0; i < log->touch_count; i++)
		count += log->touches[i].address == address;
	return count;
}

/* Was it a counter at the boundary? */
static bool was_there(const struct count_comparison *comparison, uint64_t address)
{
	const struct count_word *word = count_words_at(&comparison->oracle->words, address);

	return word && count_log_was_there(&comparison->expected, address, word->is_open);
}

/* The survey's log of this counter. */
static const struct count_log *trace_of(const struct count_knowledge *known, uint64_t address)
{
	for (size_t i = 0; i < known->counter_count; i++)
		if (known->counters[i].address == address)
			return &known->traces[i / TRACE_WATCHES];
	return NULL;
}

/*
 * The last touch before the boundary: what the undisturbed program does to the counter from the
 * boundary on is the tail of what it does from the window's start on.
 */
static const struct touch *touch_before(const struct count_comparison *comparison, uint64_t address)
{
	const struct count_log *trace = trace_of(comparison->oracle->knowledge, address);
	const size_t left = count_touches(&comparison->expected, address);
	const size_t all = trace && !trace->is_full ? count_touches(trace, address) : 0;
	const struct touch *touch = NULL;

	for (size_t i = left; i < all; i++)
		touch = next_touch(trace, address, touch);
	return touch;
}

static bool is_load(const struct touch *touch)
{
	return touch && touch->reads && !touch->writes;
}

static bool is_store(const struct touch *touch)
{
	return touch && touch->writes && !touch->reads;
}

/* The program's first touch behind those of the handler; NULL where that wrote nothing. */
static const struct touch *first_behind_handler(const struct count_log *log, uint64_t address)
{
	const struct touch *touch = next_touch(log, address, NULL);
	bool has_written = false;

	for (; touch && touch->in_handler; touch = next_touch(log, address, touch))
		has_written |= touch->writes;
	return has_written ? touch : NULL;
}

/*
 * The program loaded the counter before the boundary, and the next that it does to it is to store
 * what it stores without the signal: what the handler made of the counter is forgotten.
 */
static bool find_lost_update(const struct count_comparison *comparison, struct count_fault *fault)
{
	const uint64_t address = fault->counter->address;
	const struct count_word *word = count_words_at(&comparison->oracle->words, address);
	const struct touch *store = first_behind_handler(&comparison->got, address);
	const struct touch *undisturbed = next_touch(&comparison->expected, address, NULL);
	const struct touch *load;

	if (!word || !is_store(store) || !is_store(undisturbed) || store->pc != undisturbed->pc ||
	    store->after != undisturbed->after || store->before == word->at_boundary)
		return false;
	load = touch_before(comparison, address);
	if (!is_load(load))
		return false;
	fault->kind = "lost-update";
	fault->first = load;
	fault->second = store;
	fault->expected = store->after + (store->before - word->at_boundary);
	fault->got = store->after;
	return true;
}

typedef bool touch_test(const struct touch *touch);

static bool is_to_below_zero(const struct touch *touch)
{
	return touch->writes && touch->after < 0;
}

static bool is_after_zero(const struct touch *touch)
{
	return touch->writes && touch->before == 0;
}

static const struct touch *find_touch(const struct count_log *log, uint64_t address, bool there,
				      touch_test *test)
{
	const struct touch *touch = next_touch(log, address, NULL);

	while (touch && !(test(touch) && count_log_is_live(log, touch, there)))
		touch = next_touch(log, address, touch);
	return touch;
}

/* What made it zero, where that was after the boundary. */
static const struct touch *find_last_drop(const struct count_log *log, const struct touch *late)
{
	const struct touch *drop = NULL;

	for (const struct touch *touch = next_touch(log, late->address, NULL);
	     touch && touch < late; touch = next_touch(log, late->address, touch))
		if (touch->before != 0 && touch->after == 0)
			drop = touch;
	return drop;
}

/* What the program does of itself, before the boundary or behind it, is not the signal's doing. */
static bool is_usual(const struct count_comparison *comparison, uint64_t address, touch_test *test)
{
	const struct count_log *trace = trace_of(comparison->oracle->knowledge, address);
	const struct count_word *word = count_words_at(&comparison->oracle->words, address);
	const bool is_open = word && word->is_open;

	return find_touch(&comparison->expected, address, was_there(comparison, address), test) ||
	       (trace &&
		find_touch(trace, address, count_log_was_there(trace, address, is_open), test));
}

static bool find_bad_write(const struct count_comparison *comparison, struct count_fault *fault,
			   const char *kind, touch_test *test)
{
	const uint64_t address = fault->counter->address;
	const bool there = was_there(comparison, address);

	if (is_usual(comparison, address, test))
		return false;
	fault->second = find_touch(&comparison->got, address, there, test);
	if (!fault->second)
		return false;
	fault->kind = kind;
	fault->first = find_last_drop(&comparison->got, fault->second);
	fault->got = fault->second->after;
	return true;
}

/* Where the program ends itself, and counters are still to be read. */
static bool has_ends(const struct count_oracle *oracle)
{
	return oracle->has_expected && oracle->has_exit && oracle->knowledge->lives.is_at_exit;
}

static bool differ(struct count_fault *fault, int64_t expected, int64_t got, bool is_left)
{
	if (expected == got)
		return false;
	fault->kind = "differs";
	fault->expected = expected;
	fault->got = got;
	fault->is_left = is_left;
	return true;
}

/* Objects are nobody's promise: only where the trial shows no other difference are they judged. */
static bool owes(const struct trial *trial, bool is_object)
{
	return trial_went_on(trial) && (!is_object || trial->outcome.kind == OUTCOME_SAME);
}

/* A counter that was there at the boundary. */
static bool find_difference(const struct count_comparison *comparison, struct count_fault *fault)
{
	const struct count_oracle *oracle = comparison->oracle;
	const uint64_t address = fault->counter->address;
	const struct count_word *word = count_words_at(&oracle->words, address);
	const struct life *expected = count_log_first(&comparison->expected, address);
	const struct life *got = count_log_first(&comparison->got, address);

	if (!word || !owes(comparison->trial, word->is_object) || !was_there(comparison, address))
		return false;
	if (expected && got && got->was_there)
		return expected->is_known && got->is_known &&
		       differ(fault, expected->last, got->last, false);
	if (!has_ends(oracle) || (got && got->was_there))
		return false;
	return expected ? expected->is_known && differ(fault, expected->last, word->at_exit, true)
			: differ(fault, word->expected, word->at_exit, false);
}

/* What the fault says that there should be, where nothing better is known. */
static int64_t usual_value(const struct count_oracle *oracle, const struct count_word *word)
{
	return word && word->is_open && oracle->has_expected ? word->expected : 0;
}

/* The fault of a counter that is watched. */
static bool find_fault(const struct count_comparison *comparison, struct count_fault *fault)
{
	const struct count_oracle *oracle = comparison->oracle;
	const struct count_word *word = count_words_at(&oracle->words, fault->counter->address);

	fault->expected = usual_value(oracle, word);
	return find_lost_update(comparison, fault) ||
	       find_bad_write(comparison, fault, "negative", is_to_below_zero) ||
	       find_bad_write(comparison, fault, "after-zero", is_after_zero) ||
	       find_difference(comparison, fault);
}

/* A call that takes or drops a reference of an object that has none, or is no more. */
static bool is_late_call(const struct count_comparison *comparison, const struct count_log *log,
			 const struct touch *touch)
{
	const bool is_live = count_log_is_live(log, touch, was_there(comparison, touch->address));
	const struct life *first = count_log_first(log, touch->address);
	const bool is_known = count_words_at(&comparison->oracle->words, touch->address) || first;

	return touch->is_call && is_known && (!is_live || touch->before == 0);
}

static const struct touch *find_late_call(const struct count_comparison *comparison,
					  const struct count_log *log, uint64_t address)
{
	const struct touch *touch = next_touch(log, address, NULL);

	while (touch && !is_late_call(comparison, log, touch))
		touch = next_touch(log, address, touch);
	return touch;
}

static bool find_object_fault(const struct count_comparison *comparison, struct count_fault *fault)
{
	const struct count_log *expected = &comparison->expected;
	const uint64_t address = fault->counter->address;

	if (!expected->is_at_exit || expected->has_threads || expected->is_full)
		return false;
	fault->second = find_late_call(comparison, &comparison->got, address);
	if (!fault->second || find_late_call(comparison, expected, address))
		return find_difference(comparison, fault);
	fault->kind = "after-zero";
	fault->expected = usual_value(comparison->oracle,
				      count_words_at(&comparison->oracle->words, address));
	fault->got = fault->second->before;
	return true;
}

struct verdicts {
	struct verdict *list;
	size_t count;
	size_t room;
};

static void tell(struct verdicts *verdicts, const struct count_comparison *comparison,
		 const struct count_fault *fault)
{
	if (verdicts->count < verdicts->room)
		count_tell(comparison->oracle, comparison->trial, fault,
			   &verdicts->list[verdicts->count++]);
}

static void judge_watched(const struct count_comparison *comparison, struct verdicts *verdicts)
{
	for (size_t i = 0; i < comparison->counter_count; i++) {
		const struct count_word *word =
			count_words_at(&comparison->oracle->words, comparison->counters[i].address);
		struct count_fault fault = {.counter = &comparison->counters[i],
					    .name = word ? word->name : NULL};

		if (find_fault(comparison, &fault))
			tell(verdicts, comparison, &fault);
	}
}

static bool is_watched(const struct count_comparison *comparison, uint64_t address)
{
	for (size_t i = 0; i < comparison->counter_count; i++)
		if (comparison->counters[i].address == address)
			return true;
	return false;
}

/* Those that are read, but were not watched now: objects, and counters beyond the handler's. */
static void judge_words(const struct count_comparison *comparison, struct verdicts *verdicts)
{
	const struct count_words *words = &comparison->oracle->words;

	for (size_t i = 0; i < words->count; i++) {
		const struct count_word *word = &words->list[i];
		struct count_fault fault = {.counter = &word->counter,
					    .name = word->name,
					    .is_object = word->is_object};

		if (word->is_object ? find_object_fault(comparison, &fault)
				    : !is_watched(comparison, word->counter.address) &&
					      !word->touched && find_difference(comparison, &fault))
			tell(verdicts, comparison, &fault);
	}
}

static bool is_begun(const struct life *life)
{
	return !life->was_there && !life->in_handler;
}

static bool have_same_name(const struct life *a, const struct life *b)
{
	return a->is_object == b->is_object &&
	       (a->name && b->name ? !strcmp(a->name, b->name) : a->name == b->name);
}

/* The life in `log` that is to this one's name what it is in its own log: the third "object". */
static const struct life *find_twin(const struct count_log *from, const struct life *life,
				    const struct count_log *log)
{
	size_t before = 0;

	for (const struct life *each = from->lives; each < life; each++)
		before += is_begun(each) && have_same_name(each, life);
	for (size_t i = 0; i < log->life_count; i++)
		if (is_begun(&log->lives[i]) && have_same_name(&log->lives[i], life) &&
		    before-- == 0)
			return &log->lives[i];
	return NULL;
}

/* Counters that begin after the boundary, wherever they lie in the trial. */
static void judge_begun(const struct count_comparison *comparison, struct verdicts *verdicts)
{
	const struct count_log *expected = &comparison->expected;

	for (size_t i = 0; i < expected->life_count; i++) {
		const struct life *life = &expected->lives[i];
		const struct counter counter = {life->address, life->width};
		struct count_fault fault = {
			.counter = &counter, .name = life->name, .is_object = life->is_object};
		const struct life *twin;

		if (!is_begun(life) || !life->is_known || !owes(comparison->trial, life->is_object))
			continue;
		twin = find_twin(expected, life, &comparison->got);
		if (!twin || !twin->is_known || (twin->has_ended && !life->has_ended))
			continue;
		if (differ(&fault, life->last, twin->last, life->has_ended && !twin->has_ended))
			tell(verdicts, comparison, &fault);
	}
}

/* What the survey has not seen, since it lies elsewhere in the trial. */
static void judge_elsewhere(const struct count_comparison *comparison, struct verdicts *verdicts)
{
	const struct count_log *got = &comparison->got;

	for (size_t i = 0; i < got->life_count; i++) {
		const struct life *life = &got->lives[i];
		const struct counter counter = {life->address, life->width};
		struct count_fault fault = {
			.counter = &counter, .name = life->name, .is_object = life->is_object};

		if (life->was_there || count_words_at(&comparison->oracle->words, life->address) ||
		    count_log_first(got, life->address) != life)
			continue;
		if (life->is_object ? find_object_fault(comparison, &fault)
				    : find_fault(comparison, &fault))
			tell(verdicts, comparison, &fault);
	}
}

size_t count_judge(struct count_comparison *comparison, struct verdict *verdicts, size_t room)
{
	struct verdicts all = {.list = verdicts, .room = room};

	judge_watched(comparison, &all);
	if (comparison->is_first) {
		judge_words(comparison, &all);
		judge_begun(comparison, &all);
		judge_elsewhere(comparison, &all);
	}
	return all.count;
}
