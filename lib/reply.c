#include "lib/reply.h"

#include <ares.h>
#include <strings.h>

#include "lib/answers.h"

/* As many CNAMEs as BIND follows. It also ends loops. */
#define ALIASES_MAX 16

/* Record `i` of the answer section, when it is one of that owner and type. */
static const ares_dns_rr_t *record_at(const ares_dns_record_t *reply, size_t i,
				      const char *owner, ares_dns_rec_type_t type)
{
	const ares_dns_rr_t *record =
		ares_dns_record_rr_get_const(reply, ARES_SECTION_ANSWER, i);

	if (ares_dns_rr_get_type(record) != type ||
	    ares_dns_rr_get_class(record) != ARES_CLASS_IN ||
	    strcasecmp(ares_dns_rr_get_name(record), owner) != 0)
		return NULL;
	return record;
}

/* NULL when they lead in a circle. */
static const char *follow_aliases(const ares_dns_record_t *reply, const char *owner)
{
	size_t count = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER);

	for (int hops = 0; owner && hops <= ALIASES_MAX; hops++) {
		const ares_dns_rr_t *alias = NULL;

		for (size_t i = 0; i < count && !alias; i++)
			alias = record_at(reply, i, owner, ARES_REC_TYPE_CNAME);
		if (!alias)
			return owner;
		owner = ares_dns_rr_get_str(alias, ARES_RR_CNAME_CNAME);
	}
	return NULL;
}

static struct addr addr_of(const ares_dns_rr_t *record)
{
	if (ares_dns_rr_get_type(record) == ARES_REC_TYPE_A)
		return addr_from_bytes(FAMILY_4, (const void *)ares_dns_rr_get_addr(
							 record, ARES_RR_A_ADDR));
	return addr_from_bytes(
		FAMILY_6, (const void *)ares_dns_rr_get_addr6(record, ARES_RR_AAAA_ADDR));
}

const struct addr *reply_addresses(const ares_dns_record_t *reply, struct arena *arena,
				   size_t *ret_count)
{
	size_t count = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER), taken = 0;
	size_t room = count < ANSWER_ADDRS_MAX ? count : ANSWER_ADDRS_MAX;
	struct addr *addrs = arena_alloc(arena, room * sizeof(*addrs));
	ares_dns_rec_type_t type;
	const char *owner;

	if (!addrs)
		return NULL;
	*ret_count = 0;
	if (ares_dns_record_query_get(reply, 0, &owner, &type, NULL) != ARES_SUCCESS ||
	    (type != ARES_REC_TYPE_A && type != ARES_REC_TYPE_AAAA))
		return addrs;
	owner = follow_aliases(reply, owner);
	for (size_t i = 0; owner && i < count && taken < room; i++) {
		const ares_dns_rr_t *record = record_at(reply, i, owner, type);

		if (record)
			addrs[taken++] = addr_of(record);
	}
	*ret_count = taken;
	return addrs;
}
