#include "tests/unit/ruleset_place.h"

#include <endian.h>

#include "lib/messages.h"

/* What is learned, as messages. */

static struct lease_op op_of(const char *addr, uint8_t class, char verb)
{
	return (struct lease_op){ .addr = addr_of(addr),
				  .class = class,
				  .remove = verb == '-',
				  .refresh = verb == '=',
				  .timeout_ms = verb == '-' ? 0 : 1500 };
}

static void describe_elements(struct buf *text, const struct nlattr *list)
{
	const struct nlattr *item, *part;

	mnl_attr_for_each_nested (item, list) {
		mnl_attr_for_each_nested (part, item) {
			const struct nlattr *value = mnl_attr_get_payload(part);
			size_t length;
			struct addr addr;
			char shown[ADDR_TEXT];

			if (mnl_attr_get_type(part) == NFTA_SET_ELEM_TIMEOUT) {
				buf_printf(text, "/%u",
					   (unsigned)be64toh(mnl_attr_get_u64(part)));
				continue;
			}
			assert_int_equal(mnl_attr_get_type(part), NFTA_SET_ELEM_KEY);
			length = mnl_attr_get_payload_len(value);
			addr = addr_from_bytes(length == 4 ? FAMILY_4 : FAMILY_6,
					       mnl_attr_get_payload(value));
			buf_printf(text, " %s", addr_format(&addr, shown));
		}
	}
}

/* Each message a line: "+learned4_0 192.0.2.1/1500". */
static void describe(const struct lease_op *ops, size_t count, bool plain,
		     struct buf *text)
{
	struct buf out CLEANUP(buf_release) = { 0 };
	const struct nlmsghdr *m;
	struct error err = { 0 };
	size_t last = 0, at = 0, start = 0;
	uint32_t seq = 0;

	assert_int_equal(ruleset_learn(ops, count, plain, &out, &last, &err), 0);
	for (; (m = messages_next(out.data, out.length, &at)); start = at) {
		bool adds =
			m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM);

		assert_true(adds || m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 |
						      NFT_MSG_DELSETELEM));
		assert_int_equal(m->nlmsg_seq, seq++);
		assert_true(m->nlmsg_flags & NLM_F_REQUEST);
		assert_false(m->nlmsg_flags & NLM_F_ACK);
		assert_int_equal(adds, !!(m->nlmsg_flags & NLM_F_CREATE));
		assert_false(m->nlmsg_flags & NLM_F_EXCL);
		assert_string_equal(message_text(m, NFTA_SET_ELEM_LIST_TABLE), "netpale");
		buf_printf(text, "%c%s", adds ? '+' : '-',
			   message_text(m, NFTA_SET_ELEM_LIST_SET));
		describe_elements(text, message_find(m, NFTA_SET_ELEM_LIST_ELEMENTS));
		buf_puts(text, "\n");
		assert_true(start <= last);
	}
	assert_int_equal(at, out.length);
	assert_true(count == 0 || last < out.length);
}

static void learning_never_fails_on_what_is_there(void **state)
{
	const struct lease_op ops[] = {
		op_of("192.0.2.1", 0, '+'),   op_of("192.0.2.2", 0, '+'),
		op_of("2001:db8::1", 0, '+'), op_of("192.0.2.3", 1, '+'),
		op_of("192.0.2.1", 1, '='),   op_of("192.0.2.2", 1, '='),
		op_of("192.0.2.9", 31, '-'),
	};
	struct buf text CLEANUP(buf_release) = { 0 };

	(void)state;
	describe(ops, ARRAY_SIZE(ops), true, &text);
	assert_string_equal(text.data, "+learned4_0 192.0.2.1/1500 192.0.2.2/1500\n"
				       "+learned6_0 2001:db8::1/1500\n"
				       "+learned4_1 192.0.2.3/1500\n"
				       "+learned4_1 192.0.2.1/1500 192.0.2.2/1500\n"
				       "-learned4_1 192.0.2.1 192.0.2.2\n"
				       "+learned4_1 192.0.2.1/1500 192.0.2.2/1500\n"
				       "+learned4_31 192.0.2.9\n"
				       "-learned4_31 192.0.2.9\n");
}

/* The second delete of a message would find nothing. */
static void one_address_twice_is_learned_in_its_order(void **state)
{
	const struct lease_op ops[] = {
		op_of("192.0.2.1", 0, '='), op_of("192.0.2.2", 0, '='),
		op_of("192.0.2.1", 0, '='), op_of("192.0.2.1", 0, '-'),
		op_of("192.0.2.1", 0, '+'),
	};
	struct buf text CLEANUP(buf_release) = { 0 };

	(void)state;
	describe(ops, ARRAY_SIZE(ops), false, &text);
	assert_string_equal(text.data, "+learned4_0_b 192.0.2.1/1500 192.0.2.2/1500\n"
				       "-learned4_0_b 192.0.2.1 192.0.2.2\n"
				       "+learned4_0_b 192.0.2.1/1500 192.0.2.2/1500\n"
				       "+learned4_0_b 192.0.2.1/1500\n"
				       "-learned4_0_b 192.0.2.1\n"
				       "+learned4_0_b 192.0.2.1/1500\n"
				       "+learned4_0_b 192.0.2.1\n"
				       "-learned4_0_b 192.0.2.1\n"
				       "+learned4_0_b 192.0.2.1/1500\n");
}

static void many_are_learned_in_short_messages(void **state)
{
	static struct lease_op ops[5000];
	struct buf out CLEANUP(buf_release) = { 0 };
	const struct nlmsghdr *m;
	struct error err = { 0 };
	size_t last, at = 4, messages = 0, capacity;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = (struct lease_op){ .addr = { ((u128)1 << 120) + i, FAMILY_6 },
					    .class = 31,
					    .timeout_ms = UINT32_MAX };
	/* Behind what is there already. */
	buf_add(&out, "abcd", 4);
	assert_int_equal(ruleset_learn(ops, ARRAY_SIZE(ops), false, &out, &last, &err),
			 0);
	for (; (m = messages_next(out.data, out.length, &at)); messages++)
		assert_true(m->nlmsg_len < 65536);
	assert_int_equal(at, out.length);
	assert_in_range(messages, 2, 100);

	/* A buffer that was large enough once is not given up. */
	capacity = out.capacity;
	buf_clear(&out);
	assert_int_equal(ruleset_learn(ops, ARRAY_SIZE(ops), false, &out, &last, &err),
			 0);
	assert_int_equal(out.capacity, capacity);
}

static void sets_have_names(void **state)
{
	char name[RULESET_SET_NAME];

	(void)state;
	assert_string_equal(ruleset_learned_set(FAMILY_4, 0, true, name), "learned4_0");
	assert_string_equal(ruleset_learned_set(FAMILY_6, 31, false, name),
			    "learned6_31_b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learning_never_fails_on_what_is_there),
		cmocka_unit_test(one_address_twice_is_learned_in_its_order),
		cmocka_unit_test(many_are_learned_in_short_messages),
		cmocka_unit_test(sets_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
