/* upstream ADDR PORT [turns]: a DNS server that is fast, for measuring what stands in front of it. It
 * knows one kind of name, nNUMBER.*, and gives it the one address 11.0.0.0 + NUMBER, or by turns: no two
 * answers the same, 11.0.0.0 + the number of those before. Any other type than A has no data. UDP only, as
 * many questions of one system call as there are. Says "ready" on stdout. */

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, BYTES = 512, HEADER = 12, TTL = 60, TYPE_A = 1 };

static bool turns;
static struct mmsghdr headers[BATCH];
static struct iovec parts[BATCH];
static struct sockaddr_storage clients[BATCH];
static uint8_t bytes[BATCH][BYTES];

/* Where the question ends; 0: there is none. */
static size_t question_end(const uint8_t *m, size_t length)
{
	size_t at = HEADER;

	while (at < length && m[at])
		at += m[at] + 1u;
	return at + 5 <= length && m[HEADER] > 1 ? at + 5 : 0;
}

static uint32_t number_of(const uint8_t *m)
{
	uint32_t number = 0;

	for (size_t i = 1; i < m[HEADER]; i++)
		number = number * 10 + (m[HEADER + 1 + i] - '0');
	return number;
}

/* Turns the question into its answer; the question's OPT goes. */
static size_t answer(uint8_t *m, size_t length)
{
	const uint8_t ttl = turns ? 0 : TTL; /* nobody may tell it again */
	const uint8_t record[] = { 0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, ttl, 0, 4 };
	static uint32_t turn;
	uint32_t addr = UINT32_C(11) << 24;
	size_t end = question_end(m, length);

	if (!end || end + sizeof(record) + 4 > BYTES)
		return 0;
	m[2] = (uint8_t)(0x80 | (m[2] & 1));
	m[3] = 0x80;
	memset(m + 6, 0, 6);
	if (m[end - 4] != 0 || m[end - 3] != TYPE_A)
		return end;
	m[7] = 1;
	addr += turns ? turn++ : number_of(m);
	memcpy(m + end, record, sizeof(record));
	end += sizeof(record);
	for (int shift = 24; shift >= 0; shift -= 8)
		m[end++] = (uint8_t)(addr >> shift);
	return end;
}

static void prepare(void)
{
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ bytes[i], BYTES };
		headers[i].msg_hdr = (struct msghdr){
			.msg_name = &clients[i],
			.msg_namelen = sizeof(clients[i]),
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
		};
	}
}

static void serve(int fd)
{
	int count;

	prepare();
	count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < count; i++)
		parts[i].iov_len = answer(bytes[i], headers[i].msg_len);
	for (int sent = 0; sent < count;) {
		int more = sendmmsg(fd, headers + sent, (unsigned)(count - sent), 0);

		sent += more > 0 ? more : 1;
	}
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM };
	struct addrinfo *at;
	int fd, room = 4 << 20;

	turns = argc == 4 && strcmp(argv[3], "turns") == 0;
	if (argc != 3 + turns || getaddrinfo(argv[1], argv[2], &hints, &at) != 0)
		return 2;
	fd = socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, at->ai_addr, at->ai_addrlen) < 0) {
		perror("upstream");
		return 1;
	}
	freeaddrinfo(at);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	puts("ready");
	fflush(stdout);
	for (;;)
		serve(fd);
}
