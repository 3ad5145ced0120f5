/* SPDX-License-Identifier: MIT */
/*
 * A handler with a system call that fails, which returns with its errno. Bad at every boundary,
 * since errno is another after the handler than before; and from the store of the program's own
 * errno to its load the program takes the one for the other and exits with status 3.
 */
#include "targets/state/state.h"

#include <errno.h>
#include <fcntl.h>

static volatile sig_atomic_t changed;

static void on_signal(int number)
{
	int before = errno;

	(void)number;
	close(-1);
	changed = errno != before;
}

int main(int count, char **arguments)
{
	int is_missing;

	install(count, arguments, on_signal);
	SIGSWEEP_WINDOW_BEGIN();
	is_missing = open("/missing", O_RDONLY) < 0 && errno == ENOENT;
	SIGSWEEP_WINDOW_END();
	tell(changed);
	return is_missing ? 0 : 3;
}
