#include <ares.h>
#include <string.h>

#include "lib/dnsname.h"
#include "lib/host.h"
#include "lib/pointer.h"
#include "lib/zone.h"
#include "tests/fuzz/fuzz.h"

/* A name as somebody wrote it or sent it: what is accepted is in one form, which c-ares and DNS take
 * for the same name; all its parents are above it. */

static void check_wire(const char *host)
{
	uint8_t wire[DNSNAME_MAX];
	size_t length = dnsname_wire(host, wire), at = 0, from = 0;

	PROMISE(length == strlen(host) + 2);
	for (; wire[at]; at += wire[at] + 1u) {
		PROMISE(wire[at] <= DNSNAME_LABEL_MAX && at + wire[at] + 1u < length);
		PROMISE(memcmp(wire + at + 1, host + from, wire[at]) == 0);
		from += wire[at] + 1u;
		PROMISE(host[from - 1] == '.' || host[from - 1] == '\0');
	}
	PROMISE(at == length - 1);
}

static void check_host(const char *host)
{
	char again[HOST_TEXT];
	struct error err;
	struct addr addr;

	PROMISE(strlen(host) >= 1 && strlen(host) <= HOST_MAX);
	PROMISE(host_normalise(host, strlen(host), again, &err) == 0);
	PROMISE(strcmp(host, again) == 0);
	/* No address: a name never stands where an address would be understood. */
	PROMISE(!addr_parse(host, strlen(host), &addr));
	check_wire(host);
	PROMISE(!host_is_below(host, host));
	for (const char *dot = strchr(host, '.'); dot; dot = strchr(dot + 1, '.')) {
		PROMISE(host_is_below(host, dot + 1));
		PROMISE(!host_is_below(dot + 1, host));
		/* Only at a label's boundary. */
		PROMISE(dot[2] == '\0' || !host_is_below(host, dot + 2) || dot[1] == '.');
	}
	PROMISE(host_is_single_label(host) == !strchr(host, '.'));
	(void)zone_is_public(host);
	if (pointer_parse(host, &addr))
		PROMISE(addr.value <= addr_max(addr.family) &&
			host_is_below(host, addr.family == FAMILY_4 ? "in-addr.arpa"
								    : "ip6.arpa"));
}

/* What c-ares shows of a name, as anything. */
static void check_escaped(const char *bytes, size_t length)
{
	uint8_t wire[DNSNAME_MAX];
	char *text = strndup(bytes, length);
	size_t used, at = 0;

	PROMISE(text);
	used = dnsname_wire(text, wire);
	PROMISE(used <= DNSNAME_MAX);
	while (used && wire[at]) {
		PROMISE(wire[at] <= DNSNAME_LABEL_MAX);
		at += wire[at] + 1u;
		PROMISE(at < used);
	}
	PROMISE(used == 0 || at == used - 1);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	char host[HOST_TEXT];
	struct error err;

	if (host_normalise(text, length, host, &err) == 0) {
		check_host(host);
		PROMISE(strlen(host) == length || strlen(host) == length - 1);
		PROMISE(strncasecmp(host, text, strlen(host)) == 0);
	} else {
		PROMISE(err.kind == ERROR_POLICY && err.text[0]);
	}
	check_escaped(text, length);
	return 0;
}
