# SPDX-License-Identifier: MIT
# Builds the programs that `make bench` measures against: each tests/bench/NAME.c becomes
# $(BUILD)/tests/bench/NAME. Included by the top Makefile; they share no code with the harness.
BENCH_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

$(BENCH_PROGRAMS): $(BUILD)/tests/bench/%: tests/bench/%.c tests/bench/bench.mk
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wl,-z,now -o $@ $<

bench-programs: $(BENCH_PROGRAMS)

.PHONY: bench-programs
