#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <netinet/in.h>

#include "lib/hook.h"

/* What Claude Code 2.1 really sent to hooks of its Bash tool; identities are made up. */
#define HEAD                                                                             \
	"{\"session_id\":\"9e272ff0-96f1-4bdb-9066-7ab9052bf81d\",\"transcript_path\":"  \
	"\"/home/agent/.claude/projects/-workspace/9e272ff0.jsonl\",\"cwd\":"            \
	"\"/workspace\",\"prompt_id\":\"28c16f0b-0429-48d0-9de8-2718c8c6825a\","         \
	"\"permission_mode\":\"bypassPermissions\",\"effort\":{\"level\":\"medium\"},"
#define COMMAND(command)                                                                 \
	"\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"" command                  \
	"\",\"description\":\"as told\"},"
#define REFUSED                                                                          \
	"/bin/bash: connect: Connection refused\\n"                                      \
	"/bin/bash: line 1: /dev/tcp/api/81: Connection refused"
#define FAILED(error, end)                                                                  \
	HEAD "\"hook_event_name\":\"PostToolUseFailure\"," COMMAND(                         \
		"cat </dev/tcp/api/81") "\"tool_use_id\":\"toolu_stub\",\"error\":\"" error \
					"\",\"is_interrupt\":false" end "}"
#define WENT_WELL(out)                                                                   \
	HEAD "\"hook_event_name\":\"PostToolUse\"," COMMAND(                             \
		"cat </dev/tcp/api/81; true") "\"tool_response\":{\"stdout\":\"" out     \
					      "\",\"stderr\":\"\",\"interrupted\":"      \
					      "false,\"isImage\":false,"                 \
					      "\"noOutputExpected\":false},\"tool_use_"  \
					      "id\":\"toolu_stub\",\"duration_ms\":62}"

static bool read_text(const char *text, struct hook *ret)
{
	char *bytes = strdup(text);
	bool result = hook_read(bytes, strlen(text), ret);

	free(bytes);
	return result;
}

static void a_failure_is_understood(void **state)
{
	struct hook hook;

	(void)state;
	assert_true(read_text(FAILED("Exit code 1\\n" REFUSED, ",\"duration_ms\":41"),
			      &hook));
	assert_string_equal(hook.event, "PostToolUseFailure");
	assert_true(hook.failed && hook.network);
	assert_int_equal(hook.duration_ms, 41);

	/* curl -s fails without a word: what was refused meanwhile is told all the same. */
	assert_true(read_text(FAILED("Exit code 7", ""), &hook));
	assert_true(hook.failed && !hook.network);
	assert_int_equal(hook.duration_ms, 0);
}

static void a_command_that_went_well_concerns_us_by_what_it_printed(void **state)
{
	struct hook hook;

	(void)state;
	assert_true(read_text(WENT_WELL(REFUSED), &hook));
	assert_string_equal(hook.event, "PostToolUse");
	assert_true(!hook.failed && hook.network);
	assert_int_equal(hook.duration_ms, 62);
	assert_false(read_text(WENT_WELL("fine"), &hook));
}

/* A hook of managed settings hears both events, the second with a text; it answers one. */
static void a_failure_is_answered_once(void **state)
{
	struct hook hook;

	(void)state;
	assert_false(read_text(HEAD "\"hook_event_name\":\"PostToolUse\"," COMMAND(
				       "x") "\"tool_response\":\"Error: Exit code "
					    "1\\n" REFUSED
					    "\",\"tool_use_id\":\"toolu_stub\"}",
			       &hook));
}

static void what_is_not_understood_says_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"hook_event_name\":7}",
		"{\"hook_event_name\":\"PreToolUse\",\"tool_response\":{\"stdout\":\"refused\"}}",
		"{\"hook_event_name\":\"PostToolUse\"}",
		"{\"hook_event_name\":\"PostToolUse\",\"tool_response\":{\"stdout\":[\"refused\"]}}",
		"{\"hook_event_name\":\"PostToolUseFailure\",\"error\":\"\xff\xfe\"}",
		"{\"hook_event_name\":\"PostToolUse\",\"tool_response\":{\"stdout\":\"\\u",
	};
	struct hook hook;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(read_text(texts[i], &hook));
}

/* Outputs are cut in the middle of a letter, and hold whatever the command printed. */
static void any_output_is_read(void **state)
{
	static const char *const outputs[] = {
		"refused \\u0000\\u001b[2J", "refused \\ud83d",        "\\uDE00 refused",
		"\\\\ud83d refused \\\\",    "refused \\ud83d\\ude00",
	};
	struct hook hook;

	(void)state;
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "{\"hook_event_name\":\"PostToolUse\",\"tool_response\":"
			 "{\"stdout\":\"%s\"}}",
			 outputs[i]);
		assert_true(read_text(text, &hook));
		assert_true(hook.network);
	}
}

static void a_duration_is_bounded(void **state)
{
	struct hook hook;

	(void)state;
	assert_true(read_text(FAILED("", ",\"duration_ms\":1e300"), &hook));
	assert_true(hook_since(&hook, 1000000000) >= 1000000000 - 86400000 - 60000);
	assert_true(read_text(FAILED("", ",\"duration_ms\":-5"), &hook));
	assert_int_equal(hook.duration_ms, 0);
	assert_true(read_text(FAILED("", ",\"duration_ms\":\"5\""), &hook));
	assert_int_equal(hook.duration_ms, 0);
}

static void what_was_refused_before_the_command_is_not_its_own(void **state)
{
	const struct hook quiet = { .failed = true, .duration_ms = 5000 };
	const struct hook network = { .failed = true, .network = true };

	(void)state;
	assert_int_equal(hook_since(&quiet, 100000), 94000);
	/* What goes on being refused is recorded once a minute. */
	assert_int_equal(hook_since(&network, 100000), 40000);
}

static void only_what_the_own_user_was_refused_counts(void **state)
{
	struct refusal refusal = { .has_uid = true, .uid = 1000 };

	(void)state;
	assert_true(hook_concerns(&refusal, 1000));
	assert_false(hook_concerns(&refusal, 1001));
	refusal.has_uid = false; /* a question whose asker was gone */
	assert_true(hook_concerns(&refusal, 1001));
	refusal.reason = REFUSAL_INBOUND;
	assert_false(hook_concerns(&refusal, 1001));
	refusal.reason = REFUSAL_NAME;
	refusal.audit = true;
	assert_false(hook_concerns(&refusal, 1001));
}

/* The answer's text; checks its frame. Freed by the caller. */
static char *answer(const struct hook *hook, const struct refusal *rows, size_t count)
{
	struct buf out = { 0 };
	json_t *object, *specific;
	char *text;

	hook_print(hook, rows, count, &out);
	assert_false(out.failed);
	assert_ptr_equal(strchr(out.data, '\n'), out.data + out.length - 1);
	object = json_loadb(out.data, out.length, 0, NULL);
	specific = json_object_get(object, "hookSpecificOutput");
	assert_int_equal(json_object_size(object), 1);
	assert_int_equal(json_object_size(specific), 2);
	assert_string_equal(json_string_value(json_object_get(specific, "hookEventName")),
			    hook->event);
	text = strdup(json_string_value(json_object_get(specific, "additionalContext")));
	json_decref(object);
	buf_release(&out);
	return text;
}

static void the_answer_names_what_was_refused_and_the_line(void **state)
{
	static const struct hook hook = { .event = "PostToolUse" };
	struct refusal rows[7] = { 0 };
	char *text;

	(void)state;
	for (size_t i = 0; i < 7; i++)
		rows[i] = (struct refusal){
			.count = i + 1,
			.reason = REFUSAL_PORT,
			.program = "curl",
			.names = { "api.example.com" },
			.name_count = 1,
			.has_addr = true,
			.addr = { 0xc6336407, FAMILY_4 },
			.protocol = IPPROTO_TCP,
			.port = (uint16_t)(8080 + i),
			.allow = "- \"api.example.com:8086/tcp\"",
			.rule = "/etc/netpale/policy.yml:4",
		};
	text = answer(&hook, rows, 7);
	assert_non_null(strstr(text,
			       "- `api.example.com:8086/tcp` (198.51.100.7), asked "
			       "for by `curl`: wrong port (/etc/netpale/policy.yml:4)"
			       ", 7 times; this line below `allow` would open it: "
			       "`- \"api.example.com:8086/tcp\"`\n"));
	assert_non_null(strstr(text, "Only the user can allow it"));
	assert_non_null(strstr(text, "and 2 more"));
	assert_null(strstr(text, ":8081/"));
	free(text);
}

static void the_line_is_for_the_place_where_it_opens_something(void **state)
{
	static const struct hook hook = { .event = "PostToolUse" };
	struct refusal row = {
		.count = 1,
		.reason = REFUSAL_GATEWAY,
		.has_addr = true,
		.addr = { 0xc6336407, FAMILY_4 },
		.protocol = IPPROTO_TCP,
		.port = 3000,
		.allow = "host_gateway: [3000/tcp]",
	};
	char *text = answer(&hook, &row, 1);

	(void)state;
	assert_non_null(strstr(text, "this line below `network` would open it: "
				     "`host_gateway: [3000/tcp]`"));
	free(text);

	/* Nothing but the guard opens an address anew. */
	row.reason = REFUSAL_EXPIRED;
	row.allow = "dns: guarded";
	text = answer(&hook, &row, 1);
	assert_non_null(strstr(text, "below `network` would open it: `dns: guarded`"));
	assert_null(strstr(text, "again"));
	free(text);
	row.allow = NULL;
	text = answer(&hook, &row, 1);
	assert_non_null(strstr(text, "; looking its name up again opens it\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_understood),
		cmocka_unit_test(a_command_that_went_well_concerns_us_by_what_it_printed),
		cmocka_unit_test(a_failure_is_answered_once),
		cmocka_unit_test(what_is_not_understood_says_nothing),
		cmocka_unit_test(any_output_is_read),
		cmocka_unit_test(a_duration_is_bounded),
		cmocka_unit_test(what_was_refused_before_the_command_is_not_its_own),
		cmocka_unit_test(only_what_the_own_user_was_refused_counts),
		cmocka_unit_test(the_answer_names_what_was_refused_and_the_line),
		cmocka_unit_test(the_line_is_for_the_place_where_it_opens_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
