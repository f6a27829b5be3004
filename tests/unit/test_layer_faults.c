#include "tests/unit/layer_bench.h"

static void explains_each_fault(void **state)
{
	static const struct {
		const char *text, *note;
	} cases[] = {
		{ "network:\n  alow: []\n",
		  "p.yml:2:3: unknown key 'alow' in network; did you mean 'allow'?" },
		{ "network:\n  polcy: full\n", "did you mean 'policy'?" },
		{ "network:\n  frobnicate: 1\n", "unknown key 'frobnicate' in network; "
						 "known are policy, allow, deny, dns, "
						 "inbound, host_gateway, trust_project" },
		{ "network:\n  ? [a]\n  : b\n", "unknown key a list in network" },
		{ "network:\n  <<: {}\n", "unknown key '<<' in network" },
		{ N "  policy: none\n",
		  "p.yml:3:3: key 'policy' is given twice, first in line 2" },
		{ "network: {}\nnetwork: {}\n",
		  "key 'network' is given twice, first in line 1" },
		{ "network: [a]\n",
		  "network: expected a mapping with policy, allow, ..., not a list" },
		{ "network: yes\n", "network: expected a mapping" },
		{ "- a\n", "expected a mapping with the key network, not a list" },
		{ "just words\n",
		  "expected a mapping with the key network, not 'just words'" },
		{ "network:\n  policy: restrict\n",
		  "p.yml:2:11: policy: expected full, audit, restricted or none, not "
		  "'restrict'; "
		  "did you mean 'restricted'?" },
		{ "network:\n  policy: [full]\n",
		  "policy: expected full, audit, restricted or none, "
		  "not a list" },
		{ "network:\n  policy:\n",
		  "policy: expected full, audit, restricted or none, not nothing" },
		{ "network:\n  policy: \"full\\0\"\n", "not 'full\\x00' in quotes" },
		{ "network:\n  dns: pined\n",
		  "dns: expected resolvers, guarded or pinned, not 'pined'; "
		  "did you mean 'pinned'?" },
		{ "network:\n  inbound: true\n",
		  "inbound: expected deny, allow or a list of ports" },
		{ "network:\n  inbound: [http]\n",
		  "p.yml:2:13: inbound: 'http' is not a port" },
		{ "network:\n  inbound: []\n", "inbound: expected a list of ports" },
		{ "network:\n  host_gateway: yes\n",
		  "host_gateway: expected false, true or a list" },
		{ "network:\n  host_gateway: \"true\"\n",
		  "host_gateway: expected false, true or a list" },
		{ "isolation: yes\n", "isolation: expected true or false, not 'yes'" },
		{ "network:\n  allow: a.example\n",
		  "allow: expected a list, with '- ' before each entry, not "
		  "'a.example'" },
		{ A "    - [2001:db8::1]\n",
		  "allow: expected an entry such as api.example.com:443 or "
		  "\"[2001:db8::1]:443\", not a list" },
		{ A "    -\n", "not nothing" },
		{ A "    - db: 5432\n", "p.yml:3:7: 'db: 5432' is a mapping to YAML "
					"because of the blank; write db:5432" },
		{ A "    - host: 5432\n", "'5432' is not a host name" },
		{ A "    - hist: 5432\n", "write hist:5432" },
		{ A "    - hots: a.example\n",
		  "unknown key 'hots' in an entry; did you mean 'host'?" },
		{ A "    - example.com:\n",
		  "'example.com:' is a mapping to YAML because it ends in a colon" },
		{ A "    - 2001:db8::\n", "'2001:db8::' is a mapping to YAML" },
		{ A "    - {}\n",
		  "a mapping without the key host or preset is no entry" },
		{ A "    - { a: b, c: d }\n",
		  "a mapping without the key host or preset is no entry" },
		{ A "    - *.example.com\n", "p.yml:3:7: '- *.example.com': '*' begins a "
					     "YAML alias; put a wildcard in quotes" },
		{ A "    - *example\n",
		  "'*example' is a YAML alias, and there is no anchor of that name" },
		{ A "    - [2001:db8::/32]:443\n", "\"[2001:db8::1]:443\", not a list" },
		{ A "    - @example\n", "put a value that begins with '@' in quotes" },
		{ A "\t- a\n", "not by tabs" },
		{ A "    - https://a.example/x\n",
		  "p.yml:3:7: 'https://a.example/x' is a URL" },
		{ A "    - a.example:70000\n", "port '70000' is not in 1-65535" },
		{ A "    - 10.0.0.1/8\n", "host bits set; the network is 10.0.0.0/8" },
		{ A "    - ::ffff:10.0.0.1\n", "IPv4-mapped" },
		{ A "    - a_b@c.example\n", "is not a host name" },
		{ A "    - preset: nmp\n",
		  "there is no preset 'nmp'; did you mean 'npm'?" },
		{ A "    - preset:nmp\n",
		  "there is no preset 'nmp'; did you mean 'npm'?" },
		{ A "    - preset: [npm]\n", "preset: expected a name, not a list" },
		{ A "    - { preset: npm, ports: [1] }\n",
		  "'ports' does not go with preset" },
		{ A "    - { preset: npm, host: a.example }\n",
		  "'host' does not go with preset" },
		{ A "    - { host: a.example, prot: [1] }\n",
		  "unknown key 'prot' in an entry; did you mean 'ports'?" },
		{ A "    - { host: a.example, host: b.example }\n",
		  "key 'host' is given twice" },
		{ A "    - { host: \"a.example:1\", ports: [2] }\n",
		  "ports are given twice: here and in 'a.example:1'" },
		{ A "    - { host: a.example, ports: 443 }\n",
		  "ports: expected a list of ports such as "
		  "[443, 8000-8999/tcp], not '443'" },
		{ A "    - { host: a.example, ports: [] }\n",
		  "ports: expected a list of ports" },
		{ A "    - { host: a.example, ports: [[1]] }\n",
		  "ports: expected a port such as" },
		{ A "    - { host: a.example, private: yes }\n",
		  "private: expected true or false, not 'yes'" },
		{ A "    - { host: a.example, private: \"true\" }\n",
		  "private: expected true or false" },
		{ A "    - { host: [a.example] }\n",
		  "host: expected a host name, an address or a network" },
		{ "network:\n  deny:\n    - { host: 10.0.0.0/8, private: true }\n",
		  "'private', 'required' and 'types' say nothing under deny" },
		{ "network:\n  deny:\n    - { host: a.example, required: true }\n",
		  "'private', 'required' and 'types' say nothing under deny" },
		{ "network:\n  deny:\n    - a.example:443\n",
		  "p.yml:3:7: 'a.example:443': a deny of a name filters the name and "
		  "takes no ports" },
		{ "network:\n  deny:\n    - { host: .a.example, ports: [1] }\n",
		  "'.a.example': a deny of a name filters the name and takes no ports" },
		{ "network:\n  deny:\n    - { host: a.example, types: [mx] }\n",
		  "'private', 'required' and 'types' say nothing under deny" },
		{ A "    - { host: a.example, types: [mx, a] }\n",
		  "p.yml:3:38: types: expected mx, srv or txt, not 'a'" },
		{ A "    - { host: a.example, types: https }\n",
		  "p.yml:3:33: types: expected mx, srv or txt, not 'https'" },
		{ A "    - { host: a.example, types: [] }\n",
		  "types: expected a list of types such as [mx, srv, txt], not a list" },
		{ A "    - { host: 192.0.2.1, types: txt }\n",
		  "p.yml:3:7: '192.0.2.1': 'types' needs a name or a wildcard" },
		{ A "    - { preset: npm, types: [mx] }\n",
		  "'types' does not go with preset" },
		{ A "    - { host: .a.example, required: true }\n",
		  "p.yml:3:7: '.a.example': 'required' needs a name" },
		{ A "    - !!str a.example\n", "YAML tags" },
		{ "network: {}\n---\nnetwork: {}\n",
		  "p.yml:2:1: more than one YAML document" },
		{ "network: {\n", "not YAML: did not find expected" },
		{ "a: &a [*a]\n", "p.yml:1:8: an alias inside of what it stands for" },
		{ "a: \xff\n", "p.yml:1:4: not UTF-8 text: invalid leading UTF-8 octet" },
		{ "a: \x01\n",
		  "p.yml:1:4: not UTF-8 text: control characters are not allowed" },
		{ "\xff\xfe"
		  "a\0",
		  "not UTF-8 text" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bench *bench = read_text(LAYER_PROFILE, cases[i].text);

		if (!strstr(note_text(bench, 0), cases[i].note))
			fail_msg("'%s': got '%s', not '%s'", cases[i].text,
				 note_text(bench, 0), cases[i].note);
		assert_int_equal(bench->err.kind, ERROR_POLICY);
		assert_non_null(strstr(bench->err.text, "p.yml is not understood: "));
		done(bench);
	}
}

static void tells_all_faults_of_a_file_in_their_order(void **state)
{
	struct bench *bench =
		read_text(LAYER_PROFILE, "network:\n"
					 "  polcy: full\n"
					 "  allow:\n"
					 "    - a.example:0\n"
					 "    - b.example\n"
					 "    - { host: -, ports: [0, x], private: 1 }\n"
					 "  dns: x\n"
					 "  deny: [\n");
	static const char *const places[] = { "p.yml:2:3:",  "p.yml:4:7:",  "p.yml:6:15:",
					      "p.yml:6:26:", "p.yml:6:29:", "p.yml:6:42:",
					      "p.yml:7:8:",  "p.yml:9:1:" };

	(void)state;
	assert_int_equal(bench->notes.count, ARRAY_SIZE(places));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strstr(note_text(bench, i), places[i]))
			fail_msg("note %zu: '%s'", i, note_text(bench, i));
	done(bench);
}

static void says_where_a_nul_byte_is(void **state)
{
	struct bench *bench = read_bytes(LAYER_PROFILE, "network:\n  x\0", 13);

	(void)state;
	assert_string_equal(note_text(bench, 0),
			    "p.yml:2:4: a NUL byte; expected YAML text");
	done(bench);
}

static void many_faults_are_counted(void **state)
{
	struct buf text = { 0 };
	struct bench *bench;

	(void)state;
	buf_puts(&text, A);
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, "    - a:0\n");
	bench = read_text(LAYER_PROFILE, text.data);
	assert_int_equal(bench->notes.count, NOTES_MAX);
	assert_int_equal(bench->notes.errors, 5000);
	done(bench);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explains_each_fault),
		cmocka_unit_test(tells_all_faults_of_a_file_in_their_order),
		cmocka_unit_test(says_where_a_nul_byte_is),
		cmocka_unit_test(many_faults_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
