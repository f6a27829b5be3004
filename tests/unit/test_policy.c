#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/policy.h"

struct bench {
	struct arena *arena;
	struct notes notes;
	struct layer layers[LAYER_COUNT];
	struct layer *given[LAYER_COUNT];
	struct policy policy;
	struct error err;
	int result;
};

static void give(struct bench *bench, enum layer_kind kind, const char *source,
		 const char *text)
{
	struct layer *layer = &bench->layers[kind];

	layer_init(layer, kind, source);
	if (!text)
		return;
	if (layer_parse(layer, text, strlen(text), bench->arena, &bench->notes,
			&bench->err) < 0)
		fail_msg("%s", bench->err.text);
	bench->given[kind] = layer;
}

/* Words such as "policy=none", "dns=pinned", "trust=ignore", "allow=a.example". */
static void give_words(struct bench *bench, enum layer_kind kind, const char *source,
		       const char *text)
{
	const struct origin at = { source, 0, 0 };
	struct layer *layer = &bench->layers[kind];
	char words[256], *rest = words, *word;

	layer_init(layer, kind, source);
	if (!text)
		return;
	bench->given[kind] = layer;
	snprintf(words, sizeof(words), "%s", text);
	while ((word = strsep(&rest, " "))) {
		const char *value = strchr(word, '=') + 1;
		int result = -1;

		if (word[0] == 'p')
			result = layer_set_mode(layer, value, &at, &bench->notes);
		else if (word[0] == 'd' && word[1] == 'n')
			result = layer_set_dns(layer, value, &at, &bench->notes);
		else if (word[0] == 't')
			result = layer_set_trust(layer, value, &at, &bench->notes);
		else
			result = layer_add_list(layer, word[0] == 'd', value, &at,
						bench->arena, &bench->notes);
		assert_int_equal(result, 0);
	}
}

static struct bench *merged(const char *profile, const char *project,
			    const char *environment, const char *flags)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->arena = arena_new(0);
	assert_non_null(bench->arena);
	give(bench, LAYER_PROFILE, "profile.yml", profile);
	give(bench, LAYER_PROJECT, ".ccpod.yml", project);
	give_words(bench, LAYER_ENVIRONMENT, "environment", environment);
	give_words(bench, LAYER_FLAGS, "flags", flags);
	bench->result = policy_merge(bench->given, bench->arena, &bench->notes,
				     &bench->policy, &bench->err);
	return bench;
}

static void done(struct bench *bench)
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		layer_release(&bench->layers[i]);
	notes_release(&bench->notes);
	arena_free(bench->arena);
	free(bench);
}

static void summarise_opening(const char *name, const struct opening *opening,
			      struct buf *out)
{
	static const char *const kinds[] = { "unset", "closed", "", "open" };

	buf_printf(out, " %s=%s", name, kinds[opening->kind]);
	if (opening->kind == OPENING_PORTS)
		ports_print(opening->ports, opening->port_count, out);
}

/* "restricted resolvers inbound=closed gateway=closed +a.example -10.0.0.0/8 (+b.example)":
 * a project's entry in parentheses, a repetition with '='. */
static void summarise(const struct bench *bench, struct buf *out)
{
	const struct policy *policy = &bench->policy;

	if (bench->result < 0) {
		buf_puts(out, bench->err.text);
		return;
	}
	buf_printf(out, "%s %s", mode_name(policy->mode), stance_name(policy->dns));
	summarise_opening("inbound", &policy->inbound, out);
	summarise_opening("gateway", &policy->host_gateway, out);
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		bool project = entry->trust == TRUST_PROJECT;

		buf_printf(out, " %s%s%s", project ? "(" : "", entry->same ? "=" : "",
			   entry->deny ? "-" : "+");
		entry_print(entry, out);
		buf_puts(out, project ? ")" : "");
	}
}

struct merging {
	const char *profile, *project, *environment, *flags;
	const char *summary; /* or a part of the error */
	const char *warning; /* a part of the one warning; NULL: none */
};

static void check_merging(const struct merging *c)
{
	struct bench *bench = merged(c->profile, c->project, c->environment, c->flags);
	struct buf got = { 0 }, note = { 0 };

	summarise(bench, &got);
	if (bench->result == 0 ? strcmp(got.data, c->summary) != 0
			       : !strstr(got.data, c->summary))
		fail_msg("'%s' + '%s' + '%s' + '%s':\ngot  '%s'\nwant '%s'", c->profile,
			 c->project, c->environment, c->flags, got.data, c->summary);
	assert_int_equal(bench->notes.count, c->warning ? 1 : 0);
	if (c->warning) {
		note_print(&bench->notes.v[0], &note);
		if (!strstr(note.data, c->warning))
			fail_msg("got '%s', not '%s'", note.data, c->warning);
	}
	buf_release(&got);
	buf_release(&note);
	done(bench);
}

#define CHECK_ALL(cases)                                                                 \
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)                                   \
		check_merging(&(cases)[i]);

#define CLOSED " resolvers inbound=closed gateway=closed"
#define FULL "full resolvers inbound=open gateway=unset"
#define P "network:\n  policy: "
#define ALLOW "network:\n  allow: [a.example]\n"
#define DENY "network:\n  deny: [10.0.0.0/8]\n"

static void modes_and_their_defaults(void **state)
{
	static const struct merging cases[] = {
		{ P "restricted", NULL, NULL, NULL, "restricted" CLOSED, NULL },
		{ P "none", NULL, NULL, NULL, "none" CLOSED, NULL },
		{ P "full", NULL, NULL, NULL, FULL, NULL },
		{ P "audit", NULL, NULL, NULL,
		  "audit resolvers inbound=open gateway=closed", NULL },
		{ ALLOW, NULL, NULL, NULL, "restricted" CLOSED " +a.example", NULL },
		{ "network:\n  allow: []\n", NULL, NULL, NULL, "restricted" CLOSED,
		  NULL },
		{ DENY, NULL, NULL, NULL, FULL " -10.0.0.0/8", NULL },
		{ DENY, NULL, "allow=b.example", NULL,
		  "restricted" CLOSED " -10.0.0.0/8 +b.example", NULL },
		{ NULL, NULL, NULL, "allow=b.example", "restricted" CLOSED " +b.example",
		  NULL },
		{ P "none", NULL, "policy=audit", NULL,
		  "audit resolvers inbound=open gateway=closed", NULL },
		{ P "none", NULL, "policy=audit", "policy=full", FULL, NULL },
		{ NULL, NULL, NULL, NULL,
		  "no policy: no layer says policy, allow or deny; write", NULL },
		{ "name: work\n", "profile: work\n", NULL, NULL, "no policy", NULL },
		{ "network: {}\n", NULL, "dns=pinned", NULL, "no policy", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void a_project_only_tightens_the_mode(void **state)
{
	static const struct merging cases[] = {
		{ P "restricted", P "full", NULL, NULL, "restricted" CLOSED,
		  ".ccpod.yml:2:11: policy: full is looser than restricted "
		  "(profile.yml:2) and a "
		  "project may only tighten; it stays restricted" },
		{ P "restricted", P "none", NULL, NULL, "none" CLOSED, NULL },
		{ P "restricted", P "restricted", NULL, NULL, "restricted" CLOSED, NULL },
		{ P "full", P "restricted", NULL, NULL, "restricted" CLOSED, NULL },
		{ P "full", P "audit", NULL, NULL,
		  "audit resolvers inbound=open gateway=closed", NULL },
		{ P "none", P "audit", NULL, NULL, "none" CLOSED,
		  "audit is looser than none" },
		{ ALLOW, P "full", NULL, NULL, "restricted" CLOSED " +a.example",
		  "full is looser than restricted (by default)" },
		{ NULL, P "full", "allow=a.example", NULL,
		  "restricted" CLOSED " +a.example",
		  "full is looser than restricted (by default)" },
		{ DENY, P "none", NULL, NULL, "none" CLOSED " -10.0.0.0/8", NULL },
		{ DENY, ALLOW, NULL, NULL,
		  "restricted" CLOSED " -10.0.0.0/8 (+a.example)", NULL },
		{ P "full", ALLOW, NULL, NULL, FULL " (+a.example)", NULL },
		{ P "restricted", P "none", "policy=audit", NULL,
		  "audit resolvers inbound=open gateway=closed", NULL },
		{ P "restricted", P "full", NULL, "policy=none", "none" CLOSED, NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void a_project_alone_may_not_leave_itself_unfenced(void **state)
{
	static const struct merging cases[] = {
		{ NULL, P "restricted", NULL, NULL, "restricted" CLOSED, NULL },
		{ NULL, ALLOW, NULL, NULL, "restricted" CLOSED " (+a.example)", NULL },
		{ NULL, P "full", NULL, NULL,
		  ".ccpod.yml:2: policy full from a project alone: a project may not "
		  "leave itself "
		  "unfenced; say it in a profile or with --policy full",
		  NULL },
		{ NULL, P "audit", NULL, NULL, "policy audit from a project alone",
		  NULL },
		{ NULL, DENY, NULL, NULL, ".ccpod.yml: policy full from a project alone",
		  NULL },
		{ NULL, P "full", "dns=pinned", NULL, "policy full from a project alone",
		  NULL },
		{ NULL, P "full", NULL, "policy=full", FULL, NULL },
		{ NULL, DENY, NULL, "policy=full", FULL " (-10.0.0.0/8)", NULL },
		{ NULL, P "full", NULL, "trust=override", FULL, NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

#define D(stance) "network:\n  policy: none\n  dns: " stance

static void dns_tightens_too(void **state)
{
	static const struct merging cases[] = {
		{ D("pinned"), NULL, NULL, NULL,
		  "none pinned inbound=closed gateway=closed", NULL },
		{ D("pinned"), D("resolvers"), NULL, NULL,
		  "none pinned inbound=closed gateway=closed",
		  "dns: resolvers is looser than pinned (profile.yml:3)" },
		{ D("resolvers"), D("pinned"), NULL, NULL,
		  "none pinned inbound=closed gateway=closed", NULL },
		{ P "none", D("pinned"), NULL, NULL,
		  "none pinned inbound=closed gateway=closed", NULL },
		{ D("pinned"), NULL, "dns=resolvers", NULL, "none" CLOSED, NULL },
		{ D("pinned"), D("pinned"), "dns=pinned", "dns=resolvers", "none" CLOSED,
		  NULL },
		{ D("guarded"), NULL, NULL, NULL,
		  "profile.yml:3: dns: guarded needs the guard, which this version does "
		  "not have",
		  NULL },
		{ P "none", D("guarded"), NULL, NULL,
		  ".ccpod.yml:3: dns: guarded needs the guard", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

#define R "network:\n  policy: restricted\n"
#define F "network:\n  policy: full\n"

static void openings_tighten_too(void **state)
{
	static const struct merging cases[] = {
		{ R "  inbound: [3000, 5173/tcp]\n", NULL, NULL, NULL,
		  "restricted resolvers inbound=3000,5173/tcp gateway=closed", NULL },
		{ R "  inbound: allow\n  host_gateway: true\n", NULL, NULL, NULL,
		  "restricted resolvers inbound=open gateway=open", NULL },
		{ R, R "  inbound: [3000]\n", NULL, NULL, "restricted" CLOSED,
		  ".ccpod.yml:3:12: inbound: a list of ports is looser than closed (by "
		  "default)" },
		{ R "  inbound: [3000-4000]\n", R "  inbound: [3000, 3500-3600/tcp]\n",
		  NULL, NULL,
		  "restricted resolvers inbound=3000,3500-3600/tcp gateway=closed",
		  NULL },
		{ R "  inbound: [3000-4000/tcp]\n", R "  inbound: [3500-4500]\n", NULL,
		  NULL, "restricted resolvers inbound=3500-4000/tcp gateway=closed",
		  "inbound: a list of ports is looser" },
		{ R "  inbound: [1]\n", R "  inbound: [2]\n", NULL, NULL,
		  "restricted" CLOSED, "inbound" },
		{ R "  inbound: [1]\n", R "  inbound: deny\n", NULL, NULL,
		  "restricted" CLOSED, NULL },
		{ R "  inbound: [1]\n", R "  inbound: allow\n", NULL, NULL,
		  "restricted resolvers inbound=1 gateway=closed",
		  "open is looser than a list of ports" },
		{ R "  inbound: allow\n", R "  inbound: [1]\n", NULL, NULL,
		  "restricted resolvers inbound=1 gateway=closed", NULL },
		{ F, F "  inbound: deny\n", NULL, NULL,
		  "full resolvers inbound=closed gateway=unset", NULL },
		{ F, F "  host_gateway: false\n", NULL, NULL,
		  "full resolvers inbound=open gateway=closed", NULL },
		{ F, F "  host_gateway: [80]\n", NULL, NULL, FULL, "host_gateway" },
		{ R, R "  host_gateway: true\n", NULL, NULL, "restricted" CLOSED,
		  "host_gateway: open is looser than closed (by default)" },
		{ R, R "  host_gateway: true\n", NULL, "trust=override",
		  "restricted resolvers inbound=closed gateway=open", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

#define T(trust)                                                                         \
	"network:\n  policy: restricted\n  allow: [p.example]\n  trust_project: " trust
#define J                                                                                \
	"network:\n  policy: full\n  allow: [j.example]\n  deny: [10.0.0.0/8]\n  "       \
	"inbound: [1]\n"

static void trust_project(void **state)
{
	static const struct merging cases[] = {
		{ T("extend"), "network:\n  allow: [j.example]\n", NULL, NULL,
		  "restricted" CLOSED " +p.example (+j.example)", NULL },
		{ T("tighten"), "network:\n  allow: [j.example]\n  deny: [10.0.0.0/8]\n",
		  NULL, NULL, "restricted" CLOSED " +p.example (-10.0.0.0/8)",
		  ".ccpod.yml:2:11: trust_project is tighten: 1 allow entry of the "
		  "project is left out" },
		{ T("ignore"), J, NULL, NULL, "restricted" CLOSED " +p.example", NULL },
		{ T("override"), J, NULL, NULL,
		  "full resolvers inbound=1 gateway=unset +p.example +j.example "
		  "-10.0.0.0/8",
		  NULL },
		{ T("override"), J, NULL, "trust=ignore",
		  "restricted" CLOSED " +p.example", NULL },
		{ T("override") "\nisolation: true\n", J, NULL, NULL,
		  "restricted" CLOSED " +p.example", NULL },
		{ "isolation: true\n", J, NULL, NULL, "no policy", NULL },
		{ T("extend") "\nisolation: true\n", J, NULL, "trust=override",
		  "full resolvers inbound=1 gateway=unset +p.example +j.example "
		  "-10.0.0.0/8",
		  NULL },
		/* An allow that is left out makes no mode either. */
		{ "network:\n  deny: [10.0.0.0/8]\n  trust_project: tighten\n", ALLOW,
		  NULL, NULL, FULL " -10.0.0.0/8", "left out" },
	};

	(void)state;
	CHECK_ALL(cases);
}

#define O "merge: override\nnetwork:\n  policy: audit\n  allow: [j.example]\n"

static void merge_override(void **state)
{
	static const struct merging cases[] = {
		{ T("override"), O, "allow=e.example", NULL,
		  "audit resolvers inbound=open gateway=closed +j.example +e.example",
		  NULL },
		{ T("extend"), O, NULL, NULL,
		  ".ccpod.yml:1: merge: override is not permitted: trust_project is "
		  "extend; the profile "
		  "permits it",
		  NULL },
		{ T("tighten"), O, NULL, NULL, "not permitted: trust_project is tighten",
		  NULL },
		{ NULL, O, NULL, NULL, "not permitted: trust_project is extend", NULL },
		{ T("ignore"), O, NULL, NULL, "restricted" CLOSED " +p.example", NULL },
		{ T("override"), "merge: override\n" ALLOW, NULL, NULL,
		  ".ccpod.yml:1: merge: override replaces the profile's policy, so its "
		  "network block must "
		  "name one",
		  NULL },
		{ T("override"), "merge: override\nenv: []\n", NULL, NULL,
		  "restricted" CLOSED " +p.example", NULL },
		{ T("extend"), "merge: deep\n" ALLOW, NULL, NULL,
		  "restricted" CLOSED " +p.example (+a.example)", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

#define S(...) "network: { allow: [" __VA_ARGS__ "] }"

static void repetitions_are_folded(void **state)
{
	static const struct merging cases[] = {
		{ S("a.example, A.example., a.example:443, a.example"), NULL, NULL, NULL,
		  "restricted" CLOSED
		  " +a.example =+a.example +a.example:443 =+a.example",
		  NULL },
		{ S("{ host: a.example, ports: [443, 80] }, { host: a.example, ports: "
		    "[80, 443/tcp, 443/udp] }"),
		  NULL, NULL, NULL,
		  "restricted" CLOSED " +a.example:80,443 =+a.example:80,443", NULL },
		{ S("a.example"), S("a.example, b.example"), NULL, NULL,
		  "restricted" CLOSED " +a.example (=+a.example) (+b.example)", NULL },
		/* A literal weighs among the literals of its own trust. */
		{ S("10.0.0.1"), S("10.0.0.1, 10.0.0.1/32"), NULL, NULL,
		  "restricted" CLOSED " +10.0.0.1 (+10.0.0.1) (=+10.0.0.1)", NULL },
		{ S("a.example, { host: a.example, private: true }, { host: a.example, "
		    "required: true }"),
		  NULL, NULL, NULL,
		  "restricted" CLOSED " +a.example +a.example +a.example", NULL },
		{ "network: { policy: full, allow: [10.0.0.1], deny: [10.0.0.1] }", NULL,
		  NULL, NULL, FULL " +10.0.0.1 -10.0.0.1", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void counts_what_the_project_added(void **state)
{
	struct bench *bench =
		merged(S("a.example, 10.0.0.1"),
		       "network: { allow: [a.example, 10.0.0.1, b.example, b.example], "
		       "deny: [10.0.0.2] }",
		       NULL, NULL);

	(void)state;
	assert_int_equal(bench->result, 0);
	assert_true(bench->policy.project_read);
	assert_int_equal(bench->policy.project_added, 1);
	done(bench);
}

static void what_needs_the_guard_is_refused(void **state)
{
	static const struct merging cases[] = {
		{ S("\"*.example.com\", .example.org"), NULL, NULL, NULL,
		  "profile.yml:1: wildcard '*.example.com' needs dns: guarded, with it "
		  "the guard, which "
		  "this version does not have; list the names themselves (and 1 more)",
		  NULL },
		{ S(".example.com"), NULL, NULL, "dns=pinned",
		  "wildcard '.example.com' needs dns: guarded, but dns is pinned (flags)",
		  NULL },
		{ S("a.example"), S(".example.com"), NULL, NULL, ".ccpod.yml:1: wildcard",
		  NULL },
		{ "network: { deny: [a.example], allow: [] }", NULL, NULL, NULL,
		  "profile.yml:1: deny of a name ('a.example') filters DNS and needs "
		  "dns: guarded",
		  NULL },
		{ "network: { deny: [preset: github] }", NULL, NULL, NULL,
		  "deny of a name", NULL },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void lists_the_names_to_resolve(void **state)
{
	struct bench *bench = merged(
		"network: { policy: restricted, allow: [b.example, a.example:1, "
		"b.example:2, 10.0.0.1, b.example, {host: c.example, private: true}] }",
		NULL, NULL, NULL);
	static const enum mode modes[] = { MODE_RESTRICTED, MODE_AUDIT, MODE_FULL,
					   MODE_NONE };
	static const size_t counts[] = { 3, 3, 1, 0 };
	const char *const *names;
	size_t count;

	(void)state;
	assert_int_equal(bench->result, 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		bench->policy.mode = modes[i];
		assert_int_equal(policy_names(&bench->policy, bench->arena, &names,
					      &count, &bench->err),
				 0);
		assert_int_equal(count, counts[i]);
	}
	bench->policy.mode = MODE_RESTRICTED;
	assert_int_equal(
		policy_names(&bench->policy, bench->arena, &names, &count, &bench->err),
		0);
	assert_string_equal(names[0], "a.example");
	assert_string_equal(names[1], "b.example");
	assert_string_equal(names[2], "c.example");
	done(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_and_their_defaults),
		cmocka_unit_test(a_project_only_tightens_the_mode),
		cmocka_unit_test(a_project_alone_may_not_leave_itself_unfenced),
		cmocka_unit_test(dns_tightens_too),
		cmocka_unit_test(openings_tighten_too),
		cmocka_unit_test(trust_project),
		cmocka_unit_test(merge_override),
		cmocka_unit_test(repetitions_are_folded),
		cmocka_unit_test(counts_what_the_project_added),
		cmocka_unit_test(what_needs_the_guard_is_refused),
		cmocka_unit_test(lists_the_names_to_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
