#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "entrypoint/destination.h"
#include "entrypoint/inputs.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"
#include "lib/explain.h"

/* One line: allowed or refused, and by which line of the policy. */

#define STATUS_REFUSED 1

struct question {
	const struct inputs *inputs;
	struct answers answers;
	struct site site;
	struct destination to;
	bool learned; /* a name whose addresses only DNS knows, which the guard will ask */
};

static void print_verdict(const struct question *question, const struct addr *addr,
			  const struct verdict *verdict)
{
	const struct entry *entry = verdict->entry;
	char shown[ADDR_TEXT], origin[ORIGIN_TEXT];
	struct buf text CLEANUP(buf_release) = { 0 };

	printf("%s: %s", verdict->allowed ? "allowed" : "refused", question->to.text);
	if (question->to.host && addr)
		printf(" (%s)", addr_format(addr, shown));
	if (entry) {
		entry_print(entry, &text);
		printf(verdict->reason ? "; %s '%s' (%s)" : " by %s '%s' (%s)",
		       entry->deny ? "deny" : "allow", text.data ? text.data : "",
		       origin_format(&entry->origin, origin));
	}
	if (verdict->reason)
		printf(": %s", verdict->reason);
	if (question->learned && verdict->allowed)
		printf(", its addresses are opened when it is asked for");
	if (!verdict->allowed && !entry)
		printf("; this line in allow would open it: - \"%s\"", question->to.text);
	putchar('\n');
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

/* All addresses of a name usually share one verdict: then one line is enough. */
static int explain(const struct question *question)
{
	size_t count;
	const struct addr *addrs = addresses(question, &count);
	struct verdict first = {
		.entry = count ? NULL : entry_for_name(question),
		.reason = "the name has no address, and without one nothing opens",
	};
	bool refused = count == 0;

	if (question->learned) {
		first = explain_name(&question->inputs->policy, question->to.host,
				     question->to.point);
		refused = !first.allowed;
	}
	if (count == 0)
		print_verdict(question, NULL, &first);
	for (size_t i = 0; i < count; i++) {
		struct verdict verdict =
			explain_addr(&question->inputs->policy, &question->answers,
				     &question->site, &addrs[i], question->to.point);

		if (i == 0 || verdict.allowed != first.allowed ||
		    verdict.entry != first.entry)
			print_verdict(question, &addrs[i], &verdict);
		if (i == 0)
			first = verdict;
		refused = refused || !verdict.allowed;
	}
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
	struct question question = { .inputs = &inputs };
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
	status = explain(&question);
	if (fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return status;
}
