#pragma once

#include "lib/seen.h"

/* Each row of the record becomes one or more sights, of one destination and one port each; sorted,
 * those of one destination are added up. */

enum sight_kind {
	SIGHT_CONNECTION,
	SIGHT_MAYBE, /* another name of the address that was connected to */
	SIGHT_QUESTION,
};

struct sight {
	enum sight_kind kind;
	enum seen_state state;
	struct entry entry; /* kind, host or prefix, private_ok, types */
	struct port_range port;
	bool has_port;
	const struct refusal *row;
	const char *why;
	const struct origin *rule;
};

struct sight_list {
	struct sight *v; /* on the heap */
	size_t count, capacity;
};

/* Sorts the list, and adds it up into ret->v. False: out of memory. */
bool seen_add_up(struct sight_list *list, struct arena *arena, struct sights *ret);
/* The same of ports alone. */
bool seen_add_ports(const struct sight_list *list, struct arena *arena,
		    struct seen_ports *ret);

/* Does an entry with these ports open the point? */
bool seen_opens(const struct port_range *ports, size_t count, uint32_t point);
