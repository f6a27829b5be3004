#include "lib/refusal.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/macros.h"

#define TYPE_A 1u
#define TYPE_AAAA 28u

static const char *const reasons[REFUSAL_REASONS] = {
	[REFUSAL_NO_ENTRY] = "no entry",
	[REFUSAL_NAME] = "name refused",
	[REFUSAL_DENIED] = "denied",
	[REFUSAL_GATEWAY] = "host gateway",
	[REFUSAL_PORT] = "wrong port",
	[REFUSAL_EXPIRED] = "expired",
	[REFUSAL_PRIVATE] = "private answer",
	[REFUSAL_RAW] = "raw address",
	[REFUSAL_DNS] = "dns",
	[REFUSAL_TYPE] = "query type",
	[REFUSAL_LIMIT] = "tunnel limit",
	[REFUSAL_INBOUND] = "inbound",
};

struct number_name {
	uint16_t number;
	const char *name;
};

static const struct number_name protocols[] = {
	{ IPPROTO_TCP, "tcp" },   { IPPROTO_UDP, "udp" },
	{ IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "icmpv6" },
	{ IPPROTO_SCTP, "sctp" }, { IPPROTO_UDPLITE, "udplite" },
};

/* IANA's registry, as far as programs ask. */
static const struct number_name types[] = {
	{ TYPE_A, "A" },  { 2, "NS" },     { 5, "CNAME" }, { 6, "SOA" },
	{ 12, "PTR" },    { 15, "MX" },    { 16, "TXT" },  { TYPE_AAAA, "AAAA" },
	{ 33, "SRV" },    { 35, "NAPTR" }, { 43, "DS" },   { 44, "SSHFP" },
	{ 48, "DNSKEY" }, { 52, "TLSA" },  { 64, "SVCB" }, { 65, "HTTPS" },
	{ 255, "ANY" },   { 257, "CAA" },
};

const char *refusal_reason_name(enum refusal_reason reason)
{
	return reasons[reason];
}

bool refusal_reason_parse(const char *text, enum refusal_reason *ret)
{
	for (size_t i = 0; i < REFUSAL_REASONS; i++) {
		if (strcmp(reasons[i], text) == 0) {
			*ret = (enum refusal_reason)i;
			return true;
		}
	}
	return false;
}

static const char *name_of(const struct number_name *v, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++)
		if (v[i].number == number)
			return v[i].name;
	return NULL;
}

static uint16_t number_of(const struct number_name *v, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(v[i].name, name) == 0)
			return v[i].number;
	return 0;
}

/* Decimal, from 1, without a zero in front; 0: it is no such number. */
static uint16_t number_parse(const char *text, unsigned max)
{
	unsigned value = 0;

	if (*text == '0')
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return 0;
	}
	return (uint16_t)value;
}

const char *refusal_protocol_name(uint8_t protocol, char out[static 4])
{
	const char *name = name_of(protocols, ARRAY_SIZE(protocols), protocol);

	if (name)
		return name;
	snprintf(out, 4, "%u", protocol);
	return out;
}

uint8_t refusal_protocol_parse(const char *text)
{
	uint16_t protocol = number_of(protocols, ARRAY_SIZE(protocols), text);

	return (uint8_t)(protocol ? protocol : number_parse(text, UINT8_MAX));
}

const char *refusal_type_name(uint16_t type, char out[static REFUSAL_TYPE_TEXT])
{
	const char *name = name_of(types, ARRAY_SIZE(types), type);

	if (name)
		return name;
	snprintf(out, REFUSAL_TYPE_TEXT, "TYPE%u", type);
	return out;
}

uint16_t refusal_type_parse(const char *text)
{
	if (strncmp(text, "TYPE", 4) == 0)
		return number_parse(text + 4, UINT16_MAX);
	return number_of(types, ARRAY_SIZE(types), text);
}

/* What makes two refusals one, without padding, so that it can be hashed. */
struct identity {
	uint64_t addr[2];
	uint32_t uid;
	uint16_t port, type;
	uint8_t reason, audit, has_uid, family, protocol;
	char program[REFUSAL_PROGRAM];
	uint8_t padding[3];
};

static struct identity identity_of(const struct refusal *refusal)
{
	struct identity identity = {
		.uid = refusal->has_uid ? refusal->uid : 0,
		.port = refusal->port,
		.type = refusal->type == TYPE_AAAA ? TYPE_A : refusal->type,
		.reason = (uint8_t)refusal->reason,
		.audit = refusal->audit,
		.has_uid = refusal->has_uid,
		.family = refusal->has_addr ? (uint8_t)refusal->addr.family : 0,
		.protocol = refusal->protocol,
	};

	_Static_assert(sizeof(identity) == 16 + 4 + 2 * 2 + 5 + REFUSAL_PROGRAM + 3,
		       "padding would be hashed");
	if (refusal->has_addr)
		memcpy(identity.addr, &refusal->addr.value, sizeof(identity.addr));
	memcpy(identity.program, refusal->program,
	       strnlen(refusal->program, REFUSAL_PROGRAM));
	return identity;
}

static const char *first_name(const struct refusal *refusal)
{
	return refusal->name_count ? refusal->names[0] : "";
}

bool refusal_same(const struct refusal *a, const struct refusal *b)
{
	struct identity left = identity_of(a), right = identity_of(b);

	return memcmp(&left, &right, sizeof(left)) == 0 &&
	       strcmp(first_name(a), first_name(b)) == 0;
}

uint64_t refusal_hash(const uint8_t key[static HASH_KEY], const struct refusal *refusal)
{
	struct identity identity = identity_of(refusal);
	const char *name = first_name(refusal);

	return hash_bytes(key, &identity, sizeof(identity)) ^
	       hash_bytes(key, name, strlen(name));
}

bool refusal_asks_addresses(const struct refusal *refusal)
{
	return refusal->type == TYPE_A || refusal->type == TYPE_AAAA;
}

/* What stands behind the name of a question. */
static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *put(char **at, const char *text)
{
	const char *start = *at;

	if (!text)
		return NULL;
	*at = stpcpy(*at, text) + 1;
	return start;
}

char *refusal_copy(const struct refusal *from, struct refusal *ret)
{
	size_t size = text_size(from->allow) + text_size(from->rule);
	char *block, *at;

	for (size_t i = 0; i < from->name_count; i++)
		size += text_size(from->names[i]);
	block = at = malloc(size + 1);
	if (!block)
		return NULL;
	*ret = *from;
	for (size_t i = 0; i < from->name_count; i++)
		ret->names[i] = put(&at, from->names[i]);
	ret->allow = put(&at, from->allow);
	ret->rule = put(&at, from->rule);
	return block;
}

static void format_question(const struct refusal *refusal, char *out, size_t room)
{
	char type[REFUSAL_TYPE_TEXT], addr[ADDR_TEXT];

	*out = '\0';
	if (refusal->has_addr)
		snprintf(out, room, " %s %s",
			 refusal->addr.family == FAMILY_6 ? "AAAA" : "A",
			 addr_format(&refusal->addr, addr));
	else if (refusal->type && !refusal_asks_addresses(refusal))
		snprintf(out, room, " %s", refusal_type_name(refusal->type, type));
}

/* ":443/tcp" and, when there are no ports, " icmp". */
static void format_port(const struct refusal *refusal, char *out, size_t room)
{
	char number[4];
	const char *protocol = refusal_protocol_name(refusal->protocol, number);

	if (refusal->port)
		snprintf(out, room, ":%u/%s", refusal->port, protocol);
	else
		snprintf(out, room, " %s", protocol);
}

char *refusal_target(const struct refusal *refusal, char out[static REFUSAL_TARGET])
{
	char name[HOST_TEXT], addr[ADDR_TEXT], rest[ADDR_TEXT + 8];
	const char *shown = first_name(refusal);
	bool brackets = false;

	escape_unless_plain(name, sizeof(name), shown, strlen(shown));
	shown = name;
	if (refusal->protocol == 0)
		format_question(refusal, rest, sizeof(rest));
	else
		format_port(refusal, rest, sizeof(rest));
	if (refusal->has_addr && (!*name || refusal->reason == REFUSAL_INBOUND)) {
		shown = addr_format(&refusal->addr, addr);
		brackets = refusal->addr.family == FAMILY_6 && refusal->port;
		if (refusal->protocol == 0)
			*rest = '\0';
	}
	if (refusal->reason == REFUSAL_INBOUND && *rest)
		snprintf(out, REFUSAL_TARGET, "%s from %s", rest + 1, shown);
	else
		snprintf(out, REFUSAL_TARGET, "%s%s%s%s", brackets ? "[" : "", shown,
			 brackets ? "]" : "", rest);
	return out;
}
