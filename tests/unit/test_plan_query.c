#include "tests/unit/scene.h"

static void assert_canary(struct scene *scene, enum family family, const char *wanted)
{
	CLEANUP(plan_freep) struct plan *plan = build(scene);
	char text[ADDR_TEXT];
	struct addr addr;

	if (!plan_refused_addr(plan, family, &addr)) {
		assert_null(wanted);
		return;
	}
	assert_false(plan_allows(plan, &addr, PORTSET_UDP + 9));
	assert_non_null(wanted);
	assert_string_equal(addr_format(&addr, text), wanted);
}

static void finds_an_address_that_is_refused(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	assert_canary(&scene, FAMILY_4, "192.0.2.1");
	assert_canary(&scene, FAMILY_6, "2001:db8::1");
	SAY(&scene, "allow 192.0.2.0/24", "allow 198.51.100.0/25:9",
	    "allow 2001:db8::/33");
	assert_canary(&scene, FAMILY_4, "198.51.100.128");
	assert_canary(&scene, FAMILY_6, "2001:db8:8000::");
	SAY(&scene, "allow 128.0.0.0/1:1-100/udp", "allow 2001:db8::/32");
	assert_canary(&scene, FAMILY_4, "1.0.0.0");
	assert_canary(&scene, FAMILY_6, "2000::");
	SAY(&scene, "allow 0.0.0.0/2", "allow 64.0.0.0/3", "allow 96.0.0.0/4",
	    "allow 112.0.0.0/5");
	assert_canary(&scene, FAMILY_4, "120.0.0.0");
	SAY(&scene, "allow 120.0.0.0/5", "deny 169.254.169.254", "allow 2000::/3");
	assert_canary(&scene, FAMILY_4, "169.254.169.254");
	assert_canary(&scene, FAMILY_6, "fc00::");
	SAY(&scene, "allow fc00::/7");
	assert_canary(&scene, FAMILY_6, NULL);
}

static void the_canary_flies_where_a_packet_could_go(void **state)
{
	struct scene scene CLEANUP(scene_release);
	struct addr own = addr_of("192.0.2.2");

	(void)state;
	scene_init(&scene, MODE_FULL);
	assert_canary(&scene, FAMILY_4, NULL);
	assert_canary(&scene, FAMILY_6, NULL);
	SAY(&scene, "deny 192.0.2.0/29", "deny 127.0.0.0/8", "deny 224.0.0.0/4",
	    "deny 0.0.0.0/8");
	scene.site.own[scene.site.own_count++] = own;
	scene.site.attached[scene.site.attached_count++] = prefix_of(&own, 29);
	assert_canary(&scene, FAMILY_4, "192.0.2.1");
	scene.site.own[scene.site.own_count++] = addr_of("192.0.2.1");
	assert_canary(&scene, FAMILY_4, "192.0.2.3");
	SAY(&scene, "allow 192.0.2.2/31", "allow 192.0.2.4/31", "allow 192.0.2.6");
	assert_canary(&scene, FAMILY_4, NULL); /* .7 is the subnet's broadcast address */
	SAY(&scene, "deny 0.0.0.0/0:80");
	assert_canary(&scene, FAMILY_4, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_an_address_that_is_refused),
		cmocka_unit_test(the_canary_flies_where_a_packet_could_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
