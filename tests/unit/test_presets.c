#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/near.h"
#include "lib/presets.h"

static struct arena *arena;
static const struct preset *presets;
static size_t preset_count;

static int setup(void **state)
{
	struct error err = { 0 };

	(void)state;
	arena = arena_new(0);
	if (!arena)
		return -1;
	if (presets_load(arena, &presets, &preset_count, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const struct preset *found(const char *name)
{
	const char *nearest;
	const struct preset *preset = presets_find(presets, preset_count, name, &nearest);

	if (!preset)
		fail_msg("no preset '%s'", name);
	return preset;
}

static void has_the_promised_groups(void **state)
{
	static const char *const names[] = {
		"claude",   "openai",    "npm",      "pypi",   "go",     "cargo",
		"rubygems", "packagist", "maven",    "gradle", "nuget",  "github",
		"gitlab",   "debian",    "ubuntu",   "alpine", "vscode", "docker",
		"lan",      "metadata",  "attached",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct preset *preset = found(names[i]);

		assert_true(preset->count > 0);
		assert_true(strlen(preset->about) > 10);
	}
}

static void has_no_wildcards_and_nothing_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < preset_count; i++) {
		for (size_t j = 0; j < presets[i].count; j++) {
			const struct entry *entry = &presets[i].entries[j];

			assert_true(entry->kind != ENTRY_BELOW &&
				    entry->kind != ENTRY_SUBTREE);
			assert_ptr_equal(entry->preset, presets[i].name);
			for (size_t k = 0; k < j; k++)
				assert_string_not_equal(entry->text,
							presets[i].entries[k].text);
		}
	}
}

static void names_say_their_ports_and_something_is_required(void **state)
{
	(void)state;
	for (size_t i = 0; i < preset_count; i++) {
		size_t names = 0, required = 0;

		for (size_t j = 0; j < presets[i].count; j++) {
			const struct entry *entry = &presets[i].entries[j];

			names += entry->kind == ENTRY_NAME;
			required += entry->required;
			if (entry->kind == ENTRY_NAME)
				assert_true(entry->port_count > 0);
			else
				assert_false(entry->required);
		}
		if (names)
			assert_true(required > 0);
	}
}

/* What a name may not resolve to is what `metadata` and `lan` list. */
static void address_groups_agree_with_the_address_table(void **state)
{
	const struct preset *metadata = found("metadata"), *lan = found("lan");

	(void)state;
	for (size_t i = 0; i < metadata->count; i++)
		assert_int_equal(addr_scope(&metadata->entries[i].prefix.base),
				 ADDR_METADATA);
	for (size_t i = 0; i < lan->count; i++)
		assert_int_not_equal(addr_scope(&lan->entries[i].prefix.base),
				     ADDR_PUBLIC);
}

static void claude_carries_its_ranges_with_ports(void **state)
{
	const struct preset *preset = found("claude");
	size_t networks = 0;

	(void)state;
	assert_string_equal(preset->entries[0].host, "api.anthropic.com");
	assert_true(preset->entries[0].required);
	for (size_t i = 0; i < preset->count; i++) {
		const struct entry *entry = &preset->entries[i];

		networks += entry->kind == ENTRY_PREFIX;
		assert_int_equal(entry->ports[0].first, 443);
		assert_int_equal(entry->ports[0].last, 443);
	}
	assert_int_equal(networks, 2);
}

static void finds_the_nearest_name(void **state)
{
	const char *nearest;

	(void)state;
	assert_null(presets_find(presets, preset_count, "cluade", &nearest));
	assert_string_equal(nearest, "claude");
	assert_null(presets_find(presets, preset_count, "frobnicate", &nearest));
	assert_null(nearest);
	assert_null(presets_find(presets, preset_count, "", &nearest));
}

static void counts_slips(void **state)
{
	size_t distance = NEAR_NONE;

	(void)state;
	assert_true(near_better("alow", 4, "allow", &distance));
	assert_int_equal(distance, 1);
	assert_false(near_better("alow", 4, "alow2", &distance)); /* no nearer */
	distance = NEAR_NONE;
	assert_true(near_better("inobund", 7, "inbound", &distance));
	assert_int_equal(distance, 1); /* a swap */
	distance = NEAR_NONE;
	assert_true(near_better("dns", 3, "dns", &distance));
	assert_int_equal(distance, 0);
	distance = NEAR_NONE;
	assert_false(near_better("xy", 2, "ab", &distance)); /* nothing in common */
	assert_false(near_better("policy", 6, "network", &distance));
	assert_false(near_better("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 40, "a",
				 &distance));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_promised_groups),
		cmocka_unit_test(has_no_wildcards_and_nothing_twice),
		cmocka_unit_test(names_say_their_ports_and_something_is_required),
		cmocka_unit_test(address_groups_agree_with_the_address_table),
		cmocka_unit_test(claude_carries_its_ranges_with_ports),
		cmocka_unit_test(finds_the_nearest_name),
		cmocka_unit_test(counts_slips),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
