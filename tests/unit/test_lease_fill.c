#include "tests/unit/lease_place.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "lib/host.h"

/* Tables as full as they get: the limits of lease.h hold, and what it costs is printed. */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *name_of(uint32_t i)
{
	static char host[HOST_TEXT];

	snprintf(host, sizeof(host), "host-%06u.cdn.example.com", i);
	return host;
}

/* What the table holds, texts aside. */
static size_t bytes_of(const struct leases *leases)
{
	return leases->by_addr.used * sizeof(struct record) +
	       leases->by_host.used * sizeof(struct name) +
	       (leases->by_addr.mask + 1ul + leases->by_host.mask + 1ul) *
		       sizeof(uint32_t) +
	       sizeof(*leases);
}

static void ten_thousand_names_take_a_hundred_bytes_each(void **state)
{
	struct mallinfo2 before = mallinfo2(), after;
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		learn(&place, name_of(i), i, 1, 1, 60);
	after = mallinfo2();
	print_message("10,000 names: %zu bytes in use; malloc: %zu\n",
		      bytes_of(place.leases),
		      after.uordblks + after.hblkhd - before.uordblks - before.hblkhd);
	assert_int_equal(leases_count(place.leases).live, 10000);
	assert_true(bytes_of(place.leases) <= 10000 * 100 + sizeof(struct leases));
}

static void more_addresses_than_the_sets_hold(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	struct lease_counts counts;
	size_t removed = 0;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		learn(&place, name_of(i), i * 200, 200, 1, 60);
		for (size_t j = 0; j < place.ops.count; j++)
			removed += place.ops.v[j].remove;
	}
	counts = leases_count(place.leases);
	assert_int_equal(counts.elements, LEASE_ADDRS);
	assert_int_equal(counts.live, LEASE_ADDRS);
	assert_int_equal(removed, 500 * 200 - LEASE_ADDRS);
	assert_int_equal(counts.evicted, removed);
	/* The oldest are gone, to the last address. */
	assert_false(leases_know(place.leases, name_of(171)));
	assert_true(leases_know(place.leases, name_of(172)));
	assert_int_equal(left(&place, name_of(172), 172 * 200 + 63), -1);
	assert_int_equal(left(&place, name_of(172), 172 * 200 + 64), 360000);
}

static void more_names_than_there_is_room_for(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	/* 16 names for each address; the first one is asked for again and again. */
	for (uint32_t i = 0; i < 70000; i++) {
		learn(&place, name_of(i), i / 16, 1, 1, 60);
		if (i % 1000 == 0)
			learn(&place, name_of(0), 0, 1, 1, 60);
	}
	print_message("65,536 names: %zu bytes\n", bytes_of(place.leases));
	assert_int_equal(leases_count(place.leases).names, LEASE_NAMES);
	assert_true(leases_know(place.leases, name_of(0)));
	assert_false(leases_know(place.leases, name_of(70000 - LEASE_NAMES)));
	assert_true(leases_know(place.leases, name_of(70001 - LEASE_NAMES)));
	place.now += 361000;
	leases_expire(place.leases, place.now);
	assert_int_equal(leases_count(place.leases).lapsed, LEASE_LAPSED);
	assert_int_equal(leases_count(place.leases).names, LEASE_LAPSED);
	assert_int_equal(leases_count(place.leases).elements, 0);
}

static void more_leases_than_there_is_room_for(void **state)
{
	struct place place CLEANUP(place_release) = place_new();

	(void)state;
	for (uint32_t i = 0; i < 16 * 40; i++)
		learn(&place, name_of(i), i / 16 * 256, 256, 1, 60);
	print_message("131,072 leases: %zu bytes\n", bytes_of(place.leases));
	assert_int_equal(leases_count(place.leases).live, LEASE_LIVE);
	assert_true(bytes_of(place.leases) < 10000000);
}

static void report(const char *what, double start, uint32_t count)
{
	print_message("%s: %.3f us each\n", what, (seconds() - start) / count * 1e6);
}

static void prints_what_a_reply_costs(void **state)
{
	struct place place CLEANUP(place_release) = place_new();
	const uint32_t names = 50000, rounds = 4;
	char(*hosts)[HOST_TEXT] = calloc(names, sizeof(*hosts));
	double start;

	(void)state;
	assert_non_null(hosts);
	for (uint32_t i = 0; i < names; i++)
		memcpy(hosts[i], name_of(i), HOST_TEXT);
	start = seconds();
	for (uint32_t i = 0; i < names; i++)
		learn(&place, hosts[i], i, 1, 1, 60);
	report("all new", start, names);
	for (uint32_t some = 100; some <= names; some *= names / 100) {
		start = seconds();
		for (uint32_t i = 0; i < rounds * names; i++)
			learn(&place, hosts[i % some], i % some, 1, 1, 60);
		report(some == 100 ? "steady, 100 names" : "steady, 50,000 names", start,
		       rounds * names);
	}
	place.now += 300000;
	start = seconds();
	for (uint32_t i = 0; i < names; i++)
		learn(&place, hosts[i], i, 1, 1, 60);
	report("extended", start, names);
	learn(&place, "wide.example", 900000, 256, 1, 60);
	start = seconds();
	for (uint32_t i = 0; i < 1000; i++)
		learn(&place, "wide.example", 900000, 256, 1, 60);
	report("steady, 256 addresses", start, 1000);
	place.now += 400000;
	start = seconds();
	leases_expire(place.leases, place.now);
	report("lapsed", start, names);
	free(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_names_take_a_hundred_bytes_each),
		cmocka_unit_test(more_addresses_than_the_sets_hold),
		cmocka_unit_test(more_names_than_there_is_room_for),
		cmocka_unit_test(more_leases_than_there_is_room_for),
		cmocka_unit_test(prints_what_a_reply_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
