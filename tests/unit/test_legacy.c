#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "lib/arena.h"
#include "lib/legacy.h"

/* Tables of iptables-legacy as the kernel gives them, which few kernels still have. */

#define DOCKER 0x7f00000b
#define OTHER 0xc6336401 /* 198.51.100.1 */

struct table {
	struct legacy_table table;
	_Alignas(8) char bytes[4096];
};

/* A rule behind the others; `to` is the address that it matches, 0 for any. */
static void put(struct table *t, const char *target, uint32_t to, uint8_t revision,
		const void *info, size_t length)
{
	size_t head = t->table.six ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);
	struct xt_entry_target goal = { .u.user.revision = revision };
	size_t size = head + sizeof(goal) + (length + 7) / 8 * 8;
	char *at = t->bytes + t->table.size;

	assert_true(t->table.size + size <= sizeof(t->bytes));
	snprintf(goal.u.user.name, sizeof(goal.u.user.name), "%s", target);
	goal.u.user.target_size = (uint16_t)(size - head);
	if (t->table.six) {
		const struct ip6t_entry entry = { .target_offset = (uint16_t)head,
						  .next_offset = (uint16_t)size };

		memcpy(at, &entry, head);
	} else {
		const struct ipt_entry entry = {
			.ip = { .dst.s_addr = htonl(to),
				.dmsk.s_addr = to ? UINT32_MAX : 0 },
			.target_offset = (uint16_t)head,
			.next_offset = (uint16_t)size,
		};

		memcpy(at, &entry, head);
	}
	memcpy(at + head, &goal, sizeof(goal));
	memcpy(at + head + sizeof(goal), info, length);
	t->table.entries = t->bytes;
	t->table.size += size;
}

static void put_verdict(struct table *t, int verdict)
{
	const int code = -verdict - 1;

	put(t, XT_STANDARD_TARGET, 0, 0, &code, sizeof(code));
}

static void put_dnat(struct table *t, uint32_t matched, uint32_t to)
{
	const struct nf_nat_ipv4_multi_range_compat old = {
		.rangesize = 1,
		.range[0] = { .flags = NF_NAT_RANGE_MAP_IPS,
			      .min_ip = htonl(to),
			      .max_ip = htonl(to) },
	};

	put(t, "DNAT", matched, 0, &old, sizeof(old));
}

/* `text` NULL: nothing is told. */
static void assert_told(const struct table *t, const char *text)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings found = { .arena = arena };

	assert_true(legacy_find(&t->table, &found));
	assert_int_equal(found.total, text ? 1 : 0);
	if (text)
		assert_string_equal(found.v[0].text, text);
}

static void targets_are_told_with_their_number(void **state)
{
	struct table four = { .table = { .name = "mangle" } };
	struct table six = { .table = { .name = "mangle", .six = true } };

	(void)state;
	put(&four, "LOG", 0, 0, "", 0);
	put_verdict(&four, NF_DROP);
	assert_told(&four, NULL);
	put(&four, "TEE", 0, 1, "", 0);
	put(&four, "TEE", 0, 1, "", 0);
	assert_told(&four, "table mangle of iptables-legacy: sends packets by another "
			   "way: -j TEE (and 1 more)");
	put(&six, "UNHEARDOF", 0, 0, "", 0);
	assert_told(&six,
		    "table mangle of ip6tables-legacy: rewrites packets: -j UNHEARDOF");
}

/* What stands where a chain's policy does is the table as it was made, not somebody's rule. */
static void a_policy_is_no_rule(void **state)
{
	struct table t = { .table = { .name = "mangle", .valid_hooks = 1 << 3 } };

	(void)state;
	put_verdict(&t, NF_ACCEPT);
	put(&t, XT_ERROR_TARGET, 0, 0, "", 0);
	assert_told(&t, NULL);
	t.table.valid_hooks = 0;
	assert_told(&t,
		    "table mangle of iptables-legacy: accepts packets; the fence still "
		    "decides: -j ACCEPT");
	t.table.name = "nat"; /* where accepting is leaving the packet alone */
	assert_told(&t, NULL);
}

/* The first rule, which matches Docker's resolver, among others then. */
static void widen(struct table *t, uint32_t mask, uint8_t inverted)
{
	struct ipt_entry entry;

	memcpy(&entry, t->bytes, sizeof(entry));
	entry.ip.dmsk.s_addr = htonl(mask);
	entry.ip.invflags = inverted;
	memcpy(t->bytes, &entry, sizeof(entry));
}

static void dockers_resolver_is_known(void **state)
{
	static const struct {
		uint32_t matched, to;
		bool docker;
	} cases[] = { { DOCKER, DOCKER, true },
		      { DOCKER, OTHER, false },
		      { OTHER, DOCKER, false },
		      { 0, DOCKER, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct table t = { .table = { .name = "nat" } };

		put_dnat(&t, cases[i].matched, cases[i].to);
		assert_told(&t, cases[i].docker
					? NULL
					: "table nat of iptables-legacy: rewrites "
					  "destinations: -j DNAT");
	}
}

static void what_matches_more_than_dockers_resolver_is_told(void **state)
{
	const char *told = "table nat of iptables-legacy: rewrites destinations: -j DNAT";
	struct table t = { .table = { .name = "nat" } };

	(void)state;
	put_dnat(&t, DOCKER, DOCKER);
	assert_told(&t, NULL);
	widen(&t, 0xff000000, 0);
	assert_told(&t, told);
	widen(&t, UINT32_MAX, IPT_INV_DSTIP);
	assert_told(&t, told);
}

/* Wherever the bytes end, and whatever the offsets say. */
static void what_is_cut_is_not_understood(void **state)
{
	struct table t = { .table = { .name = "nat" } };
	struct findings found = { 0 };
	struct ipt_entry entry;
	size_t whole;

	(void)state;
	put_dnat(&t, DOCKER, DOCKER);
	whole = t.table.size;
	for (t.table.size = 1; t.table.size < whole; t.table.size++)
		assert_false(legacy_find(&t.table, &found));
	assert_true(legacy_find(&t.table, &found));
	memcpy(&entry, t.bytes, sizeof(entry));
	for (uint32_t offset = 0; offset <= UINT16_MAX; offset++) {
		struct ipt_entry broken = entry;

		broken.next_offset = (uint16_t)offset;
		memcpy(t.bytes, &broken, sizeof(broken));
		assert_int_equal(legacy_find(&t.table, &found), offset == whole);
		broken = entry;
		broken.target_offset = (uint16_t)offset;
		memcpy(t.bytes, &broken, sizeof(broken));
		if (offset > whole - sizeof(struct xt_entry_target))
			assert_false(legacy_find(&t.table, &found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_told_with_their_number),
		cmocka_unit_test(a_policy_is_no_rule),
		cmocka_unit_test(dockers_resolver_is_known),
		cmocka_unit_test(what_matches_more_than_dockers_resolver_is_told),
		cmocka_unit_test(what_is_cut_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
