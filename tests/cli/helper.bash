# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the command-line tests share: a folder for each test, a way to run sigsweep and to say what is
# expected of it, and the proof that nothing was left behind: no process, no temporary file, no
# report or record that its schema refuses.

bats_require_minimum_version 1.5.0

TREE=$(cd "${BATS_TEST_DIRNAME:?}/../.." && pwd)
BUILD=${BUILD:-$TREE/build}
SIGSWEEP=${SIGSWEEP:-$BUILD/sigsweep}
VICTIMS=${VICTIMS:-$BUILD/tests/cli}
case $BUILD in /*) ;; *) BUILD=$TREE/$BUILD SIGSWEEP=$TREE/$SIGSWEEP VICTIMS=$TREE/$VICTIMS ;; esac
export BUILD SIGSWEEP VICTIMS

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -m 1777 temporary
	export TMPDIR=$BATS_TEST_TMPDIR/temporary
	# In the environment of all that a test starts, to find it again.
	export SIGSWEEP_CLI_CASE=$$-$BATS_SUITE_TEST_NUMBER-$RANDOM
}

teardown()
{
	validate && expect_nothing_left
}

# Processes of this test, other than its own shell (which got the variable after its start).
left_over()
{
	cd /proc && env -u SIGSWEEP_CLI_CASE \
		grep -lzsFx "SIGSWEEP_CLI_CASE=$SIGSWEEP_CLI_CASE" [0-9]*/environ || true
}

# A moment's grace, since a killed process is slow to go.
expect_nothing_left()
{
	local pid left=
	for _ in {1..40}; do
		left=$(left_over)
		left=${left//\/environ/}
		[ -n "$left" ] || break
		sleep 0.05
	done
	for pid in $left; do
		echo "left behind: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")" \
			"($(grep State "/proc/$pid/status"))"
		kill -KILL "$pid"
	done
	if [ -n "$(ls -A "$TMPDIR")" ]; then
		echo "left in TMPDIR: $(ls -A "$TMPDIR")"
		return 1
	fi
	[ -z "$left" ]
}

# try STATUS COMMAND...: runs it; $output, $stderr. Fails, telling all, on another exit status.
try()
{
	local wanted=$1
	shift
	run --separate-stderr "$@"
	[ "$status" -eq "$wanted" ] || {
		echo "exit status $status instead of $wanted: $*"
		echo "$output"
		echo "$stderr"
		return 1
	}
}

# sweep STATUS [OPTION...] -- PROGRAM [ARG...]: one job unless the options say else.
sweep()
{
	local wanted=$1
	shift
	try "$wanted" "$SIGSWEEP" run -q -j1 -o report.json "$@"
}

# says TEXT: the last command said it on standard error.
says()
{
	[[ $stderr == *"$1"* ]] || {
		echo "not said: $1"
		echo "but: $stderr"
		return 1
	}
}

# No report and no record of the test may be against its schema; what is meant to be bad is kept in a
# folder of its own.
validate()
{
	shopt -s nullglob
	local files=(*.json *.jsonl)
	[ ${#files[@]} -eq 0 ] || "$TREE/tests/cli/validate.py" "${files[@]}"
}

# report FILTER: what jq makes of the report.
report()
{
	jq -r "$1" report.json
}

# expect FILTER VALUE
expect()
{
	local got
	got=$(report "$1")
	[ "$got" = "$2" ] || {
		echo "$1 is $got instead of $2"
		jq -c '[.boundaries, .outcomes, .delivery, .fidelity, [.findings[].title]]' report.json
		return 1
	}
}

# fidelity TEXT: the report owns up to it.
fidelity()
{
	[[ $(report '.fidelity[].text') == *"$1"* ]] || {
		echo "the report does not own up to: $1"
		report '.fidelity[].text'
		return 1
	}
}

needs_root()
{
	[ "$(id -u)" -eq 0 ] || skip "only root can do this"
}
