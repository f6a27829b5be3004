#include "entrypoint/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/state.h"
#include "lib/macros.h"

/* A reload waits for the kernel; longer than that nobody waits for an answer. */
#define ANSWER_SECONDS 30

static const struct sockaddr_un place = {
	.sun_family = AF_UNIX,
	.sun_path = STATE_DIRECTORY "/control",
};

int control_open(struct control *ret, struct error *err)
{
	int directory CLEANUP(close_fdp) = state_directory(err);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t before;
	int result;

	*ret = (struct control){ .listening = -1 };
	if (fd < 0) {
		error_errno(err, ERROR_KERNEL, errno, "cannot make the control socket");
		return 1;
	}
	if (directory < 0) {
		close(fd);
		return 1;
	}
	/* The directory is root's alone: what lies there is an earlier guard's. */
	(void)unlink(place.sun_path);
	before = umask(0177);
	result = bind(fd, (const struct sockaddr *)&place, sizeof(place));
	umask(before);
	if (result < 0 || listen(fd, CONTROL_CLIENTS) < 0) {
		error_errno(err, ERROR_KERNEL, errno, "%s", place.sun_path);
		close(fd);
		return 1;
	}
	ret->listening = fd;
	return 0;
}

void control_close(struct control *control)
{
	if (control->listening < 0)
		return;
	(void)unlink(place.sun_path);
	close(control->listening);
	for (size_t i = 0; i < control->count; i++)
		close(control->clients[i]);
	*control = (struct control){ .listening = -1 };
}

int control_accept(struct control *control)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(peer);
	int fd = accept4(control->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	if (control->count == CONTROL_CLIENTS ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    peer.uid != 0) {
		close(fd);
		return -1;
	}
	control->clients[control->count++] = fd;
	return fd;
}

static bool is_client(const struct control *control, int fd)
{
	for (size_t i = 0; i < control->count; i++)
		if (control->clients[i] == fd)
			return true;
	return false;
}

static void forget(struct control *control, int fd)
{
	for (size_t i = 0; i < control->count; i++)
		if (control->clients[i] == fd) {
			control->clients[i] = control->clients[--control->count];
			close(fd);
			return;
		}
}

enum control_request control_read(struct control *control, int fd)
{
	static const struct {
		const char *text;
		enum control_request request;
	} requests[] = { { "reload", CONTROL_RELOAD }, { "status", CONTROL_STATUS } };
	char text[32];
	ssize_t length;

	/* An event may be older than the end of what it was for. */
	if (!is_client(control, fd))
		return CONTROL_NONE;
	length = recv(fd, text, sizeof(text), 0);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (length == (ssize_t)strlen(requests[i].text) &&
		    memcmp(text, requests[i].text, (size_t)length) == 0)
			return requests[i].request;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return CONTROL_NONE;
	forget(control, fd);
	return CONTROL_NONE;
}

union attachment {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

void control_answer(struct control *control, int fd, const char *text, int attached)
{
	struct iovec part = { (void *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union attachment attachment = { .bytes = { 0 } };

	if (attached >= 0) {
		message.msg_control = attachment.bytes;
		message.msg_controllen = sizeof(attachment.bytes);
		attachment.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						      .cmsg_level = SOL_SOCKET,
						      .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&attachment.header), &attached, sizeof(attached));
	}
	(void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	forget(control, fd);
}

static int take_answer(int fd, char text[static CONTROL_TEXT], int *ret_attached)
{
	struct iovec part = { text, CONTROL_TEXT - 1 };
	union attachment attachment;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = attachment.bytes,
				  .msg_controllen = sizeof(attachment.bytes) };
	ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (length <= 0)
		return -1;
	text[length] = '\0';
	if (header && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_attached, CMSG_DATA(header), sizeof(int));
	return 0;
}

int control_ask(const char *request, char text[static CONTROL_TEXT], int *ret_attached,
		struct error *err)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int fd CLEANUP(close_fdp) = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*ret_attached = -1;
	if (fd < 0)
		return error_errno(err, ERROR_KERNEL, errno,
				   "cannot make the control socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&place, sizeof(place)) < 0) {
		if (errno == EACCES || errno == EPERM)
			return error_set(err, ERROR_PRIVILEGE,
					 "only root may ask the guard");
		return error_set(err, ERROR_KERNEL,
				 "no guard answers here (%s: %s): 'netpale guard', or "
				 "'netpale run' with dns: guarded, is one",
				 place.sun_path, strerror(errno));
	}
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
	    take_answer(fd, text, ret_attached) < 0)
		return error_set(err, ERROR_KERNEL, "the guard does not answer");
	return 0;
}
