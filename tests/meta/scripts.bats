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
