# SPDX-License-Identifier: MIT
#
# The same sweep twice gives the same report but for its timing, with one job and with two.

load helper

# The report without what may differ: times, and how many jobs there were.
essence()
{
	jq -S 'del(.timing, .scenario.jobs)' report.json
}

@test "twice with one job, twice with two: the same report" {
	for what in "plain" "signals full-stack" "signals cached-pid" "streams babble" "calls nap"; do
		for jobs in 1 1 2 2; do
			# shellcheck disable=SC2086 # words
			run "$SIGSWEEP" run -q -j"$jobs" -o report.json -- "$VICTIMS/"$what
			[ "$status" -le 1 ]
			essence >"got-$jobs"
			[ -e first ] || cp "got-$jobs" first
			diff first "got-$jobs"
		done
		rm first
	done
}

@test "twice at the level of system calls" {
	for jobs in 1 2; do
		run "$SIGSWEEP" run -q -j"$jobs" -b syscall -o report.json -- "$VICTIMS/calls" nap
		essence >"got-$jobs"
	done
	diff got-1 got-2
}
