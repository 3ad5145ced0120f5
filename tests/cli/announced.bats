# SPDX-License-Identifier: MIT
#
# What programs announce with sigsweep.h: invariants, and places that are harmless. Which boundaries
# these are is the business of targets/state.

load helper

end=probe:sigsweep:window_end

@test "benign: what is declared harmless before the window is listed and does not count" {
	sweep 0 --oracle end --to "$end" -- "$VICTIMS/announced" harmless
	expect '.findings | length' 0
	expect '[.benign[] | .oracle, .kind, .reason] | join(" ")' "end exit-status it is only a test"
	expect '.boundaries.complete' true
	[ "$(report '.benign[0].count')" -eq "$(report '.boundaries.injected')" ]
	try 0 "$SIGSWEEP" show report.json
	[[ $output == *$'\nbenign[end/exit-status]: '* ]]
	[[ $output == *$'\n  declared harmless: it is only a test\n'* ]]
	[[ $output == *$'\nno findings\n1 benign: declared harmless by the program, it does not count\n'* ]]
}

@test "benign: a finding in part declared harmless counts with the rest only" {
	sweep 1 --oracle end --to "$end" -- "$VICTIMS/announced" part
	expect '[.findings[], .benign[] | .oracle + "/" + .kind] | join(" ")' \
		"end/exit-status end/exit-status"
	[ "$(report '.findings[0].count + .benign[0].count')" -eq "$(report '.boundaries.injected')" ]
	expect '.benign[0].boundaries[0][1] + 1 == .findings[0].boundaries[0][0]' true
	# Each has a story of its own, and is found by its id.
	expect '.findings[0].example.boundary == .findings[0].boundaries[0][0]' true
	expect '.benign[0].example.boundary' 1
	try 1 "$SIGSWEEP" replay report.json "$(report '.findings[0].id')"
	try 0 "$SIGSWEEP" replay report.json "$(report '.benign[0].id')"
	[[ $output == *$'\n  benign       it is only a test\n'* ]]
}

@test "benign: two jobs come to the same report as one" {
	sweep 1 --oracle end,invariant --to "$end" -- "$VICTIMS/announced" part
	jq 'del(.timing, .scenario.jobs) | .replay = null' report.json >one
	sweep 1 -j2 --oracle end,invariant --to "$end" -- "$VICTIMS/announced" part
	jq 'del(.timing, .scenario.jobs) | .replay = null' report.json >two
	diff one two
}

@test "benign: where system calls are swept the program runs through the probes at full speed" {
	sweep 0 -b syscall --oracle end --to "$end" -- "$VICTIMS/announced" harmless
	expect '.benign | length' 1
	sweep 1 -b syscall --oracle end --to "$end" -- "$VICTIMS/announced" part
	expect '.findings | length' 1
}

@test "invariant: the finding says what, where, and what was found" {
	sweep 1 --oracle invariant --to "$end" -- "$VICTIMS/announced" kept
	expect '[.findings[] | .oracle, .kind, .severity] | join(" ")' "invariant violated error"
	expect '.findings[0].title' \
		"after SIGINT here it is not true at the window's end that it was not seen: 1 is not less than 1"
	expect '.findings[0].example.evidence | .object, .relation, .required, .found, .due' \
		$'seen\nless than\n1\n1\nthe window\'s end'
	[[ $(report '.findings[0].example.evidence.announced') == "main at "*"announced.c:"* ]]
	try 0 "$SIGSWEEP" show report.json
	[[ $output == *$'\n  invariant: it was not seen\n  announced: main at '* ]]
}

@test "invariant: what is not true without the signal, or not there any more, is unknown" {
	sweep 3 --oracle invariant --to "$end" -- "$VICTIMS/announced" broken
	expect '.findings | length' 0
	expect '.unknown[].reason' \
		"many steps: it is not true at the window's end without the signal either"
	sweep 3 --oracle invariant --to "$end" -- "$VICTIMS/announced" page
	[[ $(report '.unknown[].reason') == "the page is empty: "* ]]
}

@test "invariant: a program that announces none has none to judge" {
	sweep 0 --oracle invariant --to "$end" -- "$VICTIMS/announced" none
	expect '.unknown | length' 0
	sweep 0 --oracle invariant --budget 20trials -- "$VICTIMS/plain"
	expect '.unknown | length' 0
}
