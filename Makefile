# SPDX-License-Identifier: MIT
CC ?= gcc
BUILD ?= build
CFLAGS ?= -O2 -g
CPPFLAGS_OWN := -I. -D_GNU_SOURCE $(shell pkg-config --cflags jansson libdw libelf)
CFLAGS_OWN := -std=gnu11 -Wall -Wextra
LDLIBS_OWN := -lunwind-ptrace -lunwind-x86_64 -lunwind -ljansson -ldw -lelf -lZydis -liberty

SOURCES := $(wildcard harness/*/*.c injectors/*.c reports/*.c)
MAIN := harness/command/main.c
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
LIB_OBJECTS := $(filter-out $(MAIN:%.c=$(BUILD)/obj/%.o),$(OBJECTS))
TESTS := $(wildcard tests/unit/test_*.c)
TEST_BINARIES := $(TESTS:tests/unit/%.c=$(BUILD)/tests/%)

all: $(BUILD)/sigsweep

$(BUILD)/sigsweep: $(OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_OWN) $(LDLIBS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_OWN) $(CPPFLAGS) $(CFLAGS_OWN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: tests/unit/%.c $(LIB_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_OWN) $(CPPFLAGS) $(CFLAGS_OWN) $(CFLAGS) -o $@ $^ -lcmocka $(LDLIBS_OWN)

unit: $(TEST_BINARIES)
	@for t in $^; do $$t || exit 1; done

-include $(OBJECTS:.o=.d)
.PHONY: all unit
