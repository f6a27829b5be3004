#include "tests/unit/layer_bench.h"

static void expect_entry(const struct layer *layer, size_t index, const char *printed)
{
	struct buf out = { 0 };

	assert_true(index < layer->count);
	entry_print(&layer->entries[index], &out);
	assert_string_equal(out.data, printed);
	buf_release(&out);
}

static void reads_every_key(void **state)
{
	static const char text[] = "# a comment\n"
				   "network:\n"
				   "  policy: restricted\n"
				   "  allow:\n"
				   "    - api.anthropic.com\n"
				   "    - \"*.githubusercontent.com\"\n"
				   "    - .example.com\n"
				   "    - 10.20.0.0/16:8000-8999\n"
				   "    - \"[2001:db8::/32]:443\"\n"
				   "    - host: gitlab.corp.example\n"
				   "      ports: [443, 22/tcp]\n"
				   "      private: true\n"
				   "      required: true\n"
				   "    - { host: 192.0.2.0/24, ports: [80] }\n"
				   "  deny:\n"
				   "    - preset: metadata\n"
				   "    - 203.0.113.0/24\n"
				   "  dns: pinned\n"
				   "  inbound: [3000, 5173/tcp]\n"
				   "  host_gateway: true\n"
				   "  trust_project: tighten\n"
				   "isolation: true\n"
				   "state: persistent\n";
	struct bench *bench = read_text(LAYER_PROFILE, text);
	const struct layer *layer = &bench->layer;

	(void)state;
	assert_string_equal(note_text(bench, 0), "");
	assert_true(layer->has_network && layer->has_allow && layer->has_deny);
	assert_int_equal(layer->mode, MODE_RESTRICTED);
	assert_int_equal(layer->mode_origin.line, 3);
	assert_int_equal(layer->dns, STANCE_PINNED);
	assert_int_equal(layer->trust, TRUST_TIGHTEN);
	assert_true(layer->isolation);
	assert_int_equal(layer->inbound.kind, OPENING_PORTS);
	assert_int_equal(layer->inbound.port_count, 3);
	assert_int_equal(layer->host_gateway.kind, OPENING_OPEN);
	expect_entry(layer, 0, "api.anthropic.com");
	expect_entry(layer, 1, "*.githubusercontent.com");
	expect_entry(layer, 2, ".example.com");
	expect_entry(layer, 3, "10.20.0.0/16:8000-8999");
	expect_entry(layer, 4, "[2001:db8::/32]:443");
	expect_entry(layer, 5, "gitlab.corp.example:22/tcp,443");
	assert_true(layer->entries[5].private_ok && layer->entries[5].required);
	assert_int_equal(layer->entries[5].origin.line, 10);
	expect_entry(layer, 6, "192.0.2.0/24:80");
	assert_false(layer->entries[6].deny);
	assert_true(layer->entries[7].deny);
	assert_string_equal(layer->entries[7].preset, "metadata");
	assert_int_equal(layer->entries[7].origin.line, 16);
	expect_entry(layer, layer->count - 1, "203.0.113.0/24");
	done(bench);
}

static void empty_texts_are_no_policy(void **state)
{
	static const char *const texts[] = { "",
					     "\n",
					     "# nothing\n",
					     "---\n",
					     "~\n",
					     "{}\n",
					     "network:\n",
					     "profile: work\nenv: [A=b]\n",
					     "\xef\xbb\xbfprofile: x\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct bench *bench = read_text(LAYER_PROJECT, texts[i]);

		if (bench->result < 0)
			fail_msg("'%s': %s", texts[i], bench->err.text);
		assert_false(bench->layer.has_network);
		done(bench);
	}
}

static void a_list_without_lines_counts_as_given(void **state)
{
	struct bench *bench =
		read_text(LAYER_PROFILE, "network:\n  allow:\n    # - a.example\n");

	(void)state;
	assert_int_equal(bench->result, 0);
	assert_true(bench->layer.has_network && bench->layer.has_allow);
	assert_false(bench->layer.has_deny);
	done(bench);
}

static void anchors_and_aliases_are_accepted(void **state)
{
	struct bench *bench = read_text(LAYER_PROFILE, "x-ports: &web [80, 443]\n"
						       "network:\n"
						       "  policy: &mode restricted\n"
						       "  allow: &list\n"
						       "    - host: a.example\n"
						       "      ports: *web\n"
						       "    - host: b.example\n"
						       "      ports: *web\n"
						       "    - &c c.example\n"
						       "  deny: [*c]\n");

	(void)state;
	assert_string_equal(note_text(bench, 0), "");
	expect_entry(&bench->layer, 1, "b.example:80,443");
	assert_int_equal(bench->layer.entries[1].origin.line, 7);
	expect_entry(&bench->layer, 3, "c.example");
	assert_int_equal(bench->layer.entries[3].origin.line, 10);
	done(bench);
}

static void some_keys_belong_to_one_kind_of_file(void **state)
{
	struct bench *bench =
		read_text(LAYER_PROJECT, "merge: override\nnetwork:\n  policy: none\n");

	(void)state;
	assert_int_equal(bench->layer.merge, MERGE_OVERRIDE);
	assert_int_equal(bench->layer.merge_origin.line, 1);
	done(bench);
	bench = read_text(LAYER_PROFILE, "merge: override\n");
	assert_int_equal(bench->result, 0);
	assert_string_equal(
		note_text(bench, 0),
		"p.yml:1:8: merge is read in a project's file only; ignored here");
	done(bench);
	bench = read_text(LAYER_PROJECT, "isolation: true\n");
	assert_int_equal(bench->result, 0);
	assert_false(bench->layer.isolation);
	done(bench);
	bench = read_text(LAYER_PROJECT, "network:\n  trust_project: override\n");
	assert_non_null(strstr(note_text(bench, 0), "only a profile says how far"));
	done(bench);
}

static void presets_expand(void **state)
{
	struct bench *bench =
		read_text(LAYER_PROFILE, A "    - { preset: npm, required: true }\n"
					   "    - preset: npm\n"
					   "    - preset:attached\n");
	const struct layer *layer = &bench->layer;
	size_t half = (layer->count - 1) / 2;

	(void)state;
	assert_string_equal(note_text(bench, 0), "");
	assert_true(half >= 3);
	assert_true(layer->entries[0].required);
	assert_false(layer->entries[half - 1].required);
	assert_false(layer->entries[half].required);
	assert_string_equal(layer->entries[half].host, layer->entries[0].host);
	assert_ptr_equal(layer->entries[half].ports, layer->entries[0].ports);
	assert_int_equal(layer->entries[half].origin.line, 4);
	assert_int_equal(layer->entries[layer->count - 1].kind, ENTRY_ATTACHED);
	done(bench);
}

static void single_values_for_variables_and_flags(void **state)
{
	const struct origin at = { "NETPALE_ALLOW", 0, 0 };
	struct bench *bench = read_text(LAYER_FLAGS, "");
	struct layer *layer = &bench->layer;
	struct notes *notes = &bench->notes;

	(void)state;
	assert_int_equal(layer_add_list(layer, false, " ,, ", &at, bench->arena, notes),
			 0);
	assert_false(layer->has_allow || layer->has_network);
	assert_int_equal(
		layer_add_list(layer, false,
			       "a.example:443, 10.0.0.0/8\n[::1]:2,preset:attached", &at,
			       bench->arena, notes),
		0);
	assert_int_equal(layer->count, 4);
	assert_true(layer->has_allow && layer->has_network);
	assert_int_equal(
		layer_add_list(layer, true, "-,a.example,x:0", &at, bench->arena, notes),
		-1);
	assert_int_equal(notes->errors, 2);
	assert_int_equal(layer->count, 5);
	assert_int_equal(layer_set_mode(layer, "none", &at, notes), 0);
	assert_int_equal(layer_set_mode(layer, "nope", &at, notes), -1);
	assert_int_equal(layer_set_dns(layer, "guarded", &at, notes), 0);
	assert_int_equal(layer_set_dns(layer, "", &at, notes), -1);
	assert_int_equal(layer_set_trust(layer, "override", &at, notes), 0);
	assert_int_equal(layer_set_trust(layer, "Extend", &at, notes), -1);
	assert_string_equal(
		note_text(bench, 2),
		"NETPALE_ALLOW: expected full, audit, restricted or none, not "
		"'nope'; did you mean 'none'?");
	assert_int_equal(layer->mode, MODE_NONE);
	assert_string_equal(mode_name(layer->mode), "none");
	assert_string_equal(stance_name(layer->dns), "guarded");
	assert_string_equal(trust_name(layer->trust), "override");
	done(bench);
}

/* --- limits ------------------------------------------------------------------------------ */

static void expect_refusal(const struct buf *text, enum layer_kind kind, const char *part)
{
	struct bench *bench = read_bytes(kind, text->data, text->length);

	if (bench->result == 0 || !strstr(note_text(bench, 0), part))
		fail_msg("got '%s', not '%s'", note_text(bench, 0), part);
	done(bench);
}

static void repeat(struct buf *text, const char *part, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_puts(text, part);
}

static void limits_hold(void **state)
{
	struct buf text = { 0 };

	(void)state;
	repeat(&text, "[", 1u << 20);
	expect_refusal(&text, LAYER_PROJECT, "nested deeper than 32 levels");
	buf_clear(&text);
	repeat(&text, "- ", 1u << 19);
	expect_refusal(&text, LAYER_PROJECT, "nested deeper than 32 levels");
	buf_clear(&text);
	repeat(&text, "# a comment line\n", LAYER_BYTES / 17 + 1);
	expect_refusal(&text, LAYER_PROJECT, "larger than 8 MiB");
	buf_clear(&text);
	buf_puts(&text, "x: [");
	repeat(&text, "a,", 2000000);
	expect_refusal(&text, LAYER_PROJECT, "too large");
	buf_clear(&text);
	buf_puts(&text, "network: {allow: [");
	repeat(&text, "1.2.3.4,", 200001);
	buf_puts(&text, "]}");
	expect_refusal(&text, LAYER_PROFILE, "more than 200000 entries");
	buf_clear(&text);
	repeat(&text, "%TAG !a! tag:a\n", 500000);
	expect_refusal(&text, LAYER_PROJECT, "%TAG");
	buf_release(&text);
}

static void a_project_has_at_most_1000_names(void **state)
{
	struct buf text = { 0 };

	(void)state;
	buf_puts(&text, A);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "    - h%d.example\n", i);
	done(read_text(LAYER_PROJECT, text.data));
	buf_puts(&text, "    - one-more.example\n    - and-more.example\n");
	expect_refusal(&text, LAYER_PROJECT,
		       "p.yml:1003:7: more than 1000 names from a project");
	done(read_text(LAYER_PROFILE, text.data));
	buf_release(&text);
}

static void billion_laughs_are_refused(void **state)
{
	struct buf text = { 0 };

	(void)state;
	buf_puts(&text, "a0: &a0 [lol]\n");
	for (int i = 1; i < 30; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++)
			buf_printf(&text, "*a%d,", i - 1);
		buf_puts(&text, "]\n");
	}
	expect_refusal(&text, LAYER_PROJECT, "the aliases expand to more than 8 MiB");
	buf_clear(&text);
	buf_puts(&text,
		 "x: &x "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example\n" A);
	repeat(&text, "    - *x\n", 190000);
	expect_refusal(&text, LAYER_PROFILE, "the aliases expand to more than 8 MiB");
	buf_clear(&text);
	for (int i = 0; i < 300; i++)
		buf_printf(&text, "a%d: &a%d x\n", i, i);
	expect_refusal(&text, LAYER_PROJECT, "more than 256 anchors");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_key),
		cmocka_unit_test(empty_texts_are_no_policy),
		cmocka_unit_test(a_list_without_lines_counts_as_given),
		cmocka_unit_test(anchors_and_aliases_are_accepted),
		cmocka_unit_test(some_keys_belong_to_one_kind_of_file),
		cmocka_unit_test(presets_expand),
		cmocka_unit_test(single_values_for_variables_and_flags),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_project_has_at_most_1000_names),
		cmocka_unit_test(billion_laughs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
