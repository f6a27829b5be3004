#include <ares.h>
#include <ares_dns_record.h>

#include "lib/answers.h"
#include "lib/dnsmsg.h"
#include "lib/macros.h"
#include "lib/reply.h"
#include "tests/fuzz/fuzz.h"

/* A DNS message from whoever answers: whatever stands in it, only addresses come out, no more
 * than records went in, and of the family that was asked for. What a start takes of it is what the
 * forwarder takes, and what is read of the bytes as somebody else got them is among it. */
static void check_others(const uint8_t *bytes, size_t length,
			 const ares_dns_record_t *reply, const struct addr *addrs,
			 size_t count)
{
	static struct addr same[ANSWER_ADDRS_MAX];
	char host[HOST_TEXT];
	uint32_t ttl;
	int rcode;

	PROMISE(dnsmsg_addresses(reply, same, ANSWER_ADDRS_MAX, &ttl, &rcode) == count);
	for (size_t i = 0; i < count; i++)
		PROMISE(addr_compare(&same[i], &addrs[i]) == 0);
	PROMISE(count > 0 || ttl == 0);
	PROMISE(dnsmsg_answer(bytes, length, host, same, ANSWER_ADDRS_MAX) <= count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	ares_dns_record_t *reply = NULL;
	ares_dns_rec_type_t type;
	const struct addr *addrs;
	size_t count;

	if (ares_dns_parse(bytes, length, 0, &reply) != ARES_SUCCESS)
		return 0;
	addrs = reply_addresses(reply, arena, &count);
	PROMISE(addrs);
	PROMISE(count <= ANSWER_ADDRS_MAX);
	PROMISE(count <= ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER));
	if (count)
		PROMISE(ares_dns_record_query_get(reply, 0, NULL, &type, NULL) ==
			ARES_SUCCESS);
	for (size_t i = 0; i < count; i++)
		PROMISE(addrs[i].family ==
			(type == ARES_REC_TYPE_A ? FAMILY_4 : FAMILY_6));
	check_others(bytes, length, reply, addrs, count);
	ares_dns_record_destroy(reply);
	return 0;
}
