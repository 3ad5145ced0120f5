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
	@for version in $(PYTHONS); do scripts/get-python $$version || \
		echo "$$version: skipped: see above"; done
	@for version in $(filter-out %d,$(PYTHONS)); do \
		scripts/get-python --headers $$version || continue; \
		scripts/python-offsets --check $$version || exit 1; done
	$(BUILD)/tests/test_python_state
	$(BUILD)/tests/test_python_dispatch
	@status=0; for version in $(PYTHONS); do \
		python=$${SIGSWEEP_PYTHONS:-build/pythons}/$$version/python; \
		[ -x "$$python" ] || continue; \
		tests='test_opcodes test_traced test_interpreters test_went test_handlers test_locks test_checks test_leaks test_cleanup'; \
		case $$version in 3.9 | 3.11) tests="$$tests check_exceptions" ;; esac; \
		for test in $$tests; do \
			echo "$$version: tests/python/$$test.py"; \
			BUILD='$(BUILD)' SIGSWEEP_TEST_PYTHON="$$python" \
				tests/python/$$test.py || status=1; \
		done; \
	done; \
	tests/python/check_versions.py --build '$(BUILD)' \
		--pythons "$${SIGSWEEP_PYTHONS:-build/pythons}" --long $(PYTHONS) || status=1; \
	exit $$status

.PHONY: check-pythons
