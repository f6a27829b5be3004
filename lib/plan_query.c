#include "lib/plan.h"

#include "lib/macros.h"

#define PORT_DNS 53u
#define POINT_DISCARD (PORTSET_UDP + 9u)

static const struct spans *spans_of(const struct plan *plan, enum family family)
{
	return &plan->spans[family == FAMILY_6];
}

static bool is_resolver(const struct plan *plan, const struct addr *addr)
{
	for (size_t i = 0; i < plan->resolver_count; i++) {
		if (addr_compare(&plan->resolvers[i], addr) == 0)
			return true;
	}
	return false;
}

bool plan_allows(const struct plan *plan, const struct addr *addr, uint32_t point)
{
	/* Docker's resolver recurses any name: there it is all or nothing, whatever the port. */
	if (site_is_docker_dns(addr))
		return plan->mode != MODE_NONE && plan->dns == STANCE_RESOLVERS;
	if (addr_scope(addr) == ADDR_LOOPBACK || site_is_own(&plan->site, addr))
		return true;
	if ((point == PORT_DNS || point == PORTSET_UDP + PORT_DNS) &&
	    is_resolver(plan, addr))
		return true;
	return portset_has(plan->portsets,
			   spans_at(spans_of(plan, addr->family), addr->value), point);
}

/* Would a datagram to it be refused for another reason than the fence, or not at all? */
static bool is_unfit(const struct plan *plan, const struct addr *addr)
{
	const struct site *site = &plan->site;

	if (site_is_own(site, addr))
		return true;
	for (size_t i = 0; i < site->attached_count; i++) {
		const struct prefix *prefix = &site->attached[i];

		if (prefix_contains(prefix, addr) && (addr->value == prefix->base.value ||
						      addr->value == prefix_last(prefix)))
			return true;
	}
	return false;
}

struct stretch {
	enum family family;
	u128 first, last;
};

static bool first_refused(const struct plan *plan, const struct stretch *stretch,
			  struct addr *ret)
{
	const struct spans *spans = spans_of(plan, stretch->family);
	struct addr addr = { .value = stretch->first, .family = stretch->family };
	size_t i = spans_find(spans, stretch->first);

	for (; addr.value <= stretch->last; addr.value++) {
		while (i < spans->count && spans->v[i].last < addr.value)
			i++;
		if (i < spans->count && spans->v[i].first <= addr.value &&
		    portset_has(plan->portsets, spans->v[i].ports, POINT_DISCARD)) {
			if (spans->v[i].last >= stretch->last)
				return false;
			addr.value = spans->v[i].last;
		} else if (!is_unfit(plan, &addr)) {
			*ret = addr;
			return true;
		}
	}
	return false;
}

bool plan_refused_addr(const struct plan *plan, enum family family, struct addr *ret)
{
	static const struct stretch stretches[] = {
		{ FAMILY_4, 0xc0000201, 0xc00002fe }, /* 192.0.2.0/24 */
		{ FAMILY_4, 0xc6336401, 0xc63364fe }, /* 198.51.100.0/24 */
		{ FAMILY_4, 0xcb007101, 0xcb0071fe }, /* 203.0.113.0/24 */
		{ FAMILY_4, 0x01000000, 0x7effffff }, /* unicast but 0/8 and 127/8 */
		{ FAMILY_4, 0x80000000, 0xdfffffff },
		{ FAMILY_6, ((u128)0x20010db8 << 96) + 1, ((u128)0x20010db9 << 96) - 1 },
		{ FAMILY_6, (u128)0x2 << 124, ((u128)0x4 << 124) - 1 },   /* 2000::/3 */
		{ FAMILY_6, (u128)0xfc << 120, ((u128)0xfe << 120) - 1 }, /* fc00::/7 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(stretches); i++) {
		if (stretches[i].family == family &&
		    first_refused(plan, &stretches[i], ret))
			return true;
	}
	return false;
}
