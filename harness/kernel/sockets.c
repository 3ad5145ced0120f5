/* SPDX-License-Identifier: MIT */
/* One netlink question and its answer: see sockets.h. */
#include "harness/kernel/sockets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
	struct nlmsghdr header;
	struct unix_diag_req request;
};

static int ask(int fd, uint64_t inode)
{
	struct question question = {
		.header = {.nlmsg_len = sizeof(question),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST},
		.request = {.sdiag_family = AF_UNIX,
			    .udiag_states = UINT32_MAX,
			    .udiag_ino = (uint32_t)inode,
			    .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
			    /* INET_DIAG_NOCOOKIE: any socket of that inode. */
			    .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
	};

	if (send(fd, &question, sizeof(question), 0) != sizeof(question))
		return -errno;
	return 0;
}

static void take_attributes(const struct nlmsghdr *header, struct unix_socket *out)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	const struct rtattr *attribute = (const struct rtattr *)(message + 1);
	unsigned int rest = (unsigned int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));

	for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest)) {
		if (attribute->rta_type == UNIX_DIAG_NAME && RTA_PAYLOAD(attribute) > 0) {
			out->is_named = true;
		} else if (attribute->rta_type == UNIX_DIAG_PEER) {
			uint32_t peer;

			memcpy(&peer, RTA_DATA(attribute), sizeof(peer));
			out->peer = peer;
		}
	}
}

static int take_answer(const void *answer, ssize_t size, struct unix_socket *out)
{
	const struct nlmsghdr *header = answer;
	const struct unix_diag_msg *message;

	if (!NLMSG_OK(header, (size_t)size))
		return -EPROTO;
	if (header->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(header);

		return error->error ? error->error : -EPROTO;
	}
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return -EPROTO;
	message = NLMSG_DATA(header);
	out->type = message->udiag_type;
	out->is_listening = message->udiag_state == TCP_LISTEN;
	take_attributes(header, out);
	return 0;
}

int sockets_unix(uint64_t inode, struct unix_socket *out)
{
	union {
		struct nlmsghdr header; /* for its alignment */
		char bytes[4096];
	} answer;
	ssize_t got;
	int error;
	int fd;

	memset(out, 0, sizeof(*out));
	if (inode == 0 || inode > UINT32_MAX)
		return -ENOENT;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	error = ask(fd, inode);
	if (!error) {
		got = recv(fd, &answer, sizeof(answer), 0);
		error = got < 0 ? -errno : take_answer(&answer, got, out);
	}
	close(fd);
	return error;
}
