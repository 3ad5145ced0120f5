# SPDX-License-Identifier: MIT
# `make` builds, `make check` tests, `make demo` shows; `make help` lists the rest. CFLAGS, CPPFLAGS,
# LDFLAGS and LDLIBS are the user's; what the project itself needs is in the variables with _OWN.
# make has a default of its own for CC, which ?= would not replace.
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
VERSION := $(shell cat VERSION)
# `make V=1` prints whole commands.
Q := $(if $(V),,@)
PACKAGES := jansson libdw libelf

# Recursive on purpose: `make check` is to install pkg-config before anything asks it.
CPPFLAGS_OWN = -I. -D_GNU_SOURCE -DSIGSWEEP_VERSION='"$(VERSION)"' $(PACKAGE_CFLAGS)
CFLAGS_OWN := -std=gnu11 -Wall -Wextra $(if $(WERROR),-Werror)
LDFLAGS_OWN := -Wl,--as-needed
LDLIBS_OWN := -lunwind-ptrace -lunwind-x86_64 -lunwind -ljansson -ldw -lelf -lZydis -liberty -lm
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
COMPILE = $(CC) $(CPPFLAGS_OWN) $(CPPFLAGS) $(CFLAGS_OWN) $(CFLAGS)
# As many jobs as CPUs where the user has not said how many.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
LINK = $(CC) $(CFLAGS) $(LDFLAGS_OWN) $(LDFLAGS)

SOURCES := $(sort $(wildcard harness/*/*.c harness/*/*/*.c injectors/*.c reports/*.c))
MAIN := harness/command/main.c
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
LIB_OBJECTS := $(filter-out $(MAIN:%.c=$(BUILD)/obj/%.o),$(OBJECTS))
LIBRARY := $(BUILD)/libsigsweep.a
# tests/unit/test_*.c are tests; every other file there is a program that tests run as their victim.
TESTS := $(sort $(wildcard tests/unit/*.c))
TEST_BINARIES := $(TESTS:tests/unit/%.c=$(BUILD)/tests/%)
TARGET_FOLDERS := $(patsubst targets/%/targets.mk,%,$(wildcard targets/*/targets.mk))

.DELETE_ON_ERROR:
.SUFFIXES:

## all: build $(BUILD)/sigsweep (the default)
all: $(BUILD)/sigsweep

$(BUILD)/sigsweep: $(MAIN:%.c=$(BUILD)/obj/%.o) $(LIBRARY)
	@echo '  link    $@'
	$(Q)$(LINK) -o $@ $^ $(LDLIBS_OWN) $(LDLIBS)

$(LIBRARY): $(LIB_OBJECTS)
	@rm -f $@
	@echo '  archive $@'
	$(Q)$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/dependencies
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/tests/test_%: tests/unit/test_%.c $(LIBRARY) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(COMPILE) $(LDFLAGS_OWN) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LIBRARY) \
		-lcmocka $(LDLIBS_OWN) $(LDLIBS)

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(COMPILE) -pthread $(LDFLAGS) -o $@ $< $(LDLIBS)

# Changes only when a flag, the compiler or the version does, and then everything is rebuilt.
$(BUILD)/flags: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(COMPILE) $(LDFLAGS) $(LDLIBS_OWN) $(LDLIBS))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# Says what is missing in a sentence, once for each build directory; installs nothing.
$(BUILD)/dependencies: scripts/dependencies
	@mkdir -p $(@D)
	@CC='$(CC)' SIGSWEEP_NO_INSTALL=1 scripts/dependencies build
	@touch $@

include $(wildcard targets/*/targets.mk tests/*/*.mk)

## targets: build the programs with known verdicts
targets: $(TARGET_FOLDERS:%=%-targets)

## unit-tests: build the unit tests
unit-tests: $(TEST_BINARIES)

## unit: build and run the unit tests
unit: unit-tests
	BUILD='$(BUILD)' tests/run unit

everything: all targets unit-tests $(BUILD)/tests/truth/stepper $(if $(CPYTHON_HEADER),$(PYTHON_INTERRUPTER))

## check: install what is missing, build, run the tests (not the long ones)
check:
	@scripts/dependencies build test swept
	+@$(SUBMAKE) everything
	@BUILD='$(BUILD)' CC='$(CC)' tests/run

## check-all: the same with the long sweeps
check-all:
	@scripts/dependencies build test swept
	+@$(SUBMAKE) everything
	@BUILD='$(BUILD)' CC='$(CC)' tests/run --all

## audit: sweep extension modules and the standard library of the host's CPython
audit:
	@scripts/dependencies build test audit
	+@$(SUBMAKE) all
	@BUILD='$(BUILD)' CC='$(CC)' tests/run --all targets/audit/*.manifest

## demo: install what is missing, build, sweep some programs, show what broke
demo:
	@scripts/dependencies build demo
	+@$(SUBMAKE) all native-targets
	@BUILD='$(BUILD)' scripts/demo

## bench: measure speed, side by side with other ways of doing it
bench:
	@scripts/dependencies build bench swept
	+@$(SUBMAKE) all targets bench-programs
	@BUILD='$(BUILD)' CC='$(CC)' tests/bench/run

## lint: check format, layers, documents; static analysis
lint: export LINT_FLAGS = $(CPPFLAGS_OWN) -std=gnu11
lint:
	@scripts/dependencies build test lint
	+@$(SUBMAKE) all
	@BUILD='$(BUILD)' scripts/lint

## sanitize: unit tests under address and undefined-behaviour sanitizers
sanitize:
	+@$(SUBMAKE) BUILD='$(BUILD)/sanitize' \
		CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' \
		unit

## clang: build everything with clang, warnings being errors
clang:
	+@$(SUBMAKE) BUILD='$(BUILD)/clang' CC=clang WERROR=1 everything

$(BUILD)/sigsweep.1: $(BUILD)/sigsweep
	$< --man >$@

$(BUILD)/sigsweep.bash: $(BUILD)/sigsweep
	$< --completion >$@

## install: into $(DESTDIR)$(PREFIX), by default /usr/local
install: all $(BUILD)/sigsweep.1 $(BUILD)/sigsweep.bash
	install -D -m 755 $(BUILD)/sigsweep '$(DESTDIR)$(PREFIX)/bin/sigsweep'
	install -D -m 644 $(BUILD)/sigsweep.1 '$(DESTDIR)$(PREFIX)/share/man/man1/sigsweep.1'
	install -D -m 644 $(BUILD)/sigsweep.bash \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sigsweep'
	install -d '$(DESTDIR)$(PREFIX)/share/sigsweep/schema'
	install -m 644 $(wildcard reports/schema/*.json) '$(DESTDIR)$(PREFIX)/share/sigsweep/schema'
	install -D -m 644 companion/sigsweep.py \
		'$(DESTDIR)$(PREFIX)/share/sigsweep/python/sigsweep.py'
	install -D -m 644 include/sigsweep.h '$(DESTDIR)$(PREFIX)/include/sigsweep.h'
	install -d '$(DESTDIR)$(PREFIX)/lib/pkgconfig'
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' sigsweep.pc.in \
		>'$(DESTDIR)$(PREFIX)/lib/pkgconfig/sigsweep.pc'

## clean: remove the build directory
clean:
	rm -rf '$(BUILD)'

## help: this list
help:
	@sed -n 's/^## //p' $(filter-out %.d,$(MAKEFILE_LIST))

-include $(OBJECTS:.o=.d) $(TEST_BINARIES:=.d)
FORCE:
.PHONY: all targets unit-tests unit everything check check-all audit demo bench lint sanitize clang \
	install clean help FORCE
