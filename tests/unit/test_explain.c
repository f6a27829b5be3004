#include "tests/unit/drawn.h"

#include "lib/explain.h"

/* Random policies in a small world: explain_addr(), which knows no interval, and the plan,
 * which knows nothing else, have to say the same at every point. */

static void assert_agree(const struct scene *scene, const struct plan *plan,
			 const struct addr *addr, uint32_t point)
{
	struct verdict verdict =
		explain_addr(&scene->policy, &scene->answers, &scene->site, addr, point);
	char text[ADDR_TEXT];

	if (verdict.allowed != plan_allows(plan, addr, point))
		fail_msg("SEED=%#llx: %s point %u: explained as %s (%s)", round_seed,
			 addr_format(addr, text), point,
			 verdict.allowed ? "open" : "closed",
			 verdict.reason ? verdict.reason : "an entry");
	assert_true(verdict.reason || verdict.entry);
}

static void plan_and_explanation_agree(void **state)
{
	(void)state;
	draw_begin();
	for (int round = 0; round < 2000; round++) {
		CLEANUP(plan_freep) struct plan *plan = NULL;
		struct scene scene CLEANUP(scene_release);
		struct error err;

		draw_scene(&scene);
		if (plan_build(&scene.policy, &scene.answers, &scene.site, &scene.notes,
			       &plan, &err) < 0)
			fail_msg("SEED=%#llx: %s", round_seed, err.text);
		for (int i = 0; i < 20; i++) {
			struct addr addr = draw_addr();

			for (size_t j = 0; j < ARRAY_SIZE(points); j++)
				assert_agree(&scene, plan, &addr, points[j]);
		}
	}
}

static struct verdict ask(const struct scene *scene, const char *addr, uint32_t point)
{
	struct addr parsed = addr_of(addr);

	return explain_addr(&scene->policy, &scene->answers, &scene->site, &parsed,
			    point);
}

static void says_which_entry_decides(void **state)
{
	struct scene scene CLEANUP(scene_release);
	const struct entry *entries;
	struct verdict verdict;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow 10.0.0.0/8", "deny 10.1.0.0/16", "allow 10.1.2.3:5432/tcp",
	    "allow api.example.com:443", "deny 12.0.0.0/24", "allow nas.example.com");
	scene_answer(&scene, "11.0.0.7 api.example.com\n12.0.0.9 api.example.com\n"
			     "192.168.1.9 nas.example.com\n");
	entries = scene.policy.entries;

	assert_ptr_equal(ask(&scene, "10.2.0.1", 80).entry, &entries[0]);
	assert_ptr_equal(ask(&scene, "10.1.0.1", 80).entry, &entries[1]);
	assert_ptr_equal(ask(&scene, "10.1.2.3", 5432).entry, &entries[2]);
	assert_ptr_equal(ask(&scene, "11.0.0.7", 443).entry, &entries[3]);
	assert_true(ask(&scene, "11.0.0.7", 443).allowed);

	verdict = ask(&scene, "12.0.0.9", 443);
	assert_ptr_equal(verdict.entry, &entries[4]);
	assert_false(verdict.allowed);
	verdict = ask(&scene, "192.168.1.9", 443);
	assert_ptr_equal(verdict.entry, &entries[5]);
	assert_string_equal(verdict.reason,
			    "a name opens a private address only with 'private: true'");
	verdict = ask(&scene, "10.2.0.1", 53);
	assert_ptr_equal(verdict.entry, &entries[0]);
	assert_non_null(strstr(verdict.reason, "ports 53 and 853"));
	verdict = ask(&scene, "192.0.2.1", 443);
	assert_null(verdict.entry);
	assert_string_equal(verdict.reason, "no entry");
}

static void says_what_no_entry_decides(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow attached");
	assert_true(ask(&scene, "192.0.2.53", PORTSET_UDP + 53).allowed);
	assert_false(ask(&scene, "192.0.2.53", 443).allowed);
	assert_true(ask(&scene, "127.0.0.1", 8080).allowed);
	assert_true(ask(&scene, "127.0.0.11", 53).allowed);
	assert_true(ask(&scene, "172.17.0.2", 8080).allowed);
	assert_string_equal(ask(&scene, "172.17.0.1", 80).reason, "host_gateway");
	scene.policy.mode = MODE_NONE;
	assert_false(ask(&scene, "127.0.0.11", 53).allowed);
	assert_string_equal(ask(&scene, "192.0.2.53", 53).reason, "policy none");
	assert_string_equal(ask(&scene, "172.17.0.1", 80).reason, "host_gateway");
	scene.policy.mode = MODE_FULL;
	assert_true(ask(&scene, "172.17.0.1", 80).allowed);
	assert_string_equal(ask(&scene, "192.0.2.1", 80).reason, "policy full");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_entry_decides),
		cmocka_unit_test(says_what_no_entry_decides),
		cmocka_unit_test(plan_and_explanation_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
