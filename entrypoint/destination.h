#pragma once

#include "entrypoint/inputs.h"

/* HOST:PORT as people type it for explain and verify: a name or an address, one port, tcp
 * unless /udp is written; without a port 443. */

struct destination {
	const char *host; /* NULL for an address */
	struct addr addr;
	uint32_t point; /* on portset.h's line */
	char text[320]; /* normalised, for messages */
};

int destination_parse(const char *text, struct arena *arena, struct destination *ret,
		      struct error *err) MUST_CHECK;
