/* A CNI plugin that hands its call over to the nncp daemon; the protocol is told in cni/client/__init__.py.
   NAME, SOCKET, ALONE and SPOKEN are given to the compiler (cni/client/build.py). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NEITHER "{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"the nncp daemon does not answer, and %s cannot be run\"}\n"
enum { CLAIM_US = 50000, MOST = 5, HEAD = 12, ANSWER = 9 };
static char *const alone[] = {ALONE, NULL};

struct text { char *data; size_t length; };

static void append(struct text *to, const void *data, size_t length)
{
	to->data = realloc(to->data, to->length + length + 1);
	if (!to->data)
		_exit(1);
	memcpy(to->data + to->length, data, length);
	to->length += length;
}

static int say(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t done = write(fd, data, length);
		if (done <= 0)
			return -1;
		data += done, length -= done;
	}
	return 0;
}

static struct text all_of_stdin(void)
{
	struct text all = {0};
	static char part[65536];
	ssize_t length = 0;
	do
		append(&all, part, length);
	while ((length = read(0, part, sizeof part)) > 0);
	return all;
}

/* Take the call, if nobody has. */
static int is_taken(int token)
{
	char byte;
	return recv(token, &byte, 1, MSG_DONTWAIT) == 1;
}

/* Become the plugin itself. */
static void work_alone(struct text in)
{
	int given = memfd_create("stdin", MFD_CLOEXEC);
	signal(SIGPIPE, SIG_DFL);
	if (given >= 0 && !say(given, in.data, in.length) && !lseek(given, 0, SEEK_SET) && !dup2(given, 0))
		execve(alone[0], alone, environ);
	dprintf(1, NEITHER, alone[0]);
	_exit(1);
}

static int send_call(int there, int token, struct text in)
{
	struct text call = {0};
	uint32_t head[] = {0, 0, in.length};
	const char *netns = getenv("CNI_NETNS");
	int flags = O_RDONLY | O_CLOEXEC, count = MOST;
	int given[MOST] = {token, open("/proc/self/ns/net", flags), open("/proc/self/ns/mnt", flags),
			   open("/", flags | O_PATH), netns && *netns ? open(netns, flags | O_NONBLOCK) : -1};
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof given)]; } rights = {0};

	count -= given[MOST - 1] < 0; /* DEL is content without it, and to ADD the daemon says that it is not there */
	memcpy(head, "nncp", 4);
	append(&call, head, HEAD);
	append(&call, NAME, sizeof NAME);
	for (char **word = environ; *word; word++)
		append(&call, *word, strlen(*word) + 1);
	head[1] = call.length - HEAD;
	memcpy(call.data, head, HEAD);
	append(&call, in.data, in.length);
	rights.head = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(count * sizeof *given), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&rights.head), given, count * sizeof *given);
	struct iovec part = {call.data, call.length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights,
				 .msg_controllen = CMSG_SPACE(count * sizeof *given)};
	ssize_t sent = sendmsg(there, &message, 0);
	return sent < 0 ? -1 : say(there, call.data + sent, call.length - sent);
}

static void wait_at_most(int there, int microseconds)
{
	struct timeval time = {0, microseconds};
	setsockopt(there, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
	setsockopt(there, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static int is_whole(struct text answer, uint32_t sizes[2])
{
	if (answer.length < ANSWER)
		return 0;
	memcpy(sizes, answer.data + 1, 8);
	return answer.length >= ANSWER + (size_t)sizes[0] + sizes[1];
}

int main(void)
{
	static struct sockaddr_un at = {AF_UNIX, SOCKET};
	static char part[65536];
	const char *command = getenv("CNI_COMMAND");
	struct text in = {0}, answer = {0};
	ssize_t length = -1;
	uint32_t sizes[2];
	int there = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), token[2];

	if (command && !strcmp(command, "VERSION"))
		return say(1, SPOKEN, sizeof SPOKEN - 1);
	if (command && *command)
		in = all_of_stdin();
	signal(SIGPIPE, SIG_IGN);
	if (there < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, token) || send(token[1], "!", 1, 0) != 1)
		work_alone(in);
	wait_at_most(there, CLAIM_US);
	if (!connect(there, (struct sockaddr *)&at, sizeof at) && !send_call(there, token[0], in))
		length = recv(there, part, sizeof part, 0);
	if (length < 0 && is_taken(token[0]))
		work_alone(in);
	wait_at_most(there, 0); /* once claimed, a call takes what it takes */
	do
		append(&answer, part, length > 0 ? length : 0);
	while (!is_whole(answer, sizes) && (length = recv(there, part, sizeof part, 0)) > 0);
	if (!is_whole(answer, sizes) && !is_taken(token[0]))
		setenv("NNCP_CNI_LOST", "1", 1);
	if (!is_whole(answer, sizes))
		work_alone(in);
	say(2, answer.data + ANSWER + sizes[0], sizes[1]);
	if (say(1, answer.data + ANSWER, sizes[0]))
		return 1;
	send(there, "!", 1, 0);
	return answer.data[0];
}
