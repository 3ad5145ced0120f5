# SPDX-License-Identifier: MIT
#
# The harness itself is interrupted or killed, at random moments: no process is left, nothing that
# was recorded is lost, and nothing lies about in TMPDIR (teardown looks for it).

load helper

MOMENTS="0.02 0.1 0.$((RANDOM % 80 + 15)) 0.$((RANDOM % 80 + 15))"

# begin TURNS: a sweep with two jobs in the background, its process id in $sweep.
begin()
{
	rm -f report.json report.jsonl
	"$SIGSWEEP" run -q -j2 -o report.json --oracle end -- "$VICTIMS/ends" far "$1" 2>errors &
	sweep=$!
}

finish()
{
	status=0
	wait "$sweep" || status=$?
}

# A worker of the sweep, once both are past the window's start: their boundaries take turns.
worker()
{
	local at
	for _ in {1..100}; do
		if grep -qsE '"type":"trial","index":[0-9]*[02468],' report.jsonl &&
			grep -qsE '"type":"trial","index":[0-9]*[13579],' report.jsonl; then
			at=$(pgrep -P "$sweep" | shuf -n 1)
			[ -z "$at" ] || break
		fi
		sleep 0.02
	done
	echo "$at"
}

# The record ends with a whole line. A kill before the first line leaves an empty one, which no
# schema knows.
whole_lines()
{
	[ -s report.jsonl ] || rm -f report.jsonl
	[ ! -e report.jsonl ] || [ -z "$(tail -c 1 report.jsonl | tr -d '\n')" ]
}

@test "SIGINT, SIGTERM, SIGHUP: the report holds what was done, status 3" {
	for signal in INT TERM HUP; do
		for moment in $MOMENTS; do
			begin 100000
			sleep "$moment"
			kill -"$signal" "$sweep"
			finish
			[ "$status" -eq 3 ] || [ "$moment" = 0.02 ]
			whole_lines
			if [ -e report.json ]; then
				grep -q "interrupted; the report holds what was done until then" errors
				expect '.boundaries.complete' false
				[[ $(report '.boundaries.why_incomplete[]') == *"the sweep was interrupted"* ]]
				[ "$(grep -c '"type":"trial"' report.jsonl)" -eq "$(report .boundaries.injected)" ]
			elif [ "$status" -eq 3 ]; then
				grep -q "interrupted before the baseline was there" errors
			fi
			validate
			expect_nothing_left
		done
	done
}

@test "SIGKILL: what was recorded is there" {
	for moment in $MOMENTS; do
		begin 100000
		sleep "$moment"
		kill -KILL "$sweep"
		finish
		[ "$status" -eq 137 ]
		whole_lines
		[ ! -e report.json ]
		validate
		expect_nothing_left
	done
}

@test "SIGKILL and SIGSEGV to one job: said so, status 3, and the rest is kept" {
	for signal in KILL SEGV; do
		begin 200
		kill -"$signal" "$(worker)"
		finish
		[ "$status" -eq 3 ]
		grep -q "a job was killed by SIG$signal" errors
		[[ $(report '.boundaries.why_incomplete[]') == *"a job was killed by SIG$signal"* ]]
		expect '.boundaries.complete == false and .boundaries.injected > 0' true
		whole_lines
		expect_nothing_left
	done
}

@test "SIGKILL to the program that is walked: said so, status 3" {
	begin 100000
	walker=$(pgrep -P "$(worker)" | head -n 1)
	kill -KILL "$walker"
	sleep 0.3
	kill -INT "$sweep"
	finish
	[ "$status" -eq 3 ]
	whole_lines
}

@test "SIGKILL to everything at once" {
	rm -f report.json report.jsonl
	setsid "$SIGSWEEP" run -q -j2 -o report.json --oracle end -- "$VICTIMS/ends" far 100000 &
	sweep=$!
	worker >/dev/null
	kill -KILL -- "-$sweep"
	finish
	whole_lines
	expect_nothing_left
}
