#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "lib/buf.h"
#include "lib/policy.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void merge_texts(const char *profile, const char *project, struct layer layers[2],
			struct policy *ret)
{
	struct layer *given[LAYER_COUNT] = { &layers[0], project ? &layers[1] : NULL };
	struct notes notes = { 0 };
	struct error err = { 0 };
	int result;

	layer_init(&layers[0], LAYER_PROFILE, "p.yml");
	layer_init(&layers[1], LAYER_PROJECT, ".ccpod.yml");
	result = layer_parse(&layers[0], profile, strlen(profile), arena, &notes, &err);
	if (result == 0 && project)
		result = layer_parse(&layers[1], project, strlen(project), arena, &notes,
				     &err);
	if (result == 0)
		result = policy_merge(given, arena, &notes, ret, &err);
	if (result < 0)
		fail_msg("%s\nin\n%s", err.text, profile);
	notes_release(&notes);
}

static void release(struct layer layers[2])
{
	layer_release(&layers[0]);
	layer_release(&layers[1]);
}

static const char profile_text[] =
	"network:\n"
	"  policy: restricted\n"
	"  allow:\n"
	"    - a.example\n"
	"    - 2001:DB8::1\n"
	"    - \"[2001:db8::]:443\"\n"
	"    - 'null'\n"
	"    - 10.20.0.0/16:8000-8999\n"
	"    - { host: b.example, ports: [443, 22/tcp], private: true }\n"
	"    - { host: \"2001:db8::2\", ports: [1, 3] }\n"
	"    - preset: attached\n"
	"    - { preset: claude, required: true }\n"
	"  deny:\n"
	"    - preset: metadata\n"
	"    - 203.0.113.0/24\n"
	"  inbound: [3000, 5173/tcp]\n";
static const char project_text[] =
	"network:\n"
	"  allow: [a.example, c.example, api.anthropic.com:443,\n"
	"    preset: claude]\n"
	"  deny: [203.0.113.0/24]\n";

static const char printed[] =
	"network:\n"
	"  policy: restricted  # p.yml:2\n"
	"  allow:\n"
	"    - a.example  # p.yml:4, .ccpod.yml:2\n"
	"    - \"2001:db8::1\"  # p.yml:5\n"
	"    - \"[2001:db8::]:443\"  # p.yml:6\n"
	"    - \"null\"  # p.yml:7\n"
	"    - 10.20.0.0/16:8000-8999  # p.yml:8\n"
	"    - { host: b.example, ports: [22/tcp, 443], private: true }  # p.yml:9\n"
	"    - { host: \"2001:db8::2\", ports: [1, 3] }  # p.yml:10\n"
	"    - preset: attached  # p.yml:11\n"
	"    - { preset: claude, required: true }  # p.yml:12, .ccpod.yml:2, "
	".ccpod.yml:3\n"
	"    - c.example  # .ccpod.yml:2 (project)\n"
	"    - preset: claude  # .ccpod.yml:3 (project)\n"
	"  deny:\n"
	"    - preset: metadata  # p.yml:14\n"
	"    - 203.0.113.0/24  # p.yml:15\n"
	"    - 203.0.113.0/24  # .ccpod.yml:4 (project)\n"
	"  dns: resolvers  # default\n"
	"  inbound: [3000, 5173/tcp]  # p.yml:16\n"
	"  host_gateway: false  # default\n"
	"  trust_project: extend\n";

static void prints_each_thing_with_its_origins(void **state)
{
	struct buf out = { 0 };
	struct layer layers[2];
	struct policy policy;

	(void)state;
	merge_texts(profile_text, project_text, layers, &policy);
	policy_print(&policy, &out);
	assert_string_equal(out.data, printed);
	release(layers);
	buf_release(&out);
}

static void expect_same_entry(const struct entry *a, const struct entry *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->deny, b->deny);
	assert_int_equal(a->private_ok, b->private_ok);
	assert_int_equal(a->required, b->required);
	assert_int_equal(a->types, b->types);
	assert_int_equal(addr_compare(&a->prefix.base, &b->prefix.base), 0);
	assert_int_equal(a->prefix.length, b->prefix.length);
	assert_int_equal(a->host != NULL, b->host != NULL);
	if (a->host)
		assert_string_equal(a->host, b->host);
	assert_int_equal(a->port_count, b->port_count);
	if (a->port_count)
		assert_memory_equal(a->ports, b->ports,
				    a->port_count * sizeof(*a->ports));
}

static void what_is_printed_parses_to_the_same_policy(void **state)
{
	static const char *const texts[] = {
		profile_text,
		"network: { policy: full }",
		"network: { dns: guarded, allow: [{ host: a.example, types: [txt] }, "
		"{ host: .b.example, ports: [1, 2], private: true, types: [mx, srv] }] }",
		"network: { policy: none, dns: pinned, trust_project: ignore }",
		"network: { policy: audit, inbound: allow, host_gateway: [11434/tcp, "
		"1-9/udp] }",
		"network: { deny: [preset: lan], host_gateway: true, inbound: deny }",
		"network: { allow: [] }",
		"network: { allow: [preset, { host: preset, ports: [443] }] }",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct layer layers[2], again[2];
		struct policy first, second;
		struct buf out = { 0 };

		merge_texts(texts[i], NULL, layers, &first);
		policy_print(&first, &out);
		merge_texts(out.data, NULL, again, &second);
		assert_int_equal(first.mode, second.mode);
		assert_int_equal(first.dns, second.dns);
		assert_int_equal(first.trust, second.trust);
		assert_int_equal(first.inbound.kind, second.inbound.kind);
		assert_int_equal(first.inbound.port_count, second.inbound.port_count);
		assert_int_equal(first.host_gateway.kind, second.host_gateway.kind);
		assert_int_equal(first.host_gateway.port_count,
				 second.host_gateway.port_count);
		assert_int_equal(first.count, second.count);
		for (size_t j = 0; j < first.count; j++)
			expect_same_entry(&first.entries[j], &second.entries[j]);
		release(layers);
		release(again);
		buf_release(&out);
	}
}

static void prints_json(void **state)
{
	struct buf out = { 0 };
	struct layer layers[2];
	struct policy policy;
	json_t *root, *entry;

	(void)state;
	merge_texts(profile_text, project_text, layers, &policy);
	assert_int_equal(policy_print_json(&policy, &out), 0);
	root = json_loads(out.data, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(root, "policy"), "origin")),
			    "p.yml:2");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(root, "inbound"), "value")),
			    "3000,5173/tcp");
	entry = json_array_get(json_object_get(root, "allow"), 0);
	assert_string_equal(json_string_value(json_object_get(entry, "entry")),
			    "a.example");
	assert_int_equal(json_array_size(json_object_get(entry, "origins")), 2);
	assert_true(json_array_size(json_object_get(root, "deny")) > 2);
	json_decref(root);
	release(layers);
	buf_release(&out);
}

static void json_lists_types_of_records(void **state)
{
	static const char text[] = "network: { dns: guarded, allow: [{ host: a.example, "
				   "types: [TXT, mx] }, b.example] }";
	struct buf out = { 0 };
	struct layer layers[2];
	struct policy policy;
	json_t *root, *allow, *types;

	(void)state;
	merge_texts(text, NULL, layers, &policy);
	assert_int_equal(policy_print_json(&policy, &out), 0);
	root = json_loads(out.data, 0, NULL);
	allow = json_object_get(root, "allow");
	types = json_object_get(json_array_get(allow, 0), "types");
	assert_int_equal(json_array_size(types), 2);
	assert_string_equal(json_string_value(json_array_get(types, 0)), "mx");
	assert_string_equal(json_string_value(json_array_get(types, 1)), "txt");
	types = json_object_get(json_array_get(allow, 1), "types");
	assert_true(json_is_array(types) && json_array_size(types) == 0);
	json_decref(root);
	release(layers);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_each_thing_with_its_origins),
		cmocka_unit_test(what_is_printed_parses_to_the_same_policy),
		cmocka_unit_test(prints_json),
		cmocka_unit_test(json_lists_types_of_records),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
