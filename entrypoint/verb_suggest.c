#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "entrypoint/inputs.h"
#include "entrypoint/log.h"
#include "entrypoint/record.h"
#include "entrypoint/verbs.h"
#include "lib/suggest.h"

/* A policy from what was seen. */

/* The record itself has an end, so rows and texts have. */
struct seen_rows {
	struct refusal *v;
	size_t count, capacity;
	uint64_t lost;
};

static void rows_release(struct seen_rows *rows)
{
	free(rows->v);
}

static int read_line(const char *line, size_t length, struct arena *arena,
		     struct seen_rows *rows, struct error *err)
{
	int64_t ignored;
	uint64_t lost;

	if (refusal_parse_lost(line, length, &ignored, &lost)) {
		rows->lost += lost;
		return 0;
	}
	if (!array_grow(&rows->v, &rows->capacity, rows->count, sizeof(*rows->v)))
		return error_memory(err);
	rows->count += refusal_parse_json(line, length, arena, &rows->v[rows->count]);
	return 0;
}

static int read_rows(struct arena *arena, struct seen_rows *rows, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	int result = record_read(&text, err);

	if (result != 0)
		return result < 0 ? -1 : 0;
	for (size_t at = 0, length; at < text.length; at += length + 1) {
		const char *end = memchr(text.data + at, '\n', text.length - at);

		length = end ? (size_t)(end - text.data) - at : text.length - at;
		if (read_line(text.data + at, length, arena, rows, err) < 0)
			return -1;
	}
	return 0;
}

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

static void say_what_is_missing(const struct seen_rows *rows)
{
	if (rows->count == 0)
		log_info("nothing is recorded: start with policy: audit, use the agent, "
			 "and ask again");
	if (rows->lost)
		log_warning("%llu more were seen than could be recorded: some may be "
			    "missing",
			    (unsigned long long)rows->lost);
}

/* The comments are half of it, so it stays YAML: {"version":1,"yaml":"..."}. */
static int wrap_json(struct buf *text)
{
	json_t *object = json_pack("{s:i, s:s}", "version", 1, "yaml", text->data);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!line)
		return -1;
	buf_clear(text);
	buf_printf(text, "%s\n", line);
	free(line);
	return text->failed ? -1 : 0;
}

static int print(const struct options *options, struct inputs *inputs, bool has_policy,
		 struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct seen_rows rows CLEANUP(rows_release) = { 0 };
	struct suggestion suggestion = { .wildcards = options->any.wildcards };
	struct site site;

	if (inputs_site(NULL, &site, err) < 0 ||
	    presets_load(inputs->arena, &suggestion.presets, &suggestion.preset_count,
			 err) < 0 ||
	    read_rows(inputs->arena, &rows, err) < 0)
		return -1;
	suggestion.policy = has_policy ? &inputs->policy : NULL;
	suggestion.site = &site;
	suggestion.rows = rows.v;
	suggestion.row_count = rows.count;
	if (suggest_print(&suggestion, inputs->arena, &text, err) < 0)
		return -1;
	if (options->any.json && wrap_json(&text) < 0)
		return error_memory(err);
	if (fwrite(text.data, 1, text.length, stdout) != text.length ||
	    fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	say_what_is_missing(&rows);
	return EX_OK;
}

int verb_suggest(const struct options *options, struct error *err)
{
	struct inputs inputs CLEANUP(inputs_release) = { 0 };
	int result = read_policy(options, &inputs, err);

	return result < 0 ? -1 : print(options, &inputs, result == 0, err);
}
