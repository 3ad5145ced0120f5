# SPDX-License-Identifier: MIT
#
# `make install` puts everything where PREFIX and DESTDIR say, and what it installs works there.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	root=$BATS_TEST_TMPDIR/root
}

@test "make install: program, man page, completion and schemas" {
	# Other tests run what stands there: it is not built anew, whatever flags it was built with.
	make -o "$BUILD/flags" BUILD="$BUILD" DESTDIR="$root" PREFIX=/opt/it install
	[ "$("$root/opt/it/bin/sigsweep" --version)" = "sigsweep $(cat VERSION)" ]
	[ -s "$root/opt/it/share/sigsweep/schema/report.json" ]
	[ -s "$root/opt/it/share/sigsweep/schema/record.json" ]
	bash -n "$root/opt/it/share/bash-completion/completions/sigsweep"
	grep -q '^\.TH SIGSWEEP 1' "$root/opt/it/share/man/man1/sigsweep.1"
	# Nothing is written beside DESTDIR/PREFIX, nothing is installed twice.
	[ "$(find "$root" -type f | wc -l)" -eq "$(find "$root/opt/it" -type f | wc -l)" ]
}

@test "the man page names every command and every option that --help names" {
	"$SIGSWEEP" --man >"$BATS_TEST_TMPDIR/page"
	sed 's/\\-/-/g; s/\\f.//g' "$BATS_TEST_TMPDIR/page" >"$BATS_TEST_TMPDIR/plain"
	for command in run check replay show list; do
		grep -q "^\.SS $command\$" "$BATS_TEST_TMPDIR/page"
		for option in $("$SIGSWEEP" "$command" --help | grep -o '^  .*--[a-z-]*' |
			grep -o -e '--[a-z-]*$'); do
			[ "$option" = --help ] || grep -q -e "$option" "$BATS_TEST_TMPDIR/plain"
		done
	done
}
