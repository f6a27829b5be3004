#include "lib/macros.h"
#include "lib/sweep.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* The arithmetic of intervals against arrays: the bytes are operations on three maps from the addresses
 * at one end of a family to sets of ports at one end of the line, and each is asked of every address and
 * point afterwards. */

#define ADDRS 16u
#define POINTS 12u
#define MAPS 3u

/* Which addresses and points those are. */
struct window {
	u128 addr;
	uint32_t point;
};

struct world {
	struct window window;
	struct portsets *table;
	struct spans spans[MAPS];
	uint16_t model[MAPS][ADDRS]; /* bit i: the point is in it */
};

static portset make(struct world *world, uint16_t bits)
{
	struct port_range ranges[POINTS];
	size_t count = 0;
	struct error err;
	portset id;

	/* Backwards, and each point by itself: the order is not ours to know. */
	for (uint32_t i = POINTS; i-- > 0;)
		if (bits >> i & 1)
			ranges[count++] = (struct port_range){ world->window.point + i,
							       world->window.point + i };
	PROMISE(portset_make(world->table, ranges, count, &id, &err) == 0);
	return id;
}

static void check(const struct world *world, size_t map)
{
	const struct spans *spans = &world->spans[map];

	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->v[i];

		PROMISE(span->first <= span->last && span->ports != PORTSET_EMPTY);
		PROMISE(i == 0 || span[-1].last < span->first);
		PROMISE(i == 0 || span[-1].last + 1 != span->first ||
			span[-1].ports != span->ports);
	}
	for (uint32_t i = 0; i < ADDRS; i++) {
		portset id = spans_at(spans, world->window.addr + i);

		for (uint32_t j = 0; j < POINTS; j++)
			PROMISE(portset_has(world->table, id, world->window.point + j) ==
				(world->model[map][i] >> j & 1));
	}
}

static void refill(struct world *world, struct input *input, size_t map)
{
	spans_release(&world->spans[map]);
	world->spans[map] = (struct spans){ 0 };
	for (uint32_t i = 0; i < ADDRS;) {
		uint32_t length = 1 + take(input, ADDRS);
		uint16_t bits = (uint16_t)((take(input, 256) | take(input, 256) << 8) &
					   ((1u << POINTS) - 1));
		u128 first = world->window.addr + i;

		length = length < ADDRS - i ? length : ADDRS - i;
		PROMISE(spans_add(&world->spans[map], first, first + length - 1,
				  make(world, bits)));
		for (; length > 0; length--)
			world->model[map][i++] = bits;
	}
}

static void step(struct world *world, struct input *input)
{
	size_t to = take(input, MAPS), with = (to + 1 + take(input, MAPS - 1)) % MAPS;
	bool minus = take(input, 2);
	struct error err;
	int result;

	if (take(input, 3) == 0) {
		refill(world, input, to);
		check(world, to);
		return;
	}
	if (minus)
		result = spans_minus(world->table, &world->spans[to], &world->spans[with],
				     &err);
	else
		result = spans_union(world->table, &world->spans[to], &world->spans[with],
				     &err);
	PROMISE(result == 0);
	for (size_t i = 0; i < ADDRS; i++)
		world->model[to][i] =
			minus ? (uint16_t)(world->model[to][i] & ~world->model[with][i])
			      : (uint16_t)(world->model[to][i] | world->model[with][i]);
	check(world, to);
	/* The union may have taken what it was given. */
	if (!minus)
		refill(world, input, with);
	check(world, with);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const u128 addrs[] = { 0, UINT32_MAX - ADDRS + 1, ~(u128)0 - ADDRS + 1,
				      ((u128)1 << 64) - ADDRS / 2 };
	static const uint32_t points[] = { 0, PORTSET_UDP - POINTS / 2,
					   PORTSET_LAST - POINTS + 1, 48 };
	struct input input = { bytes, bytes + length };
	struct world world = { .table = portsets_new() };

	PROMISE(world.table);
	world.window.addr = addrs[take(&input, ARRAY_SIZE(addrs))];
	world.window.point = points[take(&input, ARRAY_SIZE(points))];
	while (input.at < input.end)
		step(&world, &input);
	for (size_t i = 0; i < MAPS; i++)
		spans_release(&world.spans[i]);
	portsets_free(world.table);
	return 0;
}
