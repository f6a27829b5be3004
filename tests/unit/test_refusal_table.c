#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/macros.h"
#include "lib/refusal_table.h"

static struct buf out;

static int tear_down(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static struct addr addr_of(const char *text)
{
	struct addr addr = { 0 };

	assert_true(addr_parse(text, strlen(text), &addr));
	return addr;
}

static struct refusal packet(enum refusal_reason reason, const char *name)
{
	return (struct refusal){
		.count = 1,
		.reason = reason,
		.has_uid = true,
		.uid = 1000,
		.names = { name },
		.name_count = name != NULL,
		.has_addr = true,
		.addr = addr_of("203.0.113.9"),
		.protocol = IPPROTO_TCP,
		.port = 443,
	};
}

static struct refusal question(enum refusal_reason reason, const char *name,
			       uint16_t type)
{
	return (struct refusal){ .count = 1,
				 .reason = reason,
				 .program = "node",
				 .names = { name },
				 .name_count = 1,
				 .type = type };
}

static const struct refusal_table table = { &out, REFUSAL_TABLE_TIME };

static void row(const char *time, struct refusal refusal, const char *allow,
		const char *rule)
{
	refusal.allow = allow;
	refusal.rule = rule;
	refusal_table_row(&table, time, &refusal);
}

static void assert_width(size_t most)
{
	for (const char *line = out.data; *line; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= most);
}

/* As it is seen: one of each kind. */
static void is_a_table_of_80_columns(void **state)
{
	struct refusal refusal = packet(REFUSAL_PORT, "api.example.com");

	(void)state;
	refusal_table_head(&table);
	refusal.port = 8080;
	refusal.count = 12;
	strcpy(refusal.program, "curl");
	row("16:43:27", refusal, "- api.example.com:8080/tcp",
	    "/etc/netpale/policy.yml:4");
	refusal = packet(REFUSAL_RAW, NULL);
	refusal.count = 3;
	row("16:43:29", refusal, "- 203.0.113.9:443/tcp", NULL);
	row("16:43:30", question(REFUSAL_NAME, "telemetry.example", 28),
	    "- telemetry.example", NULL);
	refusal = question(REFUSAL_PRIVATE, "internal.example", 1);
	refusal.has_addr = true;
	refusal.addr = addr_of("10.0.0.7");
	row("16:43:31", refusal, "- { host: internal.example, private: true }",
	    "/etc/netpale/policy.yml:9");
	row("16:43:32", packet(REFUSAL_DENIED, NULL), NULL, "/etc/netpale/policy.yml:4");
	row("16:43:33", packet(REFUSAL_EXPIRED, "cdn.example"), NULL, ".ccpod.yml:7");
	row("16:43:34", question(REFUSAL_LIMIT, "x1.data.example", 16), NULL,
	    ".ccpod.yml:8");
	refusal = packet(REFUSAL_INBOUND, NULL);
	refusal.has_uid = false;
	refusal.count = 65536;
	row("16:43:35", refusal, "inbound: [443/tcp]", NULL);
	row("16:43:36", packet(REFUSAL_NO_ENTRY, NULL), NULL, NULL);
	refusal_table_lost(&table, "16:43:37", 123);
	assert_string_equal(
		out.data,
		"TIME      WHAT                                  WHO        TIMES  WHY\n"
		"16:43:27  api.example.com:8080/tcp              curl          12  wrong port\n"
		"          - api.example.com:8080/tcp\n"
		"16:43:29  203.0.113.9:443/tcp                   uid 1000       3  raw address\n"
		"          - 203.0.113.9:443/tcp\n"
		"16:43:30  telemetry.example                     node           1  name refused\n"
		"          - telemetry.example\n"
		"16:43:31  internal.example A 10.0.0.7           node           1  private answer\n"
		"          - { host: internal.example, private: true }\n"
		"16:43:32  203.0.113.9:443/tcp                   uid 1000       1  denied\n"
		"          denied by /etc/netpale/policy.yml:4\n"
		"16:43:33  cdn.example:443/tcp                   uid 1000       1  expired\n"
		"          asking DNS again opens it: .ccpod.yml:7\n"
		"16:43:34  x1.data.example TXT                   node           1  tunnel limit\n"
		"          refused by .ccpod.yml:8\n"
		"16:43:35  443/tcp from 203.0.113.9              -          65536  inbound\n"
		"          inbound: [443/tcp]\n"
		"16:43:36  203.0.113.9:443/tcp                   uid 1000       1  no entry\n"
		"          no line of the policy would allow it\n"
		"16:43:37  123 more that could not be recorded\n");
	assert_width(REFUSAL_TABLE_WIDTH);
}

static void says_what_was_let_through(void **state)
{
	struct refusal refusal = packet(REFUSAL_NO_ENTRY, NULL);

	(void)state;
	refusal.audit = true;
	row("16:43:27", refusal, "- 203.0.113.9:443/tcp", NULL);
	refusal.reason = REFUSAL_DENIED;
	row("16:43:28", refusal, NULL, ".ccpod.yml:7");
	assert_string_equal(
		out.data,
		"16:43:27  203.0.113.9:443/tcp                   uid 1000       1  no entry\n"
		"          - 203.0.113.9:443/tcp  # let through\n"
		"16:43:28  203.0.113.9:443/tcp                   uid 1000       1  denied\n"
		"          let through; denied by .ccpod.yml:7\n");
}

/* All names of a shared address, in comments that may be pasted with their line. */
static void names_all_candidates(void **state)
{
	struct refusal refusal = packet(REFUSAL_NO_ENTRY, "a.example");

	(void)state;
	refusal.names[refusal.name_count++] = "b.example";
	row("16:43:27", refusal, "- a.example:443/tcp  # or b.example", NULL);
	row("16:43:28", refusal,
	    "- a.example:443/tcp  # or second.name.example, third.name.example, "
	    "fourth.name.example, fifth.name.example",
	    NULL);
	row("16:43:29", refusal, "- 203.0.113.9:443/tcp", NULL);
	refusal.reason = REFUSAL_DENIED;
	for (int i = 0; i < 5; i++)
		refusal.names[refusal.name_count++] = "another.name.example";
	row("16:43:30", refusal, NULL, ".ccpod.yml:7");
	assert_string_equal(
		out.data,
		"16:43:27  a.example:443/tcp                     uid 1000       1  no entry\n"
		"          - a.example:443/tcp  # or b.example\n"
		"16:43:28  a.example:443/tcp                     uid 1000       1  no entry\n"
		"          - a.example:443/tcp\n"
		"          # or second.name.example, third.name.example, fourth.name.example,\n"
		"          #    fifth.name.example\n"
		"16:43:29  a.example:443/tcp                     uid 1000       1  no entry\n"
		"          - 203.0.113.9:443/tcp\n"
		"          one of: a.example, b.example\n"
		"16:43:30  a.example:443/tcp                     uid 1000       1  denied\n"
		"          denied by .ccpod.yml:7\n"
		"          one of: a.example, b.example, another.name.example,\n"
		"                  another.name.example, another.name.example,\n"
		"                  another.name.example, another.name.example\n");
	assert_width(REFUSAL_TABLE_WIDTH);
}

/* What is longer than its column moves the next one, no further than it must; nothing is cut. */
static void makes_room_for_long_texts(void **state)
{
	struct refusal refusal =
		packet(REFUSAL_NO_ENTRY, "a-name-of-thirty-letters.example.com");

	(void)state;
	strcpy(refusal.program, "git");
	row("16:43:27", refusal, "- 203.0.113.9:443/tcp", NULL);
	strcpy(refusal.program, "chrome_crashpad");
	refusal.count = 1234567;
	row("yesterday 16:43", refusal, "- 203.0.113.9:443/tcp", NULL);
	assert_string_equal(
		out.data,
		"16:43:27  a-name-of-thirty-letters.example.com:443/tcp  git    1  no entry\n"
		"          - 203.0.113.9:443/tcp\n"
		"yesterday 16:43  a-name-of-thirty-letters.example.com:443/tcp  "
		"chrome_crashpad 1234567  no entry\n"
		"          - 203.0.113.9:443/tcp\n");
}

static void keeps_to_wider_times(void **state)
{
	const struct refusal_table wide = { &out, 12 };
	struct refusal refusal = packet(REFUSAL_NO_ENTRY, NULL);

	(void)state;
	refusal_table_head(&wide);
	refusal.allow = "- 203.0.113.9:443/tcp";
	refusal_table_row(&wide, "Nov 20 16:43", &refusal);
	assert_string_equal(
		out.data,
		"TIME          WHAT                              WHO        TIMES  WHY\n"
		"Nov 20 16:43  203.0.113.9:443/tcp               uid 1000       1  no entry\n"
		"              - 203.0.113.9:443/tcp\n");
}

/* Names, programs and lines of whoever wanted to be seen. */
static void escapes_everything(void **state)
{
	struct refusal refusal = packet(REFUSAL_NO_ENTRY, "\x1b[2Ja.example");

	(void)state;
	refusal.names[refusal.name_count++] = "b\r\n.example";
	memcpy(refusal.program, "\x1b]0;\x07\xff", 7);
	row("16:43:27", refusal, "- \x1b[31m", NULL);
	row("16:43:27", refusal, NULL, "pol\nicy.yml:4");
	for (size_t i = 0; i < out.length; i++)
		assert_true(out.data[i] == '\n' ||
			    (out.data[i] >= ' ' && out.data[i] <= '~'));
	assert_non_null(
		strstr(out.data, "one of: \\x1b[2Ja.example, b\\x0d\\x0a.example\n"));
	assert_non_null(strstr(out.data, "refused by pol\\x0aicy.yml:4\n"));
}

#define TEST(function) cmocka_unit_test_teardown(function, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_a_table_of_80_columns), TEST(says_what_was_let_through),
		TEST(names_all_candidates),     TEST(makes_room_for_long_texts),
		TEST(keeps_to_wider_times),     TEST(escapes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
