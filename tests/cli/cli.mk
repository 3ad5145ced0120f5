# SPDX-License-Identifier: MIT
# Builds the programs that tests/cli sweeps: each tests/cli/victims/NAME.c becomes
# $(BUILD)/tests/cli/NAME, and plain.c is also built in the ways in which programs come. Included by
# the top Makefile.
#
# Flags as for the targets with known truth: short windows, the source's shape.
CLI_CFLAGS := -I. -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fno-stack-protector -pthread
CLI_PIE := -fPIE -pie -Wl,-z,now
CLI_SOURCES := $(wildcard tests/cli/victims/*.c)
CLI_WAYS := stripped static static-stripped static-pie no-pie
CLI_VICTIMS := $(CLI_SOURCES:tests/cli/victims/%.c=$(BUILD)/tests/cli/%) \
	$(CLI_WAYS:%=$(BUILD)/tests/cli/plain-%)

$(BUILD)/tests/cli/plain-stripped: CLI_PIE += -s
$(BUILD)/tests/cli/plain-static: CLI_PIE := -static
$(BUILD)/tests/cli/plain-static-stripped: CLI_PIE := -static -s
$(BUILD)/tests/cli/plain-static-pie: CLI_PIE := -fPIE -static-pie
$(BUILD)/tests/cli/plain-no-pie: CLI_PIE := -fno-pie -no-pie -Wl,-z,now

$(BUILD)/tests/cli/plain-%: tests/cli/victims/plain.c tests/cli/victims/victim.h tests/cli/cli.mk
	@mkdir -p $(@D)
	@echo '  compile $< as $(@F)'
	$(Q)$(CC) $(CLI_CFLAGS) $(CLI_PIE) -o $@ $<

$(BUILD)/tests/cli/%: tests/cli/victims/%.c tests/cli/victims/victim.h tests/cli/cli.mk
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) $(CLI_CFLAGS) $(CLI_PIE) -o $@ $<

everything: $(CLI_VICTIMS)
