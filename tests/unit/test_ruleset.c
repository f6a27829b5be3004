#include "tests/unit/ruleset_place.h"

#include <linux/netfilter.h>

static void messages_are_whole_and_numbered(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	size_t at = 0;

	(void)state;
	open_range(plan, "198.51.100.7", "198.51.100.7", PORTSET_ANY);
	ruleset = ruleset_of(plan, NULL);
	for (size_t i = 0; i < ruleset->count; i++) {
		const struct nlmsghdr *m = message_of(ruleset, i);

		assert_int_equal(ruleset->messages[i].offset, at);
		assert_int_equal(ruleset->messages[i].length, m->nlmsg_len);
		assert_int_equal(m->nlmsg_seq, i);
		assert_true(m->nlmsg_flags & NLM_F_REQUEST);
		assert_non_null(strstr(ruleset->messages[i].what, " inet netpale"));
		at += m->nlmsg_len;
	}
	assert_int_equal(at, ruleset->bytes.length);
	assert_string_equal(ruleset->messages[0].what, "add table inet netpale");
	assert_string_equal(ruleset->messages[ruleset->swap].what,
			    "flush table inet netpale");
}

static void an_unfenced_plan_is_an_error(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_FULL);
	struct ruleset *ruleset = NULL;
	struct error err = { 0 };

	(void)state;
	plan->fenced = false;
	assert_int_equal(ruleset_build(plan, &marks, true, &ruleset, &err), -1);
	assert_null(ruleset);
}

/* Elements. */

static void addresses_and_ports_go_where_they_belong(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	(void)state;
	open_range(plan, "192.0.2.1", "192.0.2.1", PORTSET_ANY);
	open_range(plan, "192.0.2.2", "192.0.2.9", PORTSET_WHOLE);
	open_range(plan, "198.51.100.0", "198.51.100.255", ports_of(plan, 8000, 8999));
	open_range(plan, "203.0.113.1", "203.0.113.1",
		   ports_of(plan, 60000, PORTSET_UDP + 100));
	open_range(plan, "203.0.113.2", "203.0.113.2",
		   ports_of(plan, PORTSET_OTHER, PORTSET_OTHER));
	open_range(plan, "2001:db8::", "2001:db8::ffff",
		   ports_of(plan, PORTSET_UDP + 53, PORTSET_UDP + 53));
	ruleset = ruleset_of(plan, NULL);

	/* Neighbours that both are open without ports are one interval. */
	assert_has(ruleset, "elements = { 192.0.2.1-192.0.2.9 }");
	assert_has(ruleset,
		   "192.0.2.2-192.0.2.9 . tcp . 53, 192.0.2.2-192.0.2.9 . tcp . 853, "
		   "192.0.2.2-192.0.2.9 . udp . 53, 192.0.2.2-192.0.2.9 . udp . 853");
	assert_lacks(ruleset, "192.0.2.1 . ");
	assert_has(ruleset, "198.51.100.0-198.51.100.255 . tcp . 8000-8999");
	assert_has(ruleset, "203.0.113.1 . tcp . 60000-65535, 203.0.113.1 . udp . 0-100");
	assert_has(ruleset, "203.0.113.2 . 0-5 . 0-65535, 203.0.113.2 . 7-16 . 0-65535, "
			    "203.0.113.2 . 18-255 . 0-65535");
	assert_has(ruleset, "elements = { 2001:db8::-2001:db8::ffff . udp . 53 }");
}

struct ends {
	size_t starts, ends;
};

static struct ends ends_of(const struct ruleset *ruleset)
{
	struct ends count = { 0 };

	for (size_t i = 0; i < ruleset->count; i++) {
		const struct nlmsghdr *m = message_of(ruleset, i);
		const struct nlattr *attr, *item, *part;

		if (strncmp(ruleset->messages[i].what, "add element inet netpale allow",
			    30) != 0)
			continue;
		mnl_attr_for_each (attr, m, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
				continue;
			mnl_attr_for_each_nested (item, attr) {
				bool end = false;

				mnl_attr_for_each_nested (part, item)
					end |= mnl_attr_get_type(part) ==
					       NFTA_SET_ELEM_FLAGS;
				count.starts += !end;
				count.ends += end;
			}
		}
	}
	return count;
}

/* The address behind the last one does not exist, so nothing can end there. */
static void intervals_reach_the_last_address(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct ends count;

	(void)state;
	open_range(plan, "0.0.0.0", "9.255.255.255", PORTSET_ANY);
	open_range(plan, "11.0.0.0", "255.255.255.255", PORTSET_ANY);
	open_range(plan, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PORTSET_ANY);
	ruleset = ruleset_of(plan, NULL);
	count = ends_of(ruleset);
	assert_int_equal(count.starts, 3);
	assert_int_equal(count.ends, 1);
}

static struct plan *plan_of_many(size_t count, bool with_ports)
{
	struct plan *plan = plan_new(MODE_RESTRICTED);
	portset ports = with_ports ? ports_of(plan, 443, 443) : PORTSET_ANY;

	for (size_t i = 0; i < count; i++) {
		struct addr addr = { 0x0a000000 + i * 2, FAMILY_4 };
		char text[ADDR_TEXT];

		addr_format(&addr, text);
		open_range(plan, text, text, ports);
	}
	return plan;
}

static void long_lists_take_several_messages(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_of_many(20000, true);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	size_t messages = count_of(ruleset, "add element inet netpale ports4");

	(void)state;
	assert_in_range(messages, 20000 * 44 / 65536, 20);
	for (size_t i = 0; i < ruleset->count; i++)
		assert_true(ruleset->messages[i].length <= 65536);
	assert_non_null(strstr(ruleset->messages[20].what, ", ... }"));
}

static void a_large_set_is_split(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_of_many(8193, false);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	assert_int_equal(count_of(ruleset, "add set inet netpale allow4"), 3);
	assert_has(ruleset, "ip daddr 10.0.0.0-10.0.31.254 ip daddr @allow4 ct mark");
	assert_has(ruleset, "ip daddr 10.0.32.0-10.0.63.254 ip daddr @allow4_2 ct mark");
	assert_has(ruleset, "ip daddr 10.0.64.0-10.0.64.0 ip daddr @allow4_3 ct mark");
	assert_int_equal(ends_of(ruleset).starts, 8193);
}

/* Rules. */

static void dns_follows_the_stance(void **state)
{
	static const char closed[] =
		"ip daddr 127.0.0.11 meta mark != 0x00000077 goto refuse";
	static const char ours[] =
		"meta mark 0x00000077 meta l4proto . th dport @dns accept";
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *open CLEANUP(ruleset_freep) = NULL;
	struct ruleset *pinned CLEANUP(ruleset_freep) = NULL;
	struct ruleset *none CLEANUP(ruleset_freep) = NULL;

	(void)state;
	plan->resolvers[plan->resolver_count++] = addr_of("192.0.2.53");
	plan->resolvers[plan->resolver_count++] = addr_of("2001:db8::53");
	open = ruleset_of(plan, NULL);
	assert_has(open, "elements = { 192.0.2.53 . tcp . 53, 192.0.2.53 . udp . 53 }");
	assert_has(open,
		   "elements = { 2001:db8::53 . tcp . 53, 2001:db8::53 . udp . 53 }");
	assert_lacks(open, closed);
	assert_has(open, ours);

	plan->dns = STANCE_PINNED;
	plan->resolver_count = 0;
	pinned = ruleset_of(plan, NULL);
	assert_has(pinned, closed);
	assert_has(pinned, ours);
	assert_lacks(pinned, " . udp . 53");

	plan->dns = STANCE_RESOLVERS;
	plan->mode = MODE_NONE;
	none = ruleset_of(plan, NULL);
	assert_has(none, closed);
}

static void audit_decides_nothing(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_AUDIT);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	(void)state;
	ruleset = ruleset_of(plan, NULL);
	assert_lacks(ruleset, "drop");
	assert_lacks(ruleset, "reject");
	/* What is older than the fence is no destination to record. */
	assert_lacks(ruleset, "!= syn goto refuse");
	assert_has(ruleset, "ct state invalid accept\n\t\tupdate");
	assert_has(ruleset, "log prefix \"netpale \" group 7783");
	assert_has(ruleset, "update @refused6 { ip6 daddr timeout 3600s counter }");
}

static void only_where_the_agent_asks_itself_answers_are_logged(void **state)
{
	static const char rule[] =
		"\tchain input {\n"
		"\t\ttype filter hook input priority filter; policy drop;\n"
		"\t\tudp sport 53 ct direction reply limit rate 100/second burst 200 "
		"packets log prefix \"netpale answer\" group 7783 snaplen 1500 "
		"queue-threshold 1\n";
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *asks CLEANUP(ruleset_freep) = NULL;
	struct ruleset *guarded CLEANUP(ruleset_freep) = NULL;
	struct ruleset *pinned CLEANUP(ruleset_freep) = NULL;
	struct ruleset *none CLEANUP(ruleset_freep) = NULL;

	(void)state;
	asks = ruleset_of(plan, NULL);
	assert_has(asks, rule);
	plan->dns = STANCE_GUARDED;
	guarded = ruleset_of(plan, NULL);
	assert_lacks(guarded, "netpale answer");
	plan->dns = STANCE_PINNED;
	pinned = ruleset_of(plan, NULL);
	assert_lacks(pinned, "netpale answer");
	plan->dns = STANCE_RESOLVERS;
	plan->mode = MODE_NONE;
	none = ruleset_of(plan, NULL);
	assert_lacks(none, "netpale answer");
}

static void a_quiet_fence_neither_counts_nor_logs(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset_options options = marks;
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct error err = { 0 };

	(void)state;
	options.quiet = true;
	assert_int_equal(ruleset_build(plan, &options, true, &ruleset, &err), 0);
	assert_true(ruleset->quiet);
	assert_lacks(ruleset, "log");
	assert_lacks(ruleset, "counter");
	assert_has(ruleset, "reject with tcp reset");
}

static void inbound_opens_what_is_listed(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *closed CLEANUP(ruleset_freep) = NULL;
	struct ruleset *listed CLEANUP(ruleset_freep) = NULL;
	struct ruleset *open CLEANUP(ruleset_freep) = NULL;

	(void)state;
	closed = ruleset_of(plan, NULL);
	assert_has(closed, "set inbound {\n\t\ttype inet_proto . inet_service\n"
			   "\t\tflags interval\n\t}");
	plan->inbound = ports_of(plan, 3000, 3010);
	listed = ruleset_of(plan, NULL);
	assert_has(listed, "elements = { tcp . 3000-3010 }");
	assert_has(listed,
		   "ct direction original meta l4proto . th dport @inbound ct mark set");
	plan->inbound_open = true;
	open = ruleset_of(plan, NULL);
	assert_has(open, "\t\tct direction original ct mark set 0x00001234 accept");
	assert_has(open,
		   "ct state new tcp flags & (fin | syn | rst | ack) != syn goto refuse");
}

static void the_closed_fence_opens_dns_for_netpale_and_docker_only(void **state)
{
	struct site site = { .resolvers = { addr_of("192.0.2.53") },
			     .resolver_count = 1 };
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(ruleset_build_closed(&site, &marks, &ruleset, &err), 0);
	assert_has(ruleset,
		   "meta skuid 0 ip daddr . meta l4proto . th dport @resolver4_b accept");
	assert_has(ruleset,
		   "meta skuid 65534 ip6 daddr . meta l4proto . th dport @resolver6_b");
	assert_lacks(ruleset, "\t\tip daddr . meta l4proto . th dport @resolver");
	assert_has(ruleset, "ip daddr 127.0.0.11 meta mark != 0x00000077 goto refuse");
	assert_int_equal(count_of(ruleset, "add element inet netpale allow"), 0);
	assert_int_equal(count_of(ruleset, "add element inet netpale ports"), 0);
}

/* What stands. A ruleset's messages are what a dump of it would give. */

static void generations_take_turns(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct ruleset *third CLEANUP(ruleset_freep) = ruleset_of(plan, second);

	(void)state;
	assert_true(first->plain);
	assert_int_equal(count_of(first, "delete"), 0);
	assert_false(second->plain);
	assert_int_equal(count_of(second, "add set inet netpale allow4_b"), 1);
	assert_int_equal(count_of(second, "delete set inet netpale allow4"), 1);
	assert_true(third->plain);
	assert_int_equal(count_of(third, "delete set inet netpale allow4_b"), 1);
	/* The counters are no generation's. */
	assert_int_equal(count_of(second, "add set inet netpale refused4"), 1);
	assert_int_equal(count_of(second, "add set inet netpale refused4_b"), 0);
	assert_int_equal(count_of(second, "delete set inet netpale refused"), 0);
	assert_int_equal(count_of(second, "delete chain"), 0);
	assert_int_equal(count_of(second, "flush table"), 1);
}

static void what_an_attempt_left_goes_first(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct ruleset *third CLEANUP(ruleset_freep) = NULL;

	(void)state;
	/* Only the sets of the second were made. */
	buf_add(&first->bytes, second->bytes.data, second->messages[second->swap].offset);
	third = ruleset_of(plan, first);
	assert_false(third->plain);
	assert_string_equal(third->messages[1].what, "delete set inet netpale allow4_b");
	assert_int_equal(count_of(third, "delete set inet netpale dns_b"), 1);
	assert_int_equal(count_of(third, "delete set inet netpale dns"), 2);
}

static void what_others_put_there_goes(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = NULL;
	char *chain = memmem(first->bytes.data, first->bytes.length, "egress", 7);

	(void)state;
	/* The first time it occurs, it is the chain's own name. */
	assert_non_null(chain);
	memcpy(chain, "mine\0\0", 6);
	second = ruleset_of(plan, first);
	assert_int_equal(count_of(second, "delete chain inet netpale mine"), 1);
}

static size_t index_of(const struct ruleset *ruleset, const char *words)
{
	size_t i = 0;

	while (i < ruleset->count &&
	       strncmp(ruleset->messages[i].what, words, strlen(words)) != 0)
		i++;
	return i;
}

/* The kernel does not move a chain. */
static void a_chain_that_somebody_moved_is_made_anew(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = NULL;
	/* What builds the message writes the hook's attributes right behind one another. */
	struct {
		struct nlattr hook;
		uint32_t number;
		struct nlattr priority;
		uint32_t value;
	} output = { { 8, NFTA_HOOK_HOOKNUM },
		     htonl(NF_INET_LOCAL_OUT),
		     { 8, NFTA_HOOK_PRIORITY },
		     0 };
	char *found =
		memmem(first->bytes.data, first->bytes.length, &output, sizeof(output));

	(void)state;
	assert_non_null(found);
	output.value = htonl(10);
	memcpy(found, &output, sizeof(output));
	second = ruleset_of(plan, first);
	assert_int_equal(count_of(second, "delete chain"), 1);
	assert_int_equal(count_of(second, "delete chain inet netpale output"), 1);
	assert_true(index_of(second, "delete chain inet netpale output") <
		    index_of(second, "add chain inet netpale output"));
	assert_true(index_of(second, "flush table") <
		    index_of(second, "delete chain inet netpale output"));
}

static void sets_that_rules_of_others_use_are_in_nobodys_way(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct ruleset *third CLEANUP(ruleset_freep) = NULL;

	(void)state;
	/* As if the rules of both stood. */
	buf_add(&second->bytes, first->bytes.data, first->bytes.length);
	third = ruleset_of(plan, second);
	assert_false(third->plain);
	assert_int_equal(count_of(third, "add set inet netpale allow4_c"), 1);
	assert_int_equal(count_of(third, "delete set inet netpale allow4_b"), 1);
	assert_int_equal(count_of(third, "delete set inet netpale allow4"), 2);
}

static void undo_takes_back_what_was_filled(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *undo CLEANUP(ruleset_freep) = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(ruleset_build_undo(ruleset, ruleset->swap, &undo, &err), 0);
	assert_int_equal(count_of(undo, "delete set"), count_of(ruleset, "add set"));
	assert_int_equal(count_of(undo, "delete set inet netpale refused"), 2);
}

static void undo_leaves_the_counters_of_the_fence_that_stands(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct ruleset *undo CLEANUP(ruleset_freep) = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(ruleset_build_undo(second, second->swap, &undo, &err), 0);
	assert_int_equal(count_of(undo, "delete set"), count_of(second, "add set") - 2);
	assert_int_equal(count_of(undo, "delete set inet netpale refused"), 0);
}

static void trials_leave_nothing(void **state)
{
	struct trial trial = { .feature = "" };
	size_t count = 0;

	(void)state;
	for (; trial.feature; count++) {
		struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
		struct error err = { 0 };

		assert_int_equal(ruleset_build_trial(count, &trial, &ruleset, &err), 0);
		if (!trial.feature)
			break;
		assert_string_equal(ruleset->messages[0].what,
				    "add table inet netpale-trial");
		assert_string_equal(ruleset->messages[ruleset->count - 1].what,
				    "delete table inet netpale-trial");
	}
	assert_int_equal(count, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_whole_and_numbered),
		cmocka_unit_test(an_unfenced_plan_is_an_error),
		cmocka_unit_test(addresses_and_ports_go_where_they_belong),
		cmocka_unit_test(intervals_reach_the_last_address),
		cmocka_unit_test(long_lists_take_several_messages),
		cmocka_unit_test(a_large_set_is_split),
		cmocka_unit_test(dns_follows_the_stance),
		cmocka_unit_test(audit_decides_nothing),
		cmocka_unit_test(only_where_the_agent_asks_itself_answers_are_logged),
		cmocka_unit_test(a_quiet_fence_neither_counts_nor_logs),
		cmocka_unit_test(inbound_opens_what_is_listed),
		cmocka_unit_test(the_closed_fence_opens_dns_for_netpale_and_docker_only),
		cmocka_unit_test(generations_take_turns),
		cmocka_unit_test(what_an_attempt_left_goes_first),
		cmocka_unit_test(what_others_put_there_goes),
		cmocka_unit_test(a_chain_that_somebody_moved_is_made_anew),
		cmocka_unit_test(sets_that_rules_of_others_use_are_in_nobodys_way),
		cmocka_unit_test(undo_takes_back_what_was_filled),
		cmocka_unit_test(undo_leaves_the_counters_of_the_fence_that_stands),
		cmocka_unit_test(trials_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
