#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/arena.h"

/* Texts of every length beside values, over many blocks: none runs into another. */
static void texts_and_values_stay_apart(void **state)
{
	enum { COUNT = 5000 };
	static char *texts[COUNT];
	static uint64_t *values[COUNT];
	CLEANUP(arena_freep) struct arena *arena = arena_new(0);
	char text[100];

	(void)state;
	assert_non_null(arena);
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < COUNT; i++) {
		texts[i] = arena_strndup(arena, text, i % sizeof(text));
		values[i] = arena_alloc(arena, (i % 5 + 1) * sizeof(**values));
		assert_non_null(texts[i]);
		assert_non_null(values[i]);
		assert_int_equal((uintptr_t)values[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j <= i % 5; j++) {
			assert_int_equal(values[i][j], 0);
			values[i][j] = i;
		}
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(strlen(texts[i]), i % sizeof(text));
		assert_int_equal(strspn(texts[i], "x"), i % sizeof(text));
		for (size_t j = 0; j <= i % 5; j++)
			assert_int_equal(values[i][j], i);
	}
}

/* A policy has thousands of names of 20 bytes. */
static void a_text_takes_its_bytes_and_no_more(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(0);
	const char *first, *second, *third;

	(void)state;
	assert_non_null(arena);
	first = arena_strndup(arena, "a.example", 9);
	second = arena_printf(arena, "%s", "b.example.com");
	third = arena_strndup(arena, "c", 1);
	assert_int_equal(labs(first - second), sizeof("b.example.com"));
	assert_int_equal(labs(second - third), sizeof("c"));
}

static void the_limit_holds_for_texts_too(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(100000);
	static const char text[80000];
	size_t room = 0;

	(void)state;
	assert_non_null(arena);
	assert_null(arena_strndup(arena, text, SIZE_MAX / 2 + 1));
	while (room < 200000 && arena_strndup(arena, text, 999))
		room += 1000;
	assert_in_range(room, 60000, 100000);
	assert_null(arena_strndup(arena, text, sizeof(text) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_values_stay_apart),
		cmocka_unit_test(a_text_takes_its_bytes_and_no_more),
		cmocka_unit_test(the_limit_holds_for_texts_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
