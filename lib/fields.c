#include "lib/fields.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/entry.h"
#include "lib/near.h"

struct origin fields_origin(const struct fields *fields, const struct node *node)
{
	return (struct origin){ fields->source, node->line, node->column };
}

void fields_wrong(const struct fields *fields, const struct node *node, const char *key,
		  const char *expected)
{
	struct origin at = fields_origin(fields, node);
	char shown[NODE_SHOWN];

	notes_add(fields->notes, NOTE_ERROR, &at, "%s: expected %s, not %s", key,
		  expected, node_describe(node_value(node), shown));
}

static size_t find_key(const struct keys *keys, const struct node *key)
{
	for (size_t i = 0; i < keys->count; i++)
		if (node_is(key, keys->names[i]))
			return i;
	return keys->count;
}

static void list_keys(const struct keys *keys, struct buf *out)
{
	for (size_t i = 0; i < keys->count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", keys->names[i]);
}

void fields_unknown_key(const struct fields *fields, const struct keys *keys,
			const struct node *key)
{
	struct origin at = fields_origin(fields, key);
	struct buf known CLEANUP(buf_release) = { 0 };
	size_t distance = NEAR_NONE;
	const char *meant = NULL;
	char shown[NODE_SHOWN];

	/* Past the limit faults are only counted: no time for searching words. */
	for (size_t i = 0; i < keys->count && fields->notes->errors < NOTES_MAX; i++)
		if (key->kind == NODE_SCALAR &&
		    near_better(key->text, key->length, keys->names[i], &distance))
			meant = keys->names[i];
	node_describe(key, shown);
	if (meant) {
		notes_add(fields->notes, NOTE_ERROR, &at,
			  "unknown key %s in %s; did you mean '%s'?", shown, keys->where,
			  meant);
		return;
	}
	list_keys(keys, &known);
	notes_add(fields->notes, NOTE_ERROR, &at, "unknown key %s in %s; known are %s",
		  shown, keys->where, known.data ? known.data : "none");
}

static void note_twice(const struct fields *fields, const struct node *key,
		       const struct node *first)
{
	struct origin at = fields_origin(fields, key);
	char shown[NODE_SHOWN];

	notes_add(fields->notes, NOTE_ERROR, &at,
		  "key %s is given twice, first in line %u", node_describe(key, shown),
		  first->line);
}

void fields_collect(const struct fields *fields, const struct node *map,
		    const struct keys *keys, const struct node **values)
{
	for (const struct node *key = map->first; key && key->next;
	     key = key->next->next) {
		const struct node *name = node_value(key);
		size_t index = find_key(keys, name);

		if (index == keys->count) {
			if (!keys->open)
				fields_unknown_key(fields, keys, name);
		} else if (values[index]) {
			note_twice(fields, name, values[index]);
		} else {
			values[index] = key->next;
		}
	}
}

const char *fields_text(const struct fields *fields, const struct node *node,
			const char *key, const char *expected)
{
	const struct node *value = node_value(node);

	if (value->kind == NODE_SCALAR && !node_is_null(value) &&
	    !memchr(value->text, '\0', value->length))
		return value->text;
	fields_wrong(fields, node, key, expected);
	return NULL;
}

bool fields_bool(const struct fields *fields, const struct node *node, const char *key,
		 bool *ret)
{
	const struct node *value = node_value(node);

	if (value->kind == NODE_SCALAR && value->plain &&
	    (node_is(value, "true") || node_is(value, "false"))) {
		*ret = node_is(value, "true");
		return true;
	}
	fields_wrong(fields, node, key, "true or false");
	return false;
}

static bool add_ports(const struct fields *fields, const struct node *node,
		      const char *key, struct port_range *ranges, size_t *count)
{
	const struct node *value = node_value(node);
	struct origin at = fields_origin(fields, node);
	struct error err;
	size_t added;

	if (value->kind != NODE_SCALAR) {
		fields_wrong(fields, node, key,
			     "a port such as 443, 8000-8999 or 443/tcp");
		return false;
	}
	if (ports_parse(value->text, value->length, ranges + *count, &added, &err) < 0) {
		notes_add(fields->notes, NOTE_ERROR, &at, "%s: %s", key, err.text);
		return false;
	}
	*count += added;
	return true;
}

bool fields_ports(const struct fields *fields, const struct node *node, const char *key,
		  const struct port_range **ret, size_t *ret_count)
{
	const struct node *list = node_value(node);
	struct port_range ranges[2 * ENTRY_PORTS_MAX], *copy;
	struct origin at = fields_origin(fields, node);
	bool good = true;
	size_t count = 0;

	if (list->kind != NODE_LIST || list->count == 0) {
		fields_wrong(fields, node, key,
			     "a list of ports such as [443, 8000-8999/tcp]");
		return false;
	}
	if (list->count > ENTRY_PORTS_MAX) {
		notes_add(fields->notes, NOTE_ERROR, &at, "%s: more than %d ports", key,
			  ENTRY_PORTS_MAX);
		return false;
	}
	for (const struct node *item = list->first; item; item = item->next)
		good = add_ports(fields, item, key, ranges, &count) && good;
	if (!good)
		return false;
	count = ports_normalise(ranges, count);
	copy = arena_alloc(fields->arena, count * sizeof(*copy));
	if (!copy) {
		fields->notes->out_of_memory = true;
		return false;
	}
	memcpy(copy, ranges, count * sizeof(*copy));
	*ret = copy;
	*ret_count = count;
	return true;
}

static bool add_type(const struct fields *fields, const struct node *node,
		     const char *key, uint8_t *types)
{
	const struct node *value = node_value(node);
	uint8_t type = value->kind == NODE_SCALAR
			       ? entry_type_parse(value->text, value->length)
			       : 0;

	if (!type)
		fields_wrong(fields, node, key, "mx, srv or txt");
	*types |= type;
	return type;
}

bool fields_types(const struct fields *fields, const struct node *node, const char *key,
		  uint8_t *ret)
{
	const struct node *list = node_value(node);
	bool good = true;
	uint8_t types = 0;

	if (list->kind == NODE_SCALAR && !node_is_null(list)) {
		good = add_type(fields, node, key, &types);
	} else if (list->kind != NODE_LIST || list->count == 0) {
		fields_wrong(fields, node, key, "a list of types such as [mx, srv, txt]");
		good = false;
	} else {
		for (const struct node *item = list->first; item; item = item->next)
			good = add_type(fields, item, key, &types) && good;
	}
	if (good)
		*ret = types;
	return good;
}
