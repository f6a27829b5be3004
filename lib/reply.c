#include "lib/reply.h"

#include <ares.h>
#include <string.h>
#include <strings.h>

#include "lib/answers.h"
#include "lib/host.h"

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

static const ares_dns_rr_t *find_alias(const ares_dns_record_t *reply, const char *owner)
{
	size_t count = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER);
	const ares_dns_rr_t *alias = NULL;

	for (size_t i = 0; i < count && !alias; i++)
		alias = record_at(reply, i, owner, ARES_REC_TYPE_CNAME);
	return alias;
}

static void lower(uint32_t *ttl, const ares_dns_rr_t *record)
{
	if (ares_dns_rr_get_ttl(record) < *ttl)
		*ttl = ares_dns_rr_get_ttl(record);
}

/* c-ares reads names of any length; as texts to compare with every record they have to be
 * short. */
static bool is_short(const char *name)
{
	return name && strnlen(name, HOST_TEXT) <= HOST_MAX;
}

static bool follow_aliases(const ares_dns_record_t *reply, struct reply_way *way)
{
	const ares_dns_rr_t *alias;

	while (is_short(way->names[way->aliases])) {
		alias = find_alias(reply, way->names[way->aliases]);
		if (!alias)
			return true;
		/* A circle, too, is too many. */
		if (way->aliases == REPLY_ALIASES)
			return false;
		lower(&way->ttl, alias);
		way->names[++way->aliases] =
			ares_dns_rr_get_str(alias, ARES_RR_CNAME_CNAME);
	}
	return false;
}

static bool is_known(ares_dns_rec_type_t type)
{
	return type == ARES_REC_TYPE_A || type == ARES_REC_TYPE_AAAA ||
	       type == ARES_REC_TYPE_MX || type == ARES_REC_TYPE_SRV ||
	       type == ARES_REC_TYPE_TXT;
}

bool reply_way(const ares_dns_record_t *reply, struct reply_way *ret)
{
	ares_dns_rec_type_t type;

	ret->aliases = 0;
	ret->ttl = UINT32_MAX;
	if (ares_dns_record_query_get(reply, 0, &ret->names[0], &type, NULL) !=
		    ARES_SUCCESS ||
	    !is_known(type))
		return false;
	ret->type = (uint16_t)type;
	return follow_aliases(reply, ret);
}

const ares_dns_rr_t *reply_record(const ares_dns_record_t *reply,
				  const struct reply_way *way, size_t i, uint32_t *ttl)
{
	const ares_dns_rr_t *record = record_at(reply, i, way->names[way->aliases],
						(ares_dns_rec_type_t)way->type);

	if (record)
		lower(ttl, record);
	return record;
}

static struct addr addr_of(const ares_dns_rr_t *record)
{
	if (ares_dns_rr_get_type(record) == ARES_REC_TYPE_A)
		return addr_from_bytes(FAMILY_4, (const void *)ares_dns_rr_get_addr(
							 record, ARES_RR_A_ADDR));
	return addr_from_bytes(
		FAMILY_6, (const void *)ares_dns_rr_get_addr6(record, ARES_RR_AAAA_ADDR));
}

size_t reply_take(const ares_dns_record_t *reply, const struct reply_way *way,
		  struct addr *addrs, size_t room, uint32_t *ttl)
{
	size_t count = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER), taken = 0;

	if (way->type != ARES_REC_TYPE_A && way->type != ARES_REC_TYPE_AAAA)
		return 0;
	for (size_t i = 0; i < count && taken < room; i++) {
		const ares_dns_rr_t *record = reply_record(reply, way, i, ttl);

		if (record)
			addrs[taken++] = addr_of(record);
	}
	return taken;
}

const struct addr *reply_addresses(const ares_dns_record_t *reply, struct arena *arena,
				   size_t *ret_count)
{
	size_t count = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER);
	size_t room = count < ANSWER_ADDRS_MAX ? count : ANSWER_ADDRS_MAX;
	struct addr *addrs = arena_alloc(arena, room * sizeof(*addrs));
	struct reply_way way;
	uint32_t ttl = UINT32_MAX;

	*ret_count = 0;
	if (addrs && reply_way(reply, &way))
		*ret_count = reply_take(reply, &way, addrs, room, &ttl);
	return addrs;
}
