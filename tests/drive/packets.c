/* Reads the kernel's packet log as netpale does, and nothing else: packets [UID]. The group is bound,
 * then privilege goes (with UID), then it says "ready". Each packet is a line; a line on stdin
 * stops the reading until the next one; at the end of stdin it says how many were lost. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "entrypoint/nflog.h"

static void show(const struct packet *packet)
{
	static const char *const hooks[] = { "in", "forward", "out" };
	char source[ADDR_TEXT], destination[ADDR_TEXT];

	printf("%s%s %s %s %u", packet->answer ? "answer " : "", hooks[packet->hook],
	       addr_format(&packet->source, source),
	       addr_format(&packet->destination, destination), packet->protocol);
	if (packet->has_ports)
		printf(" ports %u %u", packet->source_port, packet->destination_port);
	if (packet->has_uid)
		printf(" uid %u", packet->uid);
	if (packet->length)
		printf(" carries %zu", packet->length);
	putchar('\n');
}

/* False: nothing lay there. */
static bool show_turn(struct nflog *nflog)
{
	struct packet packet;
	bool any = false;

	for (; nflog_next(nflog, &packet); any = true)
		show(&packet);
	return any;
}

static void give_up_privilege(const char *uid)
{
	uid_t number = (uid_t)strtoul(uid, NULL, 10);

	if (setresgid(number, number, number) < 0 ||
	    setresuid(number, number, number) < 0) {
		perror("setresuid");
		exit(1);
	}
}

/* False: at its end. */
static bool heard(bool *paused)
{
	char line[64];

	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return false;
	*paused = !*paused;
	puts(*paused ? "paused" : "goes on");
	return true;
}

int main(int argc, char **argv)
{
	struct nflog *nflog CLEANUP(nflog_freep) = NULL;
	struct error err = { 0 };
	bool paused = false;
	int result = nflog_open(&nflog, &err);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (result != 0) {
		printf("%d %s\n", result, err.text);
		return 1;
	}
	if (argc > 1)
		give_up_privilege(argv[1]);
	puts("ready");
	for (;;) {
		struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
					{ .fd = paused ? -1 : nflog_fd(nflog),
					  .events = POLLIN } };

		if (poll(fds, 2, -1) < 0)
			return 1;
		if (fds[0].revents && !heard(&paused))
			break;
		if (fds[1].revents)
			show_turn(nflog);
	}
	while (show_turn(nflog))
		;
	printf("lost %llu\n", (unsigned long long)nflog_lost(nflog));
	return 0;
}
