#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/arena.h"
#include "lib/origin.h"
#include "lib/portset.h"

/* One line of `allow` or `deny`. */

enum __attribute__((packed)) entry_kind {
	ENTRY_PREFIX,  /* an address or a network */
	ENTRY_NAME,    /* a host name, exactly */
	ENTRY_BELOW,   /* "*.example.com": every name below it */
	ENTRY_SUBTREE, /* ".example.com": itself and every name below it */
	ENTRY_ATTACHED, /* preset `attached`: the container's own subnets without gateways */
};

/* Who speaks: within one trust level the longest prefix decides, between them see plan.h. */
enum __attribute__((packed)) trust {
	TRUST_OPERATOR,
	TRUST_PROJECT,
};

/* There may be 200,000 of them in a file: kept small. */
struct entry {
	enum entry_kind kind;
	enum trust trust;
	bool deny;
	bool private_ok; /* private: true */
	bool required;
	uint8_t types; /* names: what may be asked besides addresses; see entry_type_of() */
	uint16_t port_count;            /* 0: no ports given */
	const struct port_range *ports; /* sorted, disjoint, not adjacent; shared */
	struct prefix prefix;           /* ENTRY_PREFIX */
	const char *host;     /* names: normalised, without "*." or "." in front */
	const char *text;     /* as written, not escaped */
	const char *preset;   /* the preset it came through, or NULL */
	struct origin origin; /* where the entry (or the preset's use) stands */
	/* An earlier entry that says the same: this one is kept for its origin. */
	const struct entry *same;
};

/* A name or a wildcard; ENTRY_BELOW or ENTRY_SUBTREE, which names it means is known only when one
 * is asked for. */
bool entry_is_name(const struct entry *entry);
bool entry_is_wildcard(const struct entry *entry);

/* The largest number of ports and ranges one entry may list. */
#define ENTRY_PORTS_MAX 256

/* Records besides addresses that an entry can let through (`types: [mx, srv, txt]`): each is a bit
 * of entry->types. By its number in DNS; by its name, in letters of either case. 0: it is none. */
uint8_t entry_type_of(uint16_t number);
uint8_t entry_type_parse(const char *text, size_t length);
/* Takes one out of the set and returns its name; NULL: the set is empty. */
const char *entry_type_next(uint8_t *set);

/* The string form: "HOST", "HOST:PORTS", "*.NAME", ".NAME", "ADDR", "NET/LEN", "NET/LEN:PORTS",
 * "[V6/LEN]:PORTS", PORTS = N or N-M with an optional /tcp or /udp. Not "preset:NAME" (see
 * layer.h). Fills kind, ports, prefix, host, text; the rest stays zero. Errors say what was
 * expected: a URL, a path, a port outside 1-65535, an IPv6 address with a port and no
 * brackets, host bits, "*example.com", a bare "*". */
int entry_parse(struct arena *arena, const char *text, size_t length, struct entry *ret,
		struct error *err) MUST_CHECK;

/* "443", "8000-8999", "5173/tcp" -> one or two ranges (without protocol: TCP and UDP). */
int ports_parse(const char *text, size_t length, struct port_range ret[static 2],
		size_t *ret_count, struct error *err) MUST_CHECK;

/* Sorts the ranges and joins what overlaps or touches; returns how many remain. */
size_t ports_normalise(struct port_range *ranges, size_t count);

/* The entry in canonical string form ("api.example.com:443", "[2001:db8::]:53/udp"...); an
 * entry with several port ranges prints them with commas, for people and explain. */
struct buf;
void entry_print(const struct entry *entry, struct buf *out);
/* The same as an item of a YAML list, that entry_parse() or, for what only a map can say, the
 * reader of a policy takes back: "\"*.example.com\"", "{ host: a.example, ports: [1, 2] }". */
void entry_print_item(const struct entry *entry, struct buf *out);

/* "443,8000-8999/tcp"; the list "[443, 8000-8999/tcp]". */
void ports_print(const struct port_range *ranges, size_t count, struct buf *out);
void ports_print_list(const struct port_range *ranges, size_t count, struct buf *out);
