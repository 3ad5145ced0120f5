# SPDX-License-Identifier: MIT
#
# Bad options, bad commands, bad manifests: status 2 and a sentence that names what is wrong.

load helper

# bad TEXT OPTION...: refused before anything ran.
bad()
{
	local text=$1
	shift
	sweep 2 "$@" -- "$VICTIMS/plain"
	says "$text"
	[ ! -e report.json ]
}

@test "no command, an unknown one, one that is nearly right" {
	try 2 "$SIGSWEEP"
	says "Usage: sigsweep COMMAND"
	try 2 "$SIGSWEEP" frobnicate
	says "there is no command 'frobnicate'; see sigsweep --help"
	try 2 "$SIGSWEEP" rnu
	says "there is no command 'rnu'; did you mean 'run'?"
}

@test "unknown options, and values that are missing or too many" {
	bad "unknown option --frob; did you mean --from?" --frob
	bad "unknown option --jbos; did you mean --jobs?" --jbos 2
	bad 'unknown option -Z; "sigsweep run --help" lists them' -Z
	bad "--quiet takes no value" --quiet=3
	try 2 "$SIGSWEEP" run --from
	says "--from"
	try 2 "$SIGSWEEP" list
	says "list takes one of"
	try 2 "$SIGSWEEP" list nothing
	says "there is no list of 'nothing'"
	try 2 "$SIGSWEEP" show
	says "show takes one report"
	try 2 "$SIGSWEEP" show --format=nothing x
	says "--format"
}

@test "values of each option" {
	bad "-b: there is no injector 'nope'" -b nope
	bad '-s: "NOPE" is no signal' -s NOPE
	bad '-s: "99" is no signal: their numbers go from 1 to 64' -s 99
	bad '-s: no program can see SIGKILL or SIGSTOP' -s KILL
	bad '-s: no program can see SIGKILL or SIGSTOP' -s 19
	bad "--from: an empty place" --from ""
	bad "--from: 'probe:x': a probe is named probe:PROVIDER:NAME" --from probe:x
	bad "--to: 'a!': a symbol of a module is named MODULE!SYMBOL" --to 'a!'
	bad '-j: "0" is not a whole number from 1 to 256' -j 0
	bad '-j: "many" is not a whole number' -j many
	bad "--timeout: \"x\" is not a time" --timeout x
	bad "--timeout: \"-1\" is not a time" --timeout -1
	bad "--timeout: \"nan\" is not a time" --timeout nan
	bad "--budget: \"x\" is not a time" --budget x
	bad '--budget: "0" is not a whole number from 1 on' --budget 0trials
	bad "--oracle: there is no oracle 'x'" --oracle x
	bad "--oracle: 'end,,end': an empty name in the list" --oracle end,,end
	bad "--expect: 'exit:999' is no outcome" --expect exit:999
	bad '--status: "256" is not a whole number from 0 to 255' --status 256
	bad "-E: '=x' is no NAME=VALUE and no NAME" -E =x
	bad "--strategy: there is no strategy 'x'" --strategy x
	bad "entering its directory: No such file or directory" -C /no/such/folder
	bad "entering its directory: Not a directory" -C "$VICTIMS/plain"
	bad "cannot open no-such-file for the program's input" --stdin no-such-file
	bad "is a directory, no input for a program" --stdin .
}

# manifest TEXT LINE...: `check` says it with file and line.
manifest()
{
	local text=$1
	shift
	printf '%s\n' "$@" >x.manifest
	try 2 "$SIGSWEEP" check --build "$BUILD" x.manifest
	says "$text"
}

@test "bad manifests: file and line" {
	manifest "x.manifest:2:" "program: $VICTIMS/plain" "frobnicate: 1"
	manifest "x.manifest:1:" "this is no manifest"
	manifest "x.manifest:3:" "program: $VICTIMS/plain" "verdict: good" "verdict: bad"
	manifest "x.manifest:2:" "program: $VICTIMS/plain" "verdict: ugly"
	manifest "there is no \`program\`" "verdict: good"
	manifest "there is no \`verdict\`" "program: $VICTIMS/plain"
	manifest "x.manifest:2:" "program: $VICTIMS/plain" "verdict: bad"
	# What only the sweep can know is told as the manifest's result.
	printf '%s\n' "program: $VICTIMS/plain" "verdict: good" "signal: NOPE" >x.manifest
	run --separate-stderr "$SIGSWEEP" check --build "$BUILD" x.manifest
	[ "$status" -ge 2 ]
	[[ $output == *'x.manifest:3: "NOPE" is no signal'* ]]
	try 2 "$SIGSWEEP" check no-such.manifest
	says "no-such.manifest: cannot open the manifest"
	try 2 "$SIGSWEEP" check .
	says "regular file"
}

@test "the environment and the folder of the program" {
	mkdir there
	printf 'one\n(unset)\n%s\n' "$PWD/there" >wanted
	FROM_OUTSIDE=x sweep 0 --oracle end -b syscall -C there -E MADE=one -E FROM_OUTSIDE -- \
		"$VICTIMS/streams" show MADE FROM_OUTSIDE
	expect '.baseline.stdout_bytes' "$(stat -c %s wanted)"
	expect '.scenario.environment | join(" ")' "MADE=one FROM_OUTSIDE"
	expect '.scenario.directory' "$PWD/there"
	# The replay has the same, wherever it is called from.
	cd /
	try 0 "$SIGSWEEP" replay "$BATS_TEST_TMPDIR/report.json" 1
	cd "$BATS_TEST_TMPDIR"
}
