#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Is a datagram to the address refused by a fence, and by nothing else? */
static inline bool is_refused(const char *text)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	bool six = inet_pton(AF_INET, text, &to4.sin_addr) != 1;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	bool refused;

	if (six && inet_pton(AF_INET6, text, &to6.sin6_addr) != 1)
		exit(2);
	refused = sendto(fd, "?", 1, 0, six ? (void *)&to6 : (void *)&to4,
			 six ? sizeof(to6) : sizeof(to4)) < 0 &&
		  errno == EPERM;
	close(fd);
	return refused;
}
