#include "lib/policy.h"

#include "lib/policy_internal.h"

/* Merging: the scalars. Layers count weakest first and a later one wins, except that a project
 * only tightens what the operator's layers say. */

/* One scalar of one layer; 0 is "not given" in each of the enums. */
struct said {
	int value;
	struct origin origin;
};

enum trust_project policy_trust(struct layer *const layers[static LAYER_COUNT])
{
	static const enum layer_kind later[] = { LAYER_ENVIRONMENT, LAYER_FLAGS };
	const struct layer *profile = layers[LAYER_PROFILE];
	enum trust_project trust = TRUST_EXTEND;

	if (profile && profile->trust != TRUST_UNSET)
		trust = profile->trust;
	if (profile && profile->isolation)
		trust = TRUST_IGNORE;
	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		const struct layer *layer = layers[later[i]];

		if (layer && layer->trust != TRUST_UNSET)
			trust = layer->trust;
	}
	return trust;
}

static struct said said_mode(const struct layer *layer)
{
	return (struct said){ layer->mode, layer->mode_origin };
}

static struct said said_dns(const struct layer *layer)
{
	return (struct said){ layer->dns, layer->dns_origin };
}

typedef struct said (*say)(const struct layer *layer);

static struct said ask(const struct merger *merger, enum layer_kind kind, say what)
{
	const struct layer *layer = merger->layers[kind];

	return layer ? what(layer) : (struct said){ 0 };
}

/* What the layers after the project say; it wins over everything. */
static struct said ask_later(const struct merger *merger, say what)
{
	struct said flags = ask(merger, LAYER_FLAGS, what);

	return flags.value ? flags : ask(merger, LAYER_ENVIRONMENT, what);
}

void merger_note_withheld(const struct merger *merger, const char *key,
			  const char *wanted, const struct origin *wanted_at,
			  const char *kept, const struct origin *kept_at,
			  const char *holds)
{
	char place[ORIGIN_TEXT];

	notes_add(
		merger->notes, NOTE_WARNING, wanted_at,
		"%s: %s is looser than %s (%s) and a project may only tighten; %s holds",
		key, wanted, kept,
		kept_at->source ? origin_format(kept_at, place) : "by default", holds);
}

/* The same of two words. */
static void note_withheld(const struct merger *merger, const char *key,
			  const char *wanted, const struct origin *wanted_at,
			  const char *kept, const struct origin *kept_at)
{
	merger_note_withheld(merger, key, wanted, wanted_at, kept, kept_at, kept);
}

/* --- mode -------------------------------------------------------------------------------- */

/* What the mode is when nobody says it. */
static enum mode implied_mode(const struct merger *merger, bool with_project)
{
	enum mode mode = MODE_UNSET;

	for (size_t i = 0; i < LAYER_COUNT; i++) {
		const struct layer *layer = merger->layers[i];
		bool project = i == LAYER_PROJECT;

		if (!layer || (project && !with_project))
			continue;
		/* With `tighten` a project's allow is as if it were not there. */
		if (layer->has_allow &&
		    !(project && merger->policy->trust == TRUST_TIGHTEN))
			return MODE_RESTRICTED;
		if (layer->has_deny)
			mode = MODE_FULL;
	}
	return mode;
}

static int refuse_unfenced_project(enum mode mode, const struct origin *at,
				   struct error *err)
{
	char place[ORIGIN_TEXT];

	return error_set(
		err, ERROR_POLICY,
		"%s: policy %s from a project alone: a project may not leave itself "
		"unfenced; say it in a profile or with --policy %s",
		origin_format(at, place), mode_name(mode), mode_name(mode));
}

static int refuse_no_policy(struct error *err)
{
	return error_set(
		err, ERROR_NO_POLICY,
		"no policy: no layer says policy, allow or deny; write network: { allow: "
		"[...] } to /etc/netpale/policy.yml, name a file with --profile, or say "
		"--policy full to go without a fence");
}

static bool closes(const struct opening *opening)
{
	return opening->kind == OPENING_CLOSED || opening->kind == OPENING_PORTS;
}

/* Audit refuses nothing: where the operator leaves all open but something, it would be looser. */
static bool operator_refuses_something(const struct merger *merger)
{
	for (size_t i = 0; i < LAYER_COUNT; i++) {
		const struct layer *layer = merger->layers[i];

		if (layer && i != LAYER_PROJECT &&
		    (layer->has_deny || closes(&layer->inbound) ||
		     closes(&layer->host_gateway)))
			return true;
	}
	return false;
}

/* A project's word against what the operator says or implies. */
static int tighten_mode(struct merger *merger, struct said base, struct said project,
			struct error *err)
{
	struct policy *policy = merger->policy;

	if (!base.value && project.value < MODE_RESTRICTED)
		return refuse_unfenced_project((enum mode)project.value, &project.origin,
					       err);
	if (project.value < base.value ||
	    (base.value == MODE_FULL && project.value == MODE_AUDIT &&
	     operator_refuses_something(merger))) {
		note_withheld(merger, "policy", mode_name((enum mode)project.value),
			      &project.origin, mode_name((enum mode)base.value),
			      &base.origin);
		project = base;
	} else if (project.value == base.value && base.origin.source) {
		project = base;
	}
	policy->mode = (enum mode)project.value;
	policy->mode_origin = project.origin;
	return 0;
}

static int merge_mode(struct merger *merger, struct error *err)
{
	const struct layer *project_layer = merger->layers[LAYER_PROJECT];
	struct said profile = ask(merger, LAYER_PROFILE, said_mode);
	struct said project = ask(merger, LAYER_PROJECT, said_mode);
	struct said later = ask_later(merger, said_mode);
	struct policy *policy = merger->policy;
	enum mode by_operator = implied_mode(merger, false);

	if (!later.value && project.value && !merger->relaxing) {
		if (!profile.value)
			profile.value = by_operator;
		return tighten_mode(merger, profile, project, err);
	}
	if (!later.value)
		later = project.value ? project : profile;
	if (!later.value)
		later.value = implied_mode(merger, true);
	if (!later.value)
		return refuse_no_policy(err);
	if (later.value == MODE_FULL && !later.origin.source && !by_operator &&
	    !merger->relaxing) {
		const struct origin at = { project_layer->source, 0, 0 };

		return refuse_unfenced_project(MODE_FULL, &at, err);
	}
	policy->mode = (enum mode)later.value;
	policy->mode_origin = later.origin;
	return 0;
}

/* --- dns --------------------------------------------------------------------------------- */

static void merge_dns(struct merger *merger)
{
	struct said chosen = ask(merger, LAYER_PROFILE, said_dns);
	struct said project = ask(merger, LAYER_PROJECT, said_dns);
	struct said later = ask_later(merger, said_dns);

	if (!chosen.value)
		chosen.value = STANCE_RESOLVERS;
	if (later.value)
		chosen = later;
	else if (project.value > chosen.value || (project.value && merger->relaxing))
		chosen = project;
	else if (project.value && project.value < chosen.value)
		note_withheld(merger, "dns", stance_name((enum stance)project.value),
			      &project.origin, stance_name((enum stance)chosen.value),
			      &chosen.origin);
	merger->policy->dns = (enum stance)chosen.value;
	merger->policy->dns_origin = chosen.origin;
}

/* --- all of it --------------------------------------------------------------------------- */

/* `merge: override` lets the project's block take the profile's place. */
static int apply_override(struct merger *merger, struct error *err)
{
	const struct layer *project = merger->layers[LAYER_PROJECT];
	char place[ORIGIN_TEXT];

	if (!project || project->merge != MERGE_OVERRIDE)
		return 0;
	origin_format(&project->merge_origin, place);
	if (!merger->relaxing)
		return error_set(
			err, ERROR_POLICY,
			"%s: merge: override is not permitted: trust_project is %s; the "
			"profile permits it with trust_project: override",
			place, trust_name(merger->policy->trust));
	if (project->mode == MODE_UNSET)
		return error_set(
			err, ERROR_POLICY,
			"%s: merge: override replaces the profile's policy, so its "
			"network block must name one",
			place);
	merger->layers[LAYER_PROFILE] = NULL;
	return 0;
}

static void choose_layers(struct merger *merger, struct layer *const layers[])
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (layers[i] && layers[i]->has_network)
			merger->layers[i] = layers[i];
	if (merger->policy->trust == TRUST_IGNORE)
		merger->layers[LAYER_PROJECT] = NULL;
	merger->policy->project_read = merger->layers[LAYER_PROJECT];
}

int policy_merge(struct layer *const layers[static LAYER_COUNT], struct arena *arena,
		 struct notes *notes, struct policy *ret, struct error *err)
{
	struct policy policy = { .trust = policy_trust(layers) };
	struct merger merger = {
		.relaxing = policy.trust == TRUST_OVERRIDE,
		.notes = notes,
		.policy = &policy,
	};

	choose_layers(&merger, layers);
	if (apply_override(&merger, err) < 0 || merge_mode(&merger, err) < 0)
		return -1;
	merge_dns(&merger);
	if (merger_openings(&merger, arena, err) < 0 ||
	    policy_gather(merger.layers, notes, &policy, err) < 0 ||
	    policy_choose_guard(&policy, err) < 0)
		return -1;
	policy_note_metadata(&policy, notes);
	policy_note_zones(&policy, notes);
	policy_note_types(&policy, notes);
	if (notes->out_of_memory)
		return error_memory(err);
	*ret = policy;
	return 0;
}
