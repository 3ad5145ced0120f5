# SPDX-License-Identifier: MIT
#
# Which files can be swept and which cannot: every refusal is a sentence and comes before anything ran.

load helper

# refused STATUS TEXT PROGRAM: and nothing was written.
refused()
{
	sweep "$1" -- "$3"
	says "$2"
	[ ! -s report.json ]
}

# patched OFFSET BYTE: a copy of a program with one byte of its ELF header changed.
patched()
{
	cp "$VICTIMS/plain" patched
	# shellcheck disable=SC2059 # the byte is an escape sequence
	printf "$2" | dd of=patched bs=1 seek="$1" conv=notrunc status=none
}

@test "no program" {
	try 2 "$SIGSWEEP" run
	says "no program to run: give it after --"
	try 2 "$SIGSWEEP" run --
	says "no program to run"
}

@test "a program that does not exist" {
	refused 2 'there is no program "no-such-program" in the folders of PATH' no-such-program
	refused 2 './no-such-program does not exist' ./no-such-program
	refused 2 'a part of its path is a file' "$VICTIMS/plain/x"
}

@test "a directory, a text, an empty file, a device" {
	: >empty
	echo text >text
	chmod +x empty text
	refused 2 "is a directory" "$TMPDIR"
	refused 2 "neither an ELF file nor a script" ./text
	refused 2 "./empty is empty" ./empty
	refused 2 "is not a regular file" /dev/null
}

@test "not executable" {
	cp "$VICTIMS/plain" closed
	chmod -x closed
	refused 2 "./closed is not executable (chmod +x would make it so)" ./closed
}

@test "another machine, 32 bits, cut off" {
	patched 18 '\267'
	refused 2 "is built for 64-bit ARM; this machine is x86-64" ./patched
	patched 4 '\001'
	refused 2 "is a 32-bit program; only 64-bit ones can be swept" ./patched
	head -c 100 "$VICTIMS/plain" >"./cut"
	chmod +x cut
	refused 2 "./cut is cut off" ./cut
}

@test "set-user-id for another user" {
	needs_root
	cp "$VICTIMS/plain" other
	chown nobody other
	chmod 4755 other
	refused 3 "is set-user-id or set-group-id for another user" ./other
	# One's own is no obstacle.
	chown root other
	chmod 4755 other
	sweep 0 -- ./other
}

@test "a script is swept through its interpreter" {
	printf '#!/bin/sh\ntrap : INT\n:\n' >script
	chmod +x script
	sweep 0 -b syscall --oracle end -- ./script
	expect '.boundaries.complete' true
	expect '.scenario.argv[0]' ./script
}

@test "a script whose interpreter is missing" {
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	refused 2 "the script ./script asks for the interpreter /no/such/interpreter, which does not exist" \
		./script
	printf '#!/usr/bin/env no-such-interpreter\n' >script
	refused 2 "interpreter no-such-interpreter, which is not in PATH" ./script
	printf '#!/bin/sh\r\n' >script
	refused 2 "ends in a carriage return" ./script
}

@test "linked statically, as PIE, without PIE, stripped: all are swept" {
	for way in static static-stripped static-pie no-pie stripped; do
		sweep 0 --oracle end -- "$VICTIMS/plain-$way"
		expect '.boundaries.complete' true
		expect '.outcomes.same == .boundaries.injected and .boundaries.injected > 20' true
	done
}

@test "--from main: by symbol, through __libc_start_main where stripped, by the start-up code" {
	for way in static static-stripped static-pie no-pie stripped; do
		sweep 0 --oracle end --from main -b call -- "$VICTIMS/plain-$way"
		expect '.boundaries.complete' true
		# Before the handler is there the default action is taken.
		expect '.delivery.default > 0 and .delivery.entered > 0' true
	done
}

@test "arguments and output that are no UTF-8" {
	sweep 0 -- "$VICTIMS/plain" $'\xff\xfe\n'
	expect '.baseline.stdout_bytes' 3
	sweep 1 --expect same -- "$VICTIMS/streams" babble
	expect '.outcomes["exit:5"] > 0' true
	try 1 "$SIGSWEEP" replay report.json 1
	[[ $output == *"exit:5"* ]]
	try 0 "$SIGSWEEP" show report.json
}

@test "very many and very long arguments" {
	local long
	long=$(printf '%0100000d' 0)
	sweep 0 -b call -- "$VICTIMS/streams" arguments "$long" {1..2000} "$long"
	expect '.scenario.argv | length' 2004
	try 0 "$SIGSWEEP" replay report.json 1
}

# No name of a lock function or of an unsafe one is left to look for.
@test "a verdict that is unknown is no pass" {
	sweep 3 -- "$VICTIMS/plain-static-stripped"
	says 'some verdicts are unknown'
	expect '.findings' '[]'
	expect '.boundaries.complete' true
	expect '.unknown | length > 0' true
	sweep 0 --allow-incomplete -- "$VICTIMS/plain-static-stripped"
	sweep 0 --oracle end -- "$VICTIMS/plain-static-stripped"
	expect '.unknown' '[]'
}
