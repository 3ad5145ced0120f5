# SPDX-License-Identifier: MIT
# Builds the extension modules of targets/cpython: each NAME.c becomes two twins, NAME_good and
# NAME_bad (compiled with -DBAD), and the scripts are put beside them, where they import them.
# One build by the headers of the host's CPython serves all versions (stable ABI). Without those
# headers nothing is built, and it is said. Included by the top Makefile; knows nothing of the
# harness.
CPYTHON_HOST ?= /usr/bin/python3.11
CPYTHON_INCLUDE := $(shell $(CPYTHON_HOST) -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null)
CPYTHON_HEADER := $(wildcard $(CPYTHON_INCLUDE)/Python.h)

CPYTHON_TARGET_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fPIC -pthread \
	-Wno-missing-field-initializers
CPYTHON_EXTENSIONS := $(patsubst targets/cpython/%.c,%,$(wildcard targets/cpython/*.c))
CPYTHON_FOLDER := $(BUILD)/targets/cpython
CPYTHON_TARGETS := $(patsubst targets/%,$(BUILD)/targets/%,$(wildcard targets/cpython/*.py))
ifneq ($(CPYTHON_HEADER),)
CPYTHON_TARGETS += $(CPYTHON_EXTENSIONS:%=$(CPYTHON_FOLDER)/%_good.abi3.so) \
	$(CPYTHON_EXTENSIONS:%=$(CPYTHON_FOLDER)/%_bad.abi3.so)
endif

define CPYTHON_COMPILE
	@mkdir -p $(@D)
	$(CC) $(CPYTHON_TARGET_CFLAGS) -I. -I$(CPYTHON_INCLUDE) $(1) -DEXTENSION_NAME='"$(2)"' \
		-DEXTENSION_INIT=PyInit_$(2) -shared -Wl,-z,now -o $@ $<
endef

$(CPYTHON_FOLDER)/%_good.abi3.so: targets/cpython/%.c $(wildcard targets/cpython/*.h) include/sigsweep.h targets/cpython/targets.mk
	$(call CPYTHON_COMPILE,,$*_good)

$(CPYTHON_FOLDER)/%_bad.abi3.so: targets/cpython/%.c $(wildcard targets/cpython/*.h) include/sigsweep.h targets/cpython/targets.mk
	$(call CPYTHON_COMPILE,-DBAD,$*_bad)

$(CPYTHON_FOLDER)/%.py: targets/cpython/%.py
	@mkdir -p $(@D)
	cp $< $@

cpython-targets: $(CPYTHON_TARGETS)
ifeq ($(CPYTHON_HEADER),)
	@echo "targets/cpython: no extensions: $(CPYTHON_HOST) has no header files (python3.11-dev)" >&2
endif

.PHONY: cpython-targets
