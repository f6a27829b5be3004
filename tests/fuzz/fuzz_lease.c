#include "tests/unit/lease_world.h"

/* The bytes say who asks for what, when, how the answers look and what the kernel refuses. The
 * first one chooses the room there is. */

static uint32_t take(struct world *world, uint32_t below)
{
	return world->at < world->end ? *world->at++ % below : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct world world = { .draw = take, .at = bytes, .end = bytes + length };
	uint32_t room;

	if (length == 0)
		return 0;
	room = take(&world, 64);
	world.limits = (struct lease_limits){
		.name_addrs = room & 1 ? 3 : 1000,
		.addr_names = room & 2 ? 2 : 16,
		.elements = room & 4 ? 9 : 65536,
		.names = room & 8 ? 2 : 65536,
		.live = room & 16 ? 4 : 65536,
		.lapsed = room & 32 ? 2 : 4096,
	};
	world_begin(&world);
	while (world.at < world.end)
		world_step(&world);
	leases_free(world.leases);
	return 0;
}
