/* ask NAME REFUSED4 REFUSED6 [WITHIN_MS]: an agent's question for the IPv4 address of NAME. 0: it was
 * answered, and the address is open; 3: it was not answered; 1, and words: an address was told that is
 * closed, or one that no name has is open. */

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/syscalls/refused.h"

static size_t write_question(uint8_t *bytes, const char *name)
{
	static const uint8_t header[12] = { 1, 2, 1, 0, 0, 1 };
	size_t at = sizeof(header);

	memcpy(bytes, header, sizeof(header));
	for (size_t length; *name; name += length + (name[length] == '.')) {
		length = strcspn(name, ".");
		bytes[at++] = (uint8_t)length;
		memcpy(bytes + at, name, length);
		at += length;
	}
	memcpy(bytes + at, "\0\0\1\0\1", 5);
	return at + 5;
}

/* The last four bytes of an answer that says one address and nothing behind it. */
static bool read_address(const uint8_t *bytes, size_t length, char *ret)
{
	if (length < 28 || (bytes[3] & 15) || bytes[6] || bytes[7] != 1)
		return false;
	for (size_t at = length; at-- > 12;)
		if (at + 16 <= length && memcmp(bytes + at, "\xc0\x0c\0\1\0\1", 6) == 0)
			return inet_ntop(AF_INET, bytes + at + 12, ret, 16);
	return false;
}

static bool ask(const char *name, int within, char *ret)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(53) };
	struct pollfd wait = { .fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN };
	uint8_t bytes[512];
	ssize_t got = (ssize_t)write_question(bytes, name);

	inet_pton(AF_INET, "198.51.100.53", &server.sin_addr);
	if (sendto(wait.fd, bytes, (size_t)got, 0, (void *)&server, sizeof(server)) < 0 ||
	    poll(&wait, 1, within) <= 0)
		return false;
	got = recv(wait.fd, bytes, sizeof(bytes), 0);
	close(wait.fd);
	return got > 0 && read_address(bytes, (size_t)got, ret);
}

int main(int argc, char **argv)
{
	char address[16];
	bool answered;

	if (argc < 4)
		return 2;
	answered = ask(argv[1], argc > 4 ? atoi(argv[4]) : 500, address);
	if (!is_refused(argv[2]) || !is_refused(argv[3])) {
		printf("open: %s or %s\n", argv[2], argv[3]);
		return 1;
	}
	if (answered && is_refused(address)) {
		printf("told and closed: %s\n", address);
		return 1;
	}
	return answered ? 0 : 3;
}
