/* A tunnel through DNS, both of its ends.
 *
 * tunnel serve ADDR PORT ZONE: the far end, who serves ZONE. After 300 ms without a question it prints "QUESTIONS
 * BYTES": how many came since it last said so, and how many bytes of payload were in names. Each name's
 * bytes are checked, and count once in that time.
 *
 * tunnel ask ADDR PORT MS TYPE ZONE: the near end, for that time, as fast as it is answered: names as long as
 * DNS allows, all of them text of its own. TYPE is A, TXT or AAAA, of which there are none. Prints "ASKED ANSWERED BYTES": the last are the
 * payload of the answers.
 * tunnel ask ADDR PORT MS TYPE ZONE LETTER COUNT: says as much with no text of its own, by the order of
 * COUNT names, LETTER0.ZONE and so on. Each of those of "n" has one address, with a TTL of 0, and so has each of "k",
 * with one of 60; those of "d" have sixteen others each time. */

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

enum { BYTES = 1500, HEADER = 12, NAME_MAX_TEXT = 253, LABEL = 63, UNDER_WAY = 32 };
enum {
	TYPE_A = 1,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	STRINGS = 4,
	ADDRS = 16,
	SERIALS = 1 << 24
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint32_t draw(uint32_t *state) /* xorshift */
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

static int open_socket(const char *addr, const char *port, bool serves)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM };
	struct addrinfo *at;
	int fd, room = 4 << 20;

	if (getaddrinfo(addr, port, &hints, &at) != 0)
		exit(2);
	fd = socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || (serves ? bind : connect)(fd, at->ai_addr, at->ai_addrlen) < 0) {
		perror("tunnel");
		exit(1);
	}
	freeaddrinfo(at);
	if (serves)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

/* The name that says number `serial`: five bits a letter, "x" and the number first. Returns how many bytes that
 * is; `name` has room for NAME_MAX_TEXT. */
static unsigned make_name(uint32_t serial, const char *zone, char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	size_t end = NAME_MAX_TEXT - strlen(zone) - 1, column = 0, at = 0;
	uint32_t state = serial + 1;
	unsigned count = 0;

	while (at < end) {
		if (column == LABEL && at + 1 < end) {
			name[at++] = '.';
			column = 0;
		}
		if (at == 0)
			name[at] = 'x';
		else if (count <= 5)
			name[at] = letters[serial >> 5 * (count - 1) & 31];
		else
			name[at] = letters[draw(&state) & 31];
		at++, column++, count++;
	}
	sprintf(name + at, ".%s", zone);
	return (count - 1) * 5 / 8;
}

static uint32_t serial_of(const char *name)
{
	uint32_t serial = 0;

	for (unsigned i = 5; i >= 1; i--) {
		int c = tolower((unsigned char)name[i]);

		serial = serial << 5 | (uint32_t)(c >= 'a' ? c - 'a' : c - '2' + 26);
	}
	return serial % SERIALS;
}

/* The far end. */

static struct {
	const char *zone;
	unsigned long questions, bytes;
	bool known[SERIALS];
} far;

/* The name that is asked for, as text; where its question ends, or 0. */
static size_t read_name(const uint8_t *m, size_t length, char *name)
{
	size_t at = HEADER, used = 0;

	while (at < length && m[at] && m[at] <= LABEL) {
		if (at + 1 + m[at] >= length || used + m[at] + 1u > NAME_MAX_TEXT + 1u)
			return 0;
		memcpy(name + used, m + at + 1, m[at]);
		used += m[at];
		name[used++] = '.';
		at += m[at] + 1u;
	}
	if (used == 0 || at + 5 > length)
		return 0;
	name[used - 1] = '\0';
	return at + 5;
}

static void count(const char *name)
{
	char expected[NAME_MAX_TEXT + 1];
	uint32_t serial;
	unsigned bytes;

	far.questions++;
	if (tolower((unsigned char)name[0]) != 'x' || strlen(name) != NAME_MAX_TEXT)
		return;
	serial = serial_of(name);
	bytes = make_name(serial, far.zone, expected);
	if (far.known[serial] || strcasecmp(name, expected) != 0)
		return;
	far.known[serial] = true;
	far.bytes += bytes;
}

static size_t put_record(uint8_t *m, size_t at, unsigned type, const void *data,
			 size_t length)
{
	/* Whoever serves those of "k" lets them be kept. */
	uint8_t ttl = tolower(m[HEADER + 1]) == 'k' ? 60 : 0;
	const uint8_t head[] = { 0xc0,
				 HEADER,
				 0,
				 (uint8_t)type,
				 0,
				 1,
				 0,
				 0,
				 0,
				 ttl,
				 (uint8_t)(length >> 8),
				 (uint8_t)length };

	m[7]++;
	memcpy(m + at, head, sizeof(head));
	memcpy(m + at + sizeof(head), data, length);
	return at + sizeof(head) + length;
}

/* The question's OPT goes. */
static size_t answer(uint8_t *m, size_t end, const char *name)
{
	static uint32_t state = 7;
	bool still = strchr("nNkK", name[0]);
	uint8_t text[STRINGS * 256], type = m[end - 3];

	m[2] = (uint8_t)(0x80 | (m[2] & 1));
	m[3] = 0x80;
	memset(m + 6, 0, 6);
	if (type == TYPE_TXT) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = i % 256 ? (uint8_t)draw(&state) : 255;
		return put_record(m, end, TYPE_TXT, text, sizeof(text));
	}
	for (int i = 0; type == TYPE_A && i < (still ? 1 : ADDRS); i++) {
		uint32_t low = still ? (uint32_t)atoi(name + 1) : draw(&state) >> 8;
		uint32_t addr = htonl(11u << 24 | low);

		end = put_record(m, end, TYPE_A, &addr, sizeof(addr));
	}
	return end;
}

static void serve(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage from;
	socklen_t size;
	uint8_t m[BYTES * 2];
	char name[NAME_MAX_TEXT + 2];

	for (;;) {
		ssize_t length;
		size_t end;

		if (poll(&waiting, 1, far.questions ? 300 : -1) == 0) {
			printf("%lu %lu\n", far.questions, far.bytes);
			fflush(stdout);
			far.questions = far.bytes = 0;
			memset(far.known, 0, sizeof(far.known));
			continue;
		}
		size = sizeof(from);
		length = recvfrom(fd, m, BYTES, 0, (struct sockaddr *)&from, &size);
		end = length > 0 ? read_name(m, (size_t)length, name) : 0;
		if (!end)
			continue;
		count(name);
		sendto(fd, m, answer(m, end, name), 0, (struct sockaddr *)&from, size);
	}
}

/* The near end. */

static struct {
	const char *zone, *letter;
	unsigned type, names; /* how many there are; 0: no end of them */
	uint32_t serial;
	unsigned long asked, answered, bytes;
} near;

static size_t make_question(uint8_t *m)
{
	static const uint8_t opt[] = {
		0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0
	};
	static uint32_t state = 1;
	char name[NAME_MAX_TEXT + 2];
	size_t at = HEADER;

	if (near.names)
		snprintf(name, sizeof(name), "%s%u.%s", near.letter,
			 draw(&state) % near.names, near.zone);
	else
		make_name(near.serial, near.zone, name);
	memset(m, 0, HEADER);
	m[0] = (uint8_t)(near.serial >> 8);
	m[1] = (uint8_t)near.serial++;
	m[2] = m[5] = m[11] = 1;
	for (const char *from = name; *from;) {
		size_t label = strcspn(from, ".");

		m[at++] = (uint8_t)label;
		memcpy(m + at, from, label);
		at += label;
		from += label + (from[label] == '.');
	}
	memcpy(m + at, (uint8_t[]){ 0, 0, (uint8_t)near.type, 0, 1 }, 5);
	memcpy(m + at + 5, opt, sizeof(opt));
	return at + 5 + sizeof(opt);
}

/* As long as the question's name is all that a record's owner points to. */
static void count_answer(const uint8_t *m, size_t length)
{
	char name[NAME_MAX_TEXT + 2];
	size_t at = read_name(m, length, name), size;

	near.answered++;
	for (unsigned i = 0; at && i < m[7] && at + 12 <= length; i++, at += 12 + size) {
		size = (size_t)(m[at + 10] << 8 | m[at + 11]);
		near.bytes += m[at + 3] == TYPE_TXT ? size - size / 256 : size;
	}
}

static void ask(int fd, long end)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	bool begun = false;
	uint8_t m[BYTES];

	while (now_ms() < end) {
		ssize_t length;

		/* All were lost, or it is the beginning. */
		if (poll(&waiting, 1, begun ? 200 : 0) == 0) {
			begun = true;
			for (int i = 0; i < UNDER_WAY; i++)
				near.asked += send(fd, m, make_question(m), 0) > 0;
			continue;
		}
		length = recv(fd, m, sizeof(m), 0);
		if (length < HEADER)
			continue;
		count_answer(m, (size_t)length);
		near.asked += send(fd, m, make_question(m), 0) > 0;
	}
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "serve") == 0) {
		far.zone = argv[4];
		serve(open_socket(argv[2], argv[3], true));
	}
	if ((argc != 7 && argc != 9) || strcmp(argv[1], "ask") != 0)
		return 2;
	near.type = strcmp(argv[5], "TXT") == 0    ? TYPE_TXT
		    : strcmp(argv[5], "AAAA") == 0 ? TYPE_AAAA
						   : TYPE_A;
	near.zone = argv[6];
	if (argc == 9) {
		near.letter = argv[7];
		near.names = (unsigned)strtoul(argv[8], NULL, 10);
	}
	ask(open_socket(argv[2], argv[3], false), now_ms() + strtol(argv[4], NULL, 10));
	printf("%lu %lu %lu\n", near.asked, near.answered, near.bytes);
	return 0;
}
