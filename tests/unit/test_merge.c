#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/merge_world.h"

/* Merging and precedence against a model written from DESIGN §3's words alone. A failure prints SEED=,
 * which repeats its round as the first. */

#define ROUNDS 600

static uint64_t seed;

static uint32_t draw(void *context, uint32_t below)
{
	(void)context;
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

static void what_is_open_is_what_the_words_say(void **state)
{
	const char *wanted = getenv("SEED");
	unsigned started = 0;

	(void)state;
	seed = wanted ? strtoull(wanted, NULL, 0) : 1;
	for (int round = 0; round < ROUNDS; round++) {
		struct mm_world world = { .draw = draw };
		unsigned long long before = seed;
		struct mm_real real;
		bool refused;
		const char *differs = mm_round(&world, &real, &refused);

		if (differs)
			fail_msg("SEED=%#llx: %s\n%s", before, differs, real.text.data);
		mm_real_release(&real);
		started += !refused;
	}
	/* Most rounds say something about points. */
	assert_in_range(started, ROUNDS / 3, ROUNDS * 9 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_open_is_what_the_words_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
