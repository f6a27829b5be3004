#include <sys/capability.h>

#include "tests/unit/dns_place.h"

static void resolves_both_families(void **state)
{
	(void)state;
	start(0, NULL, NULL);
	expect("www.example.com", BOTH);
	expect("a.b.c.example.com", BOTH);
	assert_non_null(strstr(asked(0), "AAAA a.b.c.example.com udp "));
}

static void tells_failures_apart(void **state)
{
	(void)state;
	start(0, NULL, NULL);
	expect("nxdomain.example.com", "NXDOMAIN");
	expect("nodata.example.com", "no address");
	expect("half-nxdomain.example.com", "no address");
	expect("servfail.example.com", "SERVFAIL");
	expect("refused.example.com", "REFUSED");
	place.options.timeout_ms = UNFORGIVING;
	expect("silent.example.com", "timed out");
}

static void one_family_does_not_hide_the_other(void **state)
{
	(void)state;
	start(0, NULL, NULL);
	expect("only-a.example.com", "198.51.100.10");
	place.options.timeout_ms = UNFORGIVING;
	expect("only-aaaa.example.com", "2001:db8:1::10");
}

static void follows_aliases_and_nothing_else(void **state)
{
	(void)state;
	start(0, NULL, NULL);
	expect("alias.example.com", BOTH);
	expect("mixed.example.com", BOTH);
	expect("unrelated.example.com", "no address");
	expect("halfway.example.com", "no address");
	expect("loop.example.com", "no address");
}

static void takes_no_reply_that_is_wrong(void **state)
{
	(void)state;
	start(0, NULL, NULL);
	expect("garbage.example.com", "SERVFAIL");
	expect("cut.example.com", "SERVFAIL");
	place.options.timeout_ms = UNFORGIVING;
	expect("wrong-id.example.com", "timed out");
	expect("wrong-question.example.com", "timed out");
}

static void a_bad_name_spoils_no_other(void **state)
{
	static const char *const names[] = {
		"a.example.com",     "b.example.com",   "cut.d.example.com",
		"cut.e.example.com", "cut.example.com", "garbage.example.com",
		"garbage.d.example", "y.example.com",   "servfail.example.com",
		"x.example.com",     "z.example.com",
	};
	struct answers answers;

	(void)state;
	start(0, "delay=20", NULL);
	answers = ask(names, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(answers_find(&answers, names[i])->count,
				 names[i][1] == '.' ? 2 : 0);
}

static void takes_tcp_for_what_is_too_long(void **state)
{
	static const char *const names[] = { "countless.example.com",
					     "many.example.com" };
	struct answers answers;

	(void)state;
	start(0, NULL, NULL);
	expect("truncated.example.com", BOTH);
	answers = ask(names, ARRAY_SIZE(names));
	assert_int_equal(answers.v[0].count, ANSWER_ADDRS_MAX);
	assert_int_equal(answers.v[1].count, 600);
	assert_non_null(strstr(asked(0), "A truncated.example.com tcp "));
}

static void does_without_tcp(void **state)
{
	(void)state;
	start(0, "no-tcp", NULL);
	place.options.timeout_ms = UNFORGIVING;
	expect("truncated.example.com", "no DNS server can be reached");
	expect("www.example.com", BOTH);
}

static void a_second_server_makes_up_for_the_first(void **state)
{
	static const char *const names[] = { "a.example.com", "b.example.com",
					     "c.example.com" };
	long start_ms;

	(void)state;
	resolv_conf(2, "");
	start(1, NULL, NULL);
	for (size_t i = 0; i < 2; i++) { /* nobody there; somebody who says nothing */
		struct answers answers;

		if (i)
			start(0, "silent", NULL);
		place.options.timeout_ms = 1600;
		start_ms = now_ms();
		answers = ask(names, ARRAY_SIZE(names));
		for (size_t j = 0; j < answers.count; j++)
			assert_int_equal(answers.v[j].count, 2);
		assert_in_range(now_ms() - start_ms, 0, 1000);
	}
}

/* A reply that comes after its question was asked again counts. (With several servers c-ares
 * goes on to the next, and what the first says later is lost once nobody waits for it.) */
static void a_slow_server_is_slow_but_right(void **state)
{
	static const char *const names[] = { "a.example.com", "b.example.com",
					     "c.example.com" };
	struct answers answers;

	(void)state;
	start(0, "delay=700", NULL);
	place.options.timeout_ms = 2000; /* a quarter of it is a try's patience */
	answers = ask(names, ARRAY_SIZE(names));
	for (size_t i = 0; i < answers.count; i++)
		assert_int_equal(answers.v[i].count, 2);
}

static void the_deadline_holds(void **state)
{
	static const unsigned deadlines[] = { 1, 100, 500 };
	const char *names[500];
	char texts[500][32];

	(void)state;
	start(0, "silent", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(texts[i], sizeof(texts[i]), "n%zu.example.com", i);
		names[i] = texts[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(deadlines); i++) {
		struct answers answers;
		long took = -now_ms();

		place.options.timeout_ms = deadlines[i];
		answers = ask(names, ARRAY_SIZE(names));
		took += now_ms();
		for (size_t j = 0; j < answers.count; j++)
			assert_int_equal(answers.v[j].state, ANSWER_TIMEOUT);
		assert_in_range(took, 0, deadlines[i] + 300);
	}
}

static void many_names_take_one_round_trip(void **state)
{
	const char *names[60];
	char texts[60][32];
	struct answers answers;
	long took;

	(void)state;
	start(0, "delay=300", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(texts[i], sizeof(texts[i]), "n%zu.example.com", i);
		names[i] = texts[i];
	}
	took = -now_ms();
	answers = ask(names, ARRAY_SIZE(names));
	took += now_ms();
	for (size_t i = 0; i < answers.count; i++)
		assert_int_equal(answers.v[i].count, 2);
	assert_in_range(took, 300, 599);
}

static void thousands_of_names_are_asked_in_turn(void **state)
{
	enum { COUNT = 1000 };
	const char **names = calloc(COUNT, sizeof(*names));
	char(*texts)[32] = calloc(COUNT, sizeof(*texts));
	struct answers answers;
	size_t found = 0;

	(void)state;
	assert_true(names && texts);
	start(0, "quiet", NULL);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "n%zu.example.com", COUNT - i);
		names[i] = texts[i];
	}
	answers = ask(names, COUNT);
	for (size_t i = 0; i < answers.count; i++)
		found += answers.v[i].count == 2;
	assert_int_equal(found, COUNT);
	assert_non_null(answers_find(&answers, "n77.example.com"));
	free(texts);
	free(names);
}

static void without_a_server_nothing_is_found(void **state)
{
	(void)state;
	place.options.timeout_ms = UNFORGIVING;
	expect("www.example.com", "no DNS server can be reached");
	unlink(place.resolv_conf);
	unlink(place.hosts);
	expect("www.example.com", "no DNS server can be reached");
}

static void a_mark_that_cannot_be_set_is_an_error(void **state)
{
	static const cap_value_t able[] = { CAP_NET_ADMIN, CAP_NET_RAW };
	const char *name = "www.example.com";
	struct answers answers;
	struct error err = { 0 };
	cap_t caps = cap_get_proc();
	int result;

	(void)state;
	start(0, NULL, NULL);
	place.options.socket_mark = 0x7783;
	cap_set_flag(caps, CAP_EFFECTIVE, ARRAY_SIZE(able), able, CAP_CLEAR);
	assert_int_equal(cap_set_proc(caps), 0);
	result = resolver_ask(&name, 1, &place.options, place.arena, &answers, &err);
	cap_set_flag(caps, CAP_EFFECTIVE, ARRAY_SIZE(able), able, CAP_SET);
	(void)!cap_set_proc(caps);
	cap_free(caps);
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_KERNEL);
	assert_non_null(strstr(err.text, strerror(EPERM)));
	assert_string_equal(asked(0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(resolves_both_families),
		TEST(tells_failures_apart),
		TEST(one_family_does_not_hide_the_other),
		TEST(follows_aliases_and_nothing_else),
		TEST(takes_no_reply_that_is_wrong),
		TEST(a_bad_name_spoils_no_other),
		TEST(takes_tcp_for_what_is_too_long),
		TEST(does_without_tcp),
		TEST(a_second_server_makes_up_for_the_first),
		TEST(a_slow_server_is_slow_but_right),
		TEST(the_deadline_holds),
		TEST(many_names_take_one_round_trip),
		TEST(thousands_of_names_are_asked_in_turn),
		TEST(without_a_server_nothing_is_found),
		TEST(a_mark_that_cannot_be_set_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
