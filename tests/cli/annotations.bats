# SPDX-License-Identifier: MIT
#
# include/sigsweep.h: compiles everywhere it says it does, and leaves the notes that it says.

bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	work=$BATS_TEST_TMPDIR
	warnings="-Wall -Wextra -Wshadow -Werror -I."
	source=tests/cli/annotations.c
}

# compile COMPILER STANDARD LANGUAGE [OPTION...]
compile()
{
	local compiler=$1 standard=$2 language=$3
	shift 3
	# shellcheck disable=SC2086 # several words
	"$compiler" -std="$standard" $warnings "$@" -x "$language" -o "$work/it" "$source"
}

# One line a probe: name, then width of each argument with its sign, constants whole.
probes()
{
	readelf -nW "$1" | awk '
		/ Provider: / { provider = $NF }
		$1 == "Name:" { name = $2 }
		$1 == "Arguments:" && provider == "sigsweep" {
			line = name
			for (n = 2; n <= NF; n++) {
				split($n, part, "@")
				line = line " " (part[2] ~ /^\$/ ? part[2] : part[1])
			}
			print line
		}'
}

expected()
{
	cat <<-'END'
	window_begin
	lock_word 8 $4 8
	lock_acquired 8 8
	lock_released 8
	counter 8 $8 8
	counter 8 $2 8
	counter_end 8
	invariant 8 $1 $3 -8 8
	invariant 8 $4 $16 -8 8
	invariant_pair 8 $8 $20 8 $4 8
	invariant_end 8
	benign_begin 8
	benign_end
	window_end
	END
}

@test "annotations leave a note each, with C and C++, gcc and clang, at any optimisation" {
	local row level
	for row in gcc:c99:c gcc:c11:c gcc:gnu17:c g++:c++11:c++ g++:c++14:c++ g++:c++17:c++ \
		g++:c++20:c++ clang:c99:c clang:c11:c clang:gnu17:c clang++:c++11:c++ \
		clang++:c++14:c++ clang++:c++17:c++ clang++:c++20:c++; do
		command -v "${row%%:*}" >/dev/null || continue
		for level in -O0 -O2; do
			# shellcheck disable=SC2046 # three words
			compile $(echo "$row" | tr : ' ') "$level"
			diff <(expected) <(probes "$work/it")
			"$work/it"
		done
	done
}

@test "annotations cost a nop: no call, no argument that only a symbol names" {
	compile gcc gnu11 c -O2
	run ! grep -q -E '@[a-z_]+.*\(%rip\)' <(readelf -nW "$work/it")
	run ! grep -q -w call <(objdump -d --disassemble=main --no-show-raw-insn "$work/it")
	[ "$(objdump -d --disassemble=main --no-show-raw-insn "$work/it" | grep -c -w 'nop$')" -eq \
		"$(expected | wc -l)" ]
}

@test "annotations are nothing without <sys/sdt.h> and where they are switched off" {
	for language in c c++; do
		compile gcc "$([ $language = c ] && echo c99 || echo c++11)" $language \
			-DSIGSWEEP_NO_ANNOTATIONS -pedantic
		[ -z "$(probes "$work/it")" ]
		run -5 "$work/it"
	done
	# A compiler that looks for system headers in an empty folder finds no <sys/sdt.h>.
	echo '#include "include/sigsweep.h"
	int annotations = SIGSWEEP_ANNOTATIONS;' >"$work/without.c"
	gcc -nostdinc -I. -E -P "$work/without.c" | grep -q 'annotations = 0;'
}

@test "annotations go with probes that have semaphores" {
	compile gcc gnu11 c -D_SDT_HAS_SEMAPHORES
	diff <(expected) <(probes "$work/it")
	compile g++ c++17 c++ -D_SDT_HAS_SEMAPHORES -O2
	diff <(expected) <(probes "$work/it")
}

@test "annotations: every macro of the header is documented" {
	grep -o -w 'SIGSWEEP_[A-Z_]*[A-Z](' include/sigsweep.h | sort -u |
		while read -r macro; do
			grep -q -F "$macro" docs/annotations.md
		done
}
