# SPDX-License-Identifier: MIT
# What depends on the version of CPython, on all versions that scripts/get-python can unpack; `make
# check` runs the same on the host's. Included by the top Makefile.
PYTHONS ?= 3.9 3.9d 3.11 3.11d 3.13 3.13d 3.14 3.14d 3.15 3.15d
PYTHON_INTERRUPTER := $(BUILD)/tests/python/interrupter.abi3.so

$(PYTHON_INTERRUPTER): tests/python/interrupter.c tests/python/python.mk
	@mkdir -p $(@D)
	$(CC) $(CPYTHON_TARGET_CFLAGS) -I$(CPYTHON_INCLUDE) -shared -o $@ $<

## check-pythons: unpack other CPython versions, test on each, print the table of verdicts (PYTHONS='3.13 3.14d': on these)
check-pythons:
	@scripts/dependencies build test
	+@$(SUBMAKE) all targets unit-tests $(if $(CPYTHON_HEADER),$(PYTHON_INTERRUPTER))
	@tests/python/check_pythons.py --build '$(BUILD)' $(PYTHONS)

.PHONY: check-pythons
