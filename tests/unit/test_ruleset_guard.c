#include "tests/unit/ruleset_place.h"

#include "lib/messages.h"

/* The guarded fence. */

static struct plan *a_plan(void)
{
	struct plan *plan = plan_new(MODE_RESTRICTED);

	plan->dns = STANCE_GUARDED;
	plan->classes[0] = ports_of(plan, 443, 443);
	plan->classes[1] = PORTSET_ANY;
	plan->classes[2] = PORTSET_WHOLE;
	plan->class_count = 3;
	plan->site.resolvers[0] = addr_of("192.0.2.53");
	plan->site.resolvers[1] = addr_of("127.0.0.11");
	plan->site.resolvers[2] = addr_of("2001:db8::53");
	plan->site.resolver_count = 3;
	return plan;
}

static struct ruleset *build(const struct plan *plan,
			     const struct ruleset_options *options)
{
	struct ruleset *ruleset = NULL;
	struct error err = { 0 };

	if (ruleset_build(plan, options, true, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

static void dns_is_redirected_before_docker(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	assert_true(ruleset->guarded);
	assert_has(ruleset,
		   "\tchain dns {\n"
		   "\t\ttype nat hook output priority -101; policy accept;\n"
		   "\t\tth dport != 53 accept\n"
		   "\t\tmeta mark 0x00000077 accept\n"
		   "\t\tip daddr . meta l4proto . th dport @ports4 accept\n"
		   "\t\tip6 daddr . meta l4proto . th dport @ports6 accept\n"
		   "\t\tip daddr @learned4_2 meta l4proto . th dport @learned_ports_2 "
		   "accept\n"
		   "\t\tip6 daddr @learned6_2 meta l4proto . th dport @learned_ports_2 "
		   "accept\n"
		   "\t\tudp dport 53 redirect to :7753\n"
		   "\t\ttcp dport 53 redirect to :7753\n"
		   "\t}\n");
}

static void the_port_may_be_another(void **state)
{
	const struct ruleset_guard guard = { .port = 5354 };
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset_options options = marks;
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	(void)state;
	options.guard = &guard;
	ruleset = build(plan, &options);
	assert_has(ruleset, "udp dport 53 redirect to :5354");
	assert_has(ruleset, "elements = { tcp . 5354, udp . 5354 }");
	assert_lacks(ruleset, "7753\n");
}

static void netpale_asks_resolvers_only(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	(void)state;
	plan->site.docker_dns = true;
	ruleset = ruleset_of(plan, NULL);
	assert_has(
		ruleset,
		"\t\tct state established ct mark 0x00001234 accept\n"
		"\t\ticmpv6 type @nd_out ip6 hoplimit 255 accept\n"
		"\t\ticmpv6 type @mld drop\n"
		"\t\tct state invalid,established,new fib saddr type != local drop\n"
		"\t\tmeta mark 0x00000077 ip daddr . meta l4proto . th dport @resolver4 "
		"accept\n"
		"\t\tmeta mark 0x00000077 ip6 daddr . meta l4proto . th dport @resolver6 "
		"accept\n"
		"\t\tmeta mark 0x00000077 oifname \"lo\" accept\n"
		"\t\tmeta mark != 0x00000077 ip saddr . meta l4proto . th sport @resolver4 "
		"goto refuse\n"
		"\t\tmeta mark != 0x00000077 ip6 saddr . meta l4proto . th sport @resolver6 "
		"goto refuse\n"
		"\t\tmeta mark != 0x00000077 ct direction original meta l4proto . th sport "
		"@dns goto refuse\n");
	assert_has(ruleset,
		   "elements = { 192.0.2.53 . tcp . 53, 192.0.2.53 . udp . 53 }");
	assert_has(ruleset,
		   "elements = { 2001:db8::53 . tcp . 53, 2001:db8::53 . udp . 53 }");
	assert_lacks(ruleset, "127.0.0.11 . ");
	assert_lacks(ruleset, "th dport @dns accept");
	assert_lacks(ruleset, "skuid");
}

static void egress_is_in_order(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	assert_has(
		ruleset,
		"\tchain egress {\n"
		"\t\tip daddr 127.0.0.11 meta mark != 0x00000077 goto refuse\n"
		"\t\tct state related ct status & expected == 0 accept\n"
		"\t\tip daddr 127.0.0.1 meta l4proto . th dport @forwarder ct status dnat "
		"accept\n"
		"\t\tip6 daddr ::1 meta l4proto . th dport @forwarder ct status dnat accept\n"
		"\t\tip daddr . meta l4proto . th dport @ports4 ct mark set 0x00001234 "
		"accept\n"
		"\t\tip6 daddr . meta l4proto . th dport @ports6 ct mark set 0x00001234 "
		"accept\n"
		"\t\tip daddr @learned4_0 meta l4proto . th dport @learned_ports_0 ct mark "
		"set 0x00001234 accept\n"
		"\t\tip6 daddr @learned6_0 meta l4proto . th dport @learned_ports_0 ct mark "
		"set 0x00001234 accept\n"
		"\t\tip daddr @learned4_2 meta l4proto . th dport @learned_ports_2 ct mark "
		"set 0x00001234 accept\n"
		"\t\tip6 daddr @learned6_2 meta l4proto . th dport @learned_ports_2 ct mark "
		"set 0x00001234 accept\n"
		"\t\tmeta l4proto . th dport @dns goto refuse\n"
		"\t\toifname \"lo\" accept\n"
		"\t\tip daddr @allow4 ct mark set 0x00001234 accept\n"
		"\t\tip6 daddr @allow6 ct mark set 0x00001234 accept\n"
		"\t\tip daddr @learned4_1 ct mark set 0x00001234 accept\n"
		"\t\tip6 daddr @learned6_1 ct mark set 0x00001234 accept\n"
		"\t\tip daddr @learned4_2 ct mark set 0x00001234 accept\n"
		"\t\tip6 daddr @learned6_2 ct mark set 0x00001234 accept\n"
		"\t\tgoto refuse\n"
		"\t}\n");
}

static void what_is_learned_stands_class_by_class(void **state)
{
	const struct lease_op live[] = {
		{ .addr = addr_of("198.51.100.7"), .class = 0, .timeout_ms = 60000 },
		{ .addr = addr_of("2001:db8::7"), .class = 0, .timeout_ms = 1500 },
		{ .addr = addr_of("198.51.100.8"), .class = 1, .timeout_ms = 1 },
		{ .addr = addr_of("198.51.100.7"), .class = 1, .timeout_ms = 2 },
	};
	const struct ruleset_guard guard = { .live = live, .live_count = 4 };
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset_options options = marks;
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	(void)state;
	options.guard = &guard;
	ruleset = build(plan, &options);
	assert_has(ruleset,
		   "\tset learned_ports_0 {\n\t\ttype inet_proto . inet_service\n"
		   "\t\tflags interval\n\t\telements = { tcp . 443 }\n\t}\n"
		   "\tset learned4_0 {\n\t\ttype ipv4_addr\n\t\tsize 131072\n"
		   "\t\tflags timeout\n"
		   "\t\telements = { 198.51.100.7 timeout 60000ms }\n\t}\n"
		   "\tset learned6_0 {\n\t\ttype ipv6_addr\n\t\tsize 131072\n"
		   "\t\tflags timeout\n"
		   "\t\telements = { 2001:db8::7 timeout 1500ms }\n\t}\n"
		   "\tset learned4_1 {\n");
	assert_has(ruleset, "{ 198.51.100.8 timeout 1ms, 198.51.100.7 timeout 2ms }");
	assert_has(ruleset,
		   "\tset learned_ports_2 {\n"
		   "\t\ttype inet_proto . inet_service\n\t\tflags interval\n"
		   "\t\telements = { tcp . 53, tcp . 853, udp . 53, udp . 853 }");
	assert_has(ruleset,
		   "ct state established ct direction reply ip saddr @learned4_0 "
		   "meta l4proto . th sport @learned_ports_0 ct mark set");
	assert_has(ruleset, "ct state established ct direction reply ip6 saddr "
			    "@learned6_1 ct mark set");
}

/* What may not be begun: one address once, whatever its classes have in common. */
static void lapsed_flows_go_on(void **state)
{
	const struct lease_op lapsed[] = {
		{ .addr = addr_of("2001:db8::8"), .class = 0 },
		{ .addr = addr_of("198.51.100.8"), .class = 2 },
		{ .addr = addr_of("198.51.100.7"), .class = 0 },
		{ .addr = addr_of("198.51.100.8"), .class = 0 },
		{ .addr = addr_of("198.51.100.7"), .class = 0 },
	};
	const struct ruleset_guard guard = { .lapsed = lapsed, .lapsed_count = 5 };
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset_options options = marks;
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	(void)state;
	options.guard = &guard;
	ruleset = build(plan, &options);
	assert_has(ruleset,
		   "elements = { 198.51.100.7 . tcp . 443, 198.51.100.8 . tcp . 0-65535, "
		   "198.51.100.8 . udp . 0-65535, 198.51.100.8 . 0-5 . 0-65535, "
		   "198.51.100.8 . 7-16 . 0-65535, 198.51.100.8 . 18-255 . 0-65535 }");
	assert_has(ruleset, "elements = { 2001:db8::8 . tcp . 443 }");
	assert_has(ruleset,
		   "\t\tct state established ct direction original ip daddr . meta "
		   "l4proto . th dport @lapsed4 ct mark set 0x00001234 accept\n"
		   "\t\tct state established ct direction original ip6 daddr . meta "
		   "l4proto . th dport @lapsed6 ct mark set 0x00001234 accept\n"
		   "\t\tct state established ct direction reply meta l4proto . th sport");
	assert_has(ruleset, "ct direction reply ip saddr . meta l4proto . th sport "
			    "@lapsed4 ct mark set 0x00001234 accept");
}

static void a_class_that_is_none_is_an_error(void **state)
{
	const struct lease_op op = { .addr = addr_of("192.0.2.1"), .class = 3 };
	const struct ruleset_guard guards[] = { { .live = &op, .live_count = 1 },
						{ .lapsed = &op, .lapsed_count = 1 } };
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset_options options = marks;
	struct ruleset *ruleset = NULL;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++) {
		options.guard = &guards[i];
		assert_int_equal(ruleset_build(plan, &options, true, &ruleset, &err), -1);
		assert_null(ruleset);
	}
}

static void generations_take_turns(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct plan *pinned CLEANUP(plan_freep) = plan_new(MODE_RESTRICTED);
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct ruleset *third CLEANUP(ruleset_freep) = ruleset_of(plan, second);
	struct ruleset *last CLEANUP(ruleset_freep) = NULL;

	(void)state;
	assert_int_equal(count_of(second, "add set inet netpale learned4_2_b"), 1);
	assert_int_equal(count_of(second, "add set inet netpale learned_ports_2_b"), 1);
	assert_int_equal(count_of(second, "add set inet netpale lapsed6_b"), 1);
	assert_int_equal(count_of(second, "delete set inet netpale forwarder"), 1);
	assert_int_equal(count_of(second, "delete set inet netpale learned"), 8);
	assert_int_equal(count_of(second, "delete chain"), 0);
	assert_has(second, "ip daddr @learned4_1_b ct mark");
	assert_true(third->plain);
	assert_int_equal(count_of(third, "delete set inet netpale learned4_0_b"), 1);

	last = ruleset_of(pinned, third);
	assert_false(last->guarded);
	assert_int_equal(count_of(last, "delete chain inet netpale dns"), 1);
	assert_int_equal(count_of(last, "delete chain inet netpale zone"), 1);
	assert_int_equal(count_of(last, "delete chain"), 2);
	assert_int_equal(count_of(last, "add chain inet netpale dns"), 0);
	assert_int_equal(count_of(last, "delete set inet netpale learned"), 8);
}

/* The rules of chain dns name it, but do not use the set of that name. */
static void a_chain_is_no_set(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *first CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *second CLEANUP(ruleset_freep) = ruleset_of(plan, first);
	struct ruleset *third CLEANUP(ruleset_freep) = ruleset_of(plan, second);
	struct ruleset *fourth CLEANUP(ruleset_freep) = NULL;

	(void)state;
	/* Only the sets of the third were made. */
	buf_add(&second->bytes, third->bytes.data, third->messages[third->swap].offset);
	fourth = ruleset_of(plan, second);
	assert_true(fourth->plain);
	assert_string_equal(fourth->messages[1].what, "delete set inet netpale allow4");
	for (size_t i = fourth->swap; i < fourth->count; i++)
		assert_string_not_equal(fourth->messages[i].what,
					"delete set inet netpale dns");
}

static void other_stances_have_no_guard(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *none CLEANUP(ruleset_freep) = NULL;
	struct ruleset *closed CLEANUP(ruleset_freep) = NULL;
	struct error err = { 0 };

	(void)state;
	plan->mode = MODE_NONE;
	none = ruleset_of(plan, NULL);
	assert_lacks(none, "learned");
	assert_lacks(none, "redirect");
	assert_has(none, "meta mark 0x00000077 meta l4proto . th dport @dns accept");
	assert_int_equal(ruleset_build_closed(&plan->site, &marks, &closed, &err), 0);
	assert_lacks(closed, "redirect");
	assert_has(closed, "meta mark 0x00000077 meta l4proto . th dport @dns_b accept");
}

/* The table's flags. */

#define OWNER NFT_TABLE_F_OWNER
#define PERSIST 4u

static uint32_t flags_of(const struct ruleset *ruleset)
{
	const struct nlattr *attr =
		message_find(message_of(ruleset, 0), NFTA_TABLE_FLAGS);

	assert_non_null(attr);
	return ntohl(mnl_attr_get_u32(attr));
}

static void a_table_is_held_where_it_can_be(void **state)
{
	static const struct {
		bool own, stands;
		uint32_t has, wanted;
	} cases[] = {
		{ true, false, 0, OWNER | PERSIST },
		{ false, false, 0, 0 },
		{ true, true, 0, 0 }, /* nobody's, for good */
		{ false, true, 0, 0 },
		{ true, true, PERSIST, OWNER | PERSIST }, /* its owner is gone */
		{ false, true, PERSIST, PERSIST },
		{ true, true, OWNER | PERSIST, OWNER | PERSIST },
		{ false, true, OWNER | PERSIST, OWNER | PERSIST },
		{ true, true, OWNER, OWNER }, /* somebody's: refused whatever we say */
		{ true, true, NFT_TABLE_F_DORMANT, 0 },
		{ false, true, PERSIST | NFT_TABLE_F_DORMANT, PERSIST },
		{ true, true, PERSIST | NFT_TABLE_F_DORMANT, OWNER | PERSIST },
	};
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *standing CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
		struct ruleset *closed CLEANUP(ruleset_freep) = NULL;
		struct ruleset_options options = marks;
		uint32_t has = htonl(cases[i].has);
		struct error err = { 0 };

		options.own = cases[i].own;
		if (cases[i].stands) {
			const struct nlattr *flags =
				message_find(message_of(standing, 0), NFTA_TABLE_FLAGS);

			memcpy(mnl_attr_get_payload(flags), &has, sizeof(has));
			options.standing = standing->bytes.data;
			options.standing_length = standing->bytes.length;
		}
		ruleset = build(plan, &options);
		assert_int_equal(flags_of(ruleset), cases[i].wanted);
		assert_int_equal(ruleset->owned, cases[i].wanted & OWNER ? 1 : 0);
		assert_int_equal(
			ruleset_build_closed(&plan->site, &options, &closed, &err), 0);
		assert_int_equal(flags_of(closed), cases[i].wanted);
	}
}

/* Who takes away must not say what the owner cannot give up. */
static void undo_and_removal_leave_the_flags(void **state)
{
	struct plan *plan CLEANUP(plan_freep) = a_plan();
	struct ruleset *ruleset CLEANUP(ruleset_freep) = ruleset_of(plan, NULL);
	struct ruleset *undo CLEANUP(ruleset_freep) = NULL;
	struct ruleset *removal CLEANUP(ruleset_freep) = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(ruleset_build_undo(ruleset, ruleset->swap, &undo, &err), 0);
	assert_int_equal(ruleset_build_removal(&removal, &err), 0);
	assert_null(message_find(message_of(undo, 0), NFTA_TABLE_FLAGS));
	assert_null(message_find(message_of(removal, 0), NFTA_TABLE_FLAGS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dns_is_redirected_before_docker),
		cmocka_unit_test(the_port_may_be_another),
		cmocka_unit_test(netpale_asks_resolvers_only),
		cmocka_unit_test(egress_is_in_order),
		cmocka_unit_test(what_is_learned_stands_class_by_class),
		cmocka_unit_test(lapsed_flows_go_on),
		cmocka_unit_test(a_class_that_is_none_is_an_error),
		cmocka_unit_test(generations_take_turns),
		cmocka_unit_test(a_chain_is_no_set),
		cmocka_unit_test(other_stances_have_no_guard),
		cmocka_unit_test(a_table_is_held_where_it_can_be),
		cmocka_unit_test(undo_and_removal_leave_the_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
