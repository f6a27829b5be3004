#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <endian.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>

#include "lib/counts.h"

static void put_element(struct nlmsghdr *m, const char *text, const char *expression,
			uint64_t packets)
{
	struct nlattr *element = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	struct nlattr *key = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);
	struct nlattr *outer, *data;
	uint8_t bytes[16];
	struct addr addr;

	assert_true(addr_parse(text, strlen(text), &addr));
	addr_to_bytes(&addr, bytes);
	mnl_attr_put(m, NFTA_DATA_VALUE, addr.family == FAMILY_4 ? 4 : 16, bytes);
	mnl_attr_nest_end(m, key);
	outer = mnl_attr_nest_start(m, NFTA_SET_ELEM_EXPR);
	mnl_attr_put_strz(m, NFTA_EXPR_NAME, expression);
	data = mnl_attr_nest_start(m, NFTA_EXPR_DATA);
	packets = htobe64(packets);
	mnl_attr_put(m, NFTA_COUNTER_PACKETS, sizeof(packets), &packets);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, outer);
	mnl_attr_nest_end(m, element);
}

static size_t put_elements(void *bytes)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(bytes);
	struct nlattr *list;

	m->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
	mnl_nlmsg_put_extra_header(m, sizeof(struct nfgenmsg));
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_element(m, "2001:db8::7", "counter", 1);
	put_element(m, "198.51.100.7", "counter", 100000);
	put_element(m, "198.51.100.8", "quota", 5);
	put_element(m, "192.0.2.7", "counter", UINT64_C(1) << 40);
	mnl_attr_nest_end(m, list);
	return m->nlmsg_len;
}

static uint64_t found(const struct counts *counts, const char *text)
{
	struct addr addr;

	const struct count *count;

	assert_true(addr_parse(text, strlen(text), &addr));
	count = counts_find(counts, &addr);
	return count ? count->packets : 0;
}

static void each_counter_is_found_by_its_address(void **state)
{
	_Alignas(struct nlmsghdr) char bytes[1024];
	struct counts counts;
	struct error err;

	(void)state;
	assert_int_equal(counts_read(bytes, put_elements(bytes), &counts, &err), 0);
	assert_int_equal(counts.count, 3);
	assert_int_equal(found(&counts, "198.51.100.7"), 100000);
	assert_int_equal(found(&counts, "2001:db8::7"), 1);
	assert_int_equal(found(&counts, "192.0.2.7"), UINT64_C(1) << 40);
	assert_int_equal(found(&counts, "198.51.100.8"), 0);
	assert_int_equal(found(&counts, "198.51.100.9"), 0);
	counts_release(&counts);
}

/* Any byte of it wrong, any length of it cut: no fault but a missing counter. */
static void what_is_damaged_is_survived(void **state)
{
	_Alignas(struct nlmsghdr) char whole[1024], bytes[1024];
	size_t length = put_elements(whole);
	struct counts counts;
	struct error err;

	(void)state;
	for (size_t i = 0; i < length; i++) {
		char *cut = malloc(i);

		memcpy(bytes, whole, length);
		bytes[i] ^= (char)0xff;
		assert_int_equal(counts_read(bytes, length, &counts, &err), 0);
		counts_release(&counts);
		memcpy(cut, whole, i);
		assert_int_equal(counts_read(cut, i, &counts, &err), 0);
		assert_int_equal(counts.count, 0);
		counts_release(&counts);
		free(cut);
	}
}

static void nothing_is_counted_where_nothing_is(void **state)
{
	struct counts counts;
	struct error err;

	(void)state;
	assert_int_equal(counts_read("", 0, &counts, &err), 0);
	assert_int_equal(found(&counts, "192.0.2.7"), 0);
	counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_is_found_by_its_address),
		cmocka_unit_test(what_is_damaged_is_survived),
		cmocka_unit_test(nothing_is_counted_where_nothing_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
