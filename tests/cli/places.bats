# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # backquotes in messages
# Where a window begins and ends, each form of place; kinds of boundaries; which modules count.

load helper

# Where the boundary N of the last sweep is: function, file, line.
place_of()
{
	run --separate-stderr "$SIGSWEEP" replay report.json "$1"
	echo "$output" | grep -e '-->' | head -n 1
}

# begins PLACE WHERE: the first boundary lies at WHERE, as replay prints it.
begins()
{
	sweep 0 --oracle end -b call --expect same,signal:SIGINT --from "$1" -- "$VICTIMS/places"
	[[ $(place_of 1) == *" $2"* ]] || {
		place_of 1
		return 1
	}
}

offset_of()
{
	nm "$VICTIMS/places" | sed -n "s/^0*\([0-9a-f]*\) [tT] $1\$/\1/p"
}

line_of()
{
	grep -n "$1" "$TREE/tests/cli/victims/places.c" | cut -d : -f 1
}

@test "a symbol, MODULE!SYMBOL, MODULE+0xOFFSET, 0xADDRESS" {
	begins second_step second_step
	begins places!second_step second_step
	begins "places+0x$(offset_of third_step)" third_step
	# Position-independent programs are mapped here where the layout is fixed.
	begins "0x$(printf '%x' $((0x555555554000 + 0x$(offset_of third_step))))" third_step
}

@test "FILE.c:LINE" {
	begins "places.c:$(line_of 'FIRST LINE')" "places.c:$(line_of 'FIRST LINE')"
	begins "victims/places.c:$(line_of 'FIRST LINE')" first_step
}

@test "main, and a function of a library" {
	begins main main
	sweep 0 --oracle end -b call --from 'libc.so*!write' -- "$VICTIMS/places"
	[[ $(place_of 1) == *write* ]]
}

@test "probe:PROVIDER:NAME, with a semaphore that has to be raised" {
	begins probe:places:plain second_step
	begins probe:places:guarded third_step
}

@test "a window between two places" {
	sweep 0 --oracle end --from first_step --to second_step -- "$VICTIMS/places"
	expect '.boundaries.complete and .boundaries.walked < 20' true
	expect '.scenario.window.to' second_step
	sweep 0 --oracle end --from first_step --to probe:places:plain -- "$VICTIMS/places"
	sweep 0 --oracle end -b call --from first_step --to 'libc.so*!write' -- "$VICTIMS/places"
}

@test "an end that is never reached is the program's own end" {
	sweep 0 --oracle end --from third_step --to never_called -- "$VICTIMS/places"
	expect '.boundaries.complete' true
}

@test "--in counts only boundaries of some modules" {
	sweep 0 --oracle end --in 'places' -- "$VICTIMS/places"
	expect '.boundaries.complete and .boundaries.eligible < .boundaries.walked' true
	sweep 0 --oracle end --in 'libc*' -- "$VICTIMS/places"
	expect '.boundaries.complete and .boundaries.eligible < .boundaries.walked' true
	sweep 3 --oracle end --in 'no-such*' -- "$VICTIMS/places"
	says "the sweep is not complete"
	expect '.boundaries.why_incomplete[0]' "there was no eligible boundary in the window"
}

@test "a place that does not exist: the nearest name, and what there is" {
	sweep 2 --from secnd_step -- "$VICTIMS/places"
	says "there is no function secnd_step; did you mean second_step?"
	sweep 2 --to secnd_step -- "$VICTIMS/places"
	says "did you mean second_step?"
	sweep 2 --from no-such.c:3 -- "$VICTIMS/places"
	says "no line table names a source file no-such.c"
	sweep 2 --from 'libno.so!x' -- "$VICTIMS/places"
	says "libno.so"
	sweep 2 --from libno.so+0x10 -- "$VICTIMS/places"
	says "'libno.so+0x10': no module of that name is mapped"
	sweep 2 --from places+0xffffff -- "$VICTIMS/places"
	says "lies outside of $VICTIMS/places"
	sweep 2 --from 0x10 -- "$VICTIMS/places"
	says "0x10 is not mapped"
	sweep 2 --from probe:places:nothing -- "$VICTIMS/places"
	says "there is no probe places:nothing"
}

@test "a place that exists and is never reached" {
	sweep 2 --from never_called -- "$VICTIMS/places"
	says "ended before the window's start (--from never_called) was reached"
	expect '.boundaries.complete' false
}

@test "places that can be no start, no end" {
	sweep 2 --from exit -- "$VICTIMS/places"
	says 'a window cannot begin at `exit`'
	sweep 2 --to main -- "$VICTIMS/places"
	says 'a window cannot end at `main`'
}

@test "-b syscall: before, during and after a call that blocks" {
	sweep 1 --oracle end -b syscall -- "$VICTIMS/calls" nap
	expect '.boundaries.complete and .outcomes["exit:7"] == 1' true
	[ "$(jq -r 'select(.type == "trial") | .phase + " " + .outcome' report.jsonl |
		head -n 3 | paste -sd ,)" = "before same,during exit:7,after same" ]
	id=$(report '.findings[0].id')
	try 1 "$SIGSWEEP" replay report.json "$id"
	[[ $output == *"outcome      exit:7"* ]]
}

@test "-b call: entries and returns" {
	sweep 0 --oracle end -b call --from first_step --to third_step -- "$VICTIMS/places"
	# The start, the return from it, the call of the next, the return from that, and the end.
	expect '.boundaries.walked' 4
}
