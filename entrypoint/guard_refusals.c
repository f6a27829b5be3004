#include <string.h>

#include "entrypoint/asker.h"
#include "entrypoint/guard_state.h"
#include "lib/explain.h"

/* What is refused, to the recorder: packets as the kernel logs them, questions and answers as
 * guard_dns.c judges them; and who asked. */

/* Looking for who asks takes part of a millisecond, in which questions wait. */
#define LOOKUPS_A_SECOND 20
/* A and AAAA of a name come together. */
#define ASKER_SAME_MS 1000
/* Who asked so long ago has asked again, where there is no time to look. */
#define ASKER_KNOWN_MS 30000

/* Asked beside addresses all the time, by clients who do well without. */
#define TYPE_SVCB 64
#define TYPE_HTTPS 65

int guard_record_open(struct guard *guard, struct error *err)
{
	guard->record.due = -1;
	return recorder_open(guard->start->options.any.log, &guard->record.recorder, err);
}

static struct blame blame(const struct guard *guard)
{
	const struct regime *regime = guard->regime;

	return (struct blame){
		.policy = &regime->inputs.policy,
		.answers = &regime->fence.answers,
		.site = &regime->fence.plan->site,
		.leases = guard->leases,
		.resolved = recorder_resolved(guard->record.recorder),
	};
}

/* --- who asks ---------------------------------------------------------------------------- */

static const struct asker *known_asker(const struct guard *guard, const char *host)
{
	return resolved_asker(recorder_resolved(guard->record.recorder), host);
}

static bool is_since(const struct asker *asker, int64_t ms)
{
	return asker && clock_steady_ms() - asker->time < ms;
}

static bool take_lookup(struct guard_record *record)
{
	int64_t now = clock_steady_ms();

	if (now - record->lookups_since >= 1000) {
		record->lookups_since = now;
		record->lookups = 0;
	}
	if (record->lookups == LOOKUPS_A_SECOND)
		return false;
	record->lookups++;
	return true;
}

static void look_up(struct guard *guard, const char *host, uint16_t port, bool stream)
{
	struct asker asker;

	asker_find(port, stream, guard->agent ? guard->user : NULL,
		   &guard->record.asked_last, &asker);
	asker.time = clock_steady_ms();
	if (asker.has_uid)
		resolved_asked(recorder_resolved(guard->record.recorder), host, &asker);
}

/* NULL: not known. */
static const struct asker *asker_of(struct guard *guard, const struct message *ask)
{
	const struct asker *asker = known_asker(guard, ask->host);

	if (!is_since(asker, ASKER_SAME_MS) && take_lookup(&guard->record)) {
		look_up(guard, ask->host, ask->port, ask->stream);
		asker = known_asker(guard, ask->host);
	}
	return is_since(asker, ASKER_KNOWN_MS) ? asker : NULL;
}

void guard_note_asker(struct guard *guard, const struct message *ask)
{
	struct guard_record *record = &guard->record;
	struct late_ask *late = &record->late[record->late_count];

	if (record->late_count == LATE_MAX ||
	    is_since(known_asker(guard, ask->host), ASKER_SAME_MS) ||
	    !take_lookup(record))
		return;
	memcpy(late->host, ask->host, sizeof(late->host));
	late->port = ask->port;
	late->stream = ask->stream;
	record->late_count++;
}

void guard_find_askers(struct guard *guard)
{
	struct guard_record *record = &guard->record;

	for (size_t i = 0; i < record->late_count; i++) {
		const struct late_ask *late = &record->late[i];

		if (!is_since(known_asker(guard, late->host), ASKER_SAME_MS))
			look_up(guard, late->host, late->port, late->stream);
	}
	record->late_count = 0;
}

/* --- what is refused ------------------------------------------------------------------------ */

static void add(struct guard *guard, struct refusal *refusal)
{
	recorder_add(guard->record.recorder, refusal);
	guard->record.due = clock_steady_ms();
}

void guard_record_question(struct guard *guard, const struct message *ask,
			   enum refusal_reason reason, const struct entry *entry,
			   bool audit)
{
	const struct blame by = blame(guard);
	struct blame_texts texts;
	struct refusal refusal;

	if (ask->qtype == TYPE_SVCB || ask->qtype == TYPE_HTTPS)
		return;
	blame_question(&by, reason, ask->host, ask->qtype, NULL, entry,
		       asker_of(guard, ask), &texts, &refusal);
	refusal.audit = audit;
	add(guard, &refusal);
}

/* The line that denies the address where `entry` would open it. The policy may be long, and an upstream
 * can give any number of addresses. */
static const struct entry *find_deny(struct guard *guard, const struct blame *by,
				     const struct addr *addr, const struct entry *entry)
{
	uint32_t point = entry && entry->port_count ? entry->ports[0].first : 1;
	struct verdict verdict = { 0 };

	if (take_lookup(&guard->record))
		verdict = explain_addr(by->policy, by->answers, by->site, addr, point);
	return verdict.entry && verdict.entry->deny ? verdict.entry : NULL;
}

void guard_record_answer(struct guard *guard, const struct message *said,
			 enum refusal_reason reason, const struct addr *addr,
			 const struct entry *entry, bool audit)
{
	const struct asker *asker = known_asker(guard, said->host);
	const struct blame by = blame(guard);
	struct blame_texts texts;
	struct refusal refusal;

	if (reason == REFUSAL_DENIED)
		entry = find_deny(guard, &by, addr, entry);
	blame_question(&by, reason, said->host, said->qtype, addr, entry,
		       is_since(asker, ASKER_KNOWN_MS) ? asker : NULL, &texts, &refusal);
	refusal.audit = audit;
	add(guard, &refusal);
}

void guard_note_answer(struct guard *guard, const char *host, const struct message *told)
{
	if (told->count)
		resolved_add(recorder_resolved(guard->record.recorder), host, told->addrs,
			     told->count);
}

void guard_record_packets(struct guard *guard)
{
	const struct blame by = blame(guard);

	recorder_read(guard->record.recorder, &by);
	guard->record.due = clock_steady_ms();
}

/* --- what is written ------------------------------------------------------------------------ */

int guard_record_write(struct guard *guard)
{
	struct guard_record *record = &guard->record;
	int64_t now = clock_steady_ms(), left;
	int wait;

	if (record->due >= 0 && record->due <= now) {
		wait = recorder_write(record->recorder);
		record->due = wait < 0 ? -1 : now + wait;
	}
	left = record->due - now;
	return record->due < 0 ? -1 : left < INT32_MAX ? (int)left : INT32_MAX;
}

void guard_record_end(struct guard *guard)
{
	const struct blame by = blame(guard);

	recorder_finish(guard->record.recorder, &by);
}
