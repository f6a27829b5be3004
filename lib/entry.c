#include "lib/entry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/host.h"

/* A borrowed piece of the text. */
struct piece {
	const char *text;
	size_t length;
};

#define SHOWN 128

static struct piece piece_until(const char *text, const char *end)
{
	return (struct piece){ text, (size_t)(end - text) };
}

static bool piece_is(struct piece piece, const char *text)
{
	return piece.length == strlen(text) &&
	       memcmp(piece.text, text, piece.length) == 0;
}

/* Digits only, no leading zero (octal to some readers), 1-65535. */
static bool parse_port(struct piece piece, uint32_t *ret)
{
	uint32_t value = 0;

	if (piece.length == 0 || piece.length > 5 || piece.text[0] == '0')
		return false;
	for (size_t i = 0; i < piece.length; i++) {
		if (piece.text[i] < '0' || piece.text[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(piece.text[i] - '0');
	}
	*ret = value;
	return value <= 65535;
}

static bool is_number(struct piece piece)
{
	for (size_t i = 0; i < piece.length; i++)
		if (piece.text[i] < '0' || piece.text[i] > '9')
			return false;
	return piece.length > 0;
}

static int parse_port_or_fail(struct piece piece, uint32_t *ret, struct error *err)
{
	char shown[SHOWN];

	if (parse_port(piece, ret))
		return 0;
	escape(shown, sizeof(shown), piece.text, piece.length);
	if (piece.length == 0)
		return error_set(err, ERROR_POLICY,
				 "a port is missing; expected 443, "
				 "8000-8999 or 443/tcp");
	if (!is_number(piece))
		return error_set(err, ERROR_POLICY,
				 "'%s' is not a port; expected 443, 8000-8999 or 443/tcp",
				 shown);
	return error_set(
		err, ERROR_POLICY, "port '%s' is not in 1-65535%s", shown,
		piece.length > 1 && piece.text[0] == '0' ? " without leading zeros" : "");
}

bool entry_is_name(const struct entry *entry)
{
	return entry->kind == ENTRY_NAME || entry_is_wildcard(entry);
}

bool entry_is_wildcard(const struct entry *entry)
{
	return entry->kind == ENTRY_BELOW || entry->kind == ENTRY_SUBTREE;
}

static const struct {
	const char *name;
	uint16_t number;
} types[] = { { "mx", 15 }, { "srv", 33 }, { "txt", 16 } };

uint8_t entry_type_of(uint16_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].number == number)
			return (uint8_t)(1 << i);
	return 0;
}

uint8_t entry_type_parse(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (length == strlen(types[i].name) &&
		    strncasecmp(text, types[i].name, length) == 0)
			return (uint8_t)(1 << i);
	return 0;
}

const char *entry_type_next(uint8_t *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (*set >> i & 1) {
			*set &= (uint8_t)~(1 << i);
			return types[i].name;
		}
	return NULL;
}

int ports_parse(const char *text, size_t length, struct port_range ret[static 2],
		size_t *ret_count, struct error *err)
{
	struct piece numbers = { text, length }, protocol = { 0 };
	const char *slash = length ? memchr(text, '/', length) : NULL, *dash;
	struct port_range range = { 0 };
	bool tcp, udp;

	if (slash) {
		numbers = piece_until(text, slash);
		protocol = piece_until(slash + 1, text + length);
	}
	tcp = !slash || piece_is(protocol, "tcp");
	udp = !slash || piece_is(protocol, "udp");
	if (!tcp && !udp) {
		char shown[SHOWN];

		return error_set(
			err, ERROR_POLICY, "protocol '%s' is not tcp or udp",
			escape(shown, sizeof(shown), protocol.text, protocol.length));
	}

	dash = numbers.length ? memchr(numbers.text, '-', numbers.length) : NULL;
	if (parse_port_or_fail(dash ? piece_until(numbers.text, dash) : numbers,
			       &range.first, err) < 0)
		return -1;
	range.last = range.first;
	if (dash &&
	    parse_port_or_fail(piece_until(dash + 1, numbers.text + numbers.length),
			       &range.last, err) < 0)
		return -1;
	if (range.last < range.first)
		return error_set(err, ERROR_POLICY, "ports '%u-%u' run backwards",
				 range.first, range.last);

	*ret_count = 0;
	if (tcp)
		ret[(*ret_count)++] = range;
	if (udp)
		ret[(*ret_count)++] = (struct port_range){ range.first + PORTSET_UDP,
							   range.last + PORTSET_UDP };
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct port_range *left = a, *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

size_t ports_normalise(struct port_range *ranges, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		struct port_range *before = kept ? &ranges[kept - 1] : NULL;

		if (!before || ranges[i].first > before->last + 1)
			ranges[kept++] = ranges[i];
		else if (ranges[i].last > before->last)
			before->last = ranges[i].last;
	}
	return kept;
}

static int parse_entry_ports(struct arena *arena, struct piece piece, struct entry *entry,
			     struct error *err)
{
	struct port_range ranges[2], *copy;
	size_t count = 0;

	if (ports_parse(piece.text, piece.length, ranges, &count, err) < 0)
		return -1;
	copy = arena_alloc(arena, count * sizeof(*copy));
	if (!copy)
		return error_memory(err);
	memcpy(copy, ranges, count * sizeof(*copy));
	entry->ports = copy;
	entry->port_count = (uint16_t)count;
	return 0;
}

static int refuse_url(const char *text, size_t length, const char *scheme_end,
		      struct error *err)
{
	const char *host = scheme_end + 3;
	size_t rest = (size_t)(text + length - host), host_length = 0;
	char shown[SHOWN], meant[SHOWN];

	while (host_length < rest && !strchr("/?#", host[host_length]))
		host_length++;
	escape(shown, sizeof(shown), text, length);
	escape(meant, sizeof(meant), host, host_length);
	return error_set(err, ERROR_POLICY, "'%s' is a URL; write the host alone: %s",
			 shown, meant);
}

static int refuse_path(struct piece target, const char *slash, struct error *err)
{
	struct piece host = piece_until(target.text, slash);
	struct piece rest = piece_until(slash + 1, target.text + target.length);
	char shown[SHOWN], meant[SHOWN];

	escape(shown, sizeof(shown), target.text, target.length);
	escape(meant, sizeof(meant), host.text, host.length);
	if (piece_is(rest, "tcp") || piece_is(rest, "udp"))
		return error_set(err, ERROR_POLICY,
				 "'%s': a protocol needs a port, as in %s:443/tcp", shown,
				 meant);
	return error_set(err, ERROR_POLICY,
			 "'%s' is neither a network nor a host name; a path cannot be "
			 "allowed, write the host alone: %s",
			 shown, meant);
}

static int split_brackets(const char *text, size_t length, struct piece *target,
			  struct piece *ports, struct error *err)
{
	const char *end = text + length, *closing = memchr(text, ']', length);
	char shown[SHOWN];

	escape(shown, sizeof(shown), text, length);
	if (!closing || (closing + 1 < end && closing[1] != ':'))
		return error_set(err, ERROR_POLICY,
				 "'%s': expected [IPV6]:PORT or [IPV6/LENGTH]:PORT",
				 shown);
	*target = piece_until(text + 1, closing);
	if (!memchr(target->text, ':', target->length))
		return error_set(err, ERROR_POLICY,
				 "'%s': brackets are for IPv6 addresses and networks",
				 shown);
	if (closing + 1 < end)
		*ports = piece_until(closing + 2, end);
	return 0;
}

/* Tells where the target ends and the ports begin; ports->text stays NULL without a colon. */
static int split(const char *text, size_t length, struct piece *target,
		 struct piece *ports, struct error *err)
{
	const char *end = text + length, *colon, *slash;
	char shown[SHOWN];

	if (length == 0)
		return error_set(err, ERROR_POLICY,
				 "an empty entry; expected a host name, an "
				 "address or a network");
	if (text[0] == '[')
		return split_brackets(text, length, target, ports, err);
	*target = (struct piece){ text, length };
	colon = memchr(text, ':', length);
	if (!colon)
		return 0;
	if (end - colon >= 3 && colon[1] == '/' && colon[2] == '/')
		return refuse_url(text, length, colon, err);
	if (!memrchr(colon + 1, ':', (size_t)(end - colon - 1))) {
		*target = piece_until(text, colon);
		*ports = piece_until(colon + 1, end);
		return 0;
	}
	slash = memchr(text, '/', length);
	if (slash && memchr(slash, ':', (size_t)(end - slash)))
		return error_set(err, ERROR_POLICY,
				 "'%s': an IPv6 network with a port needs brackets: "
				 "[2001:db8::/32]:443",
				 escape(shown, sizeof(shown), text, length));
	return 0; /* two colons and more: an IPv6 address */
}

static int parse_host(struct arena *arena, struct piece name, struct entry *entry,
		      struct error *err)
{
	char host[HOST_TEXT];

	if (host_normalise(name.text, name.length, host, err) < 0)
		return -1;
	/* Names are mostly written as they are looked up. */
	if (strcmp(entry->text, host) == 0)
		entry->host = entry->text;
	else
		entry->host = arena_strndup(arena, host, strlen(host));
	return entry->host ? 0 : error_memory(err);
}

static int parse_wildcard(struct arena *arena, struct piece target, struct entry *entry,
			  struct error *err)
{
	struct piece name = { target.text + 1, target.length - 1 };
	char shown[SHOWN];

	entry->kind = ENTRY_SUBTREE;
	if (target.text[0] == '*') {
		entry->kind = ENTRY_BELOW;
		if (name.length == 0)
			return error_set(err, ERROR_POLICY,
					 "'*' alone is not an entry; to "
					 "allow everything say policy: full");
		if (name.text[0] != '.')
			return error_set(
				err, ERROR_POLICY,
				"'%s': a wildcard is *.example.com (every name below "
				"it) or .example.com (itself too)",
				escape(shown, sizeof(shown), target.text, target.length));
		name = (struct piece){ name.text + 1, name.length - 1 };
	}
	return parse_host(arena, name, entry, err);
}

/* Only digits and dots: a slip in an IPv4 address, never a name. */
static bool is_dotted_number(struct piece piece)
{
	for (size_t i = 0; i < piece.length; i++)
		if (!strchr("0123456789.", piece.text[i]) || piece.text[i] == '\0')
			return false;
	return memchr(piece.text, '.', piece.length) != NULL;
}

static int parse_prefix_target(struct piece target, struct entry *entry,
			       struct error *err)
{
	const char *slash = memchr(target.text, '/', target.length);
	struct piece addr = slash ? piece_until(target.text, slash) : target;
	bool has_colon = memchr(addr.text, ':', addr.length);
	struct addr ignored;
	char shown[SHOWN];

	entry->kind = ENTRY_PREFIX;
	if (prefix_parse(target.text, target.length, &entry->prefix, err) == 0)
		return 0;
	if (addr_parse(addr.text, addr.length, &ignored))
		return -1; /* an address, but host bits or the length are wrong: said already */
	if (slash && !has_colon && !is_dotted_number(addr))
		return refuse_path(target, slash, err);
	escape(shown, sizeof(shown), target.text, target.length);
	if (has_colon)
		return error_set(
			err, ERROR_POLICY,
			"'%s' is neither HOST:PORT nor an IPv6 address (which with a "
			"port needs brackets: [2001:db8::1]:443)",
			shown);
	return error_set(err, ERROR_POLICY,
			 "'%s' is not an address: expected four numbers "
			 "from 0 to 255, without leading zeros",
			 shown);
}

static int parse_target(struct arena *arena, struct piece target, struct entry *entry,
			struct error *err)
{
	struct addr ignored;

	if (target.length == 0)
		return error_set(err, ERROR_POLICY,
				 "nothing stands before the port; expected "
				 "HOST:PORT");
	if (target.text[0] == '*' || target.text[0] == '.')
		return parse_wildcard(arena, target, entry, err);
	if (memchr(target.text, '/', target.length) ||
	    memchr(target.text, ':', target.length) || is_dotted_number(target) ||
	    addr_parse(target.text, target.length, &ignored))
		return parse_prefix_target(target, entry, err);
	entry->kind = ENTRY_NAME;
	return parse_host(arena, target, entry, err);
}

int entry_parse(struct arena *arena, const char *text, size_t length, struct entry *ret,
		struct error *err)
{
	struct piece target = { 0 }, ports = { 0 };
	struct entry entry = { 0 };

	if (split(text, length, &target, &ports, err) < 0)
		return -1;
	entry.text = arena_strndup(arena, text, length);
	if (!entry.text)
		return error_memory(err);
	if (parse_target(arena, target, &entry, err) < 0)
		return -1;
	if (ports.text && parse_entry_ports(arena, ports, &entry, err) < 0)
		return -1;
	*ret = entry;
	return 0;
}
