#include "tests/unit/blame_scene.h"

#include "lib/recall.h"
#include "tests/unit/heap.h"

/* What was found of a packet, and what is told of an equal one. */

static const char *const names[] = { "a.example", "b.a.example", "db", "c.example" };
static const char *const addrs[] = { "192.0.2.7", "192.0.2.8", "2600::7" };

static struct scene scene;
static struct resolved *resolved;
static struct recall *recall;
static struct blame by;

static int set_up(void **state)
{
	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene.policy.dns = STANCE_GUARDED;
	scene_say(&scene, "deny 192.0.2.8");
	scene_say(&scene, "allow a.example:80/tcp");
	scene_answer(&scene, "");
	resolved = resolved_new(blame_key);
	recall = recall_new();
	by = blame_of(&scene);
	by.resolved = resolved;
	return resolved && recall ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	recall_free(recall);
	resolved_free(resolved);
	scene_release(&scene);
	return 0;
}

static enum refusal_reason recalled(const char *text)
{
	struct packet packet = packet_of(text);
	struct blame_texts texts;
	struct refusal refusal;

	recall_packet(recall, &by, &packet, &texts, &refusal);
	return refusal.reason;
}

/* The policy is not asked again until it is said to be another one. */
static void an_equal_packet_is_not_judged_anew(void **state)
{
	(void)state;
	assert_int_equal(recalled("192.0.2.8 80/tcp"), REFUSAL_DENIED);
	scene.policy.count = 0;
	assert_int_equal(recalled("192.0.2.8 80/tcp"), REFUSAL_DENIED);
	assert_int_equal(recalled("192.0.2.8 81/tcp"), REFUSAL_RAW);
	recall_forget(recall);
	assert_int_equal(recalled("192.0.2.8 80/tcp"), REFUSAL_RAW);
}

static struct packet draw_packet(void)
{
	struct packet packet = { .hook = draw(4) ? PACKET_OUT : draw(PACKET_OUT) };

	packet.source = addr_of(addrs[draw(ARRAY_SIZE(addrs))]);
	packet.destination = addr_of(addrs[draw(ARRAY_SIZE(addrs))]);
	packet.protocol = draw(2) ? IPPROTO_TCP : IPPROTO_UDP;
	packet.has_ports = draw(4) > 0;
	packet.destination_port = packet.has_ports ? (uint16_t)(79 + draw(3)) : 0;
	packet.source_port = (uint16_t)draw(UINT16_MAX);
	packet.has_uid = packet.hook == PACKET_OUT;
	packet.uid = packet.has_uid ? 1000 + draw(2) : 0;
	return packet;
}

static void say_something_of_names(void)
{
	const char *name = names[draw(ARRAY_SIZE(names))];
	struct addr addr = addr_of(addrs[draw(ARRAY_SIZE(addrs))]);
	struct asker asker = { .has_uid = true, .uid = 1000 + draw(2) };

	snprintf(asker.program, sizeof(asker.program), "program %u", draw(3));
	if (draw(2))
		resolved_add(resolved, name, &addr, 1);
	else
		resolved_asked(resolved, name, &asker);
}

static void assert_same(const struct packet *packet)
{
	struct blame_texts texts, texts_again;
	struct refusal refusal, again;
	char line[REFUSAL_LINE], line_again[REFUSAL_LINE];

	blame_packet(&by, packet, &texts, &refusal);
	recall_packet(recall, &by, packet, &texts_again, &again);
	refusal_print_json(&refusal, line);
	refusal_print_json(&again, line_again);
	if (strcmp(line, line_again) != 0)
		fail_msg("SEED=%#llx: %s, not %s", round_seed, line_again, line);
}

/* Whatever DNS says meanwhile, and whoever asks. */
static void tells_what_would_be_found_now(void **state)
{
	(void)state;
	draw_begin();
	round_seed = seed;
	for (int i = 0; i < 20000; i++) {
		struct packet packet = draw_packet();

		if (draw(20) == 0)
			say_something_of_names();
		assert_same(&packet);
	}
}

static void stays_small(void **state)
{
	size_t before = 0;

	(void)state;
	for (unsigned i = 1; i <= 10 * RECALL_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "192.0.2.7 %u/tcp", i);
		recalled(text);
		if (i == RECALL_MAX)
			before = heap();
	}
	assert_in_range(heap(), 0, before + 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_equal_packet_is_not_judged_anew,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_what_would_be_found_now, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(stays_small, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
