#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* IPv4 and IPv6 addresses as numbers, so that ranges are arithmetic: an IPv4 address is the
 * low 32 bits of `value`, most significant byte first on the wire. The smaller alignment saves
 * a quarter of every struct that holds one; 100,000 entries feel it. */

__extension__ typedef unsigned __int128 u128 __attribute__((aligned(8)));

enum family {
	FAMILY_4 = 4,
	FAMILY_6 = 6,
};

struct addr {
	u128 value;
	enum family family;
};

struct prefix {
	struct addr base; /* host bits are zero */
	uint8_t length;   /* 0-32 or 0-128 */
};

/* Room for the longest text of an address or prefix, with the terminator. */
#define ADDR_TEXT 46
#define PREFIX_TEXT (ADDR_TEXT + 4)

/* Why an address that DNS gave may not be opened by a name alone (IANA special-purpose
 * registries, RFC 6890; cloud metadata by their documents). An address that embeds an IPv4
 * one (mapped, NAT64 64:ff9b::/96, 6to4, Teredo) is ADDR_SPECIAL whatever it embeds. */
enum addr_scope {
	ADDR_PUBLIC,
	ADDR_PRIVATE, /* RFC 1918, RFC 6598 CGNAT, RFC 4193 ULA; documentation and benchmark
			  * networks, which laboratories route: `private: true` opens them */
	ADDR_LOOPBACK,
	ADDR_LINK_LOCAL,
	ADDR_METADATA,
	ADDR_SPECIAL, /* everything else that is not global unicast */
};

/* An address in its usual text, no prefix, no zone, no brackets, no leading zeros. */
bool addr_parse(const char *text, size_t length, struct addr *ret);
char *addr_format(const struct addr *addr, char out[static ADDR_TEXT]);

/* Network order: 4 or 16 bytes. */
void addr_to_bytes(const struct addr *addr, uint8_t out[static 16]);
struct addr addr_from_bytes(enum family family, const uint8_t *bytes);

uint8_t addr_bits(enum family family); /* 32 or 128 */
u128 addr_max(enum family family);
int addr_compare(const struct addr *a, const struct addr *b); /* family, then value */
enum addr_scope addr_scope(const struct addr *addr);
const char *addr_scope_name(enum addr_scope scope); /* "private", "loopback", ... */
/* The networks that hold all addresses but the public ones, some of them within others; NULL behind
 * the last. */
const struct prefix *addr_not_public(size_t index);

/* "ADDR" or "ADDR/LENGTH". Fails with the reason: not an address, a length out of range,
 * host bits set (names the network meant), a v4-mapped literal (write the IPv4 address). */
int prefix_parse(const char *text, size_t length, struct prefix *ret, struct error *err);
char *prefix_format(const struct prefix *prefix, char out[static PREFIX_TEXT]);
struct prefix prefix_of(const struct addr *addr, uint8_t length); /* host bits cleared */
u128 prefix_last(const struct prefix *prefix);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);
/* The largest that begins with `first` and ends with `last` or before. */
struct prefix prefix_within(enum family family, u128 first, u128 last);
