#include "lib/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"

uint8_t addr_bits(enum family family)
{
	return family == FAMILY_4 ? 32 : 128;
}

u128 addr_max(enum family family)
{
	return family == FAMILY_4 ? (u128)UINT32_MAX : ~(u128)0;
}

struct addr addr_from_bytes(enum family family, const uint8_t *bytes)
{
	struct addr addr = { .family = family };

	for (size_t i = 0; i < addr_bits(family) / 8; i++)
		addr.value = addr.value << 8 | bytes[i];
	return addr;
}

void addr_to_bytes(const struct addr *addr, uint8_t out[static 16])
{
	size_t length = addr_bits(addr->family) / 8;

	for (size_t i = 0; i < length; i++)
		out[i] = (uint8_t)(addr->value >> 8 * (length - 1 - i));
}

bool addr_parse(const char *text, size_t length, struct addr *ret)
{
	char copy[ADDR_TEXT];
	uint8_t bytes[16];

	if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	/* inet_pton() refuses the octal and short forms of inet_aton(). */
	if (inet_pton(AF_INET, copy, bytes) == 1)
		*ret = addr_from_bytes(FAMILY_4, bytes);
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		*ret = addr_from_bytes(FAMILY_6, bytes);
	else
		return false;
	return true;
}

char *addr_format(const struct addr *addr, char out[static ADDR_TEXT])
{
	uint8_t bytes[16];

	addr_to_bytes(addr, bytes);
	inet_ntop(addr->family == FAMILY_4 ? AF_INET : AF_INET6, bytes, out, ADDR_TEXT);
	return out;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return 0;
}

static u128 host_mask(const struct prefix *prefix)
{
	uint8_t host_bits = addr_bits(prefix->base.family) - prefix->length;

	return host_bits == 128 ? ~(u128)0 : ((u128)1 << host_bits) - 1;
}

struct prefix prefix_of(const struct addr *addr, uint8_t length)
{
	struct prefix prefix = { .base = *addr, .length = length };

	prefix.base.value &= ~host_mask(&prefix);
	return prefix;
}

u128 prefix_last(const struct prefix *prefix)
{
	return prefix->base.value | host_mask(prefix);
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	return prefix->base.family == addr->family && addr->value >= prefix->base.value &&
	       addr->value <= prefix_last(prefix);
}

struct prefix prefix_within(enum family family, u128 first, u128 last)
{
	struct addr addr = { first, family };

	for (uint8_t length = 0;; length++) {
		struct prefix prefix = prefix_of(&addr, length);

		if (prefix.base.value == first && prefix_last(&prefix) <= last)
			return prefix;
	}
}

char *prefix_format(const struct prefix *prefix, char out[static PREFIX_TEXT])
{
	addr_format(&prefix->base, out);
	if (prefix->length < addr_bits(prefix->base.family)) {
		size_t used = strlen(out);

		snprintf(out + used, PREFIX_TEXT - used, "/%u", prefix->length);
	}
	return out;
}

static bool parse_length(const char *text, size_t length, uint8_t max, uint8_t *ret)
{
	unsigned value = 0;

	if (length == 0 || length > 3 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*ret = (uint8_t)value;
	return value <= max;
}

static int refuse_prefix(const char *text, size_t length, const char *fault,
			 struct error *err)
{
	char shown[128];

	return error_set(err, ERROR_POLICY, "'%s' %s",
			 escape(shown, sizeof(shown), text, length), fault);
}

int prefix_parse(const char *text, size_t length, struct prefix *ret, struct error *err)
{
	const char *slash = memchr(text, '/', length);
	size_t addr_length = slash ? (size_t)(slash - text) : length;
	char fault[128], meant[PREFIX_TEXT];
	struct addr addr;
	uint8_t bits;

	if (!addr_parse(text, addr_length, &addr))
		return refuse_prefix(text, length, "is not an address", err);
	if (addr.family == FAMILY_6 && addr.value >> 32 == 0xffff) {
		struct addr mapped = { .family = FAMILY_4,
				       .value = (uint32_t)addr.value };

		snprintf(fault, sizeof(fault), "is an IPv4-mapped address; write %s",
			 addr_format(&mapped, meant));
		return refuse_prefix(text, length, fault, err);
	}
	bits = addr_bits(addr.family);
	if (slash && !parse_length(slash + 1, length - addr_length - 1, bits, &bits)) {
		snprintf(fault, sizeof(fault), "has a prefix length that is not in 0-%u",
			 addr_bits(addr.family));
		return refuse_prefix(text, length, fault, err);
	}

	*ret = prefix_of(&addr, bits);
	if (ret->base.value != addr.value) {
		snprintf(fault, sizeof(fault), "has host bits set; the network is %s",
			 prefix_format(ret, meant));
		return refuse_prefix(text, length, fault, err);
	}
	return 0;
}

struct special {
	struct prefix prefix;
	enum addr_scope scope;
};

/* Numbers, not texts: a start asks for every address of every name. */
#define V4(a, b, c, d, length)                                                           \
	{ { (a) << 24 | (b) << 16 | (c) << 8 | (d), FAMILY_4 }, length }
#define V6(high, low, length) { { (u128)(high) << 64 | (low), FAMILY_6 }, length }

/* First match decides: the single metadata addresses stand before the networks around them. */
static const struct special specials[] = {
	{ V4(169u, 254, 169, 254, 32), ADDR_METADATA },   /* AWS, GCP, Azure, OpenStack */
	{ V4(169u, 254, 170, 2, 32), ADDR_METADATA },     /* AWS ECS task credentials */
	{ V4(100u, 100, 100, 200, 32), ADDR_METADATA },   /* Alibaba */
	{ V4(168u, 63, 129, 16, 32), ADDR_METADATA },     /* Azure WireServer */
	{ V4(192u, 0, 0, 192, 32), ADDR_METADATA },       /* Oracle */
	{ V6(0xfd000ec200000000, 0, 32), ADDR_METADATA }, /* AWS, IPv6 */
	{ V6(0xfd2000ce00000000, 0x254, 128), ADDR_METADATA }, /* GCP, IPv6 */
	{ V4(10u, 0, 0, 0, 8), ADDR_PRIVATE },
	{ V4(172u, 16, 0, 0, 12), ADDR_PRIVATE },
	{ V4(192u, 168, 0, 0, 16), ADDR_PRIVATE },
	{ V4(100u, 64, 0, 0, 10), ADDR_PRIVATE },
	{ V6(0xfc00000000000000, 0, 7), ADDR_PRIVATE },
	{ V4(127u, 0, 0, 0, 8), ADDR_LOOPBACK },
	{ V6(0, 1, 128), ADDR_LOOPBACK },
	{ V4(169u, 254, 0, 0, 16), ADDR_LINK_LOCAL },
	{ V6(0xfe80000000000000, 0, 10), ADDR_LINK_LOCAL },
	{ V4(0u, 0, 0, 0, 8), ADDR_SPECIAL },
	{ V4(192u, 0, 0, 0, 24), ADDR_SPECIAL },
	{ V4(192u, 0, 2, 0, 24), ADDR_PRIVATE },
	{ V4(192u, 88, 99, 0, 24), ADDR_SPECIAL },
	{ V4(198u, 18, 0, 0, 15), ADDR_PRIVATE },
	{ V4(198u, 51, 100, 0, 24), ADDR_PRIVATE },
	{ V4(203u, 0, 113, 0, 24), ADDR_PRIVATE },
	{ V4(224u, 0, 0, 0, 3), ADDR_SPECIAL },
	{ V6(0x2001000000000000, 0, 23),
	  ADDR_SPECIAL }, /* IETF protocols, Teredo among them */
	{ V6(0x20010db800000000, 0, 32), ADDR_PRIVATE },
	{ V6(0x2002000000000000, 0, 16), ADDR_SPECIAL }, /* 6to4 */
	{ V6(0x3fff000000000000, 0, 20), ADDR_PRIVATE }, /* documentation, RFC 9637 */
};

/* Outside 2000::/3 nothing is global unicast: mapped, NAT64, multicast, reserved. */
static const struct prefix not_global[] = {
	V6(0, 0, 3),
	V6(0x4000000000000000, 0, 2),
	V6(0x8000000000000000, 0, 1),
};

static const char *const scope_names[] = {
	[ADDR_PUBLIC] = "public",           [ADDR_PRIVATE] = "private",
	[ADDR_LOOPBACK] = "loopback",       [ADDR_LINK_LOCAL] = "link-local",
	[ADDR_METADATA] = "cloud metadata", [ADDR_SPECIAL] = "special-purpose",
};

const char *addr_scope_name(enum addr_scope scope)
{
	return scope_names[scope];
}

enum addr_scope addr_scope(const struct addr *addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		if (prefix_contains(&specials[i].prefix, addr))
			return specials[i].scope;
	}
	for (size_t i = 0; i < ARRAY_SIZE(not_global); i++) {
		if (prefix_contains(&not_global[i], addr))
			return ADDR_SPECIAL;
	}
	return ADDR_PUBLIC;
}

const struct prefix *addr_not_public(size_t index)
{
	if (index < ARRAY_SIZE(specials))
		return &specials[index].prefix;
	index -= ARRAY_SIZE(specials);
	return index < ARRAY_SIZE(not_global) ? &not_global[index] : NULL;
}
