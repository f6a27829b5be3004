#include "tests/unit/scene.h"

#include <stdio.h>

static void say_all(struct scene *scene, const char *const *lines, size_t count)
{
	scene->policy.dns = STANCE_GUARDED;
	for (size_t i = 0; i < count && lines[i]; i++)
		scene_say(scene, lines[i]);
}

/* Only what is known from the start is open; the names follow. */
static const struct row learned[] = {
	{ MODE_RESTRICTED,
	  .lines = { "allow api.example.com:443/tcp", "allow *.example.com:80/tcp",
		     "allow .example.com:22/tcp", "allow api.example.com:8443/tcp",
		     "deny x.example.com" },
	  .hosts = "11.0.0.7 api.example.com x.example.com\n"
		   "12.0.0.7 example.com\n"
		   "13.0.0.7 evilexample.com example\n",
	  .flows = "11.0.0.7 22/tcp\n"
		   "11.0.0.7 80/tcp\n"
		   "11.0.0.7 443/tcp\n"
		   "11.0.0.7 8443/tcp\n"
		   "12.0.0.7 22/tcp\n"
		   "api.example.com 443/tcp\n"
		   "api.example.com 8443/tcp\n"
		   "*.example.com 80/tcp\n"
		   ".example.com 22/tcp\n"
		   "x.example.com denied\n" },
	/* A name never beats a deny of an address; a deny of a name closes no address. */
	{ MODE_RESTRICTED,
	  .lines = { "allow *.example:443/tcp", "deny 11.0.0.0/8", "deny b.example",
		     "allow c.example" },
	  .hosts = "11.0.0.7 a.example\n12.0.0.7 b.example c.example\n",
	  .flows = "12.0.0.7 any\n"
		   "b.example denied\n"
		   "c.example any\n"
		   "*.example 443/tcp\n",
	  .notes = "p.yml:1: a.example: 11.0.0.7 is closed by deny '11.0.0.0/8' "
		   "(p.yml:2), which a name never beats\n" },
	/* The name that was asked for is said, not the wildcard's domain, and counts as one. */
	{ MODE_RESTRICTED, .attached = true,
	  .lines = { "allow .corp", "private allow *.lab:443/tcp" },
	  .hosts = "172.17.0.9 corp\n172.17.0.10 a.corp\n10.0.0.1 b.lab\n",
	  .flows = "10.0.0.1 443/tcp\n"
		   "172.17.0.9 any\n"
		   ".corp any\n"
		   "*.lab 443/tcp\n",
	  .notes = "p.yml:1: a.corp: 172.17.0.10 (private) is not opened: to open it all "
		   "the same, write 'private: true' beside the name\n" },
	{ MODE_FULL, .lines = { "deny *.example" }, .hosts = "11.0.0.7 a.example\n",
	  .flows = "0.0.0.0/0 any\n::/0 any\n*.example denied\n" },
	{ MODE_NONE,
	  .lines = { "allow a.example", "allow *.b.example", "deny c.example" },
	  .hosts = "11.0.0.7 a.example\n", .flows = "" },
};

static void what_is_known_from_the_start_is_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(learned); i++) {
		const struct row *row = &learned[i];
		struct scene scene CLEANUP(scene_release);

		scene_init(&scene, row->mode);
		if (row->attached)
			scene_attach(&scene);
		say_all(&scene, row->lines, ARRAY_SIZE(row->lines));
		scene_answer(&scene, row->hosts);
		assert_flows(&scene, row->flows);
		assert_notes(&scene, row->notes ? row->notes : "");
	}
}

static void what_dns_says_is_not_open(void **state)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	say_all(&scene, (const char *[]){ "required allow a.example", "allow b.example" },
		2);
	scene_answer(&scene, "11.0.0.7 a.example b.example\n");
	for (size_t i = 0; i < scene.answers.count; i++)
		scene.answers.v[i].fixed = false;
	assert_flows(&scene, "a.example any\nb.example any\n");
	plan = build(&scene);
	assert_int_equal(plan->names, 2);
	assert_int_equal(plan->addresses, 0);
	assert_int_equal(plan->skipped_count, 0);
}

static void counts_names_and_the_addresses_known(void **state)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	say_all(&scene,
		(const char *[]){ "allow a.example:80", "allow a.example:443",
				  "allow *.b.example", "allow .b.example",
				  "allow gone.example", "deny d.example" },
		6);
	scene_answer(&scene, "11.0.0.7 a.example\n12.0.0.7 a.example\n"
			     "12.0.0.8 x.b.example\n12.0.0.9 other.example\n");
	plan = build(&scene);
	assert_int_equal(plan->names, 4);
	assert_int_equal(plan->addresses, 3);
	assert_int_equal(plan->skipped_count, 0);
	assert_int_equal(plan->learned_count, 5);
	assert_notes(&scene, "");
}

/* --- required ---------------------------------------------------------------------------- */

static void set_state(struct scene *scene, const char *host, enum answer_state state)
{
	struct answer *v = arena_alloc(scene->arena, sizeof(*v));

	*v = (struct answer){ .host = host, .state = state };
	scene->answers = (struct answers){ v, 1 };
}

static void set_asked(struct scene *scene, const char *hosts)
{
	scene_answer(scene, hosts);
	for (size_t i = 0; i < scene->answers.count; i++)
		scene->answers.v[i].fixed = false;
}

static void a_required_name_is_judged_by_what_dns_says(void **state)
{
	static const char none_opened[] =
		"p.yml:1: 'b.example' is required: none of its addresses is opened";
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	say_all(&scene,
		(const char *[]){ "required allow b.example:443/tcp", "deny 11.0.0.0/8" },
		2);
	/* Nobody asked. */
	assert_flows(&scene, "b.example 443/tcp\n");
	set_state(&scene, "b.example", ANSWER_NXDOMAIN);
	assert_fails(&scene, ERROR_RESOLVE, "p.yml:1: 'b.example' is required: NXDOMAIN");
	set_asked(&scene, "10.0.0.1 b.example\n");
	assert_fails(&scene, ERROR_RESOLVE, none_opened);
	set_asked(&scene, "11.0.0.1 b.example\n");
	assert_fails(&scene, ERROR_RESOLVE, none_opened);
	scene_answer(&scene, "11.0.0.1 b.example\n");
	assert_fails(&scene, ERROR_RESOLVE, none_opened);
	set_asked(&scene, "11.0.0.1 b.example\n12.0.0.1 b.example\n");
	assert_flows(&scene, "b.example 443/tcp\n");
	/* Its own address: loopback reaches it. */
	set_asked(&scene, "172.17.0.2 b.example\n");
	assert_flows(&scene, "b.example 443/tcp\n");
	scene_answer(&scene, "12.0.0.1 b.example\n");
	assert_flows(&scene, "12.0.0.1 443/tcp\nb.example 443/tcp\n");
}

static void a_required_name_that_is_denied_stops_the_start(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	say_all(&scene,
		(const char *[]){ "required allow b.example", "project deny .example" },
		2);
	assert_fails(&scene, ERROR_RESOLVE,
		     "p.yml:1: 'b.example' is required, but deny '.example' (p.yml:2) "
		     "refuses it");
}

/* --- classes ----------------------------------------------------------------------------- */

static void print_classes(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->class_count; i++) {
		size_t count;
		const struct port_range *ranges =
			portset_ranges(plan->portsets, plan->classes[i], &count);

		buf_puts(out, i ? " | " : "");
		if (plan->classes[i] == PORTSET_ANY)
			buf_puts(out, "any");
		else
			ports_print(ranges, count, out);
	}
}

static void assert_classes(const char *const *lines, size_t count, const char *wanted)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);
	struct buf got CLEANUP(buf_release) = { 0 };

	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	say_all(&scene, lines, count);
	plan = build(&scene);
	print_classes(plan, &got);
	assert_string_equal(got.data ? got.data : "", wanted);
}

#define CLASSES(wanted, ...)                                                             \
	assert_classes((const char *const[]){ __VA_ARGS__ },                             \
		       ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })), wanted)

static void classes_are_what_names_can_open(void **state)
{
	(void)state;
	CLASSES("443 | any", "allow a.example:443", "allow *.b.example",
		"allow c.example", "allow d.example:443", "allow 11.0.0.0/8:22",
		"deny e.example");
	/* A deny without ports leaves nothing, gateways are denied whole. */
	CLASSES("443 | 80 | 443/tcp", "allow a.example:443", "private allow b.example:80",
		"deny 10.0.0.0/8", "deny 11.0.0.0/8:443/udp");
}

static void prints_a_class_with_several_ports(void **state)
{
	struct scene scene CLEANUP(scene_release);
	struct port_range ports[] = { { 80, 80 }, { 443, 443 } };

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	say_all(&scene, (const char *[]){ "allow a.example" }, 1);
	scene.policy.entries[0].ports = ports;
	scene.policy.entries[0].port_count = ARRAY_SIZE(ports);
	assert_flows(&scene, "a.example 80/tcp\na.example 443/tcp\n");
}

#define TOO_MANY                                                                         \
	"names with more than 32 different port lists, what denies leave of each "       \
	"counted too; give some the same"

static void too_many_classes_are_an_error(void **state)
{
	struct scene scene CLEANUP(scene_release);
	char text[64];

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene.policy.dns = STANCE_GUARDED;
	for (unsigned i = 0; i < PLAN_CLASSES_MAX; i++) {
		snprintf(text, sizeof(text), "allow n%u.example:%u", i, i + 1);
		scene_say(&scene, arena_strndup(scene.arena, text, strlen(text)));
	}
	plan_free(build(&scene));
	scene_say(&scene, "deny 11.0.0.0/8:1/tcp");
	/* What the deny leaves of the first name's ports is one too many. */
	assert_fails(&scene, ERROR_POLICY, "p.yml:1: " TOO_MANY);
	scene.policy.count--;
	scene_say(&scene, "allow another.example:99");
	assert_fails(&scene, ERROR_POLICY, "p.yml:33: " TOO_MANY);
	scene.policy.dns = STANCE_PINNED;
	plan_free(build(&scene));
}

/* --- denies ------------------------------------------------------------------------------ */

/* "LENGTH", in the order of the sorted rules, with '-' before a deny. */
static void print_rules(const struct rules *rules, struct buf *out)
{
	for (size_t i = 0; i < rules->count; i++)
		buf_printf(out, "%s%s%d", i ? " " : "", rules->v[i].deny ? "-" : "",
			   rules->v[i].length);
}

static void keeps_denies_and_what_lies_in_them(void **state)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);
	struct buf got[2] = { 0 };

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	say_all(&scene,
		(const char *[]){ "allow 11.0.0.0/9", "allow 10.0.0.0/7",
				  "deny 10.0.0.0/8", "allow 10.1.0.0/16",
				  "deny 10.1.2.0/24", "allow 10.1.2.3", "allow 12.0.0.1",
				  "project allow 10.1.2.4", "project deny fc00::/7",
				  "allow fc00::1" },
		10);
	plan = build(&scene);
	print_rules(&plan->denies[TRUST_OPERATOR], &got[0]);
	print_rules(&plan->denies[TRUST_PROJECT], &got[1]);
	assert_string_equal(got[0].data, "-8 16 -24 32");
	assert_string_equal(got[1].data, "-7");
	assert_int_equal(spans_at(&plan->cut[0], addr_of("10.1.2.3").value),
			 PORTSET_WHOLE);
	assert_int_equal(spans_at(&plan->cut[0], addr_of("11.0.0.1").value),
			 PORTSET_EMPTY);
	assert_int_equal(spans_at(&plan->cut[1], addr_of("fc00::1").value),
			 PORTSET_WHOLE);
	buf_release(&got[0]);
	buf_release(&got[1]);
}

static void other_stances_learn_nothing(void **state)
{
	static const enum stance stances[] = { STANCE_UNSET, STANCE_RESOLVERS,
					       STANCE_PINNED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stances); i++) {
		CLEANUP(plan_freep) struct plan *plan = NULL;
		struct scene scene CLEANUP(scene_release);

		scene_init(&scene, MODE_RESTRICTED);
		SAY(&scene, "allow a.example:443", "deny 11.0.0.0/8");
		scene_answer(&scene, "12.0.0.1 a.example\n");
		scene.policy.dns = stances[i];
		plan = build(&scene);
		assert_int_equal(plan->class_count, 0);
		assert_int_equal(plan->learned_count, 0);
		assert_int_equal(plan->cut[0].count, 0);
		assert_int_equal(plan->denies[0].count, 0);
	}
}

static void names_can_be_forgotten(void **state)
{
	CLEANUP(scene_release) struct scene scene;
	CLEANUP(plan_freep) struct plan *plan = NULL;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene.policy.dns = STANCE_GUARDED;
	SAY(&scene, "allow a.example:443", "allow *.b.example");
	plan = build(&scene);
	assert_int_equal(plan->learned_count, 2);
	plan_forget_names(plan);
	assert_int_equal(plan->learned_count, 0);
	assert_null(plan->learned);
	assert_int_equal(plan->names, 2);
	assert_int_equal(plan->class_count, 2);
	plan_forget_names(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_from_the_start_is_open),
		cmocka_unit_test(what_dns_says_is_not_open),
		cmocka_unit_test(counts_names_and_the_addresses_known),
		cmocka_unit_test(a_required_name_is_judged_by_what_dns_says),
		cmocka_unit_test(a_required_name_that_is_denied_stops_the_start),
		cmocka_unit_test(classes_are_what_names_can_open),
		cmocka_unit_test(prints_a_class_with_several_ports),
		cmocka_unit_test(too_many_classes_are_an_error),
		cmocka_unit_test(keeps_denies_and_what_lies_in_them),
		cmocka_unit_test(other_stances_learn_nothing),
		cmocka_unit_test(names_can_be_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
