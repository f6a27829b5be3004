#include "lib/json.h"

#include <stdlib.h>

#include "lib/buf.h"

/* The hooks take no context. */
static bool starved;

static void *allocate(size_t size)
{
	void *bytes = malloc(size);

	starved |= !bytes;
	return bytes;
}

void json_watch(void)
{
	json_set_alloc_funcs(allocate, free);
}

bool json_starved(void)
{
	bool was = starved;

	starved = false;
	return was;
}

static int add(const char *bytes, size_t length, void *out)
{
	buf_add(out, bytes, length);
	return 0;
}

void json_starve(void)
{
	starved = true;
}

char *json_print(json_t *value, size_t flags)
{
	struct buf text = { 0 };

	/* json_dumps() leaves out the key of a member that it has no room for. */
	if (!value || json_dump_callback(value, add, &text, flags) < 0)
		text.failed = true;
	json_decref(value);
	if (json_starved() || text.failed)
		buf_release(&text);
	return text.data;
}
