#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "entrypoint/inputs.h"
#include "entrypoint/log.h"
#include "entrypoint/verbs.h"
#include "lib/json.h"
#include "lib/kubernetes.h"
#include "lib/presets.h"
#include "lib/ruleset.h"

/* The verbs that only tell: check, plan, presets, version. Results go to stdout. */

#define STATUS_FINDINGS 1

static int print_result(struct buf *text, struct error *err)
{
	bool done = !text->failed &&
		    fwrite(text->data ? text->data : "", 1, text->length, stdout) ==
			    text->length &&
		    fflush(stdout) == 0;

	return done ? EX_OK : error_set(err, ERROR_KERNEL, "cannot write the result");
}

/* What otherwise only a start would find: more than one fence can hold. Whatever addresses bring comes
 * on top. */
static int try_plan(const struct policy *policy, struct error *err)
{
	static const struct answers nothing;
	static const struct site nowhere;
	struct notes unsaid CLEANUP(notes_release) = { 0 };
	struct plan *plan CLEANUP(plan_freep) = NULL;
	struct error fault = { 0 };

	if (plan_build(policy, &nothing, &nowhere, &unsaid, &plan, &fault) == 0 ||
	    fault.kind == ERROR_RESOLVE)
		return 0;
	*err = fault;
	return -1;
}

int verb_check(const struct options *options, struct error *err)
{
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct buf text CLEANUP(buf_release) = { 0 };
	int result = inputs_read(options, NULL, false, &inputs, err);

	inputs_say_notes(&inputs.notes, NOTE_INFO);
	if (result < 0 || try_plan(&inputs.policy, err) < 0)
		return -1;
	if (!options->any.json)
		policy_print(&inputs.policy, &text);
	else if (policy_print_json(&inputs.policy, &text) < 0)
		return error_memory(err);
	if (print_result(&text, err) < 0)
		return -1;
	return inputs.notes.count ? STATUS_FINDINGS : EX_OK;
}

static int print_nft(const struct plan *plan, struct error *err)
{
	/* Any marks do: what is printed here is not what will be applied by the next start. */
	const struct ruleset_options marks = {
		.flow_mark = 1,
		.socket_mark = RULESET_SOCKET_MARK,
	};
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a plan that is built is there. */
	if (!plan->fenced) {
		puts("# policy full, nothing to refuse: no fence");
		return EX_OK;
	}
	if (ruleset_build(plan, &marks, true, &ruleset, err) < 0)
		return -1;
	return print_result(&ruleset->text, err);
}

static int print_json(const struct plan *plan, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };

	if (plan_print_json(plan, &text) < 0)
		return error_memory(err);
	return print_result(&text, err);
}

/* One of a plan for this place, or of an object for another. */
struct format {
	const char *name;
	int (*print)(const struct plan *plan, struct error *err);
	int (*object)(const struct policy *policy, const struct answers *answers,
		      struct notes *notes, struct buf *out, struct error *err);
};

static const struct format formats[] = {
	{ "nft", print_nft, NULL },
	{ "json", print_json, NULL },
	{ "networkpolicy", NULL, networkpolicy_print },
	{ "cilium", NULL, cilium_print },
};

static const struct format *find_format(const struct options *options, struct error *err)
{
	const char *name = options->any.format ? options->any.format
			   : options->any.json ? "json"
					       : "nft";
	char shown[64];

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(name, formats[i].name) == 0)
			return &formats[i];
	error_set(err, ERROR_USAGE,
		  "--format: expected nft, json, networkpolicy or cilium, not '%s'",
		  escape(shown, sizeof(shown), name, strlen(name)));
	return NULL;
}

static int plan_here(const struct options *options, struct inputs *inputs,
		     struct plan **ret, struct error *err)
{
	struct answers answers;
	struct site site;

	if (inputs_site(NULL, &site, err) < 0 ||
	    inputs_answers(options, inputs, NULL, 0, &answers, err) < 0)
		return -1;
	return plan_build(&inputs->policy, &answers, &site, &inputs->notes, ret, err);
}

static int make_object(const struct format *format, const struct options *options,
		       struct inputs *inputs, struct buf *out, struct error *err)
{
	struct answers answers = { 0 };

	if ((format->object != cilium_print || cilium_asks(&inputs->policy)) &&
	    inputs_answers(options, inputs, NULL, 0, &answers, err) < 0)
		return -1;
	return format->object(&inputs->policy, &answers, &inputs->notes, out, err);
}

int verb_plan(const struct options *options, struct error *err)
{
	const struct format *format = find_format(options, err);
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	struct buf text CLEANUP(buf_release) = { 0 };
	struct plan *plan CLEANUP(plan_freep) = NULL;
	int result;

	if (!format)
		return -1;
	result = inputs_read(options, NULL, false, &inputs, err);
	if (result == 0)
		result = format->object
				 ? make_object(format, options, &inputs, &text, err)
				 : plan_here(options, &inputs, &plan, err);
	inputs_say_notes(&inputs.notes, NOTE_WARNING);
	if (result < 0)
		return -1;
	return plan ? format->print(plan, err) : print_result(&text, err);
}

static int print_object(json_t *object, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	char *line = json_print(object, JSON_INDENT(2));

	if (!line)
		return error_memory(err);
	buf_printf(&text, "%s\n", line);
	free(line);
	return print_result(&text, err);
}

static json_t *list_presets(const struct preset *presets, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s}", "name", presets[i].name,
						"about", presets[i].about));
	return json_pack("{s:i, s:o}", "version", 1, "presets", list);
}

static json_t *describe_preset(const struct preset *preset)
{
	json_t *list = json_array();

	for (size_t i = 0; i < preset->count; i++) {
		struct buf text CLEANUP(buf_release) = { 0 };

		entry_print(&preset->entries[i], &text);
		json_array_append_new(
			list, json_pack("{s:s, s:b}", "entry", text.data ? text.data : "",
					"essential", preset->entries[i].required));
	}
	return json_pack("{s:i, s:s, s:s, s:o}", "version", 1, "name", preset->name,
			 "about", preset->about, "allow", list);
}

static void print_preset(const struct preset *preset, struct buf *out)
{
	buf_printf(out, "# %s: %s\n", preset->name, preset->about);
	for (size_t i = 0; i < preset->count; i++) {
		struct entry entry = preset->entries[i];

		/* Essential is what counts when the whole preset is required. */
		entry.required = false;
		buf_puts(out, "- ");
		entry_print_item(&entry, out);
		buf_puts(out, preset->entries[i].required ? "  # essential\n" : "\n");
	}
}

int verb_presets(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct buf text CLEANUP(buf_release) = { 0 };
	const struct preset *presets, *preset;
	const char *nearest, *name = options->operands[0];
	char shown[64];
	size_t count;

	if (!arena)
		return error_memory(err);
	if (presets_load(arena, &presets, &count, err) < 0)
		return -1;
	if (!name) {
		if (options->any.json)
			return print_object(list_presets(presets, count), err);
		for (size_t i = 0; i < count; i++)
			buf_printf(&text, "%-12s %s\n", presets[i].name,
				   presets[i].about);
		return print_result(&text, err);
	}
	preset = presets_find(presets, count, name, &nearest);
	if (!preset)
		return error_set(err, ERROR_USAGE, "there is no preset '%s'%s%s%s",
				 escape(shown, sizeof(shown), name, strlen(name)),
				 nearest ? "; did you mean '"
					 : "; 'netpale presets' lists them",
				 nearest ? nearest : "", nearest ? "'?" : "");
	if (options->any.json)
		return print_object(describe_preset(preset), err);
	print_preset(preset, &text);
	return print_result(&text, err);
}

int verb_version(const struct options *options, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };

	if (options->any.json)
		return print_object(
			json_pack("{s:i, s:s}", "version", 1, "netpale", NETPALE_VERSION),
			err);
	buf_puts(&text, "netpale " NETPALE_VERSION "\n");
	return print_result(&text, err);
}
