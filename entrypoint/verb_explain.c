#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "entrypoint/destination.h"
#include "entrypoint/inputs.h"
#include "entrypoint/recorded.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"
#include "entrypoint/when.h"
#include "lib/admit.h"
#include "lib/explain.h"
#include "lib/json.h"

/* One line: allowed or refused, and by which line of the policy; and a second one, of the last time
 * that it was refused. */

#define VERSION 1 /* of the JSON */

#define STATUS_REFUSED 1

struct question {
	const struct inputs *inputs;
	struct answers answers;
	struct site site;
	struct destination to;
	bool learned; /* a name whose addresses only DNS knows, which the guard will ask */
	bool json;
	struct recorded recorded;
	const struct refusal *last; /* that was refused of it, or NULL */
};

static bool is_audit(const struct question *question)
{
	return question->inputs->policy.mode == MODE_AUDIT;
}

/* Packets have a port, a question to DNS is for all of them. */
static bool is_about(const struct refusal *row, const struct question *question)
{
	const struct destination *to = &question->to;
	unsigned protocol = to->point < PORTSET_UDP ? IPPROTO_TCP : IPPROTO_UDP;

	if (row->audit != is_audit(question) || row->reason == REFUSAL_INBOUND)
		return false;
	if (row->protocol &&
	    (row->protocol != protocol || row->port != to->point % PORTSET_UDP))
		return false;
	if (!to->host)
		return row->has_addr && addr_compare(&row->addr, &to->addr) == 0;
	for (size_t i = 0; i < row->name_count; i++)
		if (strcmp(row->names[i], to->host) == 0)
			return true;
	return false;
}

/* Nothing depends on it: what cannot be read was not recorded. */
static void find_last(struct question *question)
{
	const struct refusal_list *list = &question->recorded.list;
	struct error ignored;

	if (recorded_read(0, &question->recorded, &ignored) != 0)
		return;
	for (size_t i = list->count; i > 0 && !question->last; i--)
		if (is_about(&list->v[i - 1], question))
			question->last = &list->v[i - 1];
}

static void print_last(const struct refusal *last)
{
	char when[WHEN_TEXT];

	printf("last %s %s, %" PRIu64 " time%s:", last->audit ? "let through" : "refused",
	       when_format(last->time, when), last->count, last->count == 1 ? "" : "s");
	if (*last->program)
		printf(" %s", last->program);
	if (last->has_uid)
		printf(*last->program ? " (uid %u)" : " uid %u", last->uid);
	printf("%s %s\n", *last->program || last->has_uid ? "," : "",
	       refusal_reason_name(last->reason));
}

static void put_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void put_last(json_t *object, const struct refusal *last)
{
	char line[REFUSAL_LINE];
	size_t length = refusal_print_json(last, line);

	if (length)
		json_object_set_new(object, "last", json_loadb(line, length, 0, NULL));
}

/* Is there a line that would allow it? What another line or every fence refuses is not opened by one
 * more. */
static bool offers(const struct question *question, const struct addr *addr,
		   const struct verdict *verdict)
{
	if (verdict->allowed || question->inputs->policy.mode == MODE_NONE ||
	    (addr && site_is_docker_dns(addr)))
		return false;
	return !verdict->entry || verdict->wrong_port;
}

/* "- api.example.com:443/tcp"; nothing where no line of `allow` would open it. */
static void print_allow(const struct question *question, const struct addr *addr,
			struct buf *out)
{
	const struct port_range port = { question->to.point, question->to.point };
	struct entry entry = {
		.kind = question->to.host ? ENTRY_NAME : ENTRY_PREFIX,
		.host = question->to.host,
		.ports = &port,
		.port_count = 1,
	};

	if (question->inputs->policy.mode == MODE_NONE ||
	    (addr && site_is_docker_dns(addr)))
		return;
	if (!question->to.host)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): then it has one. */
		entry.prefix = prefix_of(addr, addr_bits(addr->family));
	else if (addr && !admit_somehow(&entry, addr, &question->site))
		return;
	buf_puts(out, "- ");
	entry_print_item(&entry, out);
}

/* A line of JSON. */
static int print_json(const struct question *question, const struct addr *addr,
		      const struct verdict *verdict)
{
	const struct entry *entry = verdict->entry;
	char shown[ADDR_TEXT], origin[ORIGIN_TEXT];
	json_t *object = json_pack("{s:i,s:s,s:b}", "version", VERSION, "destination",
				   question->to.text, "allowed", verdict->allowed);
	struct buf text CLEANUP(buf_release) = { 0 };
	char *line;

	if (question->to.host && addr)
		put_text(object, "address", addr_format(addr, shown));
	if (entry) {
		entry_print(entry, &text);
		put_text(object, "entry", text.failed ? "" : text.data);
		put_text(object, "origin", origin_format(&entry->origin, origin));
		json_object_set_new(object, "deny", json_boolean(entry->deny));
	}
	if (offers(question, addr, verdict)) {
		text.length = 0;
		print_allow(question, addr, &text);
		if (text.length)
			put_text(object, "allow", text.data);
	}
	if (verdict->reason)
		put_text(object, "reason", verdict->reason);
	if (!verdict->allowed && question->last)
		put_last(object, question->last);
	line = json_print(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (line && !text.failed)
		puts(line);
	free(line);
	return line && !text.failed ? 0 : -1;
}

/* -1: memory ran out. */
static int print_verdict(const struct question *question, const struct addr *addr,
			 const struct verdict *verdict)
{
	const struct entry *entry = verdict->entry;
	char shown[ADDR_TEXT], origin[ORIGIN_TEXT];
	struct buf text CLEANUP(buf_release) = { 0 };

	if (question->json)
		return print_json(question, addr, verdict);
	printf("%s: %s",
	       verdict->allowed     ? "allowed"
	       : is_audit(question) ? "let through by audit"
				    : "refused",
	       question->to.text);
	if (question->to.host && addr)
		printf(" (%s)", addr_format(addr, shown));
	if (entry) {
		entry_print(entry, &text);
		printf(verdict->reason ? "; %s '%s' (%s)" : " by %s '%s' (%s)",
		       entry->deny ? "deny" : "allow", text.failed ? "" : text.data,
		       origin_format(&entry->origin, origin));
	}
	if (verdict->reason)
		printf(": %s", verdict->reason);
	if (question->learned && verdict->allowed)
		printf(", its addresses are opened when it is asked for");
	if (offers(question, addr, verdict)) {
		text.length = 0;
		print_allow(question, addr, &text);
		if (text.length)
			printf("; this line in allow would open it: %s", text.data);
	}
	putchar('\n');
	return text.failed ? -1 : 0;
}

/* The addresses to judge: the destination's own, or what its name resolves to. */
static const struct addr *addresses(const struct question *question, size_t *ret_count)
{
	const struct answer *answer;

	*ret_count = 1;
	if (!question->to.host)
		return &question->to.addr;
	answer = answers_find(&question->answers, question->to.host);
	*ret_count = answer ? answer->count : 0;
	return answer ? answer->addrs : NULL;
}

/* The entry that would open the name, had it an address. */
static const struct entry *entry_for_name(const struct question *question)
{
	const struct policy *policy = &question->inputs->policy;

	for (size_t i = 0; i < policy->count; i++)
		if (policy->entries[i].kind == ENTRY_NAME && !policy->entries[i].deny &&
		    strcmp(policy->entries[i].host, question->to.host) == 0)
			return &policy->entries[i];
	return NULL;
}

/* An entry for other ports is worth telling. */
static struct verdict judge(const struct question *question, const struct addr *addr)
{
	const struct policy *policy = &question->inputs->policy;
	struct verdict verdict = explain_addr(policy, &question->answers, &question->site,
					      addr, question->to.point);
	const struct entry *elsewhere = NULL;

	if (!verdict.allowed && !verdict.entry)
		elsewhere = explain_elsewhere(policy, &question->answers, &question->site,
					      addr, question->to.point);
	if (elsewhere)
		verdict = (struct verdict){ .wrong_port = true,
					    .entry = elsewhere,
					    .reason = "wrong port" };
	return verdict;
}

/* All addresses of a name usually share one verdict: then one line is enough. */
static int explain(const struct question *question, struct error *err)
{
	size_t count;
	const struct addr *addrs = addresses(question, &count);
	struct verdict first = {
		.entry = count ? NULL : entry_for_name(question),
		.reason = "the name has no address, and without one nothing opens",
	};
	bool refused = count == 0;
	int failed = 0;

	if (question->learned) {
		first = explain_name(&question->inputs->policy, question->to.host,
				     question->to.point);
		refused = !first.allowed;
	}
	if (count == 0)
		failed = print_verdict(question, NULL, &first);
	for (size_t i = 0; i < count; i++) {
		struct verdict verdict = judge(question, &addrs[i]);

		if (i == 0 || verdict.allowed != first.allowed ||
		    verdict.entry != first.entry)
			failed |= print_verdict(question, &addrs[i], &verdict);
		if (i == 0)
			first = verdict;
		refused = refused || !verdict.allowed;
	}
	if (failed)
		return error_memory(err);
	if (refused && question->last && !question->json)
		print_last(question->last);
	return refused ? STATUS_REFUSED : EX_OK;
}

/* What is in force knows its answers; else DNS is asked. */
static int find_answers(const struct options *options, struct question *question,
			struct error *err)
{
	struct state state CLEANUP(state_release) = { 0 };
	struct error unreadable;

	if (!options->any.answers &&
	    state_read(question->inputs->arena, &state, &unreadable) == 0 &&
	    (!question->to.host || answers_find(&state.answers, question->to.host))) {
		question->answers = state.answers;
		return 0;
	}
	return inputs_answers(options, question->inputs, question->to.host, 0,
			      &question->answers, err);
}

int verb_explain(const struct options *options, struct error *err)
{
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct question question = { .inputs = &inputs, .json = options->any.json };
	int status;

	if (inputs_read(options, NULL, false, &inputs, err) < 0) {
		inputs_say_notes(&inputs.notes, NOTE_WARNING);
		return -1;
	}
	if (destination_parse(options->operands[0], inputs.arena, &question.to, err) <
		    0 ||
	    inputs_site(NULL, &question.site, err) < 0 ||
	    find_answers(options, &question, err) < 0)
		return -1;
	question.learned = question.to.host && inputs.policy.dns == STANCE_GUARDED &&
			   !answers_find(&question.answers, question.to.host);
	find_last(&question);
	status = explain(&question, err);
	recorded_release(&question.recorded);
	if (fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return status;
}
