# SPDX-License-Identifier: MIT
# Builds the targets that end well and leave something broken: targets/state/NAME.c or NAME.cc
# becomes $(BUILD)/targets/state/NAME. Included by the top Makefile; knows nothing of the harness.
#
# jump-KIND.c is built twice: as jump-KIND, whose handler jumps out wherever it is, and with
# -DDEFERRED as deferred-KIND, its good twin. Flags as in targets/native, for the same reasons.
STATE_TARGET_FLAGS := -D_GNU_SOURCE -I. -O1 -g -Wall -Wextra -fPIE -fno-stack-protector -pthread
STATE_TARGET_LDFLAGS := -pie -Wl,-z,now -Wl,--as-needed
# Always g++: what a thrown exception meets is what the compiler's tables say, and clang's know of
# no exceptions but at calls.
STATE_TARGET_CXX := $(shell command -v g++ 2>/dev/null)
# glib.h is not everywhere; the manifests of its targets need it too.
STATE_GLIB := $(shell pkg-config --exists gobject-2.0 2>/dev/null && echo yes)
STATE_SOURCES := $(filter-out $(if $(STATE_GLIB),,%-glib.c %-gobject.c),$(wildcard targets/state/*.c))
STATE_JUMPS := $(filter targets/state/jump-%.c,$(STATE_SOURCES))
STATE_TARGETS := $(STATE_SOURCES:%.c=$(BUILD)/%) \
	$(STATE_JUMPS:targets/state/jump-%.c=$(BUILD)/targets/state/deferred-%) \
	$(if $(STATE_TARGET_CXX),$(patsubst %.cc,$(BUILD)/%,$(wildcard targets/state/*.cc)))
STATE_HEADERS := targets/state/state.h targets/state/section.h include/sigsweep.h targets/state/targets.mk

$(BUILD)/targets/state/%-glib: STATE_TARGET_FLAGS += $(shell pkg-config --cflags glib-2.0 2>/dev/null)
$(BUILD)/targets/state/%-glib: STATE_TARGET_LIBS := $(shell pkg-config --libs glib-2.0 2>/dev/null)
$(BUILD)/targets/state/%-gobject: STATE_TARGET_FLAGS += $(shell pkg-config --cflags gobject-2.0 2>/dev/null)
$(BUILD)/targets/state/%-gobject: STATE_TARGET_LIBS := $(shell pkg-config --libs gobject-2.0 2>/dev/null)
# What symbols alone tell.
$(BUILD)/targets/state/%-bare: STATE_TARGET_FLAGS += -g0
# A handler throws where the compiler would not expect it: at any instruction that may trap.
$(BUILD)/targets/state/throw-%: STATE_TARGET_FLAGS += -fnon-call-exceptions

$(BUILD)/targets/state/deferred-%: targets/state/jump-%.c $(STATE_HEADERS)
	@mkdir -p $(@D)
	@echo '  compile $@'
	$(Q)$(CC) -std=gnu11 -DDEFERRED $(STATE_TARGET_FLAGS) $(STATE_TARGET_LDFLAGS) -o $@ $< \
		$(STATE_TARGET_LIBS) -lm

$(BUILD)/targets/state/%: targets/state/%.c $(STATE_HEADERS)
	@mkdir -p $(@D)
	@echo '  compile $@'
	$(Q)$(CC) -std=gnu11 $(STATE_TARGET_FLAGS) $(STATE_TARGET_LDFLAGS) -o $@ $< \
		$(STATE_TARGET_LIBS) -lm

$(BUILD)/targets/state/%: targets/state/%.cc $(STATE_HEADERS)
	@mkdir -p $(@D)
	@echo '  compile $@'
	$(Q)$(STATE_TARGET_CXX) -std=gnu++17 $(STATE_TARGET_FLAGS) $(STATE_TARGET_LDFLAGS) -o $@ $< \
		$(STATE_TARGET_LIBS) -lm

state-targets: $(STATE_TARGETS)

.PHONY: state-targets
