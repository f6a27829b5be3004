#include "tests/fuzz/input.h"
#include "tests/unit/merge_world.h"

/* Four layers, drawn by the bytes, merged by netpale and by the model of DESIGN's words. */

static uint32_t draw(void *context, uint32_t below)
{
	return take(context, below);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct input input = { bytes, bytes + length };
	struct mm_world world = { .draw = draw, .context = &input };
	struct mm_real real;
	bool refused;
	const char *differs = mm_round(&world, &real, &refused);

	if (differs)
		fprintf(stderr, "%s\n%s", differs, real.text.data);
	PROMISE(!differs);
	mm_real_release(&real);
	return 0;
}
