/* SPDX-License-Identifier: MIT */
/* exception-torn without debug information: the object is what its symbol covers. Bad: as there. */
#include "targets/state/exception-torn.c"
