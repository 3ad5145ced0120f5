/* SPDX-License-Identifier: MIT */
/*
 * A handler that calls exit(3), which runs an atexit function that needs a lock. Bad: while the
 * program holds that lock the exit waits for ever for its own process to release it. Stuck exactly
 * at the boundaries at which the mutex is taken; elsewhere the process leaves with status 130. The
 * handler is gone before main returns, since a second exit() inside the first one is another
 * defect.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int total;

static void on_signal(int number)
{
	(void)number;
	exit(130);
}

static void save(void)
{
	pthread_mutex_lock(&lock);
	if (write(STDOUT_FILENO, "saved\n", 6) != 6)
		_exit(2);
	pthread_mutex_unlock(&lock);
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction default_action = {.sa_handler = SIG_DFL};

	if (atexit(save) != 0 || sigaction(SIGINT, &action, NULL) != 0)
		return 2;
	pthread_mutex_lock(&lock);
	total += 1;
	pthread_mutex_unlock(&lock);
	return sigaction(SIGINT, &default_action, NULL) != 0;
}
