#include <string.h>

#include "lib/buf.h"
#include "lib/layer_internal.h"
#include "lib/near.h"

/* The lists allow and deny: an entry is a word, or a map with host or preset. */

enum item_key {
	ITEM_HOST,
	ITEM_PORTS,
	ITEM_PRIVATE,
	ITEM_REQUIRED,
	ITEM_TYPES,
	ITEM_PRESET,
	ITEM_KEYS
};

static const char *const item_names[] = {
	[ITEM_HOST] = "host",         [ITEM_PORTS] = "ports", [ITEM_PRIVATE] = "private",
	[ITEM_REQUIRED] = "required", [ITEM_TYPES] = "types", [ITEM_PRESET] = "preset",
};
static const struct keys item_keys = { "an entry", item_names, ITEM_KEYS, false };

/* A mapping without host or preset is mostly one that nobody meant: "db: 5432", "fd00::". */
static void note_accidental_map(const struct fields *fields, const struct node *item)
{
	const struct node *map = node_value(item), *key = map->first, *value;
	struct origin at = fields_origin(fields, item);
	char left[NODE_SHOWN], right[NODE_SHOWN];
	struct port_range ranges[2];
	size_t count, distance = NEAR_NONE;
	struct error err;
	bool near;

	value = key && key->next ? node_value(key->next) : NULL;
	if (!value || map->count != 2 || key->kind != NODE_SCALAR ||
	    value->kind != NODE_SCALAR) {
		notes_add(fields->notes, NOTE_ERROR, &at,
			  "a mapping without the key host or preset is no entry; write "
			  "host: NAME or preset: NAME");
		return;
	}
	escape(left, sizeof(left), key->text, key->length);
	escape(right, sizeof(right), value->text, value->length);
	near = near_better(key->text, key->length, "host", &distance) ||
	       near_better(key->text, key->length, "preset", &distance);
	if (near && ports_parse(value->text, value->length, ranges, &count, &err) < 0)
		fields_unknown_key(fields, &item_keys, key);
	else if (node_is_null(value))
		notes_add(fields->notes, NOTE_ERROR, &at,
			  "'%s:' is a mapping to YAML because it ends in a colon; write "
			  "a port "
			  "behind it, or put it in quotes",
			  left);
	else
		notes_add(
			fields->notes, NOTE_ERROR, &at,
			"'%s: %s' is a mapping to YAML because of the blank; write %s:%s",
			left, right, left, right);
}

static void read_preset(struct layer *layer, const struct fields *fields,
			const struct node *item,
			const struct node *const values[ITEM_KEYS], bool deny)
{
	struct origin at = fields_origin(fields, item);
	bool required = false;
	const char *name = fields_text(fields, values[ITEM_PRESET], "preset", "a name");

	for (size_t i = 0; i < ITEM_PRESET; i++)
		if (values[i] && i != ITEM_REQUIRED) {
			struct origin beside = fields_origin(fields, values[i]);

			notes_add(fields->notes, NOTE_ERROR, &beside,
				  "'%s' does not go with preset", item_names[i]);
			name = NULL;
		}
	if (values[ITEM_REQUIRED] &&
	    !fields_bool(fields, values[ITEM_REQUIRED], "required", &required))
		name = NULL;
	if (name)
		(void)layer_add_preset(layer, deny, name, strlen(name), required, &at,
				       fields->arena, fields->notes);
}

static bool read_host_options(const struct fields *fields,
			      const struct node *const values[ITEM_KEYS],
			      struct entry *entry)
{
	bool good = true;

	if (values[ITEM_PORTS] && entry->port_count) {
		struct origin at = fields_origin(fields, values[ITEM_PORTS]);

		notes_add(fields->notes, NOTE_ERROR, &at,
			  "ports are given twice: here and in '%s'", entry->text);
		good = false;
	} else if (values[ITEM_PORTS]) {
		size_t count = 0;

		good = fields_ports(fields, values[ITEM_PORTS], "ports", &entry->ports,
				    &count);
		entry->port_count = (uint16_t)count;
	}
	if (values[ITEM_PRIVATE])
		good = fields_bool(fields, values[ITEM_PRIVATE], "private",
				   &entry->private_ok) &&
		       good;
	if (values[ITEM_REQUIRED])
		good = fields_bool(fields, values[ITEM_REQUIRED], "required",
				   &entry->required) &&
		       good;
	if (values[ITEM_TYPES])
		good = fields_types(fields, values[ITEM_TYPES], "types", &entry->types) &&
		       good;
	return good;
}

static void read_host(struct layer *layer, const struct fields *fields,
		      const struct node *item, const struct node *const values[ITEM_KEYS],
		      bool deny)
{
	const struct node *host = node_value(values[ITEM_HOST]);
	struct origin at = fields_origin(fields, item),
		      host_at = fields_origin(fields, values[ITEM_HOST]);
	struct entry entry;
	struct error err;

	if (host->kind != NODE_SCALAR || node_is_null(host)) {
		fields_wrong(fields, values[ITEM_HOST], "host",
			     "a host name, an address or a network");
		return;
	}
	if (entry_parse(fields->arena, host->text, host->length, &entry, &err) < 0) {
		notes_add(fields->notes, NOTE_ERROR, &host_at, "%s", err.text);
		/* The other keys' faults are told as well. */
		entry = (struct entry){ .text = "" };
		(void)read_host_options(fields, values, &entry);
		return;
	}
	if (!read_host_options(fields, values, &entry))
		return;
	entry.deny = deny;
	entry.origin = at;
	(void)layer_push(layer, &entry, fields->notes);
}

static bool has_key(const struct node *map, const char *name)
{
	for (const struct node *key = map->first; key && key->next; key = key->next->next)
		if (node_is(node_value(key), name))
			return true;
	return false;
}

static void read_item_map(struct layer *layer, const struct fields *fields,
			  const struct node *item, bool deny)
{
	const struct node *values[ITEM_KEYS] = { 0 }, *map = node_value(item);

	if (!has_key(map, "host") && !has_key(map, "preset")) {
		if (!map->cut)
			note_accidental_map(fields, item);
		return;
	}
	fields_collect(fields, map, &item_keys, values);
	if (deny &&
	    (values[ITEM_PRIVATE] || values[ITEM_REQUIRED] || values[ITEM_TYPES])) {
		struct origin at = fields_origin(fields, item);

		notes_add(fields->notes, NOTE_ERROR, &at,
			  "'private', 'required' and 'types' say nothing under deny");
	}
	if (values[ITEM_PRESET])
		read_preset(layer, fields, item, values, deny);
	else
		read_host(layer, fields, item, values, deny);
}

void layer_read_entries(struct layer *layer, const struct fields *fields,
			const struct node *node, const char *key, bool deny)
{
	const struct node *list = node_value(node);

	*(deny ? &layer->has_deny : &layer->has_allow) = true;
	if (node_is_null(list))
		return; /* a list whose lines are all commented out */
	if (list->kind != NODE_LIST) {
		fields_wrong(fields, node, key, "a list, with '- ' before each entry");
		return;
	}
	for (const struct node *item = list->first; item && !layer->full;
	     item = item->next) {
		const struct node *value = node_value(item);
		struct origin at = fields_origin(fields, item);

		if (value->kind == NODE_MAP)
			read_item_map(layer, fields, item, deny);
		else if (value->kind == NODE_SCALAR && !node_is_null(value))
			(void)layer_add_text(layer, deny, value->text, value->length, &at,
					     fields->arena, fields->notes);
		else
			fields_wrong(fields, item, key,
				     "an entry such as api.example.com:443 or "
				     "\"[2001:db8::1]:443\"");
	}
}
