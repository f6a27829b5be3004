#include <string.h>

#include "lib/answers.h"
#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/site.h"
#include "tests/fuzz/fuzz.h"

/* hosts(5) and resolv.conf(5) lines: no crash. */

/* What was read prints, reads again and prints the same. */
static void check_answers(const char *text, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(0);
	struct buf first CLEANUP(buf_release) = { 0 },
			 second CLEANUP(buf_release) = { 0 };
	struct answers answers;
	struct error err;

	PROMISE(arena);
	if (answers_parse(text, size, "answers", arena, &answers, &err) < 0) {
		PROMISE(err.kind == ERROR_POLICY);
		return;
	}
	buf_puts(&first, "");
	buf_puts(&second, "");
	answers_print(&answers, &first);
	for (size_t i = 0; i < answers.count; i++)
		PROMISE(answers_find(&answers, answers.v[i].host) == &answers.v[i]);
	PROMISE(answers_parse(first.data, first.length, "print", arena, &answers, &err) ==
		0);
	answers_print(&answers, &second);
	PROMISE(strcmp(first.data, second.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct site site = { 0 };

	if (size == 0)
		return 0;
	check_answers((const char *)data, size);
	site_parse_resolv_conf(&site, (const char *)data, size);
	PROMISE(site.resolver_count <= SITE_MAX);
	return 0;
}
