#include "tests/unit/dns_place.h"

/* resolv.conf, the hosts file, and the environment that is none of them. */

static void asks_dotted_names_as_they_stand(void **state)
{
	const char *log;

	(void)state;
	start(0, NULL, NULL);
	resolv_conf(1, "search corp.test\ndomain other.test\nsearch lab.test\noptions "
		       "ndots:5\n");
	expect("nxdomain.example", "NXDOMAIN");
	expect("servfail.a.example.com", "SERVFAIL");
	log = asked(0);
	assert_non_null(strstr(log, "A nxdomain.example udp"));
	assert_null(strstr(log, ".test"));
}

static void searches_for_single_labels(void **state)
{
	const char *log;

	(void)state;
	start(0, NULL, NULL);
	resolv_conf(1, "search corp.test lab.test\n");
	expect("db", BOTH);
	expect("nxdomain", "NXDOMAIN");
	log = asked(0);
	assert_non_null(strstr(log, "A db.corp.test udp"));
	assert_null(strstr(log, "A db udp"));
	assert_null(strstr(log, "A db.lab.test udp"));
	assert_non_null(strstr(log, "A nxdomain.corp.test udp"));
	assert_non_null(strstr(log, "A nxdomain.lab.test udp"));
	assert_non_null(strstr(log, "A nxdomain udp"));
}

static void ndots_0_asks_for_the_label_first(void **state)
{
	const char *log;

	(void)state;
	start(0, NULL, NULL);
	resolv_conf(1, "search corp.test\noptions edns0 ndots:0\n");
	expect("db", BOTH);
	log = asked(0);
	assert_non_null(strstr(log, "A db udp"));
	assert_null(strstr(log, ".test"));
}

static void a_hosts_line_takes_the_place_of_dns(void **state)
{
	const char *log;

	(void)state;
	start(0, NULL, NULL);
	write_file(place.hosts,
		   "# 192.0.2.9 one.example.com\n"
		   "192.0.2.1\tone.example.com Alias.Example.COM # two.example.com\n"
		   "2001:db8::1 one.example.com\n"
		   "fe80::1%eth0 ip6-thing\n"
		   "nonsense one.example.com\n"
		   "192.0.2.2 -bad- db\n"
		   "192.0.2.1 one.example.com\n"
		   "192.0.2.3 last.example.com");
	expect("one.example.com", "192.0.2.1 2001:db8::1");
	expect("alias.example.com", "192.0.2.1");
	expect("db", "192.0.2.2");
	expect("last.example.com", "192.0.2.3");
	expect("two.example.com", BOTH);
	log = asked(0);
	assert_non_null(strstr(log, "two.example.com"));
	assert_null(strstr(log, "one.example.com"));
	assert_null(strstr(log, "db"));
}

static void pinned_hosts_lines_are_asked_again(void **state)
{
	(void)state;
	start(0, NULL, NULL);
	write_file(place.hosts,
		   "192.0.2.1 before.example.com\n" RESOLVER_PINNED_BEGIN "\n"
		   "192.0.2.2 www.example.com\n" RESOLVER_PINNED_END "\n"
		   "192.0.2.3 after.example.com\n");
	expect("before.example.com", "192.0.2.1");
	expect("www.example.com", BOTH);
	expect("after.example.com", "192.0.2.3");
}

static bool ends_in_test(void *context, const char *host)
{
	const char *dot = strrchr(host, '.');

	++*(int *)context;
	return dot && strcmp(dot, ".test") == 0;
}

static void the_hosts_file_alone_gives_what_is_wanted(void **state)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct answers answers;
	struct error err;
	int asked_about = 0;
	const struct resolver_filter filter = { ends_in_test, &asked_about };

	(void)state;
	start(0, NULL, NULL);
	write_file(place.hosts, "192.0.2.1 a.test b.example A.Test. -bad- # c.test\n"
				"2001:db8::1 a.test d.test\n" RESOLVER_PINNED_BEGIN "\n"
				"192.0.2.2 pinned.test\n" RESOLVER_PINNED_END "\n"
				"nonsense e.test\n"
				"192.0.2.1 d.test");
	assert_int_equal(
		resolver_read_hosts(place.hosts, &filter, place.arena, &answers, &err),
		0);
	answers_print(&answers, &text);
	assert_string_equal(text.data, "192.0.2.1 a.test\n2001:db8::1 a.test\n"
				       "192.0.2.1 d.test\n2001:db8::1 d.test\n");
	assert_int_equal(asked_about, 6);
	for (size_t i = 0; i < answers.count; i++)
		assert_true(answers.v[i].fixed);
	assert_string_equal(asked(0), "");
	assert_int_equal(
		resolver_read_hosts("/nonexistent", &filter, place.arena, &answers, &err),
		0);
	assert_int_equal(answers.count, 0);
}

static void says_what_came_from_the_hosts_file(void **state)
{
	static const char *const names[] = { "fixed.example", "www.example.com" };
	struct answers answers;
	struct error err;

	(void)state;
	start(0, NULL, NULL);
	write_file(place.hosts, "192.0.2.1 fixed.example\n");
	resolv_conf(1, "");
	place.options.timeout_ms = PATIENT;
	assert_int_equal(
		resolver_ask(names, 2, &place.options, place.arena, &answers, &err), 0);
	assert_true(answers_find(&answers, names[0])->fixed);
	assert_int_equal(answers_find(&answers, names[1])->state, ANSWER_OK);
	assert_false(answers_find(&answers, names[1])->fixed);
}

static void the_environment_says_nothing(void **state)
{
	const char *log;

	(void)state;
	start(0, NULL, NULL);
	setenv("LOCALDOMAIN", "evil.test", 1);
	setenv("RES_OPTIONS", "use-vc ndots:9 timeout:9 attempts:1", 1);
	setenv("HOSTALIASES", place.hosts, 1);
	setenv("CARES_HOSTS", place.hosts, 1);
	place.options.hosts = "/dev/null";
	write_file(place.hosts, "db evil.test\n192.0.2.66 www.example.com\n");
	expect("www.example.com", BOTH);
	expect("nxdomain", "NXDOMAIN");
	log = asked(0);
	assert_null(strstr(log, "evil"));
	assert_null(strstr(log, "tcp"));
	assert_string_equal(getenv("LOCALDOMAIN"), "evil.test");
	unsetenv("LOCALDOMAIN");
	unsetenv("RES_OPTIONS");
	unsetenv("HOSTALIASES");
	unsetenv("CARES_HOSTS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_dotted_names_as_they_stand),
		TEST(searches_for_single_labels),
		TEST(ndots_0_asks_for_the_label_first),
		TEST(a_hosts_line_takes_the_place_of_dns),
		TEST(pinned_hosts_lines_are_asked_again),
		TEST(the_hosts_file_alone_gives_what_is_wanted),
		TEST(says_what_came_from_the_hosts_file),
		TEST(the_environment_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
