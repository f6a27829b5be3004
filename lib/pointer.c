#include "lib/pointer.h"

#include <string.h>

/* One label before *end that is a number of that base; moves *end to the dot before it. */
static bool take_label(const char *host, const char **end, unsigned base, unsigned *ret)
{
	const char *label = *end, *digits = "0123456789abcdef";
	unsigned value = 0;

	while (label > host && label[-1] != '.')
		label--;
	if (label == *end || *end - label > 3)
		return false;
	for (const char *c = label; c < *end; c++) {
		const char *digit = strchr(digits, *c);

		if (!digit || (unsigned)(digit - digits) >= base)
			return false;
		value = value * base + (unsigned)(digit - digits);
	}
	/* No leading zeros: one name for each address. */
	if (label[0] == '0' && *end - label > 1)
		return false;
	*ret = value;
	*end = label > host ? label - 1 : label;
	return true;
}

bool pointer_parse(const char *host, struct addr *ret)
{
	static const struct tree {
		const char *suffix;
		enum family family;
		unsigned labels, base, most;
	} trees[] = { { ".in-addr.arpa", FAMILY_4, 4, 10, 255 },
		      { ".ip6.arpa", FAMILY_6, 32, 16, 15 } };
	size_t length = strlen(host);

	for (size_t i = 0; i < 2; i++) {
		const struct tree *tree = &trees[i];
		size_t suffix = strlen(tree->suffix);
		const char *end = host + length - suffix;
		u128 value = 0;
		unsigned label, taken = 0;

		if (length <= suffix || strcmp(end, tree->suffix) != 0)
			continue;
		for (; taken < tree->labels && take_label(host, &end, tree->base, &label);
		     taken++) {
			if (label > tree->most)
				return false;
			value = value * (tree->most + 1) + label;
		}
		if (taken < tree->labels || end != host)
			return false;
		*ret = (struct addr){ .value = value, .family = tree->family };
		return true;
	}
	return false;
}
