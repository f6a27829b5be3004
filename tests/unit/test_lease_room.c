#include "tests/unit/lease_place.h"

static struct place place_limited(struct lease_limits limits)
{
	static const struct lease_limits wide = { 1000, 16, 65536, 65536, 131072, 4096 };
	struct place place = { .now = 5000000 };
	uint32_t *own = &limits.name_addrs;
	const uint32_t *rest = &wide.name_addrs;

	for (size_t i = 0; i < sizeof(limits) / sizeof(*own); i++)
		own[i] = own[i] ? own[i] : rest[i];
	place.leases = leases_new_limited(place_key, &limits);
	assert_non_null(place.leases);
	return place;
}

/* What makes room comes first. */
static void a_name_loses_the_address_seen_longest_ago(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .name_addrs = 3 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	learn(&place, "a.example", 2, 1, 3, 60);
	learn(&place, "a.example", 3, 1, 1, 60);
	learn(&place, "a.example", 1, 1, 1, 60);
	learn(&place, "a.example", 4, 1, 1, 60);
	assert_int_equal(place.ops.count, 3);
	assert_removed(&place, 0, 2, 0);
	assert_removed(&place, 1, 2, 1);
	assert_added(&place, 2, 4, 0, 360000, false);
	assert_int_equal(left(&place, "a.example", 2), -1);
	assert_int_equal(leases_count(place.leases).evicted, 1);
	assert_int_equal(leases_count(place.leases).elements, 3);
}

static void a_reply_never_makes_room_for_itself(void **state)
{
	static const struct lease_limits tiny[] = {
		{ .name_addrs = 2 }, { .elements = 3 }, { .live = 2 }, { .names = 1 }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tiny); i++) {
		struct place place CLEANUP(place_release) = place_limited(tiny[i]);

		learn(&place, "a.example", 1, 3, 3, 60);
		learn(&place, "b.example", 11, 3, 3, 60);
		for (uint32_t addr = 11; addr < 14; addr++)
			assert_int_equal(left(&place, "b.example", addr), 360000);
		/* An address that it had before goes, though. */
		learn(&place, "b.example", 12, 3, 3, 60);
		for (uint32_t addr = 12; addr < 15; addr++)
			assert_int_equal(left(&place, "b.example", addr), 360000);
		assert_int_equal(left(&place, "b.example", 11),
				 tiny[i].names ? 360000 : -1);
	}
}

static void an_address_loses_the_name_asked_for_longest_ago(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .addr_names = 2 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	place.now += 1000;
	learn(&place, "b.example", 1, 1, 3, 60);
	place.now += 1000;
	learn(&place, "a.example", 1, 1, 1, 60);
	learn(&place, "c.example", 1, 1, 1, 60);
	/* What others justify stays: c took over until when. */
	assert_int_equal(place.ops.count, 1);
	assert_removed(&place, 0, 1, 1);
	assert_false(leases_know(place.leases, "b.example"));
	assert_int_equal(left(&place, "a.example", 1), 358000);
	assert_int_equal(left(&place, "c.example", 1), 359000);
}

/* A lapsed one opens nothing: it goes before a live one. */
static void an_address_loses_a_lapsed_name_first(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .addr_names = 2 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 3600);
	learn(&place, "b.example", 1, 1, 1, 60);
	place.now += 361000;
	/* Asked for, but not for that address. */
	learn(&place, "b.example", 2, 1, 1, 60);
	learn(&place, "c.example", 1, 1, 1, 60);
	assert_int_equal(place.ops.count, 0);
	assert_int_equal(left(&place, "a.example", 1), 3660000 - 361000);
	assert_int_equal(left(&place, "b.example", 1), -1);
	assert_int_equal(leases_count(place.leases).evicted, 0);
}

static void the_name_asked_for_longest_ago_makes_room(void **state)
{
	static const struct lease_limits tight[] = { { .elements = 4 },
						     { .live = 4 },
						     { .names = 4 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tight); i++) {
		struct place place CLEANUP(place_release) = place_limited(tight[i]);

		learn(&place, "a.example", 1, 1, 1, 60);
		learn(&place, "b.example", 2, 1, 1, 60);
		learn(&place, "c.example", 3, 1, 1, 60);
		learn(&place, "d.example", 4, 1, 1, 60);
		learn(&place, "a.example", 1, 1, 1, 60);
		learn(&place, "e.example", 5, 1, 1, 60);
		assert_int_equal(place.ops.count, 2);
		assert_removed(&place, 0, 2, 0);
		assert_added(&place, 1, 5, 0, 360000, false);
		assert_false(leases_know(place.leases, "b.example"));
		learn(&place, "f.example", 6, 1, 1, 60);
		assert_removed(&place, 0, 3, 0);
		assert_int_equal(leases_count(place.leases).evicted, 2);
		assert_int_equal(leases_count(place.leases).names, 4);
	}
}

/* Of a name that goes bit by bit, too, the address seen longest ago is first. */
static void of_that_name_the_address_seen_longest_ago(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .elements = 3 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	learn(&place, "a.example", 2, 1, 1, 60);
	learn(&place, "a.example", 1, 1, 1, 60);
	learn(&place, "b.example", 3, 2, 1, 60);
	assert_removed(&place, 0, 2, 0);
	assert_int_equal(left(&place, "a.example", 1), 360000);
}

static void an_evicted_lease_closes_nothing_that_another_opens(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .names = 3 });

	(void)state;
	learn(&place, "a.example", 1, 1, 3, 3600);
	learn(&place, "b.example", 1, 1, 1, 60);
	place.now += 100000;
	learn(&place, "b.example", 2, 1, 1, 60);
	learn(&place, "c.example", 3, 1, 1, 60);
	learn(&place, "d.example", 4, 1, 1, 60);
	/* a goes: b keeps the class it has until its own end. */
	assert_int_equal(place.ops.count, 3);
	assert_true(op_at(&place, 0, 1, 0)->shorter);
	assert_true(place.ops.v[0].refresh);
	assert_false(place.ops.v[0].remove);
	assert_int_equal(place.ops.v[0].timeout_ms, left(&place, "b.example", 1));
	assert_int_equal(place.ops.v[0].timeout_ms, 260000);
	assert_removed(&place, 1, 1, 1);
	assert_added(&place, 2, 4, 0, 360000, false);
	/* Undone: b has lost nothing. */
	leases_undo(place.leases, &place.ops);
	assert_int_equal(left(&place, "b.example", 1), 260000);
	assert_int_equal(left(&place, "d.example", 4), -1);
	assert_int_equal(leases_count(place.leases).elements, 3);
}

/* The kernel refuses to remove what is gone, and with it the whole reply. */
static void what_ends_in_a_moment_is_not_removed(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .names = 1 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 60);
	place.now += 358001;
	learn(&place, "b.example", 2, 1, 1, 60);
	assert_int_equal(place.ops.count, 1);
	assert_int_equal(leases_count(place.leases).elements, 1);
	/* It may still be there. */
	learn(&place, "c.example", 1, 1, 1, 60);
	assert_int_equal(place.ops.count, 2);
	assert_removed(&place, 0, 2, 0);
	assert_added(&place, 1, 1, 0, 360999, true);
}

static void the_first_to_lapse_is_forgotten_first(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .lapsed = 2 });

	(void)state;
	learn(&place, "b.example", 2, 1, 1, 301);
	learn(&place, "a.example", 1, 1, 1, 300);
	learn(&place, "c.example", 3, 1, 1, 302);
	learn(&place, "d.example", 4, 1, 1, 303);
	place.now += 362000;
	leases_expire(place.leases, place.now);
	assert_int_equal(leases_count(place.leases).lapsed, 2);
	assert_false(leases_know(place.leases, "a.example"));
	learn(&place, "e.example", 1, 1, 1, 60);
	assert_added(&place, 0, 1, 0, 360000, false);
	place.now += 1000;
	learn(&place, "f.example", 2, 1, 1, 60);
	assert_int_equal(leases_count(place.leases).lapsed, 2);
	assert_false(leases_know(place.leases, "b.example"));
	assert_int_equal(left(&place, "c.example", 3), 0);
	assert_int_equal(left(&place, "d.example", 4), 0);
	assert_int_equal(leases_count(place.leases).evicted, 0);
}

/* The kernel may still hold it: it began to count later. */
static void what_is_forgotten_just_after_its_end_is_in_doubt(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .lapsed = 1 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 300);
	learn(&place, "b.example", 2, 1, 1, 300);
	place.now += 360000;
	learn(&place, "c.example", 1, 1, 1, 60);
	assert_false(leases_know(place.leases, "a.example"));
	assert_added(&place, 0, 1, 0, 360000, true);
}

static void a_lapsed_lease_that_makes_room_is_in_doubt(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .names = 1 });

	(void)state;
	learn(&place, "a.example", 1, 1, 1, 300);
	place.now += 360000;
	learn(&place, "b.example", 2, 1, 1, 60);
	assert_false(leases_know(place.leases, "a.example"));
	learn(&place, "b.example", 1, 1, 1, 60);
	assert_added(&place, 0, 1, 0, 360000, true);
}

static uint32_t widen(void *context, const char *host, const struct addr *addr)
{
	(void)context, (void)host, (void)addr;
	return 3;
}

/* Each lease now has two elements where there is room for one each. */
static void a_new_policy_stays_within_the_limits(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .elements = 4 });
	struct lease_judge judge = { widen, NULL };
	struct leases *old = place.leases;

	(void)state;
	learn(&place, "a.example", 1, 2, 1, 300);
	learn(&place, "b.example", 3, 2, 1, 300);
	learn(&place, "a.example", 1, 2, 1, 300);
	place.leases = leases_rejudge(old, &judge, place.now);
	assert_non_null(place.leases);
	assert_int_equal(leases_count(old).live, 4);
	leases_free(old);
	assert_int_equal(leases_count(place.leases).elements, 4);
	assert_int_equal(leases_count(place.leases).live, 2);
	assert_int_equal(left(&place, "a.example", 1), 360000);
	assert_false(leases_know(place.leases, "b.example"));
}

/* The order in which they lapsed survives, too. */
static void a_new_policy_remembers_what_lapsed_first(void **state)
{
	struct place place CLEANUP(place_release) =
		place_limited((struct lease_limits){ .lapsed = 2 });
	struct lease_judge judge = { widen, NULL };
	struct leases *old = place.leases;

	(void)state;
	learn(&place, "b.example", 2, 1, 1, 301);
	learn(&place, "a.example", 1, 1, 1, 300);
	learn(&place, "c.example", 3, 1, 1, 900);
	place.now += 800000;
	leases_expire(old, place.now);
	place.leases = leases_rejudge(old, &judge, place.now);
	assert_non_null(place.leases);
	leases_free(old);
	place.now += 400000;
	leases_expire(place.leases, place.now);
	assert_false(leases_know(place.leases, "a.example"));
	assert_true(leases_know(place.leases, "b.example"));
	assert_true(leases_know(place.leases, "c.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_loses_the_address_seen_longest_ago),
		cmocka_unit_test(a_reply_never_makes_room_for_itself),
		cmocka_unit_test(an_address_loses_the_name_asked_for_longest_ago),
		cmocka_unit_test(an_address_loses_a_lapsed_name_first),
		cmocka_unit_test(the_name_asked_for_longest_ago_makes_room),
		cmocka_unit_test(of_that_name_the_address_seen_longest_ago),
		cmocka_unit_test(an_evicted_lease_closes_nothing_that_another_opens),
		cmocka_unit_test(what_ends_in_a_moment_is_not_removed),
		cmocka_unit_test(the_first_to_lapse_is_forgotten_first),
		cmocka_unit_test(what_is_forgotten_just_after_its_end_is_in_doubt),
		cmocka_unit_test(a_lapsed_lease_that_makes_room_is_in_doubt),
		cmocka_unit_test(a_new_policy_stays_within_the_limits),
		cmocka_unit_test(a_new_policy_remembers_what_lapsed_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
