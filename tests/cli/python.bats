# SPDX-License-Identifier: MIT
#
# Python programs on the command line: windows in Python's terms, names, and what is refused.

bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	build=${BUILD:-build}
	sigsweep=$build/sigsweep
	report=$BATS_TEST_TMPDIR/report.json
	python=/usr/bin/python3.11
	[ -x "$python" ] || skip "no $python"
	subject=$PWD/tests/python/subject.py
}

# sweep OPTION... -- PROGRAM...: the report is valid
sweep()
{
	run --separate-stderr "$sigsweep" run -q --oracle end -o "$report" "$@"
	# shellcheck disable=SC2154 # bats sets it
	[ "$status" -le 1 ] || { echo "$stderr"; return 1; }
	tests/validate "$report"
}

# What jq would do with the trials of the record: function, line and opcode of each, in order.
trials()
{
	"$python" - "${report%.json}.jsonl" <<-'END'
		import json, sys
		lines = map(json.loads, open(sys.argv[1]))
		for trial in sorted((l for l in lines if l["type"] == "trial"), key=lambda t: t["index"]):
		    place = trial["python"]
		    print(place["function"], place["line"], place["opcode"])
	END
}

@test "a window from a line to a function" {
	line=$(grep -n 'values = ' "$subject" | cut -d: -f1)
	sweep -b opcode --from "subject.py:$line" --to py:numbers -- "$python" -S "$subject"
	run trials
	[ "${lines[0]}" = "subject $line LOAD_CONST" ] || [ "${lines[0]}" = "subject $line BUILD_LIST" ]
	[[ $output != *"numbers"* ]]
}

@test "a plain name is a Python function where no symbol has it" {
	sweep -b opcode --from 'done' -- "$python" -S "$subject"
	run trials
	[ "${lines[0]}" = "done $(grep -n 'def done' "$subject" | cut -d: -f1) RESUME" ]
}

@test "a script is swept from its first line to finalization" {
	echo 'x = 1' >"$BATS_TEST_TMPDIR/small.py"
	sweep -b opcode -- "$python" -S "$BATS_TEST_TMPDIR/small.py"
	run trials
	[ "${lines[0]}" = "<module> None RESUME" ]
	[ "${lines[1]}" = "<module> 1 LOAD_CONST" ]
	[ "${lines[-1]}" = "<module> 1 RETURN_VALUE" ]
	grep -q '"from": *"module"' "$report"
	grep -q '"to": *"finalize"' "$report"
	grep -q 'PYTHONHASHSEED=0' "$report"
}

@test "a script that opens a window is swept there, unless the command line says otherwise" {
	printf '%s\n' 'import sigsweep' 'x = 1' 'with sigsweep.window("work"):' '    y = 2' 'z = 3' \
		>"$BATS_TEST_TMPDIR/small.py"
	cp companion/sigsweep.py "$BATS_TEST_TMPDIR"
	sweep -b opcode -- "$python" -S "$BATS_TEST_TMPDIR/small.py"
	run trials
	[ "${lines[0]}" = "<module> 3 POP_TOP" ]
	[ "${lines[1]}" = "<module> 4 LOAD_CONST" ]
	[ "${lines[-1]}" = "<module> 3 CALL" ]
	[[ $output != *"<module> 2 "* ]] && [[ $output != *"<module> 5 "* ]]
	grep -q '"from": *"window"' "$report"
	grep -q '"to": *"window"' "$report"
	sweep -b opcode --from small.py:5 -- "$python" -S "$BATS_TEST_TMPDIR/small.py"
	run trials
	[ "${lines[0]}" = "<module> 5 LOAD_CONST" ]
	grep -q '"to": *"finalize"' "$report"
}

@test "--in a Python file leaves out the others" {
	sweep -b opcode --from py:subject --to py:done --in other.py --allow-incomplete -- "$python" -S "$subject"
	run trials
	[ -z "$output" ]
}

@test "instruction boundaries have the Python frames in their stacks" {
	sweep --from py:done --to finalize --budget 20trials --expect same -- "$python" -S "$subject"
	run "$sigsweep" show "$report"
	[[ $output == *"#0  done at subject.py:"*": def done():"*"<module> at subject.py:"*": done()"* ]]
}

@test "no opcodes in what is no CPython, said in words" {
	run --separate-stderr "$sigsweep" run -q -b opcode --from main -o "$report" -- /bin/true
	[ "$status" -ne 0 ]
	[[ $stderr == *"no opcode boundaries in "* ]]
	run --separate-stderr "$sigsweep" run -q --from py:work -o "$report" -- /bin/true
	[ "$status" -ne 0 ]
	[[ $stderr == *"is no CPython"* ]]
}

@test "a function that is never called is said not to be reached" {
	run --separate-stderr "$sigsweep" run -q -b opcode --from py:absent -o "$report" -- \
		"$python" -S "$subject"
	[ "$status" -ne 0 ]
	[[ $stderr == *"py:absent"* ]]
}

@test "a line without code is refused, with the nearest lines that have some" {
	printf '%s\n' 'import other' '' 'def work():' '    x = 1' '' '    # a comment' '    return x' \
		'' 'work()' >"$BATS_TEST_TMPDIR/blank.py"
	printf '%s\n' '# first' 'a = 1' '' 'b = 2' >"$BATS_TEST_TMPDIR/other.py"
	cd "$BATS_TEST_TMPDIR"
	[[ $sigsweep == /* ]] || sigsweep=$OLDPWD/$sigsweep
	refused() # SENTENCE OPTION...
	{
		run --separate-stderr "$sigsweep" run -q -b opcode --oracle end -o "$report" "${@:2}" \
			-- "$python" -S blank.py
		[ "$status" -eq 2 ]
		# shellcheck disable=SC2154 # bats sets it
		[[ $stderr == *"$1"* ]] || { echo "$stderr"; return 1; }
	}
	refused "blank.py has no code at line 5, so that no window begins or ends there: the nearest lines that have are 4 and 7" \
		--from blank.py:5
	refused "the nearest lines that have are 4 and 7" --from py:work --to blank.py:6
	refused "blank.py has no code at line 99, so that no window begins or ends there: the nearest line that has is 9" \
		--from module --to blank.py:99
	# Of a module that is imported in the window, or before it.
	refused "other.py has no code at line 1, so that no window begins or ends there: the nearest line that has is 2" \
		--from other.py:1
	refused "other.py has no code at line 3, so that no window begins or ends there: the nearest lines that have are 2 and 4" \
		--in blank.py --from module --to other.py:3
	# A line that has some and is not come to.
	refused "ended before the window's start (--from held.py:4) was reached" --from held.py:4
}
