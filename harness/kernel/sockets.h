/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of sockets of the AF_UNIX family that belong to other processes, by inode
 * (sock_diag(7), module unix_diag). Knows nothing of descriptors or of who holds a socket.
 */
#ifndef SIGSWEEP_KERNEL_SOCKETS_H
#define SIGSWEEP_KERNEL_SOCKETS_H

#include "harness/base/fail.h"

#include <stdbool.h>
#include <stdint.h>

struct unix_socket {
	int type; /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	bool is_listening;
	bool is_named; /* bound to a path or an abstract name: strangers can find it */
	uint64_t peer; /* inode of the socket at the other end; 0: none, or it is closed */
};

/*
 * Looks up the socket with this inode, as `socket:[INODE]` of /proc/PID/fd names it. 0; -ENOENT
 * when there is no such unix socket in this network namespace; -errno when the kernel cannot be
 * asked. Leaves no sentence.
 */
int sockets_unix(uint64_t inode, struct unix_socket *out) MUST_CHECK;

#endif
