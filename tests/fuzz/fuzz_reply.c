#include <ares.h>
#include <ares_dns_record.h>

#include "lib/answers.h"
#include "lib/macros.h"
#include "lib/reply.h"
#include "tests/fuzz/fuzz.h"

/* A DNS message from whoever answers: whatever stands in it, only addresses come out, no more
 * than records went in, and of the family that was asked for. */
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
	ares_dns_record_destroy(reply);
	return 0;
}
