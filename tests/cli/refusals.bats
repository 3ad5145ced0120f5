# SPDX-License-Identifier: MIT
#
# Where the machine refuses what a sweep needs, and users who are not root.

load helper

@test "ptrace refused: says what a container and a kernel have to allow" {
	try 3 "$VICTIMS/refuse" ptrace "$SIGSWEEP" run -q -j1 -o report.json -- "$VICTIMS/plain"
	says "ptrace is refused here (Operation not permitted)"
	says "--cap-add=SYS_PTRACE"
	says "/proc/sys/kernel/yama/ptrace_scope"
	[ ! -e report.json ]
}

@test "what cannot be done without: status 3 and a sentence" {
	for call in seccomp personality memfd_create pidfd_open; do
		try 3 "$VICTIMS/refuse" "$call" \
			"$SIGSWEEP" run -q -j1 -o report.json -- "$VICTIMS/plain"
		says "Operation not permitted"
	done
}

@test "what can be done without" {
	for call in process_vm_readv process_vm_writev pidfd_getfd kcmp sched_setaffinity; do
		try 0 "$VICTIMS/refuse" "$call" \
			"$SIGSWEEP" run -q -j1 -o report.json --oracle end -- "$VICTIMS/plain"
		expect '.boundaries.complete' true
	done
}

# unprivileged STATUS COMMAND...: by a user with no rights at all.
unprivileged()
{
	local wanted=$1
	shift
	needs_root
	chmod 1777 "$BATS_TEST_TMPDIR"
	chmod a+rx "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.." 2>/dev/null || true
	setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$SIGSWEEP" ||
		skip "another user cannot reach $SIGSWEEP"
	try "$wanted" setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "a user who is not root sweeps, replays, and gets the same" {
	sweep 0 --oracle end -- "$VICTIMS/plain"
	mv report.json ours.json
	rm -f report.jsonl
	unprivileged 0 "$SIGSWEEP" run -q -j2 -o report.json --oracle end -- "$VICTIMS/plain"
	[ "$(report '.outcomes, .delivery, .boundaries.path_hash')" = \
		"$(jq -r '.outcomes, .delivery, .boundaries.path_hash' ours.json)" ]
	unprivileged 0 "$SIGSWEEP" replay report.json 3
	unprivileged 1 "$SIGSWEEP" run -q -j1 -o report.json --oracle end -b syscall -- "$VICTIMS/calls" read
	expect '.outcomes == {"same": 1, "stuck": 1}' true
}

@test "a user who is not root and no new privileges" {
	unprivileged 0 setpriv --no-new-privs \
		"$SIGSWEEP" run -q -j1 -o report.json --oracle end -- "$VICTIMS/plain"
	expect '.boundaries.complete' true
}

@test "few descriptors, few processes, little memory: a sentence" {
	# shellcheck disable=SC2016 # for the inner shell
	try 3 sh -c 'ulimit -n 6; exec "$SIGSWEEP" run -q -j1 -o report.json -- "$VICTIMS/plain"'
	says "Too many open files"
}
