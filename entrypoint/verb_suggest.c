#include <sysexits.h>

#include "entrypoint/inputs.h"
#include "entrypoint/log.h"
#include "entrypoint/recorded.h"
#include "entrypoint/result.h"
#include "entrypoint/verbs.h"
#include "entrypoint/when.h"
#include "lib/clock.h"
#include "lib/suggest.h"

/* A policy from what was seen. */

/* 1: nobody says anything, which is no fault here. */
static int read_policy(const struct options *options, struct inputs *inputs,
		       struct error *err)
{
	int result = inputs_read(options, NULL, false, inputs, err);

	if (result < 0 && err->kind == ERROR_NO_POLICY)
		return 1;
	inputs_say_notes(&inputs->notes, NOTE_WARNING);
	return result;
}

static void say_what_is_missing(const struct recorded *recorded,
				const struct policy *policy, int64_t since)
{
	if (policy && policy->mode == MODE_FULL)
		log_warning("policy full records only what is denied: start with policy: "
			    "audit, use the agent, and ask again");
	else if (recorded->list.count == 0)
		log_info(
			"nothing is recorded%s: start with policy: audit, use the agent, "
			"and ask again",
			since ? " since then" : "");
	if (recorded->list.lost)
		log_warning("%llu more were seen than could be recorded: some may be "
			    "missing",
			    (unsigned long long)recorded->list.lost);
}

static int print(struct suggestion *suggestion, struct inputs *inputs, bool json,
		 struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };

	if (presets_load(inputs->arena, &suggestion->presets, &suggestion->preset_count,
			 err) < 0)
		return -1;
	if (suggest_print(suggestion, inputs->arena, &text, err) < 0)
		return -1;
	return result_print_policy(&text, json, err);
}

int verb_suggest(const struct options *options, struct error *err)
{
	struct site site;
	struct suggestion suggestion = { .site = &site,
					 .wildcards = options->any.wildcards };
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct recorded recorded CLEANUP(recorded_release) = { 0 };
	int result = read_policy(options, &inputs, err);
	int64_t since = 0;
	struct error none;

	if (result < 0 ||
	    (options->any.since &&
	     when_parse(options->any.since, clock_wall_ms(), &since, err) < 0))
		return -1;
	if (recorded_read(since, &recorded, &none) < 0) {
		*err = none;
		return -1;
	}
	suggestion.policy = result == 0 ? &inputs.policy : NULL;
	suggestion.rows = recorded.list.v;
	suggestion.row_count = recorded.list.count;
	if (inputs_site(NULL, &site, err) < 0 ||
	    print(&suggestion, &inputs, options->any.json, err) < 0)
		return -1;
	say_what_is_missing(&recorded, suggestion.policy, since);
	return EX_OK;
}
