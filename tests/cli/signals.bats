# SPDX-License-Identifier: MIT
#
# Signals: how each kind arrives, and programs that do awkward things with signals themselves.

load helper

# whole: every boundary was tried, none was skipped.
whole()
{
	expect '.boundaries.complete' true
	expect '.boundaries.skipped' 0
}

@test "blocked, ignored, default, no room for the frame: each is a delivery of its own" {
	sweep 0 -- "$VICTIMS/signals" block
	whole
	expect '.delivery == {"blocked": .boundaries.injected}' true
	expect '.outcomes == {"blocked": .boundaries.injected}' true
	sweep 0 -- "$VICTIMS/signals" ignore
	whole
	expect '.delivery.ignored > 0 and .delivery.entered > 0' true
	expect '.outcomes.ignored == .delivery.ignored' true
	sweep 0 --from main --oracle end -- "$VICTIMS/signals" unhandled
	whole
	expect '.outcomes == {"signal:SIGINT": .boundaries.injected}' true
	sweep 1 --oracle end -- "$VICTIMS/signals" full-stack
	whole
	expect '.delivery["no-room"]' 5
	expect '.outcomes["signal:SIGSEGV"]' 5
	[[ $(report '.findings[].title') == *"SIGINT here leads to SIGSEGV in full_stack"* ]]
}

@test "no handler: the default window is never reached" {
	sweep 2 -- "$VICTIMS/signals" unhandled
	says "never installs a handler for SIGINT, so the default window never begins"
	says "--from main"
}

@test "-s TERM, USR1, ALRM, CHLD, TSTP, RTMIN, a number" {
	for signal in TERM USR1 ALRM 10; do
		sweep 0 --oracle end -s "$signal" --from main -b call -- "$VICTIMS/plain"
		whole
		expect '.delivery == {"default": .boundaries.injected}' true
	done
	expect '.scenario.signal' SIGUSR1
	# Ignored by default.
	sweep 0 --oracle end -s CHLD --from main -b call -- "$VICTIMS/plain"
	expect '.outcomes == {"ignored": .boundaries.injected}' true
	# Would stop it, but not where it has no shell.
	sweep 0 --oracle end -s TSTP --from main -b call -- "$VICTIMS/plain"
	expect '.outcomes == {"ignored": .boundaries.injected}' true
	fidelity "SIGTSTP, SIGTTIN and SIGTTOU do not stop it"
	sweep 0 --oracle end -s RTMIN --from main -b call -- "$VICTIMS/plain"
	expect '.scenario.signal' SIGRTMIN
	expect '.delivery == {"default": .boundaries.injected}' true
}

@test "a SIGINT that was inherited ignored, or blocked, silences nothing" {
	# shellcheck disable=SC2016 # for the inner shell
	try 0 sh -c 'trap "" INT QUIT HUP TERM; exec "$SIGSWEEP" run -q -j1 -o report.json -- "$VICTIMS/plain"'
	expect '.delivery == {"entered": .boundaries.injected}' true
	try 0 python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
os.execv(sys.argv[1], sys.argv[1:])' "$SIGSWEEP" run -q -j1 -o report.json -- "$VICTIMS/plain"
	expect '.delivery == {"entered": .boundaries.injected}' true
}

@test "int3 and SIGTRAP of its own, at every kind of boundary" {
	for kind in instruction call syscall; do
		sweep 0 -b "$kind" --oracle end -- "$VICTIMS/signals" trap
		whole
		expect '.outcomes == {"same": .boundaries.injected}' true
	done
}

@test "a timer of its own fires while it is walked" {
	for kind in instruction syscall; do
		for what in timer profile; do
			sweep 0 -b "$kind" --oracle end -- "$VICTIMS/signals" "$what"
			whole
			fidelity "the program sets a timer (alarm, setitimer or timer_settime)"
		done
	done
}

@test "a timer that fires faster than its handler can be walked" {
	sweep 0 --oracle end -- "$VICTIMS/signals" timer 3000
	whole
	fidelity "ticks that came too soon were lost"
}

@test "an alarm that copies lack: no copy before it shows anything, and it is said so" {
	sweep 3 --oracle end -b syscall -- "$VICTIMS/signals" alarm
	says "the sweep is not complete, so this is no proof"
	expect '.boundaries.skipped > 0 and (.findings | length) == 0' true
	[[ $(report '.boundaries.why_incomplete[]') == *"a copy made here ends stuck even without a signal"* ]]
	sweep 0 --allow-incomplete --oracle end -b syscall -- "$VICTIMS/signals" alarm
}

@test "it traces itself" {
	sweep 0 --oracle end -- "$VICTIMS/signals" trace-me
	whole
}

@test "a process id from before the copy was made is the copy's own" {
	for kind in instruction syscall; do
		sweep 0 -b "$kind" --oracle end -- "$VICTIMS/signals" cached-pid
		whole
		expect '.outcomes == {"same": .boundaries.injected}' true
	done
}

@test "it kills its parent, its parent's group, its own group" {
	for what in kill-parent kill-parent-group; do
		sweep 0 --oracle end -- "$VICTIMS/signals" "$what"
		whole
		fidelity "the program sends a signal to its parent or to every process; it was held back"
	done
	sweep 0 --oracle end -- "$VICTIMS/signals" kill-group
	whole
}

@test "it kills everybody" {
	needs_root
	# In a world of its own, should it ever get through. A chroot whose root is no mount point has none.
	unshare --pid --fork --kill-child --mount-proc true ||
		skip "no process namespace with a /proc of its own can be made here"
	sleep 60 &
	witness=$!
	try 0 unshare --pid --fork --kill-child --mount-proc \
		"$SIGSWEEP" run -q -j1 -o report.json --oracle end -- "$VICTIMS/signals" kill-all
	kill "$witness"
	whole
	fidelity "to every process; it was held back"
}
