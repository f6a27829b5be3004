#include <string.h>

#include "lib/addr.h"
#include "lib/buf.h"
#include "lib/entry.h"
#include "tests/fuzz/fuzz.h"

/* An address, a network, a port, as somebody wrote it: what is understood prints to a text that is the
 * same again, and lies within its family. */

static void check_addr(const struct addr *addr)
{
	char text[ADDR_TEXT];
	uint8_t bytes[16];
	struct addr again;

	PROMISE(addr->family == FAMILY_4 || addr->family == FAMILY_6);
	PROMISE(addr->value <= addr_max(addr->family));
	addr_format(addr, text);
	PROMISE(addr_parse(text, strlen(text), &again));
	PROMISE(addr_compare(addr, &again) == 0);
	addr_to_bytes(addr, bytes);
	again = addr_from_bytes(addr->family, bytes);
	PROMISE(addr_compare(addr, &again) == 0);
	PROMISE(addr_scope_name(addr_scope(addr)));
}

static void check_prefix(const struct prefix *prefix)
{
	struct addr first = prefix->base, last = first;
	char text[PREFIX_TEXT];
	struct prefix again;
	struct error err;

	check_addr(&first);
	PROMISE(prefix->length <= addr_bits(first.family));
	prefix_format(prefix, text);
	PROMISE(prefix_parse(text, strlen(text), &again, &err) == 0);
	PROMISE(addr_compare(&first, &again.base) == 0 && again.length == prefix->length);
	last.value = prefix_last(prefix);
	PROMISE(last.value <= addr_max(last.family));
	PROMISE(prefix->length == addr_bits(first.family)
			? last.value == first.value
			: last.value - first.value ==
				  addr_max(first.family) >> prefix->length);
	again = prefix_of(&last, prefix->length);
	PROMISE(addr_compare(&first, &again.base) == 0);
	PROMISE(prefix_contains(prefix, &first) && prefix_contains(prefix, &last));
	/* Its neighbours are others'. */
	if (first.value-- > 0)
		PROMISE(!prefix_contains(prefix, &first));
	if (last.value++ < addr_max(last.family))
		PROMISE(!prefix_contains(prefix, &last));
}

static void check_ports(struct port_range *ranges, size_t count)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct port_range again[2];
	struct error err;
	size_t parsed;

	PROMISE(count == 1 || count == 2);
	for (size_t i = 0; i < count; i++) {
		uint32_t base = ranges[i].first >= PORTSET_UDP ? PORTSET_UDP : 0;

		PROMISE(ranges[i].first > base && ranges[i].first <= ranges[i].last);
		PROMISE(ranges[i].last <= base + 65535);
	}
	ports_print(ranges, count, &text);
	PROMISE(ports_parse(text.data, text.length, again, &parsed, &err) == 0);
	PROMISE(parsed == count);
	PROMISE(memcmp(again, ranges, count * sizeof(*ranges)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	struct port_range ranges[2];
	struct prefix prefix;
	struct addr addr;
	struct error err;
	size_t count;

	if (addr_parse(text, length, &addr)) {
		check_addr(&addr);
		/* A mapped one is to be written as what it means. */
		PROMISE((prefix_parse(text, length, &prefix, &err) == 0) ==
			(addr.family == FAMILY_4 || addr.value >> 32 != 0xffff));
	}
	if (prefix_parse(text, length, &prefix, &err) == 0)
		check_prefix(&prefix);
	else
		PROMISE(err.kind == ERROR_POLICY && err.text[0]);
	if (ports_parse(text, length, ranges, &count, &err) == 0)
		check_ports(ranges, count);
	else
		PROMISE(err.kind == ERROR_POLICY && err.text[0]);
	return 0;
}
