# SPDX-License-Identifier: MIT
# Builds the targets with known truth: each targets/native/NAME.c becomes
# $(BUILD)/targets/native/NAME. Included by the top Makefile; knows nothing of the harness.
#
# A position-independent program, dynamically linked, as distributions build them. -O1 keeps the
# shape of the source with gcc and clang alike. With `-z now` no call goes through the loader's
# lazy binding, which would fill each window with tens of thousands of instructions.
NATIVE_TARGET_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fPIE -fno-stack-protector -pthread
NATIVE_TARGET_LDFLAGS := -pie -Wl,-z,now
NATIVE_TARGETS := $(patsubst %.c,$(BUILD)/%,$(wildcard targets/native/*.c))

$(BUILD)/targets/native/%: targets/native/%.c targets/native/targets.mk
	@mkdir -p $(@D)
	$(CC) $(NATIVE_TARGET_CFLAGS) $(NATIVE_TARGET_LDFLAGS) -o $@ $<

native-targets: $(NATIVE_TARGETS)

.PHONY: native-targets
