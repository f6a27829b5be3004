#include <string.h>

#include "lib/counts.h"
#include "lib/macros.h"
#include "tests/fuzz/fuzz.h"

/* The elements of the fence's counting sets, as a dump has them: what is read is sorted, each of it is
 * found, no more than the bytes can hold, and half of the messages give no more than all. */

#define ELEMENT_MIN 48u /* no element with a key and a counter is shorter */

static size_t read_all(const void *bytes, size_t length)
{
	struct counts counts CLEANUP(counts_release) = { 0 };
	size_t count;
	struct error err;

	PROMISE(counts_read(bytes, length, &counts, &err) == 0);
	for (size_t i = 0; i < counts.count; i++) {
		const struct count *found = counts_find(&counts, &counts.v[i].to);

		PROMISE(counts.v[i].to.value <= addr_max(counts.v[i].to.family));
		PROMISE(counts.v[i].seen == 0);
		PROMISE(found && addr_compare(&found->to, &counts.v[i].to) == 0);
		PROMISE(i == 0 ||
			addr_compare(&counts.v[i - 1].to, &counts.v[i].to) <= 0);
	}
	count = counts.count;
	PROMISE(count <= length / ELEMENT_MIN);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	/* Aligned, as they are received, and not a byte more. */
	uint32_t *copy = malloc(length + 1);
	size_t all;

	PROMISE(copy);
	memcpy(copy, bytes, length);
	all = read_all(copy, length);
	PROMISE(read_all(copy, length / 2) <= all);
	free(copy);
	return 0;
}
