#include <string.h>

#include "lib/buf.h"
#include "lib/entry.h"

static void print_range(struct port_range range, const char *protocol,
			const char *separator, struct buf *out)
{
	buf_printf(out, "%s%u", separator, range.first);
	if (range.last != range.first)
		buf_printf(out, "-%u", range.last);
	buf_puts(out, protocol);
}

static bool has_range(const struct port_range *ranges, size_t count, uint32_t first,
		      uint32_t last)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].first == first && ranges[i].last == last)
			return true;
	return false;
}

void ports_print(const struct port_range *ranges, size_t count, struct buf *out)
{
	const char *separator = "";

	for (size_t i = 0; i < count; i++) {
		struct port_range range = ranges[i];
		bool udp = range.first >= PORTSET_UDP;
		uint32_t twin = udp ? -PORTSET_UDP : PORTSET_UDP;
		bool both =
			has_range(ranges, count, range.first + twin, range.last + twin);

		if (udp && both)
			continue; /* said by its TCP twin */
		if (udp)
			range = (struct port_range){ range.first - PORTSET_UDP,
						     range.last - PORTSET_UDP };
		print_range(range, both ? "" : udp ? "/udp" : "/tcp", separator, out);
		separator = ",";
	}
}

void ports_print_list(const struct port_range *ranges, size_t count, struct buf *out)
{
	struct buf ports CLEANUP(buf_release) = { 0 };

	ports_print(ranges, count, &ports);
	buf_puts(out, "[");
	for (const char *c = ports.data; c && *c; c++)
		buf_printf(out, *c == ',' ? "%c " : "%c", *c);
	buf_puts(out, "]");
	out->failed = out->failed || ports.failed;
}

static void print_prefix(const struct entry *entry, struct buf *out)
{
	bool brackets = entry->prefix.base.family == FAMILY_6 && entry->port_count;
	char text[PREFIX_TEXT];

	prefix_format(&entry->prefix, text);
	buf_printf(out, brackets ? "[%s]" : "%s", text);
}

void entry_print(const struct entry *entry, struct buf *out)
{
	switch (entry->kind) {
	case ENTRY_PREFIX:
		print_prefix(entry, out);
		break;
	case ENTRY_NAME:
		buf_puts(out, entry->host);
		break;
	case ENTRY_BELOW:
		buf_printf(out, "*.%s", entry->host);
		break;
	case ENTRY_SUBTREE:
		buf_printf(out, ".%s", entry->host);
		break;
	case ENTRY_ATTACHED:
		buf_puts(out, "preset:attached");
		break;
	}
	if (entry->port_count) {
		buf_puts(out, ":");
		ports_print(entry->ports, entry->port_count, out);
	}
}

/* Does an item of a YAML list have to stand in quotes? '*' and '[' mean something to YAML, so
 * does a colon at the end; null is a name as good as any. */
static bool needs_quotes(const struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_PREFIX:
		return entry->prefix.base.family == FAMILY_6;
	case ENTRY_NAME:
		return strcmp(entry->host, "null") == 0;
	case ENTRY_BELOW:
		return true;
	case ENTRY_SUBTREE:
	case ENTRY_ATTACHED:
		break;
	}
	return false;
}

/* With ports behind it, "preset:443" would be a preset. */
static bool looks_like_preset(const struct entry *entry)
{
	return entry->kind == ENTRY_NAME && entry->port_count &&
	       strcmp(entry->host, "preset") == 0;
}

static void print_types(uint8_t types, struct buf *out)
{
	const char *separator = ", types: [", *name;

	while ((name = entry_type_next(&types))) {
		buf_printf(out, "%s%s", separator, name);
		separator = ", ";
	}
	buf_puts(out, "]");
}

static void print_map(const struct entry *entry, struct buf *out)
{
	struct entry target = *entry;
	const char *quote = needs_quotes(entry) ? "\"" : "";

	target.port_count = 0;
	buf_printf(out, "{ host: %s", quote);
	entry_print(&target, out);
	buf_puts(out, quote);
	if (entry->port_count) {
		buf_puts(out, ", ports: ");
		ports_print_list(entry->ports, entry->port_count, out);
	}
	if (entry->private_ok)
		buf_puts(out, ", private: true");
	if (entry->required)
		buf_puts(out, ", required: true");
	if (entry->types)
		print_types(entry->types, out);
	buf_puts(out, " }");
}

void entry_print_item(const struct entry *entry, struct buf *out)
{
	const char *quote = needs_quotes(entry) ? "\"" : "";
	struct buf ports CLEANUP(buf_release) = { 0 };

	ports_print(entry->ports, entry->port_count, &ports);
	if (ports.failed)
		out->failed = true;
	if (entry->private_ok || entry->required || entry->types ||
	    looks_like_preset(entry) || (ports.data && strchr(ports.data, ','))) {
		print_map(entry, out);
		return;
	}
	buf_puts(out, quote);
	entry_print(entry, out);
	buf_puts(out, quote);
}
