#include "tests/unit/policy_bench.h"

static void modes_and_their_defaults(void **state)
{
	static const struct merging cases[] = {
		{ P "restricted", NULL, NULL, NULL, "restricted" CLOSED, NULL },
		{ P "none", NULL, NULL, NULL, "none" CLOSED, NULL },
		{ P "full", NULL, NULL, NULL, FULL, NULL },
		{ P "audit", NULL, NULL, NULL,
		  "audit resolvers inbound=closed gateway=closed", NULL },
		{ ALLOW, NULL, NULL, NULL, "restricted" CLOSED " +a.example", NULL },
		{ "network:\n  allow: []\n", NULL, NULL, NULL, "restricted" CLOSED,
		  NULL },
		{ DENY, NULL, NULL, NULL, FULL " -10.0.0.0/8", NULL },
		{ DENY, NULL, "allow=b.example", NULL,
		  "restricted" CLOSED " -10.0.0.0/8 +b.example", NULL },
		{ NULL, NULL, NULL, "allow=b.example", "restricted" CLOSED " +b.example",
		  NULL },
		{ P "none", NULL, "policy=audit", NULL,
		  "audit resolvers inbound=closed gateway=closed", NULL },
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
		  "project may only tighten; restricted holds" },
		{ P "restricted", P "none", NULL, NULL, "none" CLOSED, NULL },
		{ P "restricted", P "restricted", NULL, NULL, "restricted" CLOSED, NULL },
		{ P "full", P "restricted", NULL, NULL, "restricted" CLOSED, NULL },
		{ P "full", P "audit", NULL, NULL,
		  "audit resolvers inbound=closed gateway=closed", NULL },
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
		  "audit resolvers inbound=closed gateway=closed", NULL },
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
		  "none guarded inbound=closed gateway=closed", NULL },
		{ P "none", D("guarded"), NULL, NULL,
		  "none guarded inbound=closed gateway=closed", NULL },
		{ D("guarded"), D("resolvers"), NULL, NULL,
		  "none guarded inbound=closed gateway=closed",
		  "dns: resolvers is looser than guarded (profile.yml:3)" },
		{ D("guarded"), D("pinned"), NULL, NULL,
		  "none pinned inbound=closed gateway=closed", NULL },
		{ D("pinned"), D("guarded"), NULL, NULL,
		  "none pinned inbound=closed gateway=closed",
		  "dns: guarded is looser than pinned (profile.yml:3)" },
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
		  ".ccpod.yml:3:12: inbound: [3000] is looser than closed (by default)" },
		{ R "  inbound: [3000-4000]\n", R "  inbound: [3000, 3500-3600/tcp]\n",
		  NULL, NULL,
		  "restricted resolvers inbound=3000,3500-3600/tcp gateway=closed",
		  NULL },
		{ R "  inbound: [3000-4000/tcp]\n", R "  inbound: [3500-4500]\n", NULL,
		  NULL, "restricted resolvers inbound=3500-4000/tcp gateway=closed",
		  "inbound: [3500-4500] is looser than [3000-4000/tcp] (profile.yml:3) "
		  "and a project may only tighten; [3500-4000/tcp] holds" },
		{ R "  inbound: [1]\n", R "  inbound: [2]\n", NULL, NULL,
		  "restricted" CLOSED, "inbound" },
		{ R "  inbound: [1]\n", R "  inbound: deny\n", NULL, NULL,
		  "restricted" CLOSED, NULL },
		{ R "  inbound: [1]\n", R "  inbound: allow\n", NULL, NULL,
		  "restricted resolvers inbound=1 gateway=closed",
		  "open is looser than [1]" },
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
		  "audit resolvers inbound=closed gateway=closed +j.example +e.example",
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
