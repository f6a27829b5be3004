#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lease_world.h"

#define ROUNDS 12
#define STEPS 1000

static uint32_t draw(struct world *world, uint32_t below)
{
	world->seed = world->seed * 1664525u + 1013904223u;
	return (world->seed >> 10) % below;
}

/* Adds what happened to `sum`, so that a world where nothing does is noticed. */
static void run(const struct lease_limits *limits, uint32_t seed, struct world *sum)
{
	struct world world = { .draw = draw, .seed = seed, .limits = *limits };

	world_begin(&world);
	for (int i = 0; i < STEPS; i++)
		world_step(&world);
	sum->told += world.told;
	sum->silent += world.silent;
	sum->refused += world.refused;
	sum->removed += world.removed;
	sum->shortened += world.shortened;
	sum->evicted += world.evicted;
	leases_free(world.leases);
}

static void with_room_for_all_every_promise_holds(void **state)
{
	static const struct lease_limits wide = { 1000, 16, 65536, 65536, 131072, 4096 };
	struct world sum = { 0 };

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++)
		run(&wide, i, &sum);
	assert_int_equal(sum.evicted, 0);
	assert_int_equal(sum.removed, 0);
	assert_int_equal(sum.shortened, 0);
	assert_true(sum.told > ROUNDS * STEPS / 4);
	assert_true(sum.silent > ROUNDS * STEPS / 50);
	assert_true(sum.refused > ROUNDS);
}

/* Each limit alone, and all together. */
static void without_room_only_evictions_break_a_promise(void **state)
{
	static const struct lease_limits tight[] = {
		{ 3, 16, 65536, 65536, 131072, 4096 },
		{ 1000, 2, 65536, 65536, 131072, 4096 },
		{ 1000, 16, 9, 65536, 131072, 4096 },
		{ 1000, 16, 65536, 2, 131072, 4096 },
		{ 1000, 16, 65536, 65536, 4, 4096 },
		{ 1000, 16, 65536, 65536, 131072, 2 },
		{ 3, 2, 9, 3, 5, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tight); i++) {
		struct world sum = { 0 };

		for (uint32_t j = 0; j < ROUNDS / 2; j++)
			run(&tight[i], j, &sum);
		assert_true(sum.told > ROUNDS / 2 * STEPS / 4);
		assert_true((sum.evicted > ROUNDS) == (tight[i].lapsed != 2));
		assert_true((sum.removed > 0) == (sum.evicted > 0));
		/* A lease that others outlive goes without an operation. */
		if (tight[i].addr_names == 16 && sum.evicted)
			assert_true(sum.shortened > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_room_for_all_every_promise_holds),
		cmocka_unit_test(without_room_only_evictions_break_a_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
