#include "tests/unit/scene.h"

static const struct row names[] = {
	{ MODE_RESTRICTED,
	  .lines = { "allow api.example.com:443/tcp", "allow www.example.com:80/tcp" },
	  .hosts = "11.0.0.7 api.example.com\n11.0.0.7 www.example.com\n"
		   "2600::7 api.example.com\n",
	  .flows = "11.0.0.7 80/tcp\n11.0.0.7 443/tcp\n2600::7 443/tcp\n" },
	/* A name never beats a deny, of whomever, however short. */
	{ MODE_RESTRICTED,
	  .lines = { "allow api.example.com:443/tcp", "project deny 11.0.0.0/8",
		     "allow 11.0.0.0/24" },
	  .hosts = "11.0.0.7 api.example.com\n11.1.0.7 api.example.com\n"
		   "12.0.0.7 api.example.com\n",
	  .flows = "12.0.0.7 443/tcp\n",
	  .notes = "p.yml:1: api.example.com: 11.0.0.7 is closed by deny '11.0.0.0/8' "
		   "(p.yml:2), "
		   "which a name never beats\n"
		   "p.yml:1: api.example.com: 11.1.0.7 is closed by deny '11.0.0.0/8' "
		   "(p.yml:2), "
		   "which a name never beats\n" },
	{ MODE_RESTRICTED,
	  .lines = { "allow api.example.com", "deny 0.0.0.0/0:22/tcp",
		     "allow 11.0.0.0/24:22/tcp" },
	  .hosts = "11.0.0.7 api.example.com\n12.0.0.7 api.example.com\n",
	  .flows = "11.0.0.0-11.0.0.6 22/tcp\n"
		   "11.0.0.7 any\n"
		   "11.0.0.8-11.0.0.255 22/tcp\n"
		   "12.0.0.7 0-21/tcp\n"
		   "12.0.0.7 23-52/tcp\n"
		   "12.0.0.7 54-852/tcp\n"
		   "12.0.0.7 854-65535/tcp\n"
		   "12.0.0.7 0-52/udp\n"
		   "12.0.0.7 54-852/udp\n"
		   "12.0.0.7 854-65535/udp\n"
		   "12.0.0.7 other\n",
	  .notes = "p.yml:1: api.example.com: 12.0.0.7 is closed by deny "
		   "'0.0.0.0/0:22/tcp' "
		   "(p.yml:2), which a name never beats\n" },
	/* The note names a deny that has to do with the ports. */
	{ MODE_RESTRICTED,
	  .lines = { "allow api.example.com:443/tcp", "deny 11.0.0.7:22",
		     "deny 11.0.0.0/8:400-500/tcp" },
	  .hosts = "11.0.0.7 api.example.com\n", .flows = "",
	  .notes = "p.yml:1: api.example.com: 11.0.0.7 is closed by deny "
		   "'11.0.0.0/8:400-500/tcp' (p.yml:3), which a name never beats\n" },
	/* `private: true` makes it a literal, with the literal's precedence. */
	{ MODE_RESTRICTED,
	  .lines = { "private allow db.example.com:5432/tcp", "deny 10.0.0.0/8" },
	  .hosts = "10.0.0.5 db.example.com\n", .flows = "10.0.0.5 5432/tcp\n" },
	{ MODE_FULL,
	  .lines = { "private allow nas.example.com", "allow pc.example.com",
		     "deny 192.168.0.0/16:80/tcp" },
	  .hosts = "192.168.0.9 nas.example.com\n192.168.0.8 pc.example.com\n"
		   "11.0.0.7 pc.example.com\n",
	  .flows = "0.0.0.0-192.167.255.255 all\n"
		   "192.168.0.0-192.168.0.8 0-79/tcp\n"
		   "192.168.0.0-192.168.0.8 81-65535/tcp\n"
		   "192.168.0.0-192.168.0.8 udp\n"
		   "192.168.0.0-192.168.0.8 other\n"
		   "192.168.0.9 all\n"
		   "192.168.0.10-192.168.255.255 0-79/tcp\n"
		   "192.168.0.10-192.168.255.255 81-65535/tcp\n"
		   "192.168.0.10-192.168.255.255 udp\n"
		   "192.168.0.10-192.168.255.255 other\n"
		   "192.169.0.0-255.255.255.255 all\n"
		   "::/0 all\n",
	  .notes = "p.yml:2: pc.example.com: 192.168.0.8 (private) is not opened: to "
		   "open it all "
		   "the same, write 'private: true' beside the name\n" },
	/* Not opened, but a literal entry does: nothing to warn of. */
	{ MODE_RESTRICTED,
	  .lines = { "allow pc.example.com:443/tcp", "allow 192.168.0.0/16:443/tcp" },
	  .hosts = "192.168.0.8 pc.example.com\n", .flows = "192.168.0.0/16 443/tcp\n" },
	{ MODE_NONE, .lines = { "required allow api.example.com" },
	  .hosts = "11.0.0.7 api.example.com\n", .flows = "" },
};

static void names_are_compiled(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_row(&names[i]);
}

#define NAME "p.yml:1: x.example: "
#define REFUSED " is not opened: "
#define PRIVATE REFUSED "to open it all the same, write 'private: true' beside the name\n"
#define SPECIAL REFUSED "no name opens such an address; write the address itself\n"
#define GATEWAY REFUSED "it is the container's gateway; 'host_gateway' opens it\n"
#define OWN REFUSED "it is the container's own, which loopback reaches\n"

static const struct row refusals[] = {
	{ MODE_RESTRICTED,
	  true,
	  { "allow x.example:443/tcp" },
	  "10.0.0.1 x.example\n169.254.169.254 x.example\n127.0.0.1 x.example\n"
	  "169.254.0.1 x.example\n172.17.0.1 x.example\n172.17.0.2 x.example\n"
	  "172.17.0.3 x.example\n0.0.0.0 x.example\n224.0.0.1 x.example\n"
	  "::ffff:11.0.0.7 x.example\n64:ff9b::b00:7 x.example\nfd00::1 x.example\n"
	  "fe80::1 x.example\n::1 x.example\n",
	  "",
	  /* clang-format off */
	  NAME "0.0.0.0 (special-purpose)" SPECIAL
	  NAME "10.0.0.1 (private)" PRIVATE
	  NAME "127.0.0.1 (loopback)" SPECIAL
	  NAME "169.254.0.1 (link-local)" SPECIAL
	  NAME "169.254.169.254 (cloud metadata)" SPECIAL
	  NAME "172.17.0.1 (private)" GATEWAY
	  NAME "172.17.0.2 (private)" OWN
	  NAME "172.17.0.3 (private)" PRIVATE
	  NAME "224.0.0.1 (special-purpose)" SPECIAL
	  NAME "::1 (loopback)" SPECIAL
	  NAME "::ffff:11.0.0.7 (special-purpose)" SPECIAL
	  NAME "64:ff9b::b00:7 (special-purpose)" SPECIAL
	  NAME "fd00::1 (private)" PRIVATE
	  NAME "fe80::1 (link-local)" SPECIAL },
	/* clang-format on */
	/* `private: true` opens private addresses, the gateway's too, and nothing else. */
	{ MODE_RESTRICTED,
	  true,
	  { "private allow x.example:443/tcp" },
	  "10.0.0.1 x.example\n172.17.0.1 x.example\n169.254.169.254 x.example\n",
	  "10.0.0.1 443/tcp\n172.17.0.1 443/tcp\n",
	  NAME "169.254.169.254 (cloud metadata)" SPECIAL },
	/* A project's does not open the host. */
	{ MODE_RESTRICTED,
	  true,
	  { "project private allow x.example:443/tcp" },
	  "172.17.0.1 x.example\n",
	  "",
	  NAME "172.17.0.1 stays closed, it is the container's gateway\n" },
	/* A compose service: one label, a neighbour, not the gateway. */
	{ MODE_RESTRICTED,
	  true,
	  { "allow db:5432/tcp" },
	  "172.17.0.9 db\n10.0.0.9 db\n172.17.0.1 db\n2001:db8:17::9 db\n",
	  "172.17.0.9 5432/tcp\n2001:db8:17::9 5432/tcp\n",
	  "p.yml:1: db: 10.0.0.9 (private)" PRIVATE
	  "p.yml:1: db: 172.17.0.1 (private)" GATEWAY },
};

static void names_open_no_inner_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		check_row(&refusals[i]);
}

static void unresolved_names_are_skipped_and_said(void **state)
{
	CLEANUP(plan_freep) struct plan *plan = NULL;
	struct scene scene CLEANUP(scene_release);
	struct answer v[] = { { .host = "gone.example", .state = ANSWER_NXDOMAIN },
			      { .host = "slow.example", .state = ANSWER_TIMEOUT } };

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	SAY(&scene, "allow slow.example:443", "allow gone.example:443",
	    "allow slow.example:80", "allow none.example");
	scene.answers = (struct answers){ v, ARRAY_SIZE(v) };
	plan = build(&scene);
	assert_int_equal(plan->skipped_count, 3);
	assert_string_equal(plan->skipped[0].host, "gone.example");
	assert_int_equal(plan->skipped[0].state, ANSWER_NXDOMAIN);
	assert_string_equal(plan->skipped[1].host, "none.example");
	assert_int_equal(plan->skipped[1].state, ANSWER_UNKNOWN);
	assert_string_equal(plan->skipped[2].host, "slow.example");
	assert_int_equal(plan->names, 0);
	assert_notes(&scene, "p.yml:2: skipped gone.example: NXDOMAIN\n"
			     "p.yml:4: skipped none.example: not in the answers\n"
			     "p.yml:1: skipped slow.example: timed out\n");
}

static void a_required_name_stops_the_start(void **state)
{
	struct scene scene CLEANUP(scene_release);

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	SAY(&scene, "allow a.example", "required allow b.example:443");
	assert_fails(&scene, ERROR_RESOLVE,
		     "p.yml:2: 'b.example' is required: not in the answers");
	scene_answer(&scene, "10.0.0.1 b.example\n");
	assert_fails(&scene, ERROR_RESOLVE,
		     "p.yml:2: 'b.example' is required: none of its addresses is opened");
	SAY(&scene, "deny 11.0.0.0/8");
	scene_answer(&scene, "11.0.0.7 b.example\n");
	assert_fails(&scene, ERROR_RESOLVE,
		     "p.yml:2: 'b.example' is required: none of its addresses is opened");
	scene_answer(&scene, "11.0.0.7 b.example\n12.0.0.7 b.example\n");
	assert_flows(&scene, "12.0.0.7 443/tcp\n12.0.0.7 443/udp\n");
	/* Its own address: loopback reaches it. */
	scene_answer(&scene, "172.17.0.2 b.example\n");
	assert_flows(&scene, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_compiled),
		cmocka_unit_test(names_open_no_inner_address),
		cmocka_unit_test(unresolved_names_are_skipped_and_said),
		cmocka_unit_test(a_required_name_stops_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
