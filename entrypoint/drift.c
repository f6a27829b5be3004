#include "entrypoint/drift.h"

#include <string.h>
#include <unistd.h>

#include "entrypoint/fence.h"
#include "entrypoint/legacy.h"
#include "entrypoint/privileges.h"
#include "entrypoint/surroundings.h"
#include "lib/entries.h"

void drift_checked(struct drift *drift, const char *what)
{
	if (drift->checked_count < DRIFT_MAX)
		drift->checked[drift->checked_count++] = what;
}

static void not_checked(struct drift *drift, const char *what, const char *why)
{
	const char *text = arena_printf(drift->findings.arena, "%s: %s", what, why);

	if (text && drift->unchecked_count < DRIFT_MAX)
		drift->unchecked[drift->unchecked_count++] = text;
}

static bool find_line(const struct state *state, const char *word,
		      const struct addr *addr, struct entry_line *ret)
{
	return entries_find(state->entries.data ? state->entries.data : "",
			    state->entries.length, &state->answers, word, addr, ret);
}

/* Which line of the policy had put a removed element there, or speaks against an added one. */
static bool find_origin(const struct state *state, const struct finding *finding,
			struct entry_line *ret)
{
	bool removed = strcmp(finding->kind, "element removed") == 0;

	if (!finding->set)
		return false;
	if (strncmp(finding->set, "inbound", 7) == 0)
		return find_line(state, "inbound", NULL, ret);
	if (strncmp(finding->set, "resolver", 8) == 0)
		return find_line(state, "dns", NULL, ret);
	return finding->has_addrs &&
	       find_line(state, removed ? "allow" : "deny", &finding->first, ret);
}

static void add_origin(const struct state *state, struct finding *finding,
		       struct arena *arena)
{
	struct entry_line line;
	const char *text;

	if (!find_origin(state, finding, &line))
		return;
	text = arena_printf(arena, "%s (%s%s%s)", finding->text, line.origin,
			    line.text[0] ? ": " : "", line.text);
	finding->origin = arena_printf(arena, "%s", line.origin);
	if (text)
		finding->text = text;
}

static int look_at_tables(const struct state *state, struct arena *arena,
			  struct drift *drift, struct error *err)
{
	struct error fault = { 0 };
	bool stands;

	if (fence_stands(&stands, &fault) < 0) {
		if (fault.kind != ERROR_PRIVILEGE) {
			*err = fault;
			return -1;
		}
		not_checked(drift, "the fence in the kernel and other tables",
			    fault.text);
		return 0;
	}
	if (fence_compare(&state->sent, &drift->findings, err) < 0)
		return -1;
	for (size_t i = 0; i < drift->findings.count; i++)
		add_origin(state, &drift->findings.v[i], arena);
	drift_checked(drift, "fence");
	if (fence_neighbours(&drift->findings, err) < 0)
		return -1;
	drift_checked(drift, "other tables");
	if (!legacy_look(&drift->findings))
		not_checked(drift, "iptables-legacy", "its tables cannot be read");
	return 0;
}

static void try_canary(const struct state *state, struct drift *drift)
{
	const struct addr *refused[2];
	struct error fault = { 0 };

	for (size_t i = 0; i < 2; i++)
		refused[i] = state->has_refused[i] ? &state->refused[i] : NULL;
	if (state->mode == MODE_AUDIT || (!refused[0] && !refused[1]))
		return;
	if (privileges_prove_closed(refused[0], refused[1], &fault) < 0)
		findings_add(&drift->findings, "not closed", "%s", fault.text);
	drift_checked(drift, "refused destination");
}

static void look_around(struct drift *drift)
{
	unsigned int reach = privileges_in_reach();
	const char *engine = surroundings_engine_socket();

	if (reach & PRIVILEGES_REACH_ADMIN)
		findings_add(&drift->findings, "NET_ADMIN in reach",
			     "whoever enters by docker exec, or becomes root, can change "
			     "the fence: NET_ADMIN is in the bounding set (start with "
			     "--security-opt no-new-privileges)");
	if (reach & PRIVILEGES_REACH_RAW)
		findings_add(&drift->findings, "NET_RAW in reach",
			     "whoever enters by docker exec, or becomes root, can send "
			     "raw packets: NET_RAW is in the bounding set (start with "
			     "--cap-drop NET_RAW)");
	drift_checked(drift, "capabilities");
	if (engine)
		findings_add(&drift->findings, "engine socket",
			     "%s is mounted: whoever can write to it starts containers "
			     "without a fence",
			     engine);
	drift_checked(drift, "engine socket");
}

/* What cannot be written down stands all the same. */
static void find_no_record(struct drift *drift)
{
	struct error ignored;
	bool stands = false;

	if (fence_stands(&stands, &ignored) == 0 && stands)
		findings_add(&drift->findings, "no record",
			     "a fence stands, but " STATE_DIRECTORY
			     " has no record to compare it with (a read-only root needs "
			     "--tmpfs /run)");
	else
		findings_add(&drift->findings, "nothing in force",
			     "nothing is in force: " STATE_DIRECTORY
			     " has no record of a fence");
}

int drift_look(const struct state *state, struct arena *arena, struct drift *drift,
	       struct error *err)
{
	drift->findings.arena = arena;
	if (!state) {
		find_no_record(drift);
		return 0;
	}
	if (!state->fenced)
		return 0;
	if (look_at_tables(state, arena, drift, err) < 0)
		return -1;
	try_canary(state, drift);
	look_around(drift);
	return drift->findings.failed ? error_memory(err) : 0;
}
