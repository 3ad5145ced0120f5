# SPDX-License-Identifier: MIT
#
# What the program reads and prints, and what becomes of report, record and text view when they
# cannot be written.

load helper

copies()
{
	expect '.baseline.stdout_bytes' "$1"
	expect '.boundaries.complete and .outcomes.same == .boundaries.injected' true
}

@test "standard input: a file, a pipe, a here-document, /dev/null, closed" {
	echo hello >input
	sweep 0 --oracle end -- "$VICTIMS/streams" copy <input
	copies 6
	expect '.scenario.stdin.file' "$PWD/input"
	try 0 "$SIGSWEEP" replay report.json 1 </dev/null
	sweep 0 --oracle end --stdin input -- "$VICTIMS/streams" copy
	copies 6
	sweep 0 --oracle end -- "$VICTIMS/streams" copy < <(echo hello)
	copies 6
	expect '.scenario.stdin.text' $'hello'
	exec 7>gone
	exec 8<gone
	rm gone
	echo hello >&7
	sweep 0 --oracle end -- "$VICTIMS/streams" copy <&8
	copies 6
	sweep 0 --oracle end -- "$VICTIMS/streams" copy </dev/null
	copies 0
	# shellcheck disable=SC2016 # for the inner shell
	try 0 sh -c '"$SIGSWEEP" run -q -j1 -o report.json -- "$VICTIMS/streams" copy <&-'
	copies 0
}

@test "standard input: too much or binary through a pipe" {
	sweep 2 -- "$VICTIMS/streams" copy < <(head -c 2000000 /dev/zero)
	says "give it as --stdin FILE"
	sweep 2 -- "$VICTIMS/streams" copy < <(printf 'a\0b')
	says "give it as --stdin FILE"
}

@test "a program that prints 50 MB" {
	sweep 0 --oracle end -- "$VICTIMS/streams" flood
	copies $((50 * 1024 * 1024 + 1))
}

@test "standard output closed or full: status 3 and a sentence, the report is there" {
	for command in "run -j1 -o report.json -- $VICTIMS/plain" "show report.json" --help \
		"run --help" "list injectors" --version; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr eval "$SIGSWEEP $command >/dev/full"
		[ "$status" -eq 3 ]
		says "No space left on device"
		run --separate-stderr eval "$SIGSWEEP $command >&-"
		[ "$status" -eq 3 ]
		says "Bad file descriptor"
	done
	expect '.boundaries.complete' true
}

@test "all standard streams closed: no file of ours takes their place" {
	run eval "$SIGSWEEP run -q -j1 -o report.json -- $VICTIMS/plain <&- >&- 2>&-"
	[ "$status" -eq 0 ]
	expect '.boundaries.complete' true
	run eval "$SIGSWEEP run -q -j1 -o report.json --from nowhere -- $VICTIMS/plain <&- >&- 2>&-"
	[ "$status" -eq 2 ]
}

@test "-o -: the report on standard output, nothing else, and no record" {
	try 0 "$SIGSWEEP" run -j1 -o - -- "$VICTIMS/plain"
	echo "$output" >report.json
	expect '.boundaries.complete' true
	[ ! -e -.jsonl ]
}

@test "a report or record that cannot be written" {
	mkdir folder
	sweep 2 -o /no/such/folder/x.json -- "$VICTIMS/plain"
	says "cannot write the report /no/such/folder/x.json: No such file or directory"
	sweep 2 -o folder -- "$VICTIMS/plain"
	says "cannot write the report folder: Is a directory"
	sweep 2 --record folder -- "$VICTIMS/plain"
	says "cannot write the record folder: Is a directory"
	sweep 3 -o /dev/full -- "$VICTIMS/plain"
	says "cannot write the report /dev/full: No space left on device"
	sweep 3 --record /dev/full -- "$VICTIMS/plain"
	says "cannot write the record /dev/full: No space left on device"
	sweep 0 -o /dev/null --record /dev/null -- "$VICTIMS/plain"
}

@test "a folder that is not ours" {
	needs_root
	mkdir -m 755 closed
	chmod 755 "$BATS_TEST_TMPDIR"
	# shellcheck disable=SC2016 # for the inner shell
	try 2 setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$SIGSWEEP" run -q -j1 -o closed/x.json -- "$VICTIMS/plain"
	says "cannot write the report closed/x.json: Permission denied"
}

@test "a full disk: the record ends with a whole line, no half report" {
	needs_root
	mkdir disk
	mount -t tmpfs -o size=64k tmpfs disk || skip "no file system can be mounted here"
	run --separate-stderr "$SIGSWEEP" run -q -j1 -o disk/x.json --oracle end \
		-- "$VICTIMS/ends" far 100
	cp disk/* .
	umount disk
	[ "$status" -eq 3 ]
	says "No space left on device"
	[ ! -e x.json ]
	[ -s x.jsonl ] && [ -z "$(tail -c 1 x.jsonl | tr -d '\n')" ]
}

@test "an earlier report stays until the new one is whole" {
	sweep 0 -- "$VICTIMS/plain"
	cp report.json before
	run "$SIGSWEEP" run -q -j1 -o report.json --status 3 -- "$VICTIMS/plain"
	[ "$status" -eq 2 ]
	cmp report.json before
}
