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

@test "the default window of a wrapper script is that of the CPython it becomes" {
	printf '%s\n' '#!/bin/sh' "exec $python -S \"\$@\"" >"$BATS_TEST_TMPDIR/wrapper"
	chmod +x "$BATS_TEST_TMPDIR/wrapper"
	printf "%s\n" "import posix" "posix.getppid()" >"$BATS_TEST_TMPDIR/small.py"
	sweep -b opcode -- "$BATS_TEST_TMPDIR/wrapper" "$BATS_TEST_TMPDIR/small.py"
	run trials
	[ "${lines[0]}" = "<module> None RESUME" ]
	[ "${lines[-1]}" = "<module> 2 RETURN_VALUE" ]
	sweep -b syscall -- "$BATS_TEST_TMPDIR/wrapper" "$BATS_TEST_TMPDIR/small.py"
	grep -q '"from": *"module"' "$report"
	grep -q '"to": *"finalize"' "$report"
	sweep -b syscall --from main --budget 1trials -- /usr/bin/env true
	run "$sigsweep" run -q -o "$report" -- /usr/bin/env true
	[[ $output == *"never installs a handler"* ]]
}

@test "--in a script whose name has no suffix" {
	printf '%s\n' 'import colorsys' 'x = 1' >"$BATS_TEST_TMPDIR/tool"
	sweep -b opcode --in tool --budget 6trials -- "$python" -S "$BATS_TEST_TMPDIR/tool"
	# RESUME, IMPORT_NAME with two constants, STORE_NAME; LOAD_CONST, STORE_NAME; the end: two.
	[ "$(jq .boundaries.eligible "$report")" -eq 9 ]
}

@test "a module that -m executes is swept from its first line" {
	mkdir "$BATS_TEST_TMPDIR/package"
	echo 'import colorsys' >"$BATS_TEST_TMPDIR/package/__init__.py"
	printf '%s\n' 'try:' '    int("x")' 'except ValueError:' '    pass' \
		>"$BATS_TEST_TMPDIR/package/part.py"
	PYTHONPATH=$BATS_TEST_TMPDIR sweep -b opcode --oracle lost -- "$python" -S -m package.part
	run trials
	[ "${lines[0]}" = "<module> None RESUME" ]
	[[ ${lines[1]} = "<module> 1 "* ]]
	[[ ${lines[-1]} = *RETURN_VALUE ]]
	# As targets/audit/std-int.py, which is a script.
	grep -q '"oracle": *"lost"' "$report"
}

@test "an except* takes what it names, and nothing else" {
	cat >"$BATS_TEST_TMPDIR/star.py" <<-'END'
		import sys
		chosen = eval(sys.argv[1])
		def work():
		    for number in range(3):
		        pass
		def top():
		    try:
		        work()
		    except* OSError:
		        pass
		    except* chosen as error:
		        pass
		top()
	END
	sweep -b opcode --from py:work --to star.py:11 --oracle end,lost -- \
		"$python" -S "$BATS_TEST_TMPDIR/star.py" KeyboardInterrupt
	[ "$status" -eq 0 ]
	grep -q '"caught"' "$report"
	sweep -b opcode --from py:work --to star.py:11 --oracle end,lost -- \
		"$python" -S "$BATS_TEST_TMPDIR/star.py" ValueError
	[ "$status" -eq 0 ]
	run jq -c .went "$report"
	[[ $output != *'"caught"'* ]]
	[[ $output = *'"uncaught"'* ]]
}

@test "an exception is followed through more frames than are read at once" {
	cat >"$BATS_TEST_TMPDIR/deep.py" <<-'END'
		def down(depth):
		    if depth:
		        down(depth - 1)
		def top():
		    try:
		        down(150)
		    except KeyboardInterrupt:
		        pass
		def end():
		    pass
		top()
		end()
	END
	sweep -b opcode --from deep.py:6 --to py:end --budget 4trials --oracle lost -- \
		"$python" -S "$BATS_TEST_TMPDIR/deep.py"
	# On the way back nobody looks for signals before end().
	run jq -r 'select(.type == "trial") | "\(.outcome) \(.went.kind)"' "${report%.json}.jsonl"
	[ "$(sort -u <<<"$output")" = "$(printf '%s\n' 'same caught' 'signal:SIGINT uncaught')" ]
}

@test "an announced lock has the name that it was given" {
	cat >"$BATS_TEST_TMPDIR/lock.py" <<-'END'
		import sigsweep, threading
		box = [sigsweep.watch(threading.Lock(), "the lock of the queue")]
		def work():
		    lock = box[0]
		    lock.acquire()
		    try:
		        pass
		    finally:
		        lock.release()
		work()
	END
	PYTHONPATH=companion sweep -b opcode --from py:work --oracle python-lock -- \
		"$python" -S "$BATS_TEST_TMPDIR/lock.py"
	run jq -r '.findings[].title' "$report"
	[[ $output == *"the lock of the queue (Lock) stays held"* ]]
}

@test "announced objects of one name are told apart" {
	cat >"$BATS_TEST_TMPDIR/twins.py" <<-'END'
		import ctypes, signal, sigsweep
		signal.signal(signal.SIGINT, lambda *_: None)
		first, second = sigsweep.watch([]), sigsweep.watch([])
		ctypes.pythonapi.Py_IncRef(ctypes.py_object(first))
		def work():
		    pass
		work()
	END
	PYTHONPATH=companion sweep -b opcode --from py:work --oracle python-refcount -- \
		"$python" -S "$BATS_TEST_TMPDIR/twins.py"
	[ "$status" -eq 0 ]
}

# What they call back: the opcodes of that function, as --in its file shows them.
@test "--in an extension lets its calls of Python code through" {
	[ -e "$build/targets/cpython/mutex_good.abi3.so" ] || skip "no extension modules are built"
	sweep -b opcode --from py:work --in 'calls-back.py' -- \
		"$python" -S "$build/targets/cpython/calls-back.py" mutex_good again
	trials | grep '^callback ' >"$BATS_TEST_TMPDIR/expected"
	sweep -b opcode --from py:work --in 'mutex_good*.so' -- \
		"$python" -S "$build/targets/cpython/calls-back.py" mutex_good again
	[ -s "$BATS_TEST_TMPDIR/expected" ]
	trials | diff "$BATS_TEST_TMPDIR/expected" -
}

@test "--in an extension lets its system calls through" {
	cat >"$BATS_TEST_TMPDIR/calls.py" <<-'END'
		import posix
		import termios
		def work():
		    posix.getppid()
		    try:
		        termios.tcgetattr(0)
		    except termios.error:
		        pass
		    posix.getppid()
		work()
	END
	sweep -b syscall --from py:work --in 'termios*.so' -- "$python" -S "$BATS_TEST_TMPDIR/calls.py"
	run jq -r 'select(.type == "trial") | "\(.phase) \(.python.line)"' "${report%.json}.jsonl"
	[ "$(sort <<<"$output" | tr '\n' ' ')" = "after 6 before 6 " ]
	# Where it is loaded within the window.
	sweep -b syscall --in 'termios*.so' -- "$python" -S "$BATS_TEST_TMPDIR/calls.py"
	run jq -r 'select(.type == "trial" and .python.line == 6) | .phase' "${report%.json}.jsonl"
	[ "$(sort <<<"$output" | tr '\n' ' ')" = "after before " ]
}

@test "what became of the signal is followed where an oracle needs it, on every machine" {
	sweep -b opcode --from py:done --to finalize --budget 2trials -- "$python" -S "$subject"
	grep -q '"went": *{}' "$report"
	sweep -b opcode --from py:done --to finalize --budget 2trials --oracle lost -- \
		"$python" -S "$subject"
	grep -q '"uncaught": *1' "$report"
}

# LOAD_GLOBAL, LOAD_METHOD, LOAD_CONST, PRECALL, CALL: the handler is called when that has returned.
@test "a latency beyond what can be stepped is counted in opcodes" {
	[ -e "$build/targets/cpython/latency_bad.abi3.so" ] || skip "no extension modules are built"
	sweep -b opcode --from py:work --to py:end --oracle latency \
		--max-latency 0.02 -- "$python" -S "$build/targets/cpython/latency-bad.py"
	run "$sigsweep" show "$report"
	[[ $output == *'latency: {"opcodes": '5','* ]]
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

@test "trials between machine instructions say what Python executes" {
	sweep --budget 20trials --from py:subject --to py:numbers -- "$python" -S "$subject"
	[ "$(jq -s '[.[] | select(.type == "trial" and .python.function == "subject")] | length > 0' \
		"${report%.json}.jsonl")" = true ]
}

# A CPython that says it is of a version which nobody knows yet.
unknown_python()
{
	"$python" - "$python" "$BATS_TEST_TMPDIR/python3.99" <<-'END'
		import re, shutil, struct, subprocess, sys
		shutil.copy(sys.argv[1], sys.argv[2])
		def ask(*command):
		    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
		address = int(re.search(r"([0-9a-f]+) \w Py_Version", ask("nm", "-D", sys.argv[1]))[1], 16)
		for offset, start, size in re.findall(r"LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)",
		                                      ask("readelf", "-lW", sys.argv[1])):
		    if int(start, 16) <= address < int(start, 16) + int(size, 16):
		        where = int(offset, 16) + address - int(start, 16)
		with open(sys.argv[2], "r+b") as file:
		    file.seek(where)
		    file.write(struct.pack("<Q", 0x036302f0))
	END
}

@test "an unknown version is swept with native frames, and what Python could tell is unknown" {
	unknown_python || skip "the version of $python cannot be changed"
	script=$BATS_TEST_TMPDIR/small.py
	echo 'x = 1' >"$script"
	run --separate-stderr "$sigsweep" run -q -b syscall --oracle python-lock -o "$report" -- \
		"$BATS_TEST_TMPDIR/python3.99" -S "$script"
	[ "$status" -eq 3 ]
	tests/validate "$report"
	grep -q 'unknown CPython version 3.99.2: native frames only.*begins at Py_RunMain' "$report"
	[ "$(jq '.boundaries.injected > 0' "$report")" = true ]
	[ "$(jq -c '[.unknown[] | .oracle] | unique' "$report")" = '["python-lock"]' ]
	run "$sigsweep" run -q -b opcode -o "$report" -- "$BATS_TEST_TMPDIR/python3.99" -S "$script"
	[ "$status" -eq 2 ]
	[[ $output == *"unknown CPython version 3.99.2"* ]]
	run "$sigsweep" run -q -b syscall --from module -o "$report" -- \
		"$BATS_TEST_TMPDIR/python3.99" -S "$script"
	[ "$status" -eq 2 ]
}

@test "on the way to the window it has its timer" {
	cat >"$BATS_TEST_TMPDIR/ticks.py" <<-'END'
		import signal

		def work():
		    return 1

		signal.signal(signal.SIGALRM, lambda *_: None)
		signal.setitimer(signal.ITIMER_REAL, .01, .01)
		for _ in range(3):
		    signal.pause()
		signal.setitimer(signal.ITIMER_REAL, 0)
		work()
	END
	sweep -b opcode --from py:work -- "$python" -S "$BATS_TEST_TMPDIR/ticks.py"
	run trials
	[ "${lines[0]%% *}" = work ]
}

@test "a child that a thread has started before the window goes on in it" {
	cat >"$BATS_TEST_TMPDIR/child.py" <<-'END'
		import os, threading

		def child():
		    pid = os.fork()
		    if pid == 0:
		        os.read(ends[0], 1)
		        os._exit(int(str(sum(number for number in range(7)) == 21) != "True"))
		    children.append(pid)

		def work():
		    return 1

		def end():
		    os.write(ends[1], b"x")
		    return os.waitpid(children[0], 0)[1]

		children, ends = [], os.pipe()
		thread = threading.Thread(target=child)
		thread.start()
		thread.join()
		work()
		os._exit(end())
	END
	run --separate-stderr "$sigsweep" run -q -b opcode --oracle end --from py:work --to py:end \
		--allow-incomplete -o "$report" -- "$python" -S "$BATS_TEST_TMPDIR/child.py"
	echo "$stderr"
	[ "$(jq '[.boundaries.why_incomplete[] | select(test("did not end as the baseline"))] | length' \
		"$report")" -eq 0 ]
	[ "$(jq '.baseline.outcome' "$report")" = '"exit:0"' ]
}

@test "a sleep until a point in time is interrupted in it, however long the trials before take" {
	cat >"$BATS_TEST_TMPDIR/sleeps.py" <<-'END'
		import threading, time
		lock = threading.Lock()
		lock.acquire()
		def work():
		    time.sleep(0.05)
		    lock.acquire(timeout=0.05)
		def end(): pass
		work()
		end()
	END
	# shellcheck disable=SC2030 # each job walks to both
	for jobs in 1 2; do
		sweep -j$jobs -b syscall --from py:work --to py:end -- "$python" -S "$BATS_TEST_TMPDIR/sleeps.py"
		[ "$(grep -c '"phase":"during"' "${report%.json}.jsonl")" -ge 2 ]
		grep -q '"complete": *true' "$report"
	done
}

@test "a replay says what is unknown of a trial" {
	cat >"$BATS_TEST_TMPDIR/thread.py" <<-'END'
		import threading
		def work():
		    thread = threading.Thread(target=len, args=("x",))
		    thread.start()
		    thread.join()
		work()
	END
	run "$sigsweep" run -q -b opcode --oracle cleanup,python-lock --from py:work --budget 3trials \
		-o "$report" -- "$python" -S "$BATS_TEST_TMPDIR/thread.py"
	[ "$status" -eq 3 ]
	run "$sigsweep" replay "$report" 1
	[ "$status" -eq 0 ]
	[[ $output == *"unknown      cleanup: it starts a second thread"* ]]
	[[ $output == *"unknown      python-lock: without the signal it starts a second thread"* ]]
}
