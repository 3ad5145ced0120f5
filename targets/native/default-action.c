/* SPDX-License-Identifier: MIT */
/*
 * A program that does nothing about the signal. Good: the default action ends it at each boundary,
 * and death by the very signal that was sent is what everybody expects. No handler is ever
 * installed, so the window starts at main.
 */
#include <unistd.h>

int main(void)
{
	return write(STDOUT_FILENO, "done\n", 5) != 5;
}
