/* One packet of each IP protocol: protocols ADDR PORT sends them raw, with that port where a transport has
 * its ports, and says how many were sent, and what became of the others. */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROTOCOLS 256

int main(int argc, char **argv)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
					.ai_socktype = SOCK_RAW };
	struct addrinfo *to;
	unsigned char bytes[64] = { 0 };
	int sent = 0, why = 0;

	if (argc != 3 || getaddrinfo(argv[1], NULL, &hints, &to) != 0)
		return 64;
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(atoi(argv[2]) >> (i % 2 ? 0 : 8));
	for (int protocol = 1; protocol < PROTOCOLS - 1; protocol++) {
		int fd = socket(to->ai_family, SOCK_RAW, protocol);

		if (fd >= 0 &&
		    sendto(fd, bytes, sizeof(bytes), 0, to->ai_addr, to->ai_addrlen) >= 0)
			sent++;
		else
			why = errno;
		if (fd >= 0)
			close(fd);
	}
	printf("%d sent%s%s\n", sent, why ? "; " : "", why ? strerror(why) : "");
	freeaddrinfo(to);
	return 0;
}
