# SPDX-License-Identifier: MIT
#
# The static checks and the dependency script can say no: each is given a small tree with one thing
# wrong, and the same tree without it.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/harness/base" "$tree/harness/model" "$tree/docs"
}

@test "check-layers: a lower layer that includes a higher one" {
	echo '#include "harness/base/fail.h"' >"$tree/harness/model/good.c"
	scripts/check-layers "$tree"
	echo '#include "harness/model/trial.h"' >"$tree/harness/base/bad.c"
	run scripts/check-layers "$tree"
	[ "$status" -eq 1 ]
	[[ "$output" = "harness/base/bad.c:1: includes harness/model/trial.h: base lies below model" ]]
}

@test "check-layers: a library known, reports included or ptrace called in the wrong place" {
	for line in '#include <libunwind-ptrace.h>' '#include "reports/report.h"' \
		'	if (ptrace(PTRACE_CONT, pid, 0, 0) < 0)'; do
		echo "$line" >"$tree/harness/model/bad.c"
		run scripts/check-layers "$tree"
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	mkdir "$tree/empty"
	run scripts/check-layers "$tree/empty"
	[ "$status" -eq 1 ]
}

@test "check-files: no licence, put off, a space at the end, no newline, a machine's path, a conflict" {
	git -C "$tree" init -q
	printf '/* SPDX-License-Identifier: MIT */\n/* What for. */\n' >"$tree/harness/base/file.c"
	git -C "$tree" add .
	scripts/check-files "$tree"
	for line in "TO""DO" 'int x; ' "/ho""me/someone" \
		"<<<<""<<< HEAD" "====""===" ">>>>"">>> 0123abc (words)"; do
		printf '/* SPDX-License-Identifier: MIT */\n/* What for. */\n%s\n' "$line" \
			>"$tree/harness/base/file.c"
		run scripts/check-files "$tree"
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	printf '/* What for. */\nint x;' >"$tree/harness/base/file.c"
	run scripts/check-files "$tree"
	[ "$status" -eq 1 ]
	[[ "$output" = *"no SPDX"* ]]
	[[ "$output" = *"does not end"* ]]
}

@test "this tree is as its checks want it" {
	git rev-parse --is-inside-work-tree >/dev/null 2>&1 || skip "not a checkout"
	scripts/check-files
	scripts/check-layers
	scripts/check-docs . "$SIGSWEEP"
}

@test "check-docs: paths, make targets, commands and options that are not there" {
	printf 'check:\n' >"$tree/Makefile"
	cat >"$tree/sigsweep" <<-'END'
	#!/bin/sh
	[ "$1" = run ] || [ "$1" = --help ] || exit 2
	echo "  -o, --output REPORT  write it there"
	END
	chmod +x "$tree/sigsweep"
	cat >"$tree/README.md" <<-'END'
	Run `make check`, then `build/sigsweep run -o x -- sort --no-such`; `harness/LAYER/` and
	[docs](docs). `--output` is known.
	END
	scripts/check-docs "$tree" "$tree/sigsweep"
	# shellcheck disable=SC2016 # Markdown's, not the shell's
	for code in '`make chekc`' '`sigsweep run --outptu x`' '`sigsweep rnu`' '`harness/none.c`' \
		'`docs/FILE.txt`' '[x](none.md)' '`--outptu`'; do
		printf '\n%s\n' "$code" >"$tree/README.md"
		run scripts/check-docs "$tree" "$tree/sigsweep"
		echo "$code: $output"
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ "$output" = README.md:2:* ]]
	done
}

@test "dependencies: nothing to do says nothing, what is missing is one sentence and status 3" {
	run scripts/dependencies build test
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	SIGSWEEP_NO_INSTALL=1 CC=no-such-compiler run scripts/dependencies build
	[ "$status" -eq 3 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" = "dependencies: missing: no-such-compiler "*"; to have them: "* ]]
	run scripts/dependencies no-such-group
	[ "$status" -eq 2 ]
}

@test "validate: a report that is not as its schema says" {
	printf '{"schema": "sigsweep/report/1"}\n' >"$BATS_TEST_TMPDIR/report.json"
	run tests/validate "$BATS_TEST_TMPDIR/report.json"
	[ "$status" -eq 1 ]
	[[ "$output" = *"'tool' is a required property"* ]]
	printf '{"type": "trial"}\n' >"$BATS_TEST_TMPDIR/record.jsonl"
	run tests/validate "$BATS_TEST_TMPDIR/record.jsonl"
	[ "$status" -eq 1 ]
	run tests/validate "$BATS_TEST_TMPDIR/not-there.json"
	[ "$status" -eq 3 ]
}

@test "python-offsets: the tables of the host's CPython are what its headers say" {
	python=/usr/bin/python3.11
	[ -e "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
		skip "no header files of $python"
	scripts/python-offsets --check "$python"
}

# An archive that has release $1 of python3.13 and of its other packages ($2: which), for get-python; what
# it unpacks says of itself which release it is of. $3: what apt says instead of fetching lists.
fake_archive()
{
	local fake=$BATS_TEST_TMPDIR/fake
	mkdir -p "$fake"
	echo "$1" >"$fake/release"
	# shellcheck disable=SC2086 # words
	printf '%s\n' python3.13 ${2-python3.13-dbg libpython3.13-dbg libpython3.13-dev} >"$fake/packages"
	echo "${3-}" >"$fake/trouble"
	cat >"$fake/apt-get" <<-END
		#!/bin/sh
		release=\$(cat "$fake/release")
		for last; do :; done
		case "\$*" in
		*indextargets*) echo 'Debian mirror://debian/' ;;
		*update*) cat "$fake/trouble"; [ ! -s "$fake/trouble" ] || [ -z "\$(cat "$fake/trouble")" ] ;;
		*install*) for part; do case \$part in Dir::Cache=*) cd "\${part#*=}/archives" ;; esac; done
			echo "\$release" >"\$last.deb" ;;
		*download*) for part; do case \$part in *python3.13*=*)
			[ "\${part#*=}" = "\$release" ] && echo "\$release" >"\${part%=*}.deb" || exit 100 ;;
			esac; done ;;
		esac
	END
	cat >"$fake/apt-cache" <<-END
		#!/bin/sh
		release=\$(cat "$fake/release")
		for last; do :; done
		case "\$*" in
		*policy*) echo "  Candidate: \$release" ;;
		esac
		case "\$*" in
		*show*) grep -qx "\${last%=*}" "$fake/packages" || exit 100
			case \$last in *=*) [ "\${last#*=}" = "\$release" ] || exit 100 ;; esac ;;
		esac
	END
	cat >"$fake/dpkg" <<-END
		#!/bin/sh
		mkdir -p "\$3/usr/bin" "\$3/usr/lib/python3.13" "\$3/usr/lib64" "\$3/usr/include/python3.13"
		case \$2 in
		*/python3.13.deb) cp "\$2" "\$3/usr/bin/python3.13"
			chmod +x "\$3/usr/bin/python3.13"
			cp "$fake/loader" "\$3/usr/lib64/ld-linux-x86-64.so.2" ;;
		*/python3.13-dbg.deb) cp "\$2" "\$3/usr/bin/python3.13d"; chmod +x "\$3/usr/bin/python3.13d" ;;
		*-dev.deb) cp "\$2" "\$3/usr/include/python3.13/Python.h" ;;
		esac
	END
	# shellcheck disable=SC2016 # for the shell that runs it
	printf '%s\n' '#!/bin/sh' '[ "$1" != --help ] || exit 0' '[ -x "$3" ] && cat "$3"' >"$fake/loader"
	chmod +x "$fake"/{apt-get,apt-cache,dpkg,loader}
}

get_python()
{
	[ -r /usr/share/keyrings/debian-archive-keyring.gpg ] || skip "no keyring of Debian's here"
	PATH=$BATS_TEST_TMPDIR/fake:$PATH SIGSWEEP_PYTHONS=$BATS_TEST_TMPDIR/pythons \
		run scripts/get-python "$@"
}

@test "get-python: what is added later is of the release that is there, or all is fetched anew" {
	pythons=$BATS_TEST_TMPDIR/pythons
	fake_archive 3.13.5-1
	get_python 3.13
	[ "$status" -eq 0 ]
	get_python --headers 3.13d
	[ "$status" -eq 0 ]
	[ "$("$pythons/3.13/python")-$("$pythons/3.13d/python")" = 3.13.5-1-3.13.5-1 ]
	# The suite moves on: what is there stays, what is missing is not mixed with it.
	rm -r "$pythons/3.13d"
	fake_archive 3.13.6-1
	get_python 3.13
	[ "$("$pythons/3.13/python")" = 3.13.5-1 ]
	get_python 3.13d
	[ "$status" -eq 0 ]
	[ "$("$pythons/3.13/python")-$("$pythons/3.13d/python")" = 3.13.6-1-3.13.6-1 ]
	[ "$(cat "$pythons/3.13/root/usr/include/python3.13/Python.h")" = 3.13.6-1 ]
	rm "$pythons/3.13/root/usr/include/python3.13/Python.h"
	fake_archive 3.13.7-1
	get_python --headers 3.13
	[ "$status" -eq 0 ]
	[ "$("$pythons/3.13/python")-$("$pythons/3.13d/python")" = 3.13.7-1-3.13.7-1 ]
	[ "$(cat "$pythons/3.13/root/usr/include/python3.13/Python.h")" = 3.13.7-1 ]
}

@test "get-python: a folder that was removed is got again, with the pydebug build beside it" {
	fake_archive 3.13.5-1
	get_python 3.13d
	[ "$status" -eq 0 ]
	rm -r "$BATS_TEST_TMPDIR/pythons/3.13"
	get_python 3.13d
	[ "$status" -eq 0 ]
	[ "$("$BATS_TEST_TMPDIR/pythons/3.13d/python")" = 3.13.5-1 ]
}

@test "get-python: what this machine cannot have is status 77, what fails is 3" {
	fake_archive 3.13.5-1 ""
	get_python 3.13d
	[ "$status" -eq 77 ]
	[[ "${lines[-1]}" = *"has no python3.13-dbg 3.13.5-1" ]]
	rm -r "$BATS_TEST_TMPDIR/pythons"
	fake_archive 3.13.5-1 "" "E: Temporary failure resolving 'mirror'"
	get_python 3.13
	[ "$status" -eq 77 ]
	[[ "${lines[-1]}" = *"no network"* ]]
	fake_archive 3.13.5-1 "" "E: The repository 'mirror' does not have a Release file."
	get_python 3.13
	[ "$status" -eq 77 ]
	fake_archive 3.13.5-1 "" "E: GPG error: it is not signed"
	get_python 3.13
	[ "$status" -eq 3 ]
	get_python 3.8
	[ "$status" -eq 3 ]
}

# A tree in which everything that check_pythons.py runs says of itself that it passed.
fake_pythons()
{
	local name
	mkdir -p "$tree"/{scripts,tests/python,build/tests,build/pythons/3.9,build/pythons/3.13d}
	cp tests/python/check_pythons.py "$tree/tests/python"
	for name in scripts/get-python scripts/python-offsets build/tests/test_python_{state,dispatch} \
		build/pythons/{3.9,3.13d}/python tests/python/test_{opcodes,traced,interpreters,went,handlers}.py \
		tests/python/test_{locks,checks,places,leaks,cleanup}.py \
		tests/python/check_{exceptions,versions}.py; do
		printf '%s\n' '#!/bin/sh' "echo \"ran $name \$*\"" "${1:-}" >"$tree/$name"
		chmod +x "$tree/$name"
	done
}

check_pythons()
{
	unset SIGSWEEP_PYTHONS
	run "$tree/tests/python/check_pythons.py" "$@"
}

@test "check_pythons: what was not tested is said at the end, and why; a failure is one" {
	fake_pythons
	check_pythons 3.9 3.13d
	[ "$status" -eq 0 ]
	[[ "$output" = *"ran scripts/get-python --headers 3.9"*"ran scripts/python-offsets --check 3.9"* ]]
	[[ "$output" != *"--headers 3.13d"* ]]
	[[ "$output" = *"ran build/tests/test_python_dispatch"*"ran tests/python/check_exceptions.py"* ]]
	[[ "${lines[-1]}" = "ran tests/python/check_versions.py "*"--long 3.9 3.13d" ]]
	# shellcheck disable=SC2016 # for the shell that runs it
	printf '%s\n' '#!/bin/sh' 'case $* in' '*3.13d) echo "get-python: skipped: no network" >&2; exit 77 ;;' \
		'--headers*) exit $HEADERS ;;' 'esac' >"$tree/scripts/get-python"
	HEADERS=0 check_pythons 3.13d 3.9
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "not tested: 3.13d (get-python: skipped: no network)" ]
	[[ "$output" = *"ran tests/python/check_versions.py "*"--long 3.9"$'\n'* ]]
	HEADERS=77 check_pythons 3.9
	[ "$status" -eq 0 ]
	[[ "${lines[-1]}" = "not tested: 3.9: tables of offsets "* ]]
	HEADERS=3 check_pythons 3.9 3.13d
	[ "$status" -eq 1 ]
	[ "${lines[-2]}" = "FAILED 3.9: tables of offsets: scripts/get-python: exit status 3" ]
	[[ "${lines[-1]}" = "not tested: 3.13d "* ]]
	fake_pythons 'exit 3'
	check_pythons 3.9
	[ "$status" -eq 1 ]
	[[ "$output" = *"FAILED 3.9: scripts/get-python: exit status 3"* ]]
	fake_pythons
	printf '%s\n' '#!/bin/sh' 'exit 1' >"$tree/tests/python/test_went.py"
	check_pythons 3.9
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "FAILED 3.9: tests/python/test_went.py: exit status 1" ]
}

@test "check_versions: a version that is not there is named at the end; tracing must have compared something" {
	local fake=$BATS_TEST_TMPDIR/fake
	mkdir -p "$fake/tests/python" "$fake/pythons/3.13"
	touch "$fake/tests/python/interrupter.abi3.so" "$fake/pythons/3.13/python"
	# shellcheck disable=SC2016 # for the shell that runs it
	printf '%s\n' '#!/bin/sh' 'for part; do case $part in *.manifest) echo "ok $part" ;; esac; done' \
		>"$fake/sigsweep"
	chmod +x "$fake/sigsweep" "$fake/pythons/3.13/python"
	check_versions()
	{
		run tests/python/check_versions.py --build "$fake" --pythons "$fake/pythons" "$@"
	}
	check_versions 3.13
	[ "$status" -eq 1 ]
	[[ "$output" = *"FAILED 3.13: tracing: nothing was compared"* ]]
	check_versions --match '^lock-with$' 3.13
	[ "$status" -eq 1 ]
	check_versions --match '^direct-bad$' 3.13
	[ "$status" -eq 0 ]
	check_versions --match '^direct-bad$' 3.13 3.15
	[ "$status" -eq 77 ]
	[ "${lines[-1]}" = "not tested: 3.15 (it is not in $fake/pythons)" ]
}
