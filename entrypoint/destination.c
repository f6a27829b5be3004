#include "entrypoint/destination.h"

#include <stdio.h>
#include <string.h>

#include "lib/buf.h"

#define HTTPS 443u

static int pick_point(const struct entry *entry, const char *shown, uint32_t *ret,
		      struct error *err)
{
	*ret = entry->port_count ? entry->ports[0].first : HTTPS;
	for (uint32_t i = 0; i < entry->port_count; i++)
		if (entry->ports[i].first != entry->ports[i].last)
			return error_set(err, ERROR_USAGE,
					 "'%s': one port is wanted, not a range", shown);
	return 0;
}

int destination_parse(const char *text, struct arena *arena, struct destination *ret,
		      struct error *err)
{
	struct entry entry;
	char shown[128], addr[ADDR_TEXT];
	bool is_address;

	escape(shown, sizeof(shown), text, strlen(text));
	*ret = (struct destination){ 0 };
	if (entry_parse(arena, text, strlen(text), &entry, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	is_address = entry.kind == ENTRY_PREFIX &&
		     entry.prefix.length == addr_bits(entry.prefix.base.family);
	if (!is_address && entry.kind != ENTRY_NAME)
		return error_set(err, ERROR_USAGE, "'%s': one name or address is wanted",
				 shown);
	if (pick_point(&entry, shown, &ret->point, err) < 0)
		return -1;
	ret->host = is_address ? NULL : entry.host;
	ret->addr = entry.prefix.base;
	if (is_address)
		addr_format(&ret->addr, addr);
	snprintf(ret->text, sizeof(ret->text),
		 is_address && ret->addr.family == FAMILY_6 ? "[%s]:%u/%s" : "%s:%u/%s",
		 is_address ? addr : ret->host, ret->point % PORTSET_UDP,
		 ret->point < PORTSET_UDP ? "tcp" : "udp");
	return 0;
}
