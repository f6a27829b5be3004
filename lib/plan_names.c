#include "lib/plan_names.h"

#include <stdlib.h>
#include <string.h>

#include "lib/admit.h"
#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/names.h"

struct report {
	struct plan *plan;
	const struct policy *policy;
	struct notes *notes;
	const struct answers *answers;
	const struct names *index;
	bool *counted; /* for each answer */
	const struct entry **skipped;
	size_t skipped_count, skipped_capacity;
};

static void report_release(struct report *report)
{
	free(report->counted);
	free(report->skipped);
}

int plan_entry_ports(const struct plan *plan, const struct entry *entry, portset *ret,
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

static int note_cut(struct report *report, const struct entry *entry, const char *host,
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
			  "%s: %s stays closed, it is the container's gateway", host,
			  addr_text);
		return 0;
	}
	escape(shown, sizeof(shown), deny->text, strlen(deny->text));
	notes_add(report->notes, NOTE_WARNING, &entry->origin,
		  "%s: %s is closed by deny '%s' (%s), which a name never beats", host,
		  addr_text, shown, origin_format(&deny->origin, origin));
	return 0;
}

static void note_refused(struct report *report, const struct entry *entry,
			 const char *host, const struct addr *addr, enum admission why)
{
	enum note_level level = why == REFUSE_OWN ? NOTE_INFO : NOTE_WARNING;
	char text[ADDR_TEXT];

	if (entry->same)
		return;
	notes_add(report->notes, level, &entry->origin, "%s: %s (%s) is not opened: %s",
		  host, addr_format(addr, text), addr_scope_name(addr_scope(addr)),
		  admission_cure(why));
}

/* Which of the ports stay closed at the address? What is only asked, not opened, is judged as if
 * it were learned, where a name with `private: true` is taken at its word. */
static int find_missing(struct report *report, const struct entry *entry,
			const struct answer *answer, const struct addr *addr,
			portset ports, portset *ret, struct error *err)
{
	const struct plan *plan = report->plan;
	bool family = addr->family == FAMILY_6;
	portset left;

	if (!report->index || answer->fixed)
		return portset_minus(plan->portsets, ports,
				     spans_at(&plan->spans[family], addr->value), ret,
				     err);
	*ret = ports;
	if (admit(entry, answer->host, addr, &plan->site) != ADMIT)
		return 0;
	*ret = PORTSET_EMPTY;
	if (entry->private_ok)
		return 0;
	if (portset_minus(plan->portsets, ports,
			  spans_at(&plan->cut[family], addr->value), &left, err) < 0)
		return -1;
	return portset_minus(plan->portsets, ports, left, ret, err);
}

/* Looks at one address of an entry's name; sets *ret when any of the ports is open there. */
static int report_addr(struct report *report, const struct entry *entry,
		       const struct answer *answer, const struct addr *addr, bool *ret,
		       struct error *err)
{
	enum admission why = admit(entry, answer->host, addr, &report->plan->site);
	portset ports, missing;

	if (plan_entry_ports(report->plan, entry, &ports, err) < 0 ||
	    find_missing(report, entry, answer, addr, ports, &missing, err) < 0)
		return -1;
	*ret = missing != ports || why == REFUSE_OWN;
	if (missing == PORTSET_EMPTY)
		return 0;
	if (why == ADMIT)
		return note_cut(report, entry, answer->host, addr, missing, err);
	note_refused(report, entry, answer->host, addr, why);
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

/* What comes of a name's addresses under one entry; *ret: how many are open. */
static int report_answer(struct report *report, const struct entry *entry,
			 const struct answer *answer, size_t *ret, struct error *err)
{
	size_t open_count = 0;

	for (size_t i = 0; i < answer->count; i++) {
		bool open;

		if (report_addr(report, entry, answer, &answer->addrs[i], &open, err) < 0)
			return -1;
		open_count += open;
	}
	if (answer->count >= ANSWER_ADDRS_MAX && !entry->same)
		notes_add(report->notes, NOTE_WARNING, &entry->origin,
			  "%s: only its first %d addresses are opened", answer->host,
			  ANSWER_ADDRS_MAX);
	*ret = open_count;
	return 0;
}

/* Once, for the first entry that opens any. Returns whether it was. */
static bool count_addresses(struct report *report, const struct answer *answer,
			    size_t open_count)
{
	bool *counted = &report->counted[answer - report->answers->v];

	if (!open_count || *counted)
		return false;
	*counted = true;
	report->plan->addresses += open_count;
	return true;
}

static int report_entry(struct report *report, const struct entry *entry,
			struct error *err)
{
	const struct answer *answer = answers_find(report->answers, entry->host);
	size_t open_count = 0;

	if (answer && report_answer(report, entry, answer, &open_count, err) < 0)
		return -1;
	if (entry->required && open_count == 0)
		return fail_required(entry, answer, err);
	if (!answer || answer->count == 0)
		return skip(report, entry, err);
	report->plan->names += count_addresses(report, answer, open_count);
	return 0;
}

static int report_entries(struct report *report, struct error *err)
{
	for (size_t i = 0; i < report->policy->count; i++) {
		const struct entry *entry = &report->policy->entries[i];

		if (entry->kind == ENTRY_NAME && !entry->deny &&
		    report_entry(report, entry, err) < 0)
			return -1;
	}
	return 0;
}

/* --- where addresses are learned --------------------------------------------------------- */

static int fail_denied(const struct entry *entry, const struct entry *deny,
		       struct error *err)
{
	char place[ORIGIN_TEXT], deny_place[ORIGIN_TEXT], shown[128];

	escape(shown, sizeof(shown), deny->text, strlen(deny->text));
	return error_set(err, ERROR_RESOLVE,
			 "%s: '%s' is required, but deny '%s' (%s) refuses it",
			 origin_format(&entry->origin, place), entry->host, shown,
			 origin_format(&deny->origin, deny_place));
}

static int require_undenied(struct report *report, struct error *err)
{
	for (size_t i = 0; i < report->policy->count; i++) {
		const struct entry *entry = &report->policy->entries[i];
		struct permission permission;

		if (!entry->required || entry->kind != ENTRY_NAME)
			continue;
		names_ask(report->index, entry->host, &permission);
		if (permission.verdict == PERMIT_DENIED)
			return fail_denied(entry, permission.entry, err);
	}
	return 0;
}

/* Of all answers those that are opened now, and those that a required name must have. */
static int report_learned(struct report *report, struct error *err)
{
	for (size_t i = 0; i < report->answers->count; i++) {
		const struct answer *answer = &report->answers->v[i];
		struct permission permission;

		names_ask(report->index, answer->host, &permission);
		for (size_t j = 0; j < permission.count; j++) {
			const struct entry *entry = permission.entries[j];
			size_t open_count;

			if (!answer->fixed && !entry->required)
				continue;
			if (report_answer(report, entry, answer, &open_count, err) < 0)
				return -1;
			if (entry->required && open_count == 0)
				return fail_required(entry, answer, err);
			if (answer->fixed)
				count_addresses(report, answer, open_count);
		}
	}
	return require_undenied(report, err);
}

/* --- all of it --------------------------------------------------------------------------- */

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
		      const struct answers *answers, const struct names *index,
		      struct notes *notes, struct error *err)
{
	struct report report CLEANUP(report_release) = {
		.plan = plan,
		.policy = policy,
		.notes = notes,
		.answers = answers,
		.index = index,
	};

	if (plan->mode == MODE_NONE)
		return 0;
	report.counted = calloc(answers->count + 1, sizeof(*report.counted));
	if (!report.counted)
		return error_memory(err);
	if (index)
		return report_learned(&report, err);
	return report_entries(&report, err) < 0 ? -1 : list_skipped(&report, err);
}
