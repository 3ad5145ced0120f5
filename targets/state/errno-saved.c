/* SPDX-License-Identifier: MIT */
/*
 * The twin of errno-changed: the handler puts errno back. Good.
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
	errno = before;
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
