#include "tests/unit/lease_place.h"

static void a_lease_lasts_as_the_ttl_says_within_bounds(void **state)
{
	static const struct {
		uint32_t ttl, timeout_ms, told;
	} cases[] = {
		{ 0, 360000, 60 },
		{ 59, 360000, 60 },
		{ 61, 360000, 61 },
		{ 300, 360000, 300 },
		{ 301, 361000, 300 },
		{ 3600, 3660000, 300 },
		{ 3601, 3660000, 300 },
		{ 4294968, 3660000, 300 },
		{ UINT32_MAX, 3660000, 300 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct place place CLEANUP(place_release) = place_new();

		learn(&place, "a.example", 1, 1, 1, cases[i].ttl);
		assert_int_equal(place.ops.count, 1);
		assert_added(&place, 0, 1, 0, cases[i].timeout_ms, false);
		assert_int_equal(place.told, cases[i].told);
		assert_int_equal(left(&place, "a.example", 1), cases[i].timeout_ms);
	}
}

static void ends_are_rounded_up_to_a_second(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	place.now += 1;
	learn(&place, "a.example", 1, 1, 1, 60);
	assert_added(&place, 0, 1, 0, 360999, false);
	place.now += 360998;
	leases_expire(place.leases, place.now);
	assert_int_equal(leases_count(place.leases).live, 1);
	place.now += 1;
	leases_expire(place.leases, place.now);
	assert_int_equal(leases_count(place.leases).live, 0);
	assert_int_equal(leases_count(place.leases).lapsed, 1);
	assert_int_equal(leases_count(place.leases).elements, 0);
}

/* One operation each 150 s, whatever the TTL; never less open than told. */
static void asking_again_costs_nothing(void **state)
{
	static const uint32_t ttls[] = { 0, 60, 299, 300 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ttls); i++) {
		struct place place CLEANUP(place_release) = place_new();

		learn(&place, "a.example", 1, 4, 3, ttls[i]);
		assert_int_equal(place.ops.count, 8);
		for (uint32_t second = 1; second <= 150; second++) {
			place.now += 1000;
			learn(&place, "a.example", 1, 4, 3, ttls[i]);
			assert_int_equal(place.ops.count, 0);
			assert_true(place.told >= 60 && place.told <= 300 - second);
		}
		assert_int_equal(place.told, ttls[i] > 60 ? 150 : 60);
		place.now += 1;
		learn(&place, "a.example", 1, 4, 3, ttls[i]);
		assert_int_equal(place.ops.count, 8);
		assert_added(&place, 0, 1, 0, 360999, true);
	}
}

/* What is told follows the address with the least time left. */
static void told_is_what_every_address_lasts(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 300);
	place.now += 100000;
	learn(&place, "a.example", 1, 2, 1, 300);
	assert_int_equal(place.ops.count, 1);
	assert_added(&place, 0, 2, 0, 360000, false);
	assert_int_equal(place.told, 200);
}

static void an_element_lives_until_the_latest_of_its_leases(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 3600);
	place.now += 1000;
	/* Both classes: one is there for long enough, the other is not. */
	learn(&place, "b.example", 1, 1, 3, 60);
	assert_int_equal(place.ops.count, 1);
	assert_added(&place, 0, 1, 1, 360000, false);
	learn(&place, "c.example", 1, 1, 1, 60);
	assert_int_equal(place.ops.count, 0);
	assert_int_equal(left(&place, "c.example", 1), 360000);
	assert_int_equal(leases_count(place.leases).elements, 2);
	place.now += 360000;
	leases_expire(place.leases, place.now);
	assert_int_equal(leases_count(place.leases).elements, 1);
	assert_int_equal(leases_count(place.leases).live, 1);
	assert_int_equal(left(&place, "a.example", 1), 3660000 - 361000);
}

/* A lease never lasts longer than the kernel has its elements. */
static void a_lease_by_the_grace_of_another_ends_with_it(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	place.now += 100000;
	learn(&place, "b.example", 1, 1, 1, 3600);
	assert_int_equal(place.ops.count, 0);
	assert_int_equal(left(&place, "b.example", 1), 260000);
	assert_int_equal(place.told, 200);
	place.now += 100000;
	learn(&place, "b.example", 1, 1, 1, 3600);
	assert_added(&place, 0, 1, 0, 3660000, true);
	assert_int_equal(left(&place, "a.example", 1), 160000);
}

static void expiry_only_moves_forward(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 3600);
	place.now += 1000;
	learn(&place, "a.example", 1, 1, 1, 0);
	assert_int_equal(left(&place, "a.example", 1), 3659000);
	/* A class that comes later gets the end that the lease has. */
	learn(&place, "a.example", 1, 1, 2, 0);
	assert_int_equal(place.ops.count, 1);
	assert_added(&place, 0, 1, 1, 3659000, false);
	assert_int_equal(left(&place, "a.example", 1), 3659000);
}

static void an_address_not_in_the_answer_is_extended_for_an_hour(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	int64_t seen = place.now;

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	for (int i = 0; i < 17; i++) {
		place.now += 200000;
		learn(&place, "a.example", 2, 1, 1, 60);
		assert_true(left(&place, "a.example", 1) >= 200000);
		assert_true(left(&place, "a.example", 2) >= 210000);
	}
	assert_int_equal(left(&place, "a.example", 1),
			 seen + LEASE_UNSEEN_MS - place.now);
	place.now = seen + LEASE_UNSEEN_MS;
	learn(&place, "a.example", 2, 1, 1, 60);
	assert_int_equal(left(&place, "a.example", 1), 0);
}

/* A reply without addresses is asking too. */
static void an_empty_answer_extends_and_makes_no_name(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 0, 0, 0, 90);
	assert_int_equal(place.told, 90);
	assert_false(leases_know(place.leases, "a.example"));
	learn(&place, "a.example", 1, 1, 1, 60);
	place.now += 300000;
	learn(&place, "a.example", 0, 0, 0, 90);
	assert_int_equal(place.ops.count, 1);
	assert_added(&place, 0, 1, 0, 360000, true);
}

static void what_has_lapsed_stays_closed_until_it_is_seen(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 2, 1, 60);
	place.now += 360000;
	learn(&place, "a.example", 1, 1, 1, 60);
	/* The kernel's clock began later than ours. */
	assert_int_equal(place.ops.count, 1);
	assert_added(&place, 0, 1, 0, 360000, true);
	assert_int_equal(left(&place, "a.example", 1), 360000);
	assert_int_equal(left(&place, "a.example", 2), 0);
	place.now += 7200000;
	leases_expire(place.leases, place.now);
	assert_true(leases_know(place.leases, "a.example"));
	assert_int_equal(leases_count(place.leases).lapsed, 2);
	assert_false(leases_know(place.leases, "b.example"));
}

static void families_are_different_addresses(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct lease_addr addrs[] = { { { 7, FAMILY_4 }, 1 }, { { 7, FAMILY_6 }, 1 } };
	struct error err;

	(void)state;
	assert_int_equal(leases_learn(place.leases, "a.example", addrs, 2, 60, place.now,
				      &place.ops, &place.told, &err),
			 0);
	assert_int_equal(place.ops.count, 2);
	assert_int_equal(place.ops.v[0].addr.family, FAMILY_4);
	assert_int_equal(place.ops.v[1].addr.family, FAMILY_6);
	assert_int_equal(leases_count(place.leases).elements, 2);
}

static void operations_are_appended(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct lease_addr addr = { ip(2), UINT32_C(1) << 31 };
	struct error err;

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	assert_int_equal(leases_learn(place.leases, "a.example", &addr, 1, 60, place.now,
				      &place.ops, &place.told, &err),
			 0);
	assert_int_equal(place.ops.count, 2);
	assert_added(&place, 0, 1, 0, 360000, false);
	assert_added(&place, 1, 2, 31, 360000, false);
}

static void what_the_kernel_refused_is_sent_again(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 2, 5, 60);
	leases_undo(place.leases, &place.ops);
	assert_false(leases_know(place.leases, "a.example"));
	assert_int_equal(leases_count(place.leases).elements, 0);
	assert_int_equal(leases_count(place.leases).live, 0);
	place.now += 10;
	learn(&place, "a.example", 1, 2, 5, 60);
	assert_int_equal(place.ops.count, 4);
	assert_added(&place, 0, 1, 0, 360990, true);
	/* What was refused may have been a removal: unknown addresses are in doubt, too, but only
	 * as long as any element lasts. */
	learn(&place, "b.example", 3, 1, 1, 60);
	assert_added(&place, 0, 3, 0, 360990, true);
	place.now += 3670000;
	learn(&place, "c.example", 4, 1, 1, 60);
	assert_added(&place, 0, 4, 0, 360990, false);
}

/* Replies that went in one transaction, where one counted on what the other brought. */
static void what_was_to_be_new_is_open_for_nobody(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct lease_addr addr = { ip(1), 1 };
	struct error err;

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 3600);
	assert_int_equal(leases_learn(place.leases, "b.example", &addr, 1, 60, place.now,
				      &place.ops, &place.told, &err),
			 0);
	assert_int_equal(place.ops.count, 1);
	leases_undo(place.leases, &place.ops);
	assert_int_equal(leases_count(place.leases).live, 0);
	assert_int_equal(leases_count(place.leases).elements, 0);
}

/* The kernel still holds what there was before the extension. */
static void a_refused_extension_leaves_the_others(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	learn(&place, "b.example", 1, 1, 1, 60);
	place.now += 300000;
	learn(&place, "a.example", 1, 1, 1, 60);
	assert_int_equal(place.ops.count, 1);
	leases_undo(place.leases, &place.ops);
	assert_int_equal(left(&place, "a.example", 1), -1);
	assert_int_equal(left(&place, "b.example", 1), 60000);
	assert_int_equal(leases_count(place.leases).elements, 1);
	learn(&place, "b.example", 1, 1, 1, 60);
	assert_added(&place, 0, 1, 0, 360000, true);
}

/* Half a reply is none. A list that cannot grow stands in for memory that is not there. */
static void without_memory_the_name_is_forgotten(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct lease_ops full = { NULL, SIZE_MAX / 2, SIZE_MAX / 2 };
	struct lease_addr addrs[] = { { ip(1), 1 }, { ip(2), 3 } };
	struct error err;

	(void)state;
	learn(&place, "b.example", 2, 1, 1, 60);
	assert_int_equal(leases_learn(place.leases, "a.example", addrs, 2, 60, place.now,
				      &full, &place.told, &err),
			 -1);
	assert_int_equal(err.kind, ERROR_MEMORY);
	assert_int_equal(full.count, SIZE_MAX / 2);
	assert_false(leases_know(place.leases, "a.example"));
	assert_int_equal(left(&place, "b.example", 2), 360000);
	assert_int_equal(leases_count(place.leases).elements, 1);
	learn(&place, "a.example", 1, 2, 1, 60);
	assert_int_equal(place.ops.count, 1);
	assert_added(&place, 0, 1, 0, 360000, true);
}

static void leases_come_by_name_then_address(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	static const char *const names[] = { "a.example", "a.example", "b", "c.example" };
	static const uint32_t addrs[] = { 1, 2, 9, 1 };
	struct lease lease;
	size_t at = 0, i = 0;

	(void)state;
	learn(&place, "c.example", 1, 1, 4, 60);
	learn(&place, "a.example", 2, 1, 1, 60);
	learn(&place, "b", 9, 1, 1, 60);
	place.now += 1000;
	learn(&place, "a.example", 1, 1, 1, 60);
	for (; leases_next(place.leases, &at, &lease); i++) {
		struct addr addr = ip(addrs[i]);

		assert_string_equal(lease.host, names[i]);
		assert_int_equal(addr_compare(&lease.addr, &addr), 0);
		assert_int_equal(lease.classes, i == 3 ? 4 : 1);
		assert_int_equal(lease.asked, place.now - (i < 2 ? 0 : 1000));
	}
	assert_int_equal(i, 4);
}

static void an_address_is_called_by_who_had_it_last(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct addr one = ip(1), two = ip(2);

	(void)state;
	assert_null(leases_name(place.leases, &one));
	learn(&place, "a.example", 1, 1, 1, 3600);
	place.now += 1000;
	learn(&place, "b.example", 1, 1, 1, 60);
	assert_string_equal(leases_name(place.leases, &one), "b.example");
	assert_null(leases_name(place.leases, &two));
	place.now += 3600000;
	leases_expire(place.leases, place.now);
	assert_string_equal(leases_name(place.leases, &one), "a.example");
	place.now += 3600000;
	leases_expire(place.leases, place.now);
	assert_string_equal(leases_name(place.leases, &one), "b.example");
}

static uint32_t regrant(void *context, const char *host, const struct addr *addr)
{
	struct addr two = ip(2);

	(void)context;
	if (strcmp(host, "gone.example") == 0)
		return 0;
	return addr_compare(addr, &two) == 0 ? 0 : 6;
}

static void a_new_policy_keeps_what_it_still_opens(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct lease_judge judge = { regrant, NULL };
	struct leases *judged, *old = place.leases;
	struct error err;

	(void)state;
	learn(&place, "lapsed.example", 5, 1, 1, 60);
	place.now += 300000;
	learn(&place, "a.example", 1, 2, 1, 3600);
	learn(&place, "gone.example", 1, 3, 1, 60);
	place.now += 60000;
	judged = leases_rejudge(place.leases, &judge, place.now);
	assert_non_null(judged);
	assert_int_equal(leases_count(old).live, 6);
	assert_true(leases_know(old, "gone.example"));
	leases_free(old);
	place.leases = judged;

	assert_false(leases_know(judged, "gone.example"));
	assert_int_equal(left(&place, "a.example", 2), -1);
	assert_int_equal(left(&place, "a.example", 1), 3600000);
	assert_int_equal(left(&place, "lapsed.example", 5), 0);
	assert_int_equal(leases_count(judged).names, 2);
	assert_int_equal(leases_count(judged).elements, 2);
	place.ops.count = 0;
	assert_int_equal(leases_elements(judged, place.now, &place.ops, &err), 0);
	assert_int_equal(place.ops.count, 2);
	assert_added(&place, 0, 1, 1, 3600000, false);
	assert_added(&place, 1, 1, 2, 3600000, false);
}

/* Once each, with the latest end. */
static void elements_are_what_live_leases_open(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct error err;

	(void)state;
	learn(&place, "a.example", 1, 1, 3, 3600);
	learn(&place, "b.example", 1, 1, 6, 60);
	learn(&place, "c.example", 1, 1, 4, 60);
	learn(&place, "d.example", 2, 1, 1, 60);
	place.now += 1000;
	place.ops.count = 0;
	assert_int_equal(leases_elements(place.leases, place.now, &place.ops, &err), 0);
	assert_int_equal(place.ops.count, 4);
	assert_added(&place, 0, 1, 0, 3659000, false);
	assert_added(&place, 1, 1, 1, 3659000, false);
	assert_added(&place, 2, 1, 2, 359000, false);
	assert_added(&place, 3, 2, 0, 359000, false);
	/* Also where nobody has said yet that time has passed. */
	place.now += 359000;
	place.ops.count = 0;
	assert_int_equal(leases_elements(place.leases, place.now, &place.ops, &err), 0);
	assert_int_equal(place.ops.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lease_lasts_as_the_ttl_says_within_bounds),
		cmocka_unit_test(ends_are_rounded_up_to_a_second),
		cmocka_unit_test(asking_again_costs_nothing),
		cmocka_unit_test(told_is_what_every_address_lasts),
		cmocka_unit_test(an_element_lives_until_the_latest_of_its_leases),
		cmocka_unit_test(a_lease_by_the_grace_of_another_ends_with_it),
		cmocka_unit_test(expiry_only_moves_forward),
		cmocka_unit_test(an_address_not_in_the_answer_is_extended_for_an_hour),
		cmocka_unit_test(an_empty_answer_extends_and_makes_no_name),
		cmocka_unit_test(what_has_lapsed_stays_closed_until_it_is_seen),
		cmocka_unit_test(families_are_different_addresses),
		cmocka_unit_test(operations_are_appended),
		cmocka_unit_test(what_the_kernel_refused_is_sent_again),
		cmocka_unit_test(what_was_to_be_new_is_open_for_nobody),
		cmocka_unit_test(a_refused_extension_leaves_the_others),
		cmocka_unit_test(without_memory_the_name_is_forgotten),
		cmocka_unit_test(leases_come_by_name_then_address),
		cmocka_unit_test(an_address_is_called_by_who_had_it_last),
		cmocka_unit_test(a_new_policy_keeps_what_it_still_opens),
		cmocka_unit_test(elements_are_what_live_leases_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
