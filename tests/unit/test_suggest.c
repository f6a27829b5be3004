#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "lib/suggest.h"

/* What tests/golden/suggest cannot say: what no reader of a record lets through, and much of it. */

static const struct site nowhere;

static struct refusal row(const char *name, const char *addr, uint16_t port)
{
	struct refusal row = {
		.count = 1,
		.audit = true,
		.has_addr = true,
		.protocol = IPPROTO_TCP,
		.port = port,
		.name_count = name != NULL,
		.names = { name },
	};

	assert_true(addr_parse(addr, strlen(addr), &row.addr));
	return row;
}

/* The caller frees. */
static char *suggest(const struct refusal *rows, size_t count, bool wildcards)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	const struct suggestion suggestion = {
		.site = &nowhere,
		.rows = rows,
		.row_count = count,
		.wildcards = wildcards,
	};
	struct buf text = { 0 };
	struct error err;

	assert_non_null(arena);
	assert_int_equal(suggest_print(&suggestion, arena, &text, &err), 0);
	return text.data;
}

static void assert_says(char *text, const char *part, bool says)
{
	if (!strstr(text, part) != !says)
		fail_msg("%s '%s':\n%s", says ? "no" : "a", part, text);
}

static void texts_stay_in_their_comments(void **state)
{
	struct refusal rows[] = {
		row("a.example", "93.184.216.1", 443),
		row("b.example", "93.184.216.2", 443),
		row("c.example\n    - preset: lan", "93.184.216.3", 443),
		row(NULL, "93.184.216.4", 443),
	};
	char *text;

	(void)state;
	strcpy(rows[0].program, "x\n    - y.z");
	strcpy(rows[1].program, "\x1b[2J");
	rows[1].names[1] = "d\r\n- e";
	rows[1].name_count = 2;
	text = suggest(rows, ARRAY_SIZE(rows), false);
	assert_says(text, "\n    - a.example:443/tcp  # once\n", true);
	assert_says(text, "\n    - b.example:443/tcp  # once\n", true);
	assert_says(text, "\n    - 93.184.216.3:443/tcp  # once\n", true);
	assert_says(text, "preset", false);
	assert_says(text, "y.z", false);
	assert_says(text, "\x1b", false);
	assert_says(text, "\r", false);
	free(text);
}

static void the_order_of_the_rows_does_not_matter(void **state)
{
	struct refusal rows[] = {
		row("b.example.com", "93.184.216.1", 443),
		row("a.example.com", "93.184.216.2", 443),
		row("a.example.com", "93.184.216.1", 80),
		row("c.example.com", "93.184.216.3", 443),
		row(NULL, "93.184.216.9", 443),
		row(NULL, "93.184.216.8", 443),
		row("d.example.com", "93.184.216.1", 443),
		row("example.com", "93.184.216.1", 443),
	};
	char *first = suggest(rows, ARRAY_SIZE(rows), true);

	(void)state;
	assert_says(first, "    - .example.com:443/tcp", true);
	for (size_t i = 0; i < ARRAY_SIZE(rows) / 2; i++) {
		struct refusal other = rows[ARRAY_SIZE(rows) - 1 - i];
		char *text;

		rows[ARRAY_SIZE(rows) - 1 - i] = rows[i];
		rows[i] = other;
		text = suggest(rows, ARRAY_SIZE(rows), true);
		assert_string_equal(text, first);
		free(text);
	}
	free(first);
}

/* A scan of ports is no line; 256 is what a line can list. */
static void a_line_lists_so_many_ports(void **state)
{
	struct refusal rows[ENTRY_PORTS_MAX + 1];
	char *text;

	(void)state;
	for (uint16_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = row("a.example", "93.184.216.1", 1000 + 2 * i);
	text = suggest(rows, ENTRY_PORTS_MAX, false);
	assert_says(text, "\n    - { host: a.example, ports: [1000/tcp, 1002/tcp", true);
	free(text);
	text = suggest(rows, ARRAY_SIZE(rows), false);
	assert_says(text, "\n    # - a.example  # 257 times; more ports than", true);
	free(text);
}

static void counts_have_an_end(void **state)
{
	struct refusal rows[] = {
		row("a.example", "93.184.216.1", 443),
		row("a.example", "93.184.216.1", 80),
	};
	char *text;

	(void)state;
	rows[0].count = rows[1].count = UINT64_MAX - 1;
	text = suggest(rows, ARRAY_SIZE(rows), false);
	assert_says(text, "  # 18446744073709551615 times\n", true);
	free(text);
}

/* Twice as many rows as a record holds, each with other ports, take no more than a moment. */
static void many_rows_are_bounded(void **state)
{
	static char names[20000][32];
	struct refusal *rows = calloc(ARRAY_SIZE(names), sizeof(*rows));
	char *text;

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu.z%zu.example.com", i, i / 3);
		rows[i] = row(names[i], "93.184.216.1", (uint16_t)(1 + i / 3));
	}
	text = suggest(rows, ARRAY_SIZE(names), true);
	assert_says(text, "    - \"*.z7.example.com:8/tcp\"", true);
	free(text);
	free(rows);
}

/* Seventeen would be a policy that is refused. */
static void a_domain_gets_so_many_wildcards(void **state)
{
	static char names[3 * 17][32];
	struct refusal rows[ARRAY_SIZE(names)];
	size_t wildcards = 0;
	char *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu.example.com", i);
		rows[i] = row(names[i], "93.184.216.1", (uint16_t)(1000 + 2 * (i / 3)));
	}
	text = suggest(rows, ARRAY_SIZE(rows), true);
	for (const char *at = text; (at = strstr(at, "\n    - \"*.")); at++)
		wildcards++;
	assert_int_equal(wildcards, 8);
	assert_says(text, "\n    - n50.example.com:1032/tcp", true);
	free(text);
}

/* It was cut by the operator's `deny`; as a line of the operator's it would not be. And it stays in
 * force, by its own file. */
static void what_a_project_says_does_not_become_the_operators(void **state)
{
	static const char *const texts[LAYER_COUNT] = {
		[LAYER_PROFILE] = "network:\n  policy: audit\n  allow: [a.example]\n"
				  "  deny: [10.0.0.0/8, .corp.example]\n",
		[LAYER_PROJECT] = "network:\n  allow: [a.example, b.example, c.example,\n"
				  "    10.1.2.3, x.corp.example]\n  deny: [192.0.2.7]\n",
		[LAYER_FLAGS] = "network:\n  allow: [c.example]\n",
	};
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct layer layers[LAYER_COUNT], *given[LAYER_COUNT] = { 0 };
	struct refusal seen = row("d.example", "93.184.216.1", 443);
	struct notes notes = { 0 };
	struct policy policy;
	struct suggestion suggestion = {
		.policy = &policy, .site = &nowhere, .rows = &seen, .row_count = 1
	};
	struct buf text = { 0 };
	struct error err;

	(void)state;
	for (int i = 0; i < LAYER_COUNT; i++) {
		if (!texts[i])
			continue;
		given[i] = &layers[i];
		layer_init(given[i], (enum layer_kind)i, "x.yml");
		assert_int_equal(layer_parse(given[i], texts[i], strlen(texts[i]), arena,
					     &notes, &err),
				 0);
	}
	assert_int_equal(policy_merge(given, arena, &notes, &policy, &err), 0);
	assert_int_equal(suggest_print(&suggestion, arena, &text, &err), 0);
	assert_says(text.data, "\n    - a.example", true);
	assert_says(text.data, "\n    - c.example", true);
	assert_says(text.data, "\n    - d.example:443/tcp", true);
	assert_says(text.data, "b.example", false);
	assert_says(text.data, "10.1.2.3", false);
	assert_says(text.data, "x.corp.example", false);
	assert_says(text.data, "192.0.2.7", false);
	assert_says(text.data, "project allows and denies stays in its own file", true);
	buf_release(&text);
	for (int i = 0; i < LAYER_COUNT; i++)
		if (given[i])
			layer_release(given[i]);
	notes_release(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_stay_in_their_comments),
		cmocka_unit_test(the_order_of_the_rows_does_not_matter),
		cmocka_unit_test(a_line_lists_so_many_ports),
		cmocka_unit_test(counts_have_an_end),
		cmocka_unit_test(many_rows_are_bounded),
		cmocka_unit_test(a_domain_gets_so_many_wildcards),
		cmocka_unit_test(what_a_project_says_does_not_become_the_operators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
