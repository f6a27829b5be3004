#include "lib/readback_internal.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>

#include <libnftnl/rule.h>

#include "lib/buf.h"
#include "lib/rule_text.h"

void describe_rule(const struct thing *rule, struct buf *out)
{
	struct rule_text text CLEANUP(rule_text_release) = { 0 };
	struct nftnl_rule *r = nftnl_rule_alloc();

	/* It was parsed before, when the view was read. */
	if (r && nftnl_rule_nlmsg_parse(rule->message, r) >= 0)
		rule_text_read(r, NFPROTO_INET, &text);
	buf_puts(out, text.text.data ? text.text.data : rule->text);
	if (r)
		nftnl_rule_free(r);
}

/* One address, a network, or both ends. */
static void describe_range(const struct addr *first, const struct addr *last,
			   struct buf *out)
{
	u128 size = last->value - first->value;
	char shown[PREFIX_TEXT];
	uint8_t bits = 0;

	while (bits < addr_bits(first->family) && size >> bits)
		bits++;
	if (size == 0) {
		buf_puts(out, addr_format(first, shown));
	} else if ((size & (size + 1)) == 0 && (first->value & size) == 0) {
		struct prefix prefix =
			prefix_of(first, (uint8_t)(addr_bits(first->family) - bits));

		buf_puts(out, prefix_format(&prefix, shown));
	} else {
		buf_printf(out, "%s-", addr_format(first, shown));
		buf_puts(out, addr_format(last, shown));
	}
}

static void describe_addrs(const struct view *view, const struct element *element,
			   const unsigned char *key, const unsigned char *end,
			   enum family family, struct buf *out, struct finding *ret)
{
	(void)view;
	ret->has_addrs = true;
	ret->first = addr_from_bytes(family, key);
	ret->last = end ? addr_from_bytes(family, end) : ret->first;
	if (end && element->end & ELEMENT_ENDS)
		ret->last.value--;
	describe_range(&ret->first, &ret->last, out);
}

static void describe_service(const unsigned char *key, const unsigned char *end,
			     struct buf *out)
{
	unsigned first = (unsigned)key[4] << 8 | key[5];
	unsigned last = (unsigned)end[4] << 8 | end[5];

	if (key[0] != end[0])
		buf_puts(out, "all protocols");
	else if (key[0] == IPPROTO_TCP || key[0] == IPPROTO_UDP)
		buf_puts(out, key[0] == IPPROTO_TCP ? "tcp" : "udp");
	else
		buf_printf(out, "protocol %u", key[0]);
	buf_printf(out, " . %u", first);
	if (last != first)
		buf_printf(out, "-%u", last);
}

/* Keys of four and sixteen bytes are addresses; eight more are protocol and port. */
void describe_element(const struct view *view, const struct set_view *set,
		      const struct element *element, struct buf *out, struct finding *ret)
{
	uint32_t length = set->key_length;
	uint32_t addr = length >= 16 ? 16 : length == 12 || length == 4 ? 4 : 0;
	enum family family = addr == 4 ? FAMILY_4 : FAMILY_6;
	const unsigned char *key = view->bytes + element->key;
	const unsigned char *end =
		element->end ? view->bytes + (element->end & ~ELEMENT_ENDS) : NULL;

	if (addr) {
		describe_addrs(view, element, key, end, family, out, ret);
		/* An interval without an end. */
		if (!end && set->intervals) {
			ret->last.value = addr_max(family);
			buf_puts(out, " and all above");
		}
	}
	if (length - addr == 8) {
		buf_puts(out, addr ? " . " : "");
		describe_service(key + addr, (end ? end : key) + addr, out);
	} else if (!addr) {
		for (uint32_t i = 0; i < length; i++)
			buf_printf(out, "%02x", key[i]);
	}
}

static size_t part_length(const char *text)
{
	const char *end = strstr(text, "; ");

	return end ? (size_t)(end - text) : strlen(text);
}

/* The last word of a part is its value. */
static size_t value_at(const char *part, size_t length)
{
	while (length > 0 && part[length - 1] != ' ')
		length--;
	return length;
}

void describe_change(const char *sent, const char *held, struct buf *out)
{
	const char *separator = "";

	while (*sent && *held) {
		size_t a = part_length(sent), b = part_length(held);

		if (a != b || memcmp(sent, held, a) != 0) {
			size_t value = value_at(sent, a);

			if (strncmp(sent, held, value) != 0)
				value = 0;
			buf_printf(out, "%s%.*s, was %.*s", separator, (int)b, held,
				   (int)(a - value), sent + value);
			separator = "; ";
		}
		sent += sent[a] ? a + 2 : a;
		held += held[b] ? b + 2 : b;
	}
}
