#include "lib/plan_names.h"

#include <stdlib.h>
#include <string.h>

#include "lib/admit.h"
#include "lib/buf.h"
#include "lib/macros.h"

struct report {
	struct plan *plan;
	const struct policy *policy;
	struct notes *notes;
	const struct answers *answers;
	bool *counted; /* for each answer */
	const struct entry **skipped;
	size_t skipped_count, skipped_capacity;
};

static void report_release(struct report *report)
{
	free(report->counted);
	free(report->skipped);
}

int plan_entry_ports(struct plan *plan, const struct entry *entry, portset *ret,
		     struct error *err)
{
	if (entry->port_count)
		return portset_make(plan->portsets, entry->ports, entry->port_count, ret,
				    err);
	*ret = entry->deny ? PORTSET_WHOLE : PORTSET_ANY;
	return 0;
}

static bool entry_covers(const struct report *report, const struct entry *entry,
			 const struct addr *addr)
{
	const struct site *site = &report->plan->site;

	if (entry->kind == ENTRY_PREFIX)
		return prefix_contains(&entry->prefix, addr);
	return entry->kind == ENTRY_ATTACHED && site_is_on_link(site, addr) &&
	       !site_is_gateway(site, addr);
}

/* The deny that closes some of `ports` at the address; NULL when it is no entry. */
static int find_deny(struct report *report, const struct addr *addr, portset ports,
		     const struct entry **ret, struct error *err)
{
	*ret = NULL;
	for (size_t i = 0; i < report->policy->count; i++) {
		const struct entry *entry = &report->policy->entries[i];
		portset denied, rest;

		if (!entry->deny || !entry_covers(report, entry, addr))
			continue;
		if (plan_entry_ports(report->plan, entry, &denied, err) < 0 ||
		    portset_minus(report->plan->portsets, ports, denied, &rest, err) < 0)
			return -1;
		if (rest != ports) {
			*ret = entry;
			return 0;
		}
	}
	return 0;
}

static int note_cut(struct report *report, const struct entry *entry,
		    const struct addr *addr, portset missing, struct error *err)
{
	char addr_text[ADDR_TEXT], origin[ORIGIN_TEXT], shown[128];
	const struct entry *deny;

	/* Past the limit notes are only counted: no need to search for the culprit. */
	if (entry->same || report->notes->count >= NOTES_MAX)
		return 0;
	if (find_deny(report, addr, missing, &deny, err) < 0)
		return -1;
	addr_format(addr, addr_text);
	if (!deny) {
		notes_add(report->notes, NOTE_WARNING, &entry->origin,
			  "%s: %s stays closed, it is the container's gateway",
			  entry->host, addr_text);
		return 0;
	}
	escape(shown, sizeof(shown), deny->text, strlen(deny->text));
	notes_add(report->notes, NOTE_WARNING, &entry->origin,
		  "%s: %s is closed by deny '%s' (%s), which a name never beats",
		  entry->host, addr_text, shown, origin_format(&deny->origin, origin));
	return 0;
}

static void note_refused(struct report *report, const struct entry *entry,
			 const struct addr *addr, enum admission why)
{
	enum note_level level = why == REFUSE_OWN ? NOTE_INFO : NOTE_WARNING;
	char text[ADDR_TEXT];

	if (entry->same)
		return;
	notes_add(report->notes, level, &entry->origin, "%s: %s (%s) is not opened: %s",
		  entry->host, addr_format(addr, text), addr_scope_name(addr_scope(addr)),
		  admission_cure(why));
}

/* Looks at one address of an entry's name; sets *ret when any of the ports is open there. */
static int report_addr(struct report *report, const struct entry *entry,
		       const struct addr *addr, bool *ret, struct error *err)
{
	const struct spans *spans = &report->plan->spans[addr->family == FAMILY_6];
	enum admission why = admit(entry, addr, &report->plan->site);
	portset ports, missing;

	if (plan_entry_ports(report->plan, entry, &ports, err) < 0 ||
	    portset_minus(report->plan->portsets, ports, spans_at(spans, addr->value),
			  &missing, err) < 0)
		return -1;
	*ret = missing != ports || why == REFUSE_OWN;
	if (missing == PORTSET_EMPTY)
		return 0;
	if (why == ADMIT)
		return note_cut(report, entry, addr, missing, err);
	note_refused(report, entry, addr, why);
	return 0;
}

static int skip(struct report *report, const struct entry *entry, struct error *err)
{
	if (!array_grow(&report->skipped, &report->skipped_capacity,
			report->skipped_count, sizeof(const struct entry *)))
		return error_memory(err);
	report->skipped[report->skipped_count++] = entry;
	return 0;
}

static enum answer_state state_of(const struct answer *answer)
{
	return answer ? answer->state : ANSWER_UNKNOWN;
}

static int fail_required(const struct entry *entry, const struct answer *answer,
			 struct error *err)
{
	char origin[ORIGIN_TEXT];
	const char *why = answer_state_name(state_of(answer));

	if (answer && answer->count)
		why = "none of its addresses is opened";
	return error_set(err, ERROR_RESOLVE, "%s: '%s' is required: %s",
			 origin_format(&entry->origin, origin), entry->host, why);
}

static int report_entry(struct report *report, const struct entry *entry,
			struct error *err)
{
	const struct answer *answer = answers_find(report->answers, entry->host);
	size_t open_count = 0;

	for (size_t i = 0; answer && i < answer->count; i++) {
		bool open;

		if (report_addr(report, entry, &answer->addrs[i], &open, err) < 0)
			return -1;
		open_count += open;
	}
	if (entry->required && open_count == 0)
		return fail_required(entry, answer, err);
	if (!answer || answer->count == 0)
		return skip(report, entry, err);
	if (answer->count >= ANSWER_ADDRS_MAX && !entry->same)
		notes_add(report->notes, NOTE_WARNING, &entry->origin,
			  "%s: only its first %d addresses are opened", entry->host,
			  ANSWER_ADDRS_MAX);
	if (open_count && !report->counted[answer - report->answers->v]) {
		report->counted[answer - report->answers->v] = true;
		report->plan->names++;
		report->plan->addresses += open_count;
	}
	return 0;
}

/* By host; for one host the entry written first. */
static int compare_skipped(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a;
	const struct entry *y = *(const struct entry *const *)b;
	int order = strcmp(x->host, y->host);

	return order ? order : (x > y) - (x < y);
}

static int list_skipped(struct report *report, struct error *err)
{
	struct plan *plan = report->plan;

	if (report->skipped_count == 0)
		return 0;
	qsort(report->skipped, report->skipped_count, sizeof(const struct entry *),
	      compare_skipped);
	plan->skipped = calloc(report->skipped_count, sizeof(*plan->skipped));
	if (!plan->skipped)
		return error_memory(err);
	for (size_t i = 0; i < report->skipped_count; i++) {
		const struct entry *entry = report->skipped[i];
		enum answer_state state =
			state_of(answers_find(report->answers, entry->host));

		if (i > 0 && strcmp(report->skipped[i - 1]->host, entry->host) == 0)
			continue;
		plan->skipped[plan->skipped_count++] =
			(struct skipped){ entry->host, state };
		notes_add(report->notes, NOTE_WARNING, &entry->origin, "skipped %s: %s",
			  entry->host, answer_state_name(state));
	}
	return 0;
}

int plan_report_names(struct plan *plan, const struct policy *policy,
		      const struct answers *answers, struct notes *notes,
		      struct error *err)
{
	struct report report CLEANUP(report_release) = {
		.plan = plan,
		.policy = policy,
		.notes = notes,
		.answers = answers,
	};

	if (plan->mode == MODE_NONE)
		return 0;
	report.counted = calloc(answers->count + 1, sizeof(*report.counted));
	if (!report.counted)
		return error_memory(err);
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->kind == ENTRY_NAME && !entry->deny &&
		    report_entry(&report, entry, err) < 0)
			return -1;
	}
	return list_skipped(&report, err);
}
