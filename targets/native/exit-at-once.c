/* SPDX-License-Identifier: MIT */
/*
 * The twin of exit-in-handler: the handler calls _exit(2), which runs no atexit function. Good: the
 * process leaves with status 130 whatever it holds.
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
	_exit(130);
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
