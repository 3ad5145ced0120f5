/* SPDX-License-Identifier: MIT */
/* See shm.h. */
#include "harness/engine/shm.h"

#include <stdio.h>
#include <sys/ipc.h>
#include <sys/shm.h>

size_t shm_remove_of(pid_t pid)
{
	FILE *file = fopen("/proc/sysvipc/shm", "re");
	char line[512];
	size_t removed = 0;

	while (file && fgets(line, sizeof(line), file)) {
		int creator;
		int id;

		/* key shmid perms size cpid ... (proc(5)); the first line is a heading. */
		if (sscanf(line, "%*d %d %*o %*u %d", &id, &creator) == 2 && creator == pid &&
		    shmctl(id, IPC_RMID, NULL) == 0)
			removed++;
	}
	if (file)
		fclose(file);
	return removed;
}
