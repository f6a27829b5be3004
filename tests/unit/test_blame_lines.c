#include "tests/unit/blame_scene.h"

/* What stands in a refusal beside its reason, and that its line does what it says. */

#define NAME8 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_NAME NAME8 "." NAME8 "." NAME8 ".example"

static void a_line_adds_to_the_ports_that_are_open_already(void **state)
{
	static const struct port_range open[] = { { 3000, 3000 }, { 8000, 8999 } };
	const struct opening opening = { .kind = OPENING_PORTS,
					 .ports = open,
					 .port_count = 2 };
	struct packet out = packet_of("172.17.0.1 3001/tcp");
	struct packet in = packet_of("198.51.100.9 5173/udp");
	struct scene scene CLEANUP(scene_release);
	struct blame by = blame_of(&scene);
	struct blame_texts texts;
	struct refusal refusal;

	(void)state;
	in.hook = PACKET_IN;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	scene.policy.inbound = scene.policy.host_gateway = opening;

	blame_packet(&by, &out, &texts, &refusal);
	assert_int_equal(refusal.reason, REFUSAL_GATEWAY);
	assert_text(refusal.allow, "host_gateway: [3000-3001/tcp, 8000-8999/tcp]");
	assert_opens(&scene, &refusal, 3001);

	blame_packet(&by, &in, &texts, &refusal);
	assert_int_equal(refusal.reason, REFUSAL_INBOUND);
	assert_int_equal(addr_compare(&refusal.addr, &in.source), 0);
	assert_text(refusal.allow, "inbound: [3000/tcp, 8000-8999/tcp, 5173/udp]");

	/* It is open: what came was no beginning. No port, no line. */
	in = packet_of("198.51.100.9 8080/tcp");
	in.hook = PACKET_IN;
	blame_packet(&by, &in, &texts, &refusal);
	assert_text(refusal.allow, NULL);
	in = packet_of("198.51.100.9 1");
	in.hook = PACKET_IN;
	blame_packet(&by, &in, &texts, &refusal);
	assert_text(refusal.allow, NULL);
	scene.policy.inbound.kind = OPENING_CLOSED;
	in = packet_of("198.51.100.9 22/tcp");
	in.hook = PACKET_IN;
	blame_packet(&by, &in, &texts, &refusal);
	assert_text(refusal.allow, "inbound: [22/tcp]");
}

static void tells_all_names_and_who_asked(void **state)
{
	CLEANUP(resolved_freep) struct resolved *resolved = resolved_new(blame_key);
	const struct asker asker = { .has_uid = true, .uid = 1000, .program = "curl" };
	struct packet packet = packet_of("11.0.0.7 443/tcp");
	struct scene scene CLEANUP(scene_release);
	struct blame by = blame_of(&scene);
	struct blame_texts texts;
	struct refusal refusal;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_answer(&scene, "11.0.0.7 a.example b.example");
	by.resolved = resolved;
	resolve(resolved, "b.example 11.0.0.7\n" LONG_NAME " 11.0.0.7");
	resolved_asked(resolved, LONG_NAME, &asker);
	learn(&by, "c.example 11.0.0.7");

	blame_packet(&by, &packet, &texts, &refusal);
	assert_int_equal(refusal.name_count, 4);
	assert_string_equal(refusal.names[0], LONG_NAME);
	assert_string_equal(refusal.names[1], "b.example");
	assert_string_equal(refusal.names[2], "c.example");
	assert_string_equal(refusal.names[3], "a.example");
	assert_string_equal(refusal.program, "curl");
	assert_text(refusal.allow,
		    "- " LONG_NAME ":443/tcp  # or b.example, c.example, a.example");

	packet.uid = 1001;
	blame_packet(&by, &packet, &texts, &refusal);
	assert_string_equal(refusal.program, "");
	leases_free((struct leases *)by.leases);
}

/* A line that is said to allow something does; none is said only where none would. */
static void every_line_allows_what_was_refused(void **state)
{
	static const struct port_range open = { 22, 80 };

	(void)state;
	draw_begin();
	for (int round = 0; round < 20000; round++) {
		struct scene scene CLEANUP(scene_release);
		struct addr addr = draw_addr();
		uint32_t point = points[draw(ARRAY_SIZE(points))];
		struct packet packet = { .hook = PACKET_OUT, .destination = addr };
		struct blame_texts texts;
		struct refusal refusal;
		struct blame by;

		draw_scene(&scene);
		/* Those drawn are no ports that anybody could write down. */
		scene.policy.host_gateway.ports = &open;
		scene.policy.host_gateway.port_count = 1;
		by = blame_of(&scene);
		packet.protocol = point == PORTSET_OTHER ? IPPROTO_ICMP
				  : point >= PORTSET_UDP ? IPPROTO_UDP
							 : IPPROTO_TCP;
		packet.has_ports = point != PORTSET_OTHER;
		packet.destination_port = (uint16_t)(point % PORTSET_UDP);
		if ((packet.has_ports && !packet.destination_port) ||
		    explain_addr(&scene.policy, &scene.answers, &scene.site, &addr, point)
			    .allowed)
			continue;
		blame_packet(&by, &packet, &texts, &refusal);
		if (refusal.allow)
			assert_opens(&scene, &refusal, point);
		else if (refusal.reason != REFUSAL_DENIED &&
			 refusal.reason != REFUSAL_EXPIRED &&
			 refusal.reason != REFUSAL_PRIVATE && !refusal.rule &&
			 scene.policy.mode != MODE_NONE)
			fail_msg("SEED=%#llx: no line", round_seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_adds_to_the_ports_that_are_open_already),
		cmocka_unit_test(tells_all_names_and_who_asked),
		cmocka_unit_test(every_line_allows_what_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
