# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # backquotes in messages
# Reports that are no good, or not of this sweep, given to show and replay.

load helper

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	"${SIGSWEEP:-$BATS_TEST_DIRNAME/../../build/sigsweep}" run -q -j1 -o good --record good.jsonl \
		--expect same -- "${VICTIMS:-${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/cli}/streams" \
		babble || [ $? -eq 1 ]
}

# changed FILTER: the good report with a change, as `bad`.
changed()
{
	jq "$1" "$BATS_FILE_TMPDIR/good" >bad
}

# refused TEXT: by show and by replay alike.
refused()
{
	try 2 "$SIGSWEEP" show bad
	says "$1"
	try 2 "$SIGSWEEP" replay bad 1
	says "$1"
}

@test "not there, a directory, empty, no JSON, other JSON" {
	try 2 "$SIGSWEEP" show nothing
	says "cannot read the report nothing: No such file or directory"
	mkdir bad
	refused "cannot read the report bad: it is a directory"
	rmdir bad
	: >bad
	refused "bad is empty: no report was stored in it"
	head -c 2000 /dev/urandom >bad
	refused "bad:1:"
	echo '{"a": 1}' >bad
	refused 'bad is JSON, but no report of sigsweep: it has no `schema`'
	echo '[1]' >bad
	refused "bad"
}

@test "cut off anywhere" {
	local size part
	size=$(stat -c %s "$BATS_FILE_TMPDIR/good")
	for part in 1 2 10 50 90 99; do
		head -c $((size * part / 100)) "$BATS_FILE_TMPDIR/good" >bad
		refused "the report is cut off here"
	done
}

@test "a record, another version, members missing or of another kind" {
	cp "$BATS_FILE_TMPDIR/good.jsonl" bad
	refused "is a record (the journal of a run), not a report"
	changed '.schema = "sigsweep/report/9"'
	refused "bad has the schema sigsweep/report/9; this sigsweep reads sigsweep/report/1"
	changed 'del(.findings)'
	refused 'the report has no `findings`'
	changed '.boundaries = 3'
	refused '`boundaries` should be an object'
}

@test "a scenario that cannot be run" {
	changed '.scenario.signal = "SIGFOO"'
	try 2 "$SIGSWEEP" replay bad 1
	says '"SIGFOO" is no signal'
	for member in argv window boundary strategy environment; do
		changed ".scenario.$member = 5"
		try 2 "$SIGSWEEP" replay bad 1
		says "the report's scenario has no usable \`$member\`"
	done
	changed '.scenario.program = "/no/such/program"'
	try 2 "$SIGSWEEP" replay bad 1
	says "/no/such/program does not exist"
	changed '.scenario.directory = "/no/such/folder"'
	try 2 "$SIGSWEEP" replay bad 1
	says "cannot enter the program's folder /no/such/folder"
	changed '.scenario.stdin = {"file": "/no/such/file"}'
	try 2 "$SIGSWEEP" replay bad 1
	says "cannot open /no/such/file for the program's input"
}

@test "findings and boundaries that there are not" {
	local good=$BATS_FILE_TMPDIR/good id
	id=$(jq -r '.findings[0].id' "$good")
	try 2 "$SIGSWEEP" replay "$good" ffffffffffff
	says "there is no finding ffffffffffff; there are: "
	says "$id"
	try 2 "$SIGSWEEP" replay "$good" 0
	says "boundary 0 is the baseline; boundaries count from 1"
	try 2 "$SIGSWEEP" replay "$good" 999999
	says "the window has no boundary 999999 any more"
	try 2 "$SIGSWEEP" replay "$good"
	says "replay takes a report and the id of a finding or the number of a boundary"
	changed '.findings[0] = {"id": "aaaaaaaaaaaa"}'
	try 2 "$SIGSWEEP" replay bad aaaaaaaaaaaa
	says "the report's finding aaaaaaaaaaaa has no example to replay"
	# The beginning of an id is enough.
	try 1 "$SIGSWEEP" replay "$good" "${id:0:6}"
	[[ $output == *"outcome"* ]]
}

@test "the program is another by now" {
	cp "$VICTIMS/plain" it
	sweep 0 -- ./it
	cp "$VICTIMS/ends" it
	try 2 "$SIGSWEEP" replay report.json 1
	rm it
	try 2 "$SIGSWEEP" replay report.json 1
	says "does not exist"
}
