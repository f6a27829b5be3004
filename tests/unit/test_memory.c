#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/answers.h"
#include "lib/entries.h"
#include "lib/json.h"
#include "lib/kubernetes.h"
#include "lib/lease.h"
#include "lib/macros.h"
#include "lib/permit.h"
#include "lib/policy.h"
#include "lib/presets.h"
#include "lib/readback.h"
#include "lib/refusal_list.h"
#include "lib/refusal_table.h"
#include "lib/ruleset.h"
#include "lib/scaffold.h"
#include "lib/suggest.h"
#include "tests/unit/heap.h"

/* Each allocation of lib/ and of the libraries it uses fails in turn, alone and with all behind it:
 * whoever asked gets all or an error that says something, and nothing is kept. The same of the whole
 * program is in tests/faults/. */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

static size_t turn, count; /* 0: nothing fails */
static bool persists;

static bool fails(void)
{
	if (turn == 0)
		return false;
	count++;
	return count == turn || (persists && count > turn);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	return fails() ? NULL : __real_calloc(number, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* --- what is done ------------------------------------------------------------------------ */

static const uint8_t key[HASH_KEY] = "nobody's key";

static const char profile[] =
	"network: &all\n"
	"  allow:\n"
	"    - {host: www.example.com, ports: [443, 22/tcp], private: true}\n"
	"    - 203.0.113.0/24\n"
	"    - \"*.example.net:8000-8080/tcp\"\n"
	"    - {host: mail.example.net, types: [MX, TXT]}\n"
	"    - 2001:db8:5::/48\n"
	"  deny: [203.0.113.7, bad.example.net, 203.0.113.8:53]\n"
	"  dns: guarded\n"
	"  inbound: [3000, 5000-5010/udp]\n"
	"  host_gateway: [11434/tcp]\n";
static const char project[] = "merge: deep\nnetwork: {allow: [a.example.org, "
			      "www.example.com, 10.1.2.3], deny: [203.0.113.9]}\n";
static const char wrong[] = "network: {alow: [x], allow: [http://x, 1.2.3.4/8, "
			    "{hst: x}], policy: open}\n";
static const char hosts[] = "198.51.100.10 www.example.com mail.example.net\n"
			    "2001:db8::10 www.example.com\n192.0.2.1 other.example\n";
static const char records[] =
	"{\"version\":1,\"time\":\"2025-01-01T10:00:00.000Z\",\"reason\":\"name "
	"refused\",\"audit\":false,\"program\":\"node\",\"names\":[\"b.example.org\"],"
	"\"type\":\"A\",\"count\":2}\n"
	"{\"version\":1,\"time\":\"2025-01-01T10:00:01.000Z\",\"reason\":\"raw "
	"address\",\"audit\":false,\"uid\":1000,\"address\":\"198.51.100.99\","
	"\"protocol\":\"tcp\",\"port\":443,\"count\":1}\n"
	"{\"version\":1,\"time\":\"2025-01-01T10:00:02.000Z\",\"lost\":3}\n";

/* What a scene works with, and what it tells. */
struct stage {
	struct arena *arena;
	struct notes notes;
	struct layer layers[LAYER_COUNT];
	struct policy policy;
	struct answers answers;
	struct site site;
	struct plan *plan;
	struct buf out;
};

static void stage_release(struct stage *stage)
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		layer_release(&stage->layers[i]);
	plan_free(stage->plan);
	notes_release(&stage->notes);
	buf_release(&stage->out);
	arena_free(stage->arena);
}

static int read_policy(struct stage *stage, struct error *err)
{
	struct layer *given[LAYER_COUNT] = { 0 };

	layer_init(&stage->layers[LAYER_PROFILE], LAYER_PROFILE, "p.yml");
	layer_init(&stage->layers[LAYER_PROJECT], LAYER_PROJECT, ".ccpod.yml");
	given[LAYER_PROFILE] = &stage->layers[LAYER_PROFILE];
	given[LAYER_PROJECT] = &stage->layers[LAYER_PROJECT];
	if (layer_parse(given[LAYER_PROFILE], profile, strlen(profile), stage->arena,
			&stage->notes, err) < 0 ||
	    layer_parse(given[LAYER_PROJECT], project, strlen(project), stage->arena,
			&stage->notes, err) < 0)
		return -1;
	return policy_merge(given, stage->arena, &stage->notes, &stage->policy, err);
}

static int tell_notes(struct stage *stage)
{
	for (size_t i = 0; i < stage->notes.count; i++)
		note_print(&stage->notes.v[i], &stage->out);
	return 0;
}

static int a_policy(struct stage *stage, struct error *err)
{
	if (read_policy(stage, err) < 0)
		return -1;
	policy_print(&stage->policy, &stage->out);
	entries_print(&stage->policy, &stage->out);
	if (policy_print_json(&stage->policy, &stage->out) < 0)
		return error_memory(err);
	return tell_notes(stage);
}

/* All its faults are told, or that memory ran out. */
static int a_faulty_policy(struct stage *stage, struct error *err)
{
	struct layer *layer = &stage->layers[LAYER_PROFILE];

	layer_init(layer, LAYER_PROFILE, "p.yml");
	if (layer_parse(layer, wrong, strlen(wrong), stage->arena, &stage->notes, err) ==
	    0)
		fail_msg("a policy with faults was taken");
	if (err->kind == ERROR_MEMORY)
		return -1;
	buf_puts(&stage->out, err->text);
	return tell_notes(stage);
}

static int make_plan(struct stage *stage, struct error *err)
{
	struct addr own = { 0 };

	assert_true(addr_parse("172.17.0.2", 10, &own));
	stage->site.own[stage->site.own_count++] = own;
	stage->site.attached[stage->site.attached_count++] = prefix_of(&own, 16);
	own.value--;
	stage->site.gateways[stage->site.gateway_count++] = own;
	stage->site.resolvers[stage->site.resolver_count++] = own;
	if (read_policy(stage, err) < 0 ||
	    answers_parse(hosts, strlen(hosts), "hosts", stage->arena, &stage->answers,
			  err) < 0)
		return -1;
	return plan_build(&stage->policy, &stage->answers, &stage->site, &stage->notes,
			  &stage->plan, err);
}

/* The same where its turns have been taken already. */
static int given_plan(struct stage *stage, struct error *err)
{
	size_t kept = turn;
	int result;

	turn = 0;
	result = make_plan(stage, err);
	turn = kept;
	return result;
}

static int a_plan(struct stage *stage, struct error *err)
{
	if (make_plan(stage, err) < 0)
		return -1;
	plan_print(stage->plan, &stage->out);
	if (plan_print_json(stage->plan, &stage->out) < 0)
		return error_memory(err);
	return tell_notes(stage);
}

static int objects_of_a_cluster(struct stage *stage, struct error *err)
{
	struct policy pinned;

	if (given_plan(stage, err) < 0)
		return -1;
	/* Cilium cannot deny a name below a wildcard. */
	for (size_t i = 0; i < stage->policy.count; i++)
		if (entry_is_name(&stage->policy.entries[i]))
			stage->policy.entries[i].deny = false;
	pinned = stage->policy;
	pinned.dns = STANCE_PINNED;
	if (cilium_print(&stage->policy, &stage->answers, &stage->notes, &stage->out,
			 err) < 0 ||
	    networkpolicy_print(&pinned, &stage->answers, &stage->notes, &stage->out,
				err) < 0)
		return -1;
	return tell_notes(stage);
}

static int a_ruleset(struct stage *stage, struct error *err)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct findings differences = { .arena = stage->arena };
	const struct ruleset_options options = { .flow_mark = 1, .socket_mark = 2 };

	if (given_plan(stage, err) < 0 ||
	    ruleset_build(stage->plan, &options, true, &ruleset, err) < 0)
		return -1;
	buf_add(&stage->out, ruleset->text.data, ruleset->text.length);
	buf_add(&stage->out, ruleset->bytes.data, ruleset->bytes.length);
	/* It is no dump, and so not the same: what is told of it counts. */
	if (readback_compare(ruleset->bytes.data, ruleset->bytes.length,
			     ruleset->bytes.data, ruleset->bytes.length, &differences,
			     err) < 0)
		return -1;
	for (size_t i = 0; i < differences.count; i++)
		buf_puts(&stage->out, differences.v[i].text);
	return 0;
}

static int permissions(struct stage *stage, struct error *err)
{
	static const char *const names[] = { "www.example.com", "x.example.net",
					     "bad.example.net", "none.example" };
	struct permit *permit CLEANUP(permit_freep) = NULL;

	if (given_plan(stage, err) < 0 ||
	    permit_build(&stage->policy, stage->plan, &permit, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct addr addr = { 0xcb007120 + i, FAMILY_4 };
		struct permission permission;
		struct grant grant = { 0 };

		permit_ask(permit, names[i], &permission);
		if (permit_grant(permit, names[i], &permission, &addr, &grant, err) < 0)
			return -1;
		buf_printf(&stage->out, "%d %d %x\n", permission.verdict, grant.admitted,
			   grant.classes);
	}
	return 0;
}

static uint32_t keep_all(void *context, const char *host, const struct addr *addr)
{
	(void)context, (void)host, (void)addr;
	return 1;
}

static void print_ops(const struct lease_ops *ops, struct buf *out)
{
	for (size_t i = 0; i < ops->count; i++)
		buf_printf(out, "%u %d\n", (unsigned)ops->v[i].addr.value,
			   ops->v[i].remove);
}

static int learn_all(struct stage *stage, struct leases *leases, struct lease_ops *ops,
		     struct error *err)
{
	const struct lease_judge judge = { keep_all, NULL };
	struct leases *judged CLEANUP(leases_freep) = NULL;
	uint32_t told;

	for (size_t i = 0; i < 8; i++) {
		const struct lease_addr addrs[] = { { { 100 + i, FAMILY_4 }, 1 },
						    { { 200 + i % 2, FAMILY_4 }, 3 } };
		char host[32];

		snprintf(host, sizeof(host), "n%zu.example.com", i);
		if (leases_learn(leases, host, addrs, ARRAY_SIZE(addrs), 60, 5000000, ops,
				 &told, err) < 0)
			return -1;
	}
	print_ops(ops, &stage->out);
	leases_undo(leases, ops);
	judged = leases_rejudge(leases, &judge, 5000001);
	ops->count = 0;
	if (!judged)
		return error_memory(err);
	if (leases_elements(judged, 5000002, ops, err) < 0)
		return -1;
	print_ops(ops, &stage->out);
	return 0;
}

static int leases(struct stage *stage, struct error *err)
{
	struct leases *leases CLEANUP(leases_freep) = leases_new(key);
	struct lease_ops ops = { 0 };
	int result;

	if (!leases)
		return error_memory(err);
	result = learn_all(stage, leases, &ops, err);
	free(ops.v);
	return result;
}

static int refusals(struct stage *stage, struct error *err)
{
	const struct refusal_table table = { &stage->out, REFUSAL_TABLE_TIME };
	struct refusal_list list;

	if (refusal_list_read(&list, records, strlen(records), 0, key, stage->arena,
			      err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		char line[REFUSAL_LINE];

		refusal_table_row(&table, "10:00:00", &list.v[i]);
		if (refusal_print_json(&list.v[i], line) == 0) {
			refusal_list_release(&list);
			return error_memory(err);
		}
		buf_puts(&stage->out, line);
	}
	buf_printf(&stage->out, "%d lost\n", (int)list.lost);
	refusal_list_release(&list);
	return 0;
}

static int a_suggestion(struct stage *stage, struct error *err)
{
	struct suggestion suggestion = { .policy = &stage->policy, .site = &stage->site };
	struct refusal_list list;
	int result;

	if (given_plan(stage, err) < 0 ||
	    presets_load(stage->arena, &suggestion.presets, &suggestion.preset_count,
			 err) < 0 ||
	    refusal_list_read(&list, records, strlen(records), 0, key, stage->arena,
			      err) < 0)
		return -1;
	suggestion.rows = list.v;
	suggestion.row_count = list.count;
	result = suggest_print(&suggestion, stage->arena, &stage->out, err);
	refusal_list_release(&list);
	return result;
}

static int a_first_policy(struct stage *stage, struct error *err)
{
	static const char bytes[] =
		"services: { db: { expose: [5432, 80/udp] }, web: {} }\n"
		"[remote]\nurl=https://www.example.com\n"
		"registry=10.1.2.3\nregistry = https://x.example:8443\n";
	struct scaffold_found found[SCAFFOLD_MARKERS];

	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		found[i] = (struct scaffold_found){ true, bytes,
						    scaffold_markers[i].compose
							    ? strcspn(bytes, "\n")
							    : strlen(bytes) };
	return scaffold_print("claude", found, stage->arena, &stage->out, err);
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:nftnl_expr_dynset_parse";
}

/* --- in turn --------------------------------------------------------------------------------- */

typedef int scene(struct stage *stage, struct error *err);

/* -1: no memory, and it was said; else what was told is in `ret`. */
static int play(scene *play_it, struct buf *ret)
{
	struct stage stage CLEANUP(stage_release) = { .arena = arena_new(0) };
	struct error err = { 0 };
	int result = stage.arena ? play_it(&stage, &err) : error_memory(&err);

	turn = 0;
	if (result < 0 || stage.out.failed) {
		assert_true(stage.out.failed || err.text[0]);
		return -1;
	}
	*ret = stage.out;
	stage.out = (struct buf){ 0 };
	return 0;
}

static void in_turn(scene *play_it, const char *name)
{
	struct buf whole = { 0 };
	size_t turns = 0, last;

	assert_int_equal(play(play_it, &whole), 0);
	for (int both = 0; both < 2; both++) {
		persists = both;
		last = 0;
		do {
			struct buf told = { 0 };
			size_t before = heap(), after;

			/* All behind it too, now and then; and a ruleset is built of what is much
			 * alike. */
			last += both ? 1 + last / 8 : 1 + 10 * (last > 300);
			turns++;
			turn = last;
			count = 0;
			if (play(play_it, &told) == 0 &&
			    (told.length != whole.length ||
			     memcmp(told.data, whole.data, whole.length) != 0))
				fail_msg(
					"%s: allocation %zu failed, and this was told:\n%s\n"
					"not:\n%s",
					name, last, told.data, whole.data);
			buf_release(&told);
			after = heap();
			/* libnftnl keeps a name when it fails to parse what names it. */
			if (after > before + (play_it == a_ruleset ? 64 : 0))
				fail_msg("%s: allocation %zu failed, and %zu bytes stay",
					 name, last, after - before);
		} while (count >= last);
	}
	print_message("%s: %zu allocations failed in turn\n", name, turns - 2);
	buf_release(&whole);
}

#define SCENES(X)                                                                        \
	X(a_policy)                                                                      \
	X(a_faulty_policy)                                                               \
	X(a_plan)                                                                        \
	X(objects_of_a_cluster)                                                          \
	X(a_ruleset)                                                                     \
	X(permissions)                                                                   \
	X(leases)                                                                        \
	X(refusals)                                                                      \
	X(a_suggestion)                                                                  \
	X(a_first_policy)

#define DEFINE_TEST(scene)                                                               \
	static void scene##_without_memory(void **state)                                 \
	{                                                                                \
		(void)state;                                                             \
		in_turn(scene, #scene);                                                  \
	}
SCENES(DEFINE_TEST)

int main(void)
{
#define TEST(scene) cmocka_unit_test(scene##_without_memory),
	const struct CMUnitTest tests[] = { SCENES(TEST) };

	json_watch();
	json_object_seed(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
