#include "lib/hook.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/json.h"
#include "lib/macros.h"
#include "lib/refusals.h"

#define ROWS_MAX 5u
#define SLACK_MS 1000         /* between the kernel's clock and Claude's */
#define DURATION_MAX 86400000 /* a day */

/* A lone surrogate, as half a letter at the end of a cut output gives one, is no Unicode, and jansson
 * would refuse all of it. JSON writes other letters out. */
static void mend_surrogates(char *bytes, size_t length)
{
	for (size_t i = 0; i + 5 < length; i++) {
		if (bytes[i] != '\\')
			continue;
		if (bytes[i + 1] == 'u' && (bytes[i + 2] | 0x20) == 'd' &&
		    bytes[i + 3] > '7')
			memcpy(bytes + i + 2, "fffd", 4);
		i++;
	}
}

/* A wrong guess costs nothing but a look at what was refused. */
static bool looks_refused(const char *text)
{
	static const char *const words[] = {
		"refused",           "could not resolve",  "couldn't resolve",
		"name resolution",   "name or service",    "unreachable",
		"prohibited",        "no route to host",   "not permitted",
		"failed to connect", "could not connect",  "couldn't connect",
		"unable to connect", "unable to access",   "enotfound",
		"eai_again",         "getaddrinfo",        "nxdomain",
		"servfail",          "new connection",     "connection error",
		"network error",     "econnreset",         "connection reset",
		"fetch failed",      "can't resolve host", "unable to resolve",
	};

	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool read_event(const json_t *object, struct hook *hook)
{
	const char *event = text_of(object, "hook_event_name");
	const json_t *response = json_object_get(object, "tool_response");

	if (event && strcmp(event, "PostToolUseFailure") == 0) {
		hook->event = "PostToolUseFailure";
		hook->failed = true;
		hook->network = looks_refused(text_of(object, "error"));
		return true;
	}
	/* Not an object: it failed, and PostToolUseFailure tells that. */
	if (!event || strcmp(event, "PostToolUse") != 0 || !json_is_object(response))
		return false;
	hook->event = "PostToolUse";
	hook->network = looks_refused(text_of(response, "stdout")) ||
			looks_refused(text_of(response, "stderr"));
	return hook->network;
}

bool hook_read(char *bytes, size_t length, struct hook *ret)
{
	struct hook hook = { 0 };
	json_t *object;
	double duration;
	bool concerned;

	mend_surrogates(bytes, length);
	object = json_loadb(bytes, length, JSON_ALLOW_NUL, NULL);
	concerned = read_event(object, &hook);
	duration = json_number_value(json_object_get(object, "duration_ms"));
	if (duration > 0)
		hook.duration_ms =
			duration < DURATION_MAX ? (int64_t)duration : DURATION_MAX;
	json_decref(object);
	if (concerned)
		*ret = hook;
	return concerned;
}

/* What is refused again and again is recorded once in REFUSALS_AGAIN_MAX_MS. Not so far back for
 * commands that went well: they would be told of what is over. */
int64_t hook_since(const struct hook *hook, int64_t now)
{
	bool far = hook->failed && hook->network;

	return now - hook->duration_ms -
	       (far ? (int64_t)REFUSALS_AGAIN_MAX_MS : SLACK_MS);
}

bool hook_concerns(const struct refusal *refusal, uint32_t uid)
{
	if (refusal->audit || refusal->reason == REFUSAL_INBOUND)
		return false;
	return !refusal->has_uid || refusal->uid == uid;
}

static void print_row(const struct refusal *row, struct buf *out)
{
	char target[REFUSAL_TARGET], addr[ADDR_TEXT];

	buf_printf(out, "- `%s`", refusal_target(row, target));
	if (row->has_addr && row->name_count)
		buf_printf(out, " (%s)", addr_format(&row->addr, addr));
	if (*row->program)
		buf_printf(out, ", asked for by `%s`", row->program);
	buf_printf(out, ": %s", refusal_reason_name(row->reason));
	if (row->rule)
		buf_printf(out, " (%s)", row->rule);
	if (row->count > 1)
		buf_printf(out, ", %" PRIu64 " times", row->count);
	if (row->allow)
		buf_printf(out, "; this line below `%s` would open it: `%s`",
			   *row->allow == '-' ? "allow" : "network", row->allow);
	else if (row->reason == REFUSAL_EXPIRED)
		buf_puts(out, "; looking its name up again opens it");
	buf_puts(out, "\n");
}

static void print_context(const struct refusal *rows, size_t count, struct buf *out)
{
	size_t shown = count < ROWS_MAX ? count : ROWS_MAX;

	buf_puts(out, "netpale, the fence around this container's network, refused while "
		      "this command ran, or shortly before:\n");
	for (size_t i = 0; i < shown; i++)
		print_row(&rows[count - 1 - i], out);
	if (count > shown)
		buf_printf(out, "- and %zu more (`netpale log`)\n", count - shown);
	buf_puts(
		out,
		"That is the user's policy, no fault: do not retry it or look for a way "
		"around it. Only the user can allow it, by a line in the policy, outside "
		"this container. Say what you needed and what for, quote the line, and go "
		"on without it where you can.");
}

void hook_print(const struct hook *hook, const struct refusal *rows, size_t count,
		struct buf *out)
{
	struct buf context CLEANUP(buf_release) = { 0 };
	json_t *answer;
	char *text;

	print_context(rows, count, &context);
	answer = context.failed ? NULL
				: json_pack("{s:{s:s,s:s}}", "hookSpecificOutput",
					    "hookEventName", hook->event,
					    "additionalContext", context.data);
	text = json_print(answer, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text)
		buf_printf(out, "%s\n", text);
	else
		out->failed = true;
	free(text);
}
