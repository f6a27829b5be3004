#include "tests/unit/ruleset_place.h"

#include "lib/readback.h"

/* The messages of a ruleset are, as far as they are compared, what a dump of it would
 * give. */

static struct plan *a_plan(void)
{
	struct plan *plan = plan_new(MODE_RESTRICTED);

	open_range(plan, "192.0.2.1", "192.0.2.1", PORTSET_ANY);
	open_range(plan, "198.51.100.0", "198.51.100.255", ports_of(plan, 443, 443));
	open_range(plan, "2001:db8::", "2001:db8::ffff", PORTSET_ANY);
	return plan;
}

static void assert_differs(const struct ruleset *sent, const void *held, size_t length,
			   size_t wanted, const char *text)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings found = { .arena = arena };
	struct error err = { 0 };
	bool said = !text;

	if (readback_compare(sent->bytes.data, sent->bytes.length, held, length, &found,
			     &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < found.count; i++) {
		said |= text && strstr(found.v[i].text, text);
		if (found.total != wanted)
			print_message("%s: %s\n", found.v[i].kind, found.v[i].text);
	}
	if (found.total != wanted || !said)
		fail_msg("%zu differences, wanted %zu, '%s' among them; the first: %s",
			 found.total, wanted, text ? text : "",
			 found.count ? found.v[0].text : "");
}

static size_t find_message(const struct ruleset *ruleset, const char *words)
{
	for (size_t i = 0; i < ruleset->count; i++)
		if (strstr(ruleset->messages[i].what, words))
			return i;
	fail_msg("no message '%s'", words);
	return 0;
}

/* The bytes without one message. */
static struct buf without(const struct ruleset *ruleset, const char *words)
{
	const struct ruleset_message *gone =
		&ruleset->messages[find_message(ruleset, words)];
	size_t behind = gone->offset + gone->length;
	struct buf bytes = { 0 };

	buf_add(&bytes, ruleset->bytes.data, gone->offset);
	buf_add(&bytes, ruleset->bytes.data + behind, ruleset->bytes.length - behind);
	return bytes;
}

static void the_same_is_the_same(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	assert_differs(ruleset, ruleset->bytes.data, ruleset->bytes.length, 0, NULL);
}

static void nothing_stands(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	assert_differs(ruleset, NULL, 0, 1,
		       "the fence is gone: there is no table inet netpale");
}

/* More than anybody reads is counted. */
static void many_differences(void **state)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct findings found = { .arena = arena };
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct buf held CLEANUP(buf_release) = { 0 };
	struct error err = { 0 };
	char text[ADDR_TEXT];

	(void)state;
	for (uint32_t i = 0; i < READBACK_MAX + 3; i++) {
		struct addr addr = { 0x0a000000 + i * 2, FAMILY_4 };

		addr_format(&addr, text);
		open_range(plan, text, text, PORTSET_ANY);
	}
	ruleset = ruleset_of(plan, NULL);
	held = without(ruleset, "add element inet netpale allow4");
	assert_int_equal(readback_compare(ruleset->bytes.data, ruleset->bytes.length,
					  held.data, held.length, &found, &err),
			 0);
	assert_int_equal(found.count, READBACK_MAX);
	assert_int_equal(found.total, READBACK_MAX + 3);
	assert_string_equal(found.v[1].kind, "element removed");
	assert_string_equal(found.v[1].text, "element removed from set allow4: 10.0.0.2");
	assert_true(found.v[1].has_addrs);
	assert_true(found.v[1].first.value == 0x0a000002);
	assert_true(found.v[1].last.value == 0x0a000002);
}

static void a_message_is_missing(void **state)
{
	static const struct {
		const char *message, *text;
		size_t count;
	} cases[] = {
		{ "add rule inet netpale egress oifname \"lo\" accept",
		  "rule removed from chain egress, place 2: oifname \"lo\" accept", 1 },
		{ "add element inet netpale allow4",
		  "element removed from set allow4: 192.0.2.1", 1 },
		{ "add element inet netpale ports4",
		  "element removed from set ports4: 198.51.100.0/24 . tcp . 443", 1 },
		{ "add element inet netpale allow6",
		  "element removed from set allow6: 2001:db8::/112", 1 },
		{ "add chain inet netpale post", "chain post is gone, with its 7 rules",
		  1 },
	};
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf held CLEANUP(buf_release) = without(ruleset, cases[i].message);

		assert_differs(ruleset, held.data, held.length, cases[i].count,
			       cases[i].text);
	}
}

static void a_message_too_many(void **state)
{
	static const struct {
		const char *message, *text;
		size_t count;
	} cases[] = {
		{ "add rule inet netpale egress oifname",
		  "rule added to chain egress, place 2: oifname \"lo\" accept", 1 },
		{ "add element inet netpale allow4",
		  "element added to set allow4: 192.0.2.1", 1 },
		{ "add set inet netpale inbound", "set inbound was added", 1 },
		{ "add chain inet netpale post",
		  "chain post was added: type filter; hook postrouting; ", 1 },
	};
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf less CLEANUP(buf_release) = without(ruleset, cases[i].message);
		struct ruleset sent = { .bytes = less };

		assert_differs(&sent, ruleset->bytes.data, ruleset->bytes.length,
			       cases[i].count, cases[i].text);
	}
}

static void rules_in_another_order(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	const struct ruleset_message *first =
		&ruleset->messages[find_message(ruleset, "egress ct state related")];
	const struct ruleset_message *second = first + 1;
	struct buf held CLEANUP(buf_release) = { 0 };
	size_t behind = second->offset + second->length;

	(void)state;
	buf_add(&held, ruleset->bytes.data, first->offset);
	buf_add(&held, ruleset->bytes.data + second->offset, second->length);
	buf_add(&held, ruleset->bytes.data + first->offset, first->length);
	buf_add(&held, ruleset->bytes.data + behind, ruleset->bytes.length - behind);
	assert_differs(ruleset, held.data, held.length, 1,
		       "the rules of chain egress are in another order");
}

static void another_plan_stands(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct plan *other CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *held CLEANUP(ruleset_freep) = NULL;

	(void)state;
	other->mode = MODE_AUDIT;
	held = ruleset_of(other, NULL);
	assert_differs(ruleset, held->bytes.data, held->bytes.length, 18,
		       "chain output changed: policy accept, was drop");
}

/* An attribute somewhere in the message. */
static char *find_attr(struct buf *bytes, const struct ruleset_message *message,
		       uint16_t type)
{
	const struct nlmsghdr *m = (const void *)(bytes->data + message->offset);
	const struct nlattr *attr;

	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_get_payload(attr);
	fail_msg("no attribute %u", type);
	return NULL;
}

static void a_dormant_table_is_no_fence(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct buf held CLEANUP(buf_release) = { 0 };
	uint32_t dormant = htonl(NFT_TABLE_F_DORMANT);

	(void)state;
	buf_add(&held, ruleset->bytes.data, ruleset->bytes.length);
	memcpy(find_attr(&held, &ruleset->messages[0], NFTA_TABLE_FLAGS), &dormant, 4);
	assert_differs(ruleset, held.data, held.length, 1,
		       "table inet netpale is dormant: its chains see no packet");
}

static void a_held_table_is_no_difference(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct buf held CLEANUP(buf_release) = { 0 };
	uint32_t owned = htonl(NFT_TABLE_F_OWNER | 4);

	(void)state;
	buf_add(&held, ruleset->bytes.data, ruleset->bytes.length);
	memcpy(find_attr(&held, &ruleset->messages[0], NFTA_TABLE_FLAGS), &owned, 4);
	assert_differs(ruleset, held.data, held.length, 0, NULL);
}

static struct plan *a_guarded_plan(void)
{
	struct plan *plan = a_plan();

	plan->dns = STANCE_GUARDED;
	plan->classes[plan->class_count++] = ports_of(plan, 443, 443);
	return plan;
}

static void what_was_learned_is_no_difference(void **state)
{
	const struct lease_op op = { .addr = addr_of("192.0.2.7"), .timeout_ms = 1000 };
	const struct ruleset_guard guard = { .live = &op, .live_count = 1 };
	struct plan *plan CLEANUP(plan_freep) = a_guarded_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *held CLEANUP(ruleset_freep) = NULL;
	struct ruleset_options options = marks;
	struct error err = { 0 };

	(void)state;
	options.guard = &guard;
	assert_int_equal(ruleset_build(plan, &options, false, &held, &err), 0);
	assert_int_equal(count_of(held, "add element inet netpale learned4_0"), 1);
	assert_differs(ruleset, held->bytes.data, held->bytes.length, 0, NULL);
	assert_differs(held, ruleset->bytes.data, ruleset->bytes.length, 0, NULL);
}

/* Behind Docker's chain it would never decide. */
static void a_redirect_too_late_is_seen(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_guarded_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	size_t i = find_message(ruleset, "add chain inet netpale dns");
	struct buf held CLEANUP(buf_release) = { 0 };
	uint32_t priority = htonl((uint32_t)-101), later = htonl((uint32_t)-99);
	char *at;

	(void)state;
	buf_add(&held, ruleset->bytes.data, ruleset->bytes.length);
	at = memmem(find_attr(&held, &ruleset->messages[i], NFTA_CHAIN_HOOK), 32,
		    &priority, sizeof(priority));
	assert_non_null(at);
	memcpy(at, &later, sizeof(later));
	assert_differs(ruleset, held.data, held.length, 1,
		       "chain dns changed: priority -99, was -101");
	memcpy(at, &priority, sizeof(priority));
	memcpy(find_attr(&held, &ruleset->messages[i], NFTA_CHAIN_TYPE), "nix", 3);
	assert_differs(ruleset, held.data, held.length, 1,
		       "chain dns changed: type nix, was nat");
}

static void a_set_of_other_flags(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	size_t i = find_message(ruleset, "add set inet netpale resolver4");
	struct buf held CLEANUP(buf_release) = { 0 };
	uint32_t flags = htonl(NFT_SET_TIMEOUT);

	(void)state;
	buf_add(&held, ruleset->bytes.data, ruleset->bytes.length);
	memcpy(find_attr(&held, &ruleset->messages[i], NFTA_SET_FLAGS), &flags, 4);
	assert_differs(ruleset, held.data, held.length, 1,
		       "set resolver4 changed: flags 0x");
}

/* The element that nft writes as '*' opens everything. */
static void a_catch_all_is_seen(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct buf held CLEANUP(buf_release) = { 0 };
	char bytes[256];
	struct nlmsghdr *m = mnl_nlmsg_put_header(bytes);
	struct nlattr *list, *element;

	(void)state;
	m->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
	mnl_nlmsg_put_extra_header(m, sizeof(struct nfgenmsg));
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, "allow4");
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	mnl_attr_put_u32(m, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_CATCHALL));
	mnl_attr_nest_end(m, element);
	mnl_attr_nest_end(m, list);

	buf_add(&held, ruleset->bytes.data, ruleset->bytes.length);
	buf_add(&held, m, m->nlmsg_len);
	assert_differs(ruleset, held.data, held.length, 1,
		       "element added to set allow4: one that matches everything");
}

static void what_was_deleted_is_not_missed(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct buf both CLEANUP(buf_release) = { 0 };

	(void)state;
	/* What the kernel holds after both. */
	buf_add(&both, first->bytes.data, first->bytes.length);
	buf_add(&both, second->bytes.data, second->bytes.length);
	assert_differs(second, both.data, both.length, 0, NULL);
}

static void the_order_of_elements_does_not_matter(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct plan *turned CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct ruleset *held CLEANUP(ruleset_freep) = NULL;
	char text[ADDR_TEXT];

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct addr up = { 0x0a000000 + i * 2, FAMILY_4 };
		struct addr mixed = { 0x0a000000 + i * 7 % 1000 * 2, FAMILY_4 };

		addr_format(&up, text);
		open_range(plan, text, text, PORTSET_ANY);
		addr_format(&mixed, text);
		open_range(turned, text, text, PORTSET_ANY);
	}
	ruleset = ruleset_of(plan, NULL);
	held = ruleset_of(turned, NULL);
	assert_differs(ruleset, held->bytes.data, held->bytes.length, 0, NULL);
}

/* Its elements from the last to the first, as some kernels give intervals. */
static void put_turned(struct buf *out, const struct nlmsghdr *m)
{
	const struct nlattr *attr, *item, *items[64];
	struct nlattr *nest;
	size_t count = 0;
	char bytes[8192];
	struct nlmsghdr *turned =
		memcpy(bytes, m, NLMSG_HDRLEN + sizeof(struct nfgenmsg));

	turned->nlmsg_len = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS) {
			mnl_attr_put(turned, attr->nla_type,
				     mnl_attr_get_payload_len(attr),
				     mnl_attr_get_payload(attr));
			continue;
		}
		nest = mnl_attr_nest_start(turned, NFTA_SET_ELEM_LIST_ELEMENTS);
		mnl_attr_for_each_nested (item, attr)
			items[count++] = item;
		assert_true(count > 1);
		while (count--)
			mnl_attr_put(turned, items[count]->nla_type,
				     mnl_attr_get_payload_len(items[count]),
				     mnl_attr_get_payload(items[count]));
		mnl_attr_nest_end(turned, nest);
	}
	buf_add(out, turned, turned->nlmsg_len);
}

static void nor_does_it_when_the_kernel_begins_at_the_end(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct buf held CLEANUP(buf_release) = { 0 };
	size_t turned = 0;

	(void)state;
	open_range(plan, "192.0.2.1", "192.0.2.1", PORTSET_ANY);
	open_range(plan, "192.0.2.8", "192.0.2.15", PORTSET_ANY);
	open_range(plan, "198.51.100.0", "198.51.100.255", PORTSET_ANY);
	ruleset = ruleset_of(plan, NULL);
	for (size_t i = 0; i < ruleset->count; i++) {
		const struct ruleset_message *message = &ruleset->messages[i];
		const struct nlmsghdr *m =
			(const void *)(ruleset->bytes.data + message->offset);
		bool turn = NFNL_MSG_TYPE(m->nlmsg_type) == NFT_MSG_NEWSETELEM &&
			    strstr(message->what, "allow4");

		if (turn)
			put_turned(&held, m);
		else
			buf_add(&held, m, message->length);
		turned += turn;
	}
	assert_int_equal(turned, 1);
	assert_differs(ruleset, held.data, held.length, 0, NULL);
}

static void an_element_is_told_as_people_write_it(void **state)
{
	static const struct {
		const char *first, *last;
		uint32_t from, to;
		const char *told;
	} cases[] = {
		{ "203.0.113.1", "203.0.113.6", 0, 0, "203.0.113.1-203.0.113.6" },
		{ "2001:db8::1", "2001:db8::2", 80, 90, "2001:db8::1-2001:db8::2 . " },
		{ "203.0.113.9", "203.0.113.9", 80, 90, "80-90" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan *plan CLEANUP(plan_freep) = a_plan();
		struct plan *more CLEANUP(plan_freep) = a_plan();
		struct ruleset *sent CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
		struct ruleset *held CLEANUP(ruleset_freep) = NULL;

		open_range(more, cases[i].first, cases[i].last,
			   cases[i].to ? ports_of(more, cases[i].from, cases[i].to)
				       : PORTSET_ANY);
		held = ruleset_of(more, NULL);
		assert_differs(sent, held->bytes.data, held->bytes.length, 1,
			       cases[i].told);
	}
}

static void what_is_cut_is_an_error(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings found = { .arena = arena };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(readback_compare(ruleset->bytes.data, ruleset->bytes.length - 4,
					  ruleset->bytes.data, ruleset->bytes.length,
					  &found, &err),
			 -1);
	assert_string_equal(err.text, "a message is cut short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_the_same),
		cmocka_unit_test(nothing_stands),
		cmocka_unit_test(many_differences),
		cmocka_unit_test(a_message_is_missing),
		cmocka_unit_test(a_message_too_many),
		cmocka_unit_test(rules_in_another_order),
		cmocka_unit_test(another_plan_stands),
		cmocka_unit_test(a_dormant_table_is_no_fence),
		cmocka_unit_test(a_held_table_is_no_difference),
		cmocka_unit_test(what_was_learned_is_no_difference),
		cmocka_unit_test(a_redirect_too_late_is_seen),
		cmocka_unit_test(a_set_of_other_flags),
		cmocka_unit_test(a_catch_all_is_seen),
		cmocka_unit_test(what_was_deleted_is_not_missed),
		cmocka_unit_test(the_order_of_elements_does_not_matter),
		cmocka_unit_test(nor_does_it_when_the_kernel_begins_at_the_end),
		cmocka_unit_test(an_element_is_told_as_people_write_it),
		cmocka_unit_test(what_is_cut_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
