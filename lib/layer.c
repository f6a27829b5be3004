#include "lib/layer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/near.h"
#include "lib/presets.h"

#define SHOWN 128

/* The words of a scalar, by value; the first is "not given". */
static const char *const mode_words[] = {
	[MODE_FULL] = "full",
	[MODE_AUDIT] = "audit",
	[MODE_RESTRICTED] = "restricted",
	[MODE_NONE] = "none",
};
static const char *const stance_words[] = {
	[STANCE_RESOLVERS] = "resolvers",
	[STANCE_GUARDED] = "guarded",
	[STANCE_PINNED] = "pinned",
};
static const char *const trust_words[] = {
	[TRUST_EXTEND] = "extend",
	[TRUST_TIGHTEN] = "tighten",
	[TRUST_IGNORE] = "ignore",
	[TRUST_OVERRIDE] = "override",
};
static const char *const merge_words[] = {
	[MERGE_DEEP] = "deep",
	[MERGE_OVERRIDE] = "override",
};

const char *mode_name(enum mode mode)
{
	return mode_words[mode];
}

const char *stance_name(enum stance stance)
{
	return stance_words[stance];
}

const char *trust_name(enum trust_project trust)
{
	return trust_words[trust];
}

void layer_init(struct layer *layer, enum layer_kind kind, const char *source)
{
	*layer = (struct layer){ .kind = kind, .source = source };
}

void layer_release(struct layer *layer)
{
	free(layer->entries);
	layer->entries = NULL;
	layer->count = layer->capacity = 0;
}

/* The word's value, or -1 after a note: what it is not, what was expected, what was meant. */
static int parse_word(const char *key, const char *const *words, int count,
		      const char *text, const struct origin *at, struct notes *notes)
{
	size_t distance = NEAR_NONE;
	const char *meant = NULL;
	char shown[SHOWN], known[SHOWN] = "";

	for (int i = 1; i < count; i++) {
		size_t used = strlen(known);

		if (strcmp(text, words[i]) == 0)
			return i;
		if (near_better(text, strlen(text), words[i], &distance))
			meant = words[i];
		snprintf(known + used, sizeof(known) - used, "%s%s",
			 i == 1           ? ""
			 : i == count - 1 ? " or "
					  : ", ",
			 words[i]);
	}
	/* A flag or a variable has the key's name itself. */
	notes_add(notes, NOTE_ERROR, at, "%s%sexpected %s, not '%s'%s%s%s",
		  at->line ? key : "", at->line ? ": " : "", known,
		  escape(shown, sizeof(shown), text, strlen(text)),
		  meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
	return -1;
}

int layer_set_mode(struct layer *layer, const char *text, const struct origin *at,
		   struct notes *notes)
{
	int value =
		parse_word("policy", mode_words, ARRAY_SIZE(mode_words), text, at, notes);

	if (value < 0)
		return -1;
	layer->mode = (enum mode)value;
	layer->mode_origin = *at;
	layer->has_network = true;
	return 0;
}

int layer_set_dns(struct layer *layer, const char *text, const struct origin *at,
		  struct notes *notes)
{
	int value = parse_word("dns", stance_words, ARRAY_SIZE(stance_words), text, at,
			       notes);

	if (value < 0)
		return -1;
	layer->dns = (enum stance)value;
	layer->dns_origin = *at;
	layer->has_network = true;
	return 0;
}

int layer_set_trust(struct layer *layer, const char *text, const struct origin *at,
		    struct notes *notes)
{
	int value = parse_word("trust_project", trust_words, ARRAY_SIZE(trust_words),
			       text, at, notes);

	if (value < 0)
		return -1;
	layer->trust = (enum trust_project)value;
	layer->trust_origin = *at;
	layer->has_network = true;
	return 0;
}

int layer_set_merge(struct layer *layer, const char *text, const struct origin *at,
		    struct notes *notes)
{
	int value = parse_word("merge", merge_words, ARRAY_SIZE(merge_words), text, at,
			       notes);

	if (value < 0)
		return -1;
	layer->merge = (enum merge)value;
	layer->merge_origin = *at;
	return 0;
}

/* What an entry says that nothing could come of. */
static const char *name_fault(const struct entry *entry)
{
	if (entry_is_name(entry) && entry->deny && entry->port_count)
		return "a deny of a name filters the name and takes no ports; deny an "
		       "address or a network with ports, or leave the ports out";
	if (entry->required && entry_is_wildcard(entry))
		return "'required' needs a name: a wildcard is none that could be asked "
		       "for";
	if (entry->types && !entry_is_name(entry))
		return "'types' needs a name or a wildcard: an address has no such records";
	return NULL;
}

int layer_push(struct layer *layer, const struct entry *entry, struct notes *notes)
{
	const char *fault = name_fault(entry);
	char shown[SHOWN];

	if (fault) {
		notes_add(notes, NOTE_ERROR, &entry->origin, "'%s': %s",
			  escape(shown, sizeof(shown), entry->text, strlen(entry->text)),
			  fault);
		return -1;
	}
	if (layer->count == LAYER_ENTRIES) {
		if (!layer->full)
			notes_add(notes, NOTE_ERROR, &entry->origin,
				  "more than %u entries", LAYER_ENTRIES);
		layer->full = true;
		return -1;
	}
	/* Each name is a DNS query for whoever starts the container. */
	if (entry->host && layer->kind == LAYER_PROJECT &&
	    layer->names++ == LAYER_PROJECT_NAMES)
		notes_add(notes, NOTE_ERROR, &entry->origin,
			  "more than %u names from a project", LAYER_PROJECT_NAMES);
	if (!array_grow(&layer->entries, &layer->capacity, layer->count,
			sizeof(*entry))) {
		notes->out_of_memory = true;
		return -1;
	}
	layer->entries[layer->count++] = *entry;
	layer->has_network = true;
	*(entry->deny ? &layer->has_deny : &layer->has_allow) = true;
	return 0;
}

static void note_error(const struct error *err, const struct origin *at,
		       struct notes *notes)
{
	if (err->kind == ERROR_MEMORY)
		notes->out_of_memory = true;
	else
		notes_add(notes, NOTE_ERROR, at, "%s", err->text);
}

static void note_unknown_preset(const char *name, size_t length, const char *nearest,
				const struct origin *at, struct notes *notes)
{
	char shown[SHOWN];

	escape(shown, sizeof(shown), name, length);
	notes_add(notes, NOTE_ERROR, at, "there is no preset '%s'%s%s%s", shown,
		  nearest ? "; did you mean '" : "; 'netpale presets' lists them",
		  nearest ? nearest : "", nearest ? "'?" : "");
}

static int push_preset(struct layer *layer, bool deny, const struct preset *preset,
		       bool required, const struct origin *at, struct notes *notes)
{
	for (size_t i = 0; i < preset->count; i++) {
		struct entry entry = preset->entries[i];

		entry.deny = deny;
		entry.required = required && entry.required;
		entry.origin = *at;
		if (deny && entry.host)
			entry.port_count = 0; /* the names, whatever the port */
		if (layer_push(layer, &entry, notes) < 0)
			return -1;
	}
	return 0;
}

int layer_add_preset(struct layer *layer, bool deny, const char *name, size_t length,
		     bool required, const struct origin *at, struct arena *arena,
		     struct notes *notes)
{
	const struct preset *preset = NULL;
	const char *nearest = NULL;
	char word[64] = "";
	struct error err;

	if (!layer->presets &&
	    presets_load(arena, &layer->presets, &layer->preset_count, &err) < 0) {
		note_error(&err, at, notes);
		return -1;
	}
	if (length < sizeof(word) && !memchr(name, '\0', length)) {
		memcpy(word, name, length);
		preset =
			presets_find(layer->presets, layer->preset_count, word, &nearest);
	}
	if (!preset) {
		note_unknown_preset(name, length, nearest, at, notes);
		return -1;
	}
	return push_preset(layer, deny, preset, required, at, notes);
}

int layer_add_text(struct layer *layer, bool deny, const char *text, size_t length,
		   const struct origin *at, struct arena *arena, struct notes *notes)
{
	static const char preset[] = "preset:";
	const size_t preset_length = sizeof(preset) - 1;
	struct entry entry;
	struct error err;

	if (length >= preset_length && memcmp(text, preset, preset_length) == 0)
		return layer_add_preset(layer, deny, text + preset_length,
					length - preset_length, false, at, arena, notes);
	if (entry_parse(arena, text, length, &entry, &err) < 0) {
		note_error(&err, at, notes);
		return -1;
	}
	entry.deny = deny;
	entry.origin = *at;
	return layer_push(layer, &entry, notes);
}

int layer_add_list(struct layer *layer, bool deny, const char *text,
		   const struct origin *at, struct arena *arena, struct notes *notes)
{
	static const char separators[] = ", \t\r\n";
	int result = 0;

	for (;;) {
		size_t length;

		text += strspn(text, separators);
		length = strcspn(text, separators);
		if (length == 0)
			return result;
		if (layer_add_text(layer, deny, text, length, at, arena, notes) < 0)
			result = -1;
		text += length;
	}
}
