#include <stdlib.h>
#include <string.h>

#include "lib/answers.h"
#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* What was read prints, reads again and prints the same. */
static void check_answers(const char *text, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(0);
	struct buf first CLEANUP(buf_release) = { 0 },
			 second CLEANUP(buf_release) = { 0 };
	struct answers answers;
	struct error err;

	require(arena);
	if (answers_parse(text, size, "answers", arena, &answers, &err) < 0) {
		require(err.kind == ERROR_POLICY);
		return;
	}
	buf_puts(&first, "");
	buf_puts(&second, "");
	answers_print(&answers, &first);
	for (size_t i = 0; i < answers.count; i++)
		require(answers_find(&answers, answers.v[i].host) == &answers.v[i]);
	require(answers_parse(first.data, first.length, "print", arena, &answers, &err) ==
		0);
	answers_print(&answers, &second);
	require(strcmp(first.data, second.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct site site = { 0 };

	if (size == 0)
		return 0;
	check_answers((const char *)data, size);
	site_parse_resolv_conf(&site, (const char *)data, size);
	require(site.resolver_count <= SITE_MAX);
	return 0;
}
