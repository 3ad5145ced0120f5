# SPDX-License-Identifier: MIT
# The rules of make.manifest and make-instruction.manifest.
all: /tmp/sigsweep-real-two

/tmp/sigsweep-real-one:
	echo 1 > $@

/tmp/sigsweep-real-two: /tmp/sigsweep-real-one
	cat $< $< > $@
