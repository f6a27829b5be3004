#include "tests/unit/blame_scene.h"

/* What was refused, why, and by which line it would be allowed. */

#define NAME8 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_NAME NAME8 "." NAME8 "." NAME8 ".example"

struct case_of_packet {
	enum mode mode;
	enum stance dns;
	const char *lines[4];
	const char *hosts;    /* the plan's answers */
	const char *learned;  /* "NAME ADDR": a live lease; "lapsed NAME ADDR" */
	const char *resolved; /* lines "NAME ADDR", the latest last */
	const char *packet;   /* "in" in front: to us */
	enum refusal_reason reason;
	const char *allow, *rule;
};

static const struct case_of_packet outbound[] = {
	/* Nobody speaks of it. */
	{ MODE_RESTRICTED,
	  0,
	  { "allow a.example" },
	  NULL,
	  NULL,
	  NULL,
	  "192.0.2.7 443/tcp",
	  REFUSAL_NO_ENTRY,
	  "- 192.0.2.7:443/tcp",
	  NULL },
	{ MODE_AUDIT,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "2001:db8::1 443/udp",
	  REFUSAL_NO_ENTRY,
	  "- \"[2001:db8::1]:443/udp\"",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "192.0.2.7 1",
	  REFUSAL_NO_ENTRY,
	  "- 192.0.2.7  # all ports and protocols",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "2001:db8::1 58",
	  REFUSAL_NO_ENTRY,
	  "- \"2001:db8::1\"  # all ports and protocols",
	  NULL },
	{ MODE_NONE,
	  0,
	  { "allow 192.0.2.7" },
	  NULL,
	  NULL,
	  "b.example 192.0.2.7",
	  "192.0.2.7 443/tcp",
	  REFUSAL_NO_ENTRY,
	  NULL,
	  NULL },
	/* By the names that led to it, the latest first. */
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  "b.example 11.0.0.7",
	  "11.0.0.7 443/tcp",
	  REFUSAL_NO_ENTRY,
	  "- b.example:443/tcp",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  "b.example 11.0.0.7\nc.example 11.0.0.7\nnull 11.0.0.7",
	  "11.0.0.7 1",
	  REFUSAL_NO_ENTRY,
	  "- \"null\"  # all ports and protocols  # or c.example, b.example",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  "b.example 10.0.0.7",
	  "10.0.0.7 443/tcp",
	  REFUSAL_NO_ENTRY,
	  "- { host: b.example, ports: [443/tcp], private: true }",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  "b.example 169.254.169.254",
	  "169.254.169.254 80/tcp",
	  REFUSAL_NO_ENTRY,
	  "- 169.254.169.254:80/tcp",
	  NULL },
	/* Denied. */
	{ MODE_FULL,
	  0,
	  { "deny 192.0.2.0/24" },
	  NULL,
	  NULL,
	  NULL,
	  "192.0.2.7 443/tcp",
	  REFUSAL_DENIED,
	  NULL,
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  0,
	  { "deny 11.0.0.0/8", "allow a.example" },
	  "11.0.0.7 a.example",
	  NULL,
	  NULL,
	  "11.0.0.7 443/tcp",
	  REFUSAL_DENIED,
	  NULL,
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow .example", "deny b.example" },
	  NULL,
	  NULL,
	  "b.example 11.0.0.7",
	  "11.0.0.7 443/tcp",
	  REFUSAL_DENIED,
	  NULL,
	  "p.yml:2" },
	/* The host. */
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "172.17.0.1 3000/tcp",
	  REFUSAL_GATEWAY,
	  "host_gateway: [3000/tcp]",
	  NULL },
	{ MODE_NONE,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "172.17.0.1 3000/udp",
	  REFUSAL_GATEWAY,
	  "host_gateway: [3000/udp]",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "172.17.0.1 1",
	  REFUSAL_GATEWAY,
	  "host_gateway: true",
	  NULL },
	/* DNS. */
	{ MODE_RESTRICTED,
	  0,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "8.8.8.8 53/udp",
	  REFUSAL_DNS,
	  "- 8.8.8.8:53/udp",
	  NULL },
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow dns.example" },
	  NULL,
	  NULL,
	  "dns.example 8.8.8.8",
	  "8.8.8.8 853/tcp",
	  REFUSAL_DNS,
	  "- 8.8.8.8:853/tcp",
	  NULL },
	{ MODE_FULL,
	  STANCE_PINNED,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "8.8.8.8 53/tcp",
	  REFUSAL_DNS,
	  "- 8.8.8.8:53/tcp",
	  NULL },
	{ MODE_RESTRICTED,
	  0,
	  { "allow 8.8.8.0/24" },
	  NULL,
	  NULL,
	  NULL,
	  "8.8.8.8 53/udp",
	  REFUSAL_DNS,
	  "- 8.8.8.8:53/udp",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  STANCE_PINNED,
	  { NULL },
	  NULL,
	  NULL,
	  NULL,
	  "127.0.0.11 53/udp",
	  REFUSAL_DNS,
	  NULL,
	  NULL },
	/* Open, but elsewhere. */
	{ MODE_RESTRICTED,
	  0,
	  { "allow a.example:443" },
	  "11.0.0.7 a.example",
	  NULL,
	  NULL,
	  "11.0.0.7 8080/tcp",
	  REFUSAL_PORT,
	  "- a.example:8080/tcp",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  0,
	  { "allow 11.0.0.0/8:443/tcp" },
	  NULL,
	  NULL,
	  NULL,
	  "11.0.0.7 443/udp",
	  REFUSAL_PORT,
	  "- 11.0.0.7:443/udp",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  0,
	  { "allow 11.0.0.0/8:443/tcp" },
	  NULL,
	  NULL,
	  "b.example 11.0.0.7",
	  "11.0.0.7 80/tcp",
	  REFUSAL_PORT,
	  "- b.example:80/tcp",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  0,
	  { "allow a.example:443" },
	  NULL,
	  NULL,
	  "a.example 11.0.0.7\nb.example 11.0.0.7",
	  "11.0.0.7 80/tcp",
	  REFUSAL_PORT,
	  "- a.example:80/tcp  # or b.example",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow *.example:443" },
	  NULL,
	  "a.example 11.0.0.7",
	  NULL,
	  "11.0.0.7 80/tcp",
	  REFUSAL_PORT,
	  "- a.example:80/tcp",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow *.example:443" },
	  NULL,
	  "lapsed a.example 11.0.0.7",
	  NULL,
	  "11.0.0.7 80/tcp",
	  REFUSAL_PORT,
	  "- a.example:80/tcp",
	  "p.yml:1" },
	/* Not any more. */
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow *.example:443" },
	  NULL,
	  "lapsed a.example 11.0.0.7",
	  NULL,
	  "11.0.0.7 443/tcp",
	  REFUSAL_EXPIRED,
	  NULL,
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  0,
	  { "allow a.example" },
	  "11.0.0.8 a.example",
	  NULL,
	  "a.example 11.0.0.7",
	  "11.0.0.7 443/tcp",
	  REFUSAL_EXPIRED,
	  NULL,
	  "p.yml:1" },
	/* Allowed, but not there. */
	{ MODE_RESTRICTED,
	  0,
	  { "allow a.example" },
	  "10.0.0.7 a.example",
	  NULL,
	  NULL,
	  "10.0.0.7 443/tcp",
	  REFUSAL_PRIVATE,
	  "- { host: a.example, ports: [443/tcp], private: true }",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow a.example:443" },
	  NULL,
	  NULL,
	  "a.example fd00::7",
	  "fd00::7 443/tcp",
	  REFUSAL_PRIVATE,
	  "- { host: a.example, ports: [443/tcp], private: true }",
	  "p.yml:1" },
	{ MODE_RESTRICTED,
	  0,
	  { "allow a.example" },
	  "169.254.169.254 a.example",
	  NULL,
	  NULL,
	  "169.254.169.254 80/tcp",
	  REFUSAL_PRIVATE,
	  NULL,
	  "p.yml:1" },
	/* No name. */
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow a.example" },
	  NULL,
	  NULL,
	  NULL,
	  "11.0.0.7 443/tcp",
	  REFUSAL_RAW,
	  "- 11.0.0.7:443/tcp",
	  NULL },
	{ MODE_RESTRICTED,
	  STANCE_GUARDED,
	  { "allow a.example" },
	  NULL,
	  NULL,
	  "b.example 11.0.0.7",
	  "11.0.0.7 443/tcp",
	  REFUSAL_NO_ENTRY,
	  "- b.example:443/tcp",
	  NULL },
};

static void learn(struct blame *by, const char *text)
{
	char words[128], *rest = words;
	bool lapsed = strncmp(text, "lapsed ", 7) == 0;
	struct lease_ops ops = { 0 };
	struct lease_addr addr = { .classes = 1 };
	struct leases *leases = leases_new(blame_key);
	const char *host;
	struct error err;
	uint32_t told;

	snprintf(words, sizeof(words), "%s", lapsed ? text + 7 : text);
	host = strsep(&rest, " ");
	addr.addr = addr_of(rest);
	assert_int_equal(
		leases_learn(leases, host, &addr, 1, 60, 1000, &ops, &told, &err), 0);
	if (lapsed)
		leases_expire(leases, 1000 * 1000);
	assert_int_equal(leases_count(leases).live, !lapsed);
	free(ops.v);
	by->leases = leases;
}

static void resolve(struct resolved *resolved, const char *text)
{
	char lines[256], *rest = lines, *line;

	snprintf(lines, sizeof(lines), "%s", text);
	while ((line = strsep(&rest, "\n"))) {
		const char *host = strsep(&line, " ");
		struct addr addr = addr_of(line);

		resolved_add(resolved, host, &addr, 1);
	}
}

static void assert_text(const char *text, const char *wanted)
{
	assert_string_equal(text ? text : "(none)", wanted ? wanted : "(none)");
}

static void check_packet(const struct case_of_packet *row)
{
	CLEANUP(resolved_freep) struct resolved *resolved = resolved_new(blame_key);
	struct scene scene CLEANUP(scene_release);
	struct packet packet = packet_of(row->packet);
	struct blame_texts texts;
	struct refusal refusal;
	struct blame by;

	scene_init(&scene, row->mode);
	scene.policy.dns = row->dns;
	scene_attach(&scene);
	for (size_t i = 0; i < ARRAY_SIZE(row->lines) && row->lines[i]; i++)
		scene_say(&scene, row->lines[i]);
	scene_answer(&scene, row->hosts ? row->hosts : "");
	by = blame_of(&scene);
	by.resolved = resolved;
	if (row->resolved)
		resolve(resolved, row->resolved);
	if (row->learned)
		learn(&by, row->learned);

	blame_packet(&by, &packet, &texts, &refusal);
	assert_string_equal(refusal_reason_name(refusal.reason),
			    refusal_reason_name(row->reason));
	assert_text(refusal.allow, row->allow);
	assert_text(refusal.rule, row->rule);
	assert_int_equal(refusal.count, 1);
	assert_int_equal(refusal.audit, row->mode == MODE_AUDIT);
	assert_int_equal(addr_compare(&refusal.addr, &packet.destination), 0);
	assert_int_equal(refusal.protocol, packet.protocol);
	assert_int_equal(refusal.port, packet.destination_port);
	assert_true(refusal.has_uid && refusal.uid == 1000);
	if (refusal.allow)
		assert_opens(&scene, refusal.allow, &packet.destination,
			     point_of_packet(&packet));
	leases_free((struct leases *)by.leases);
}

static void says_why_a_packet_was_refused_and_what_would_allow_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(outbound); i++)
		check_packet(&outbound[i]);
}

static void a_line_adds_to_the_ports_that_are_open_already(void **state)
{
	static const struct port_range open[] = { { 3000, 3000 }, { 8000, 8999 } };
	const struct opening opening = { .kind = OPENING_PORTS,
					 .ports = open,
					 .port_count = 2 };
	struct packet out = packet_of("172.17.0.1 3001/tcp");
	struct packet in = packet_of("198.51.100.9 5173/udp");
	struct scene scene CLEANUP(scene_release);
	struct blame by = blame_of(&scene);
	struct blame_texts texts;
	struct refusal refusal;

	(void)state;
	in.hook = PACKET_IN;
	scene_init(&scene, MODE_RESTRICTED);
	scene_attach(&scene);
	scene.policy.inbound = scene.policy.host_gateway = opening;

	blame_packet(&by, &out, &texts, &refusal);
	assert_int_equal(refusal.reason, REFUSAL_GATEWAY);
	assert_text(refusal.allow, "host_gateway: [3000-3001/tcp, 8000-8999/tcp]");
	assert_opens(&scene, refusal.allow, &out.destination, 3001);

	blame_packet(&by, &in, &texts, &refusal);
	assert_int_equal(refusal.reason, REFUSAL_INBOUND);
	assert_int_equal(addr_compare(&refusal.addr, &in.source), 0);
	assert_text(refusal.allow, "inbound: [3000/tcp, 8000-8999/tcp, 5173/udp]");

	/* It is open: what came was no beginning. No port, no line. */
	in = packet_of("198.51.100.9 8080/tcp");
	in.hook = PACKET_IN;
	blame_packet(&by, &in, &texts, &refusal);
	assert_text(refusal.allow, NULL);
	in = packet_of("198.51.100.9 1");
	in.hook = PACKET_IN;
	blame_packet(&by, &in, &texts, &refusal);
	assert_text(refusal.allow, NULL);
	scene.policy.inbound.kind = OPENING_CLOSED;
	in = packet_of("198.51.100.9 22/tcp");
	in.hook = PACKET_IN;
	blame_packet(&by, &in, &texts, &refusal);
	assert_text(refusal.allow, "inbound: [22/tcp]");
}

static void tells_all_names_and_who_asked(void **state)
{
	CLEANUP(resolved_freep) struct resolved *resolved = resolved_new(blame_key);
	const struct asker asker = { .has_uid = true, .uid = 1000, .program = "curl" };
	struct packet packet = packet_of("11.0.0.7 443/tcp");
	struct scene scene CLEANUP(scene_release);
	struct blame by = blame_of(&scene);
	struct blame_texts texts;
	struct refusal refusal;

	(void)state;
	scene_init(&scene, MODE_RESTRICTED);
	scene_answer(&scene, "11.0.0.7 a.example b.example");
	by.resolved = resolved;
	resolve(resolved, "b.example 11.0.0.7\n" LONG_NAME " 11.0.0.7");
	resolved_asked(resolved, LONG_NAME, &asker);
	learn(&by, "c.example 11.0.0.7");

	blame_packet(&by, &packet, &texts, &refusal);
	assert_int_equal(refusal.name_count, 4);
	assert_string_equal(refusal.names[0], LONG_NAME);
	assert_string_equal(refusal.names[1], "b.example");
	assert_string_equal(refusal.names[2], "c.example");
	assert_string_equal(refusal.names[3], "a.example");
	assert_string_equal(refusal.program, "curl");
	assert_text(refusal.allow,
		    "- " LONG_NAME ":443/tcp  # or b.example, c.example, a.example");

	packet.uid = 1001;
	blame_packet(&by, &packet, &texts, &refusal);
	assert_string_equal(refusal.program, "");
	leases_free((struct leases *)by.leases);
}

/* A line that is said to allow something does; none is said only where none would. */
static void every_line_allows_what_was_refused(void **state)
{
	static const struct port_range open = { 22, 80 };

	(void)state;
	draw_begin();
	for (int round = 0; round < 20000; round++) {
		struct scene scene CLEANUP(scene_release);
		struct addr addr = draw_addr();
		uint32_t point = points[draw(ARRAY_SIZE(points))];
		struct packet packet = { .hook = PACKET_OUT, .destination = addr };
		struct blame_texts texts;
		struct refusal refusal;
		struct blame by;

		draw_scene(&scene);
		/* Those drawn are no ports that anybody could write down. */
		scene.policy.host_gateway.ports = &open;
		scene.policy.host_gateway.port_count = 1;
		by = blame_of(&scene);
		packet.protocol = point == PORTSET_OTHER ? IPPROTO_ICMP
				  : point >= PORTSET_UDP ? IPPROTO_UDP
							 : IPPROTO_TCP;
		packet.has_ports = point != PORTSET_OTHER;
		packet.destination_port = (uint16_t)(point % PORTSET_UDP);
		if ((packet.has_ports && !packet.destination_port) ||
		    explain_addr(&scene.policy, &scene.answers, &scene.site, &addr, point)
			    .allowed)
			continue;
		blame_packet(&by, &packet, &texts, &refusal);
		if (refusal.allow)
			assert_opens(&scene, refusal.allow, &addr, point);
		else if (refusal.reason != REFUSAL_DENIED &&
			 refusal.reason != REFUSAL_EXPIRED &&
			 refusal.reason != REFUSAL_PRIVATE && !refusal.rule &&
			 scene.policy.mode != MODE_NONE)
			fail_msg("SEED=%#llx: no line", round_seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_why_a_packet_was_refused_and_what_would_allow_it),
		cmocka_unit_test(a_line_adds_to_the_ports_that_are_open_already),
		cmocka_unit_test(tells_all_names_and_who_asked),
		cmocka_unit_test(every_line_allows_what_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
