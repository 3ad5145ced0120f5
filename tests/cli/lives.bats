# SPDX-License-Identifier: MIT
#
# Programs that end badly, go on elsewhere, start others, or do not end: a clear outcome or a clear
# sentence, and nothing left behind (which every test's teardown looks for).

load helper

@test "the baseline ends with an error: its last words" {
	sweep 2 -- "$VICTIMS/ends" fail 3 "no paper"
	says "ends with exit:3 even without the signal, its last words: I cannot: no paper: nothing can be said"
	says "--status"
	[ ! -e report.json ]
	# The record tells what was to be run and why it was not.
	[ "$(jq -r .type report.jsonl | paste -sd ' ')" = "run end" ]
	[[ $(jq -r 'select(.type == "end").why_incomplete[0]' report.jsonl) == *"no paper"* ]]
	sweep 0 --status 3 --oracle end -b syscall -- "$VICTIMS/ends" fail 3 "no paper"
	expect '.baseline.outcome' exit:3
}

@test "the baseline is killed by a signal" {
	sweep 2 -- "$VICTIMS/ends" die 6
	says "ends with signal:SIGABRT even without the signal, its last words: about to die"
	sweep 2 -- "$VICTIMS/ends" die 9
	says "ends with signal:SIGKILL even without the signal"
}

@test "it forks: children are followed, none is left" {
	# A copy cannot wait for a child of the walker: skipped, not taken for a result.
	sweep 3 --oracle end -- "$VICTIMS/ends" fork wait
	expect '.outcomes == {"same": .boundaries.injected} and .boundaries.skipped > 0' true
	[[ $(report '.boundaries.why_incomplete[]') == *"ends exit:8 even without a signal"* ]]
	for what in leave go; do
		sweep 0 --oracle end -b syscall -- "$VICTIMS/ends" fork "$what"
		expect '.boundaries.complete' true
	done
}

@test "its child stands still while a copy is tried" {
	sweep 0 --oracle end -- "$VICTIMS/ends" beside
	expect '.boundaries.complete and .outcomes == {"same": .boundaries.injected}' true
	expect '.delivery.entered > 10' true
}

@test "it becomes a daemon" {
	sweep 0 --oracle end -b syscall -- "$VICTIMS/ends" daemon
	expect '.boundaries.complete' true
	fidelity "1 living child"
}

@test "it executes another program: the window is there, or begins there, or reaches over" {
	sweep 0 --oracle end -- "$VICTIMS/ends" exec "$VICTIMS/plain"
	expect '.boundaries.complete and .delivery.entered == .boundaries.injected' true
	sweep 0 --oracle end -b syscall --from main -- "$VICTIMS/ends" exec "$VICTIMS/plain"
	expect '.boundaries.complete' true
	sweep 0 --oracle end -b syscall -- "$VICTIMS/ends" exec-in-window "$VICTIMS/plain"
	expect '.boundaries.complete and .delivery.default > 0 and .delivery.entered > 0' true
}

@test "it closes all descriptors" {
	sweep 0 --oracle end -b syscall -- "$VICTIMS/ends" close
	expect '.boundaries.complete' true
}

@test "it changes directory, and what it does by a relative path there is undone in each copy" {
	mkdir below
	sweep 0 --oracle end -- "$VICTIMS/ends" chdir below
	expect '.boundaries.complete and .outcomes.same == .boundaries.injected' true
	[ -z "$(ls -A below)" ]
	# A program and a folder given relatively, without and with -C, and the replay from elsewhere.
	cp "$VICTIMS/ends" mine
	sweep 0 --oracle end -b syscall -- ./mine chdir below
	(cd / && try 0 "$SIGSWEEP" replay "$BATS_TEST_TMPDIR/report.json" 1)
	sweep 0 --oracle end -b syscall -C below -- ./mine chdir ../below
	(cd / && try 0 "$SIGSWEEP" replay "$BATS_TEST_TMPDIR/report.json" 1)
}

@test "it never ends: asleep, or busy" {
	sweep 2 --timeout 1 -- "$VICTIMS/ends" sleep
	says "did not go on within 1.0 s; give more with --timeout"
	sweep 2 --timeout 1 -- "$VICTIMS/ends" spin
	says "did not go on within 1.0 s; give more with --timeout"
}

@test "it waits for the signal: the baseline is given it there" {
	# Right before the call the signal is lost, in it it is what was waited for.
	sweep 1 --oracle end -b syscall -- "$VICTIMS/calls" read
	expect '.baseline.awaits_signal and .boundaries.complete' true
	expect '.outcomes == {"same": 1, "stuck": 1}' true
	[ "$(jq -r 'select(.type == "trial") | .phase + " " + .outcome' report.jsonl | paste -sd ,)" = \
		"before stuck,during same" ]
}

@test "it sleeps for longer than the limit: the baseline is given the signal there" {
	sweep 1 --oracle end -b syscall --to after_rest -- "$VICTIMS/calls" rest
	expect '.baseline.awaits_signal and .boundaries.complete' true
	expect .baseline.sleeps "clock_nanosleep: only a signal ends it within 60 s"
	expect '.outcomes == {"same": 1, "timeout": 1}' true
	expect '.findings[0].title | contains("sleeps on in")' true
	expect '.findings[0].example.evidence.proof' "clock_nanosleep: only a signal ends it within 10 s"
}

@test "a second thread at the window's start, or in it" {
	sweep 2 -- "$VICTIMS/threads" at-start
	says "has 2 threads where the window begins: a copy by fork would have one only"
	sweep 3 --oracle end -b syscall -- "$VICTIMS/threads" in-window
	says "the sweep is not complete"
	[[ $(report '.boundaries.why_incomplete[]') == *"the program started a second thread"* ]]
	expect '.outcomes.same == .boundaries.injected and .boundaries.injected > 0' true
}

@test "threads that ended before the window are no obstacle" {
	sweep 0 --oracle end -- "$VICTIMS/threads" before
	expect '.boundaries.complete' true
}
