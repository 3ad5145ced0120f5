# SPDX-License-Identifier: MIT
#
# The runner and the tests it runs can fail: each thing that must turn it red is broken here once.
# Run by tests/run, and runs tests/run itself, on files made for the purpose.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	# Not where the outer run, which may sweep the same target now, leaves its reports.
	export SIGSWEEP_REPORTS=$BATS_TEST_TMPDIR/reports
}

# program NAME: an executable shell script from standard input.
program()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$BATS_TEST_TMPDIR/$1"
	chmod +x "$BATS_TEST_TMPDIR/$1"
}

last_line()
{
	printf '%s\n' "${lines[${#lines[@]} - 1]}"
}

compile_unit()
{
	"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -I. -o "${1%.c}" "$1" "$BUILD/libsigsweep.a" -lcmocka
}

@test "a unit test whose expectation is wrong is red, its unchanged copy is green" {
	cp tests/unit/test_signals.c "$BATS_TEST_TMPDIR/whole.c"
	sed '/"INT", SIGINT/s//"INT", SIGTERM/' tests/unit/test_signals.c >"$BATS_TEST_TMPDIR/broken.c"
	run cmp "$BATS_TEST_TMPDIR/whole.c" "$BATS_TEST_TMPDIR/broken.c"
	[ "$status" -eq 1 ]
	compile_unit "$BATS_TEST_TMPDIR/whole.c"
	compile_unit "$BATS_TEST_TMPDIR/broken.c"
	run tests/run "$BATS_TEST_TMPDIR/whole"
	[ "$status" -eq 0 ]
	[ "$(last_line)" = "3 passed, 0 failed, 0 skipped" ]
	run tests/run "$BATS_TEST_TMPDIR/broken"
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "2 passed, 1 failed, 0 skipped" ]
	[[ "$output" = *"failed: test_every_way_to_write_one"* ]]
}

@test "a manifest whose verdict is wrong is red, its unchanged copy is green" {
	local whole=targets/native/lost-wakeup.manifest name
	# A manifest's folder names the folder that its program was built into.
	mkdir -p "$BATS_TEST_TMPDIR"/{whole,good,kind}/native
	cp "$whole" "$BATS_TEST_TMPDIR/whole/native"
	sed '/^verdict: bad$/s//verdict: good/; /^finding:/d' "$whole" \
		>"$BATS_TEST_TMPDIR/good/native/lost-wakeup.manifest"
	sed '/^finding:/s,end/stuck,end/spinning,' "$whole" \
		>"$BATS_TEST_TMPDIR/kind/native/lost-wakeup.manifest"
	run tests/run "$BATS_TEST_TMPDIR/whole/native/lost-wakeup.manifest"
	[ "$status" -eq 0 ]
	[ "$(last_line)" = "1 passed, 0 failed, 0 skipped" ]
	for name in good kind; do
		run cmp "$whole" "$BATS_TEST_TMPDIR/$name/native/lost-wakeup.manifest"
		[ "$status" -eq 1 ]
		run tests/run "$BATS_TEST_TMPDIR/$name/native/lost-wakeup.manifest"
		[ "$status" -eq 1 ]
		[ "$(last_line)" = "0 passed, 1 failed, 0 skipped" ]
	done
}

@test "a report whose boundaries are not those of the derived truth is red" {
	local report=$BATS_TEST_TMPDIR/reports/native-lost-wakeup.json
	tests/check-target targets/native/lost-wakeup.manifest
	tests/truth/compare.py --build "$BUILD" "$report" lost-wakeup
	for change in 'finding["boundaries"][0][0] += 1' 'finding["boundaries"][0][1] += 1' \
		'report["findings"].clear()'; do
		python3 - "$report" "$BATS_TEST_TMPDIR/changed.json" "$change" <<-END
		import json, sys
		report = json.load(open(sys.argv[1]))
		finding = report["findings"][0]
		exec(sys.argv[3])
		json.dump(report, open(sys.argv[2], "w"))
		END
		run tests/truth/compare.py --build "$BUILD" "$BATS_TEST_TMPDIR/changed.json" lost-wakeup
		[ "$status" -eq 1 ]
	done
}

@test "a failing bats test is red, a skipped one is counted and named" {
	# Not a here-document: bats would take its lines for tests of this file.
	printf '@%s\n' 'test "holds" { true; }' 'test "does not hold" { false; }' \
		'test "cannot be tried" { skip "no moon tonight"; }' >"$BATS_TEST_TMPDIR/some.bats"
	run tests/run "$BATS_TEST_TMPDIR/some.bats"
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 1 failed, 1 skipped" ]
	[[ "$output" = *"failed: does not hold"* ]]
	[[ "$output" = *"cannot be tried: no moon tonight"* ]]
}

@test "a program is judged by its exit status: 0, 77 and the rest" {
	program good <<<'exit 0'
	program bad <<<'echo what happened; exit 1'
	program skipped <<<'echo no moon tonight; exit 77'
	program killed <<<'kill -SEGV $$'
	run tests/run "$BATS_TEST_TMPDIR"/{good,bad,skipped,killed}
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 2 failed, 1 skipped" ]
	[[ "$output" = *"| what happened"* ]]
	[[ "$output" = *"skipped: no moon tonight"* ]]
}

@test "fewer results than planned, none at all, or a bad end are red" {
	program short <<<'echo 1..2; echo ok 1 - first'
	program none <<<'echo 1..0'
	program end <<<'echo 1..1; echo ok 1 - first; exit 1'
	for name in short none end; do
		run tests/run "$BATS_TEST_TMPDIR/$name"
		[ "$status" -eq 1 ]
		[[ "$(last_line)" = *" 1 failed, 0 skipped" ]]
	done
}

@test "nothing selected, or everything skipped, is an error" {
	run tests/run --match "no test has such a name"
	[ "$status" -eq 2 ]
	program skipped <<<'exit 77'
	run tests/run "$BATS_TEST_TMPDIR/skipped"
	[ "$status" -eq 1 ]
	run tests/run "$BATS_TEST_TMPDIR/not-there"
	[ "$status" -ne 0 ]
}

@test "a test that hangs is ended and red" {
	program hangs <<<'sleep 1000'
	run tests/run --timeout 1 "$BATS_TEST_TMPDIR/hangs"
	[ "$status" -eq 1 ]
	[[ "$output" = *"not done after 1 seconds"* ]]
}

@test "a process left behind is red and is ended" {
	program leaves <<-END
	setsid sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/pid; exec sleep 1000' >/dev/null 2>&1 &
	while ! [ -s $BATS_TEST_TMPDIR/pid ]; do sleep 0.01; done
	END
	run tests/run "$BATS_TEST_TMPDIR/leaves"
	[ "$status" -eq 1 ]
	[[ "$output" = *"left a process behind: $(cat "$BATS_TEST_TMPDIR/pid")"* ]]
	for ((n = 0; n < 100; n++)); do
		kill -0 "$(cat "$BATS_TEST_TMPDIR/pid")" 2>/dev/null || break
		sleep 0.02
	done
	[ "$n" -lt 100 ]
}
