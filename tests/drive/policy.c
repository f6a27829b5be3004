/* Writes a random policy for a client of tests/netns/lib.sh, with entries of every form but those that
 * need the guard: policy SEED. The same seed, the same policy. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/addr.h"
#include "lib/macros.h"

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

#define PICK(words) (words)[draw(ARRAY_SIZE(words))]

static const char *const modes[] = { "restricted", "restricted", "restricted",
				     "audit",      "full",       "none" };
/* The script's answers have them. */
static const char *const hosts[] = { "api.example", "db.example", "both.example",
				     "gone.example" };

/* Near one another, so that they touch, nest and overlap; and at both ends. */
static struct addr draw_addr(void)
{
	static const struct addr bases[] = {
		{ 0xc6336400, FAMILY_4 },
		{ 0xcb007100, FAMILY_4 },
		{ 0, FAMILY_4 },
		{ 0xffffff00, FAMILY_4 },
		{ 0xc0000200, FAMILY_4 }, /* the client's own network */
		{ (u128)0x20010db80001 << 80, FAMILY_6 },
		{ (u128)0x20010db8 << 96, FAMILY_6 },
		{ 0, FAMILY_6 },
		{ ~(u128)0xff, FAMILY_6 },
	};
	struct addr addr = PICK(bases);

	addr.value += draw(256);
	return addr;
}

static void print_port(void)
{
	static const unsigned ports[] = { 1,   22,  52,  53,   54,   80,
					  443, 852, 853, 8000, 65535 };
	static const char *const protocols[] = { "", "", "/tcp", "/udp" };
	unsigned first = PICK(ports), last = draw(2) ? first : PICK(ports);

	printf("%u", first);
	if (first < last)
		printf("-%u", last);
	printf("%s", PICK(protocols));
}

static void print_ports_list(void)
{
	uint32_t count = 1 + draw(4);

	putchar('[');
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			printf(", ");
		print_port();
	}
	putchar(']');
}

static void print_network(bool ports)
{
	static const uint8_t less[] = { 0, 0, 1,  2,  3,  4,  5,  6,
					7, 8, 12, 16, 20, 24, 31, 32 };
	struct addr addr = draw_addr();
	uint8_t length = (uint8_t)(addr_bits(addr.family) - PICK(less));
	struct prefix prefix = prefix_of(&addr, length);
	char text[PREFIX_TEXT];

	prefix_format(&prefix, text);
	printf(ports && addr.family == FAMILY_6 ? "\"[%s]" : "\"%s", text);
	if (ports) {
		putchar(':');
		print_port();
	}
	putchar('"');
}

static void print_map(void)
{
	printf("{ host: ");
	if (draw(2))
		printf("%s", PICK(hosts));
	else
		print_network(false);
	printf(", ports: ");
	print_ports_list();
	printf(draw(2) ? ", private: true }\n" : " }\n");
}

static void print_entry(bool deny)
{
	static const char *const allowed[] = { "npm", "pypi", "github", "lan",
					       "attached" };
	static const char *const denied[] = { "metadata", "lan", "attached" };

	printf("    - ");
	switch (draw(deny ? 4 : 8)) {
	case 0:
		printf("preset: %s\n", deny ? PICK(denied) : PICK(allowed));
		break;
	case 1:
	case 2:
	case 3:
		print_network(draw(2));
		putchar('\n');
		break;
	case 4:
	case 5:
		print_map();
		break;
	default:
		printf("%s", PICK(hosts));
		if (draw(2)) {
			putchar(':');
			print_port();
		}
		putchar('\n');
	}
}

static void print_opening(const char *key, const char *closed, const char *open)
{
	uint32_t kind = draw(4);

	if (kind == 0)
		return;
	printf("  %s: ", key);
	if (kind == 1)
		print_ports_list();
	else
		printf("%s", kind == 2 ? closed : open);
	putchar('\n');
}

int main(int argc, char **argv)
{
	uint32_t allows, denies;

	if (argc != 2) {
		fprintf(stderr, "usage: policy SEED\n");
		return 64;
	}
	seed = (strtoull(argv[1], NULL, 0) + 1) * UINT64_C(0x9e3779b97f4a7c15);
	printf("network:\n  policy: %s\n  dns: %s\n", PICK(modes),
	       draw(2) ? "resolvers" : "pinned");
	print_opening("inbound", "deny", "allow");
	print_opening("host_gateway", "false", "true");
	allows = draw(16);
	denies = draw(8);
	printf("  allow:%s\n", allows ? "" : " []");
	for (uint32_t i = 0; i < allows; i++)
		print_entry(false);
	printf("  deny:%s\n", denies ? "" : " []");
	for (uint32_t i = 0; i < denies; i++)
		print_entry(true);
	return 0;
}
