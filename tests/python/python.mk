# SPDX-License-Identifier: MIT
# What depends on the version of CPython, on all versions that scripts/get-python can unpack; `make
# check` runs the same on the host's. Included by the top Makefile.
PYTHONS ?= 3.9 3.9d 3.11 3.11d 3.13 3.13d 3.14 3.14d 3.15 3.15d

## check-pythons: unpack other CPython versions and test on each (PYTHONS='3.13 3.14d': on these)
check-pythons:
	@scripts/dependencies build test
	+@$(SUBMAKE) all targets unit-tests
	scripts/get-python $(PYTHONS)
	$(BUILD)/tests/test_python_state
	$(BUILD)/tests/test_python_dispatch
	@status=0; for version in $(PYTHONS); do \
		python=$${SIGSWEEP_PYTHONS:-build/pythons}/$$version/python; \
		echo "$$version: tests/python/test_opcodes.py"; \
		BUILD='$(BUILD)' SIGSWEEP_TEST_PYTHON="$$python" \
			tests/python/test_opcodes.py || status=1; \
	done; exit $$status

.PHONY: check-pythons
