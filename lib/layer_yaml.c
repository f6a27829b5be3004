#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/layer_internal.h"

/* The tree of a policy text -> a layer. What is faulty is noted and left out. */

static void read_opening(const struct fields *fields, const struct node *node,
			 const char *key, const char *const words[2], bool plain,
			 struct opening *ret)
{
	const struct node *value = node_value(node);
	struct opening opening = { .origin = fields_origin(fields, node) };
	bool is_word = value->kind == NODE_SCALAR && (value->plain || !plain);
	char expected[128];

	if (is_word && node_is(value, words[0])) {
		opening.kind = OPENING_CLOSED;
	} else if (is_word && node_is(value, words[1])) {
		opening.kind = OPENING_OPEN;
	} else if (value->kind == NODE_LIST) {
		opening.kind = OPENING_PORTS;
		if (!fields_ports(fields, node, key, &opening.ports, &opening.port_count))
			return;
	} else {
		snprintf(expected, sizeof(expected),
			 "%s, %s or a list of ports such as [3000, 5173/tcp]", words[0],
			 words[1]);
		fields_wrong(fields, node, key, expected);
		return;
	}
	*ret = opening;
}

static void read_mode(struct layer *layer, const struct fields *fields,
		      const struct node *node)
{
	const char *text =
		fields_text(fields, node, "policy", "full, audit, restricted or none");
	struct origin at = fields_origin(fields, node);

	if (text)
		(void)layer_set_mode(layer, text, &at, fields->notes);
}

static void read_dns(struct layer *layer, const struct fields *fields,
		     const struct node *node)
{
	const char *text =
		fields_text(fields, node, "dns", "resolvers, guarded or pinned");
	struct origin at = fields_origin(fields, node);

	if (text)
		(void)layer_set_dns(layer, text, &at, fields->notes);
}

static void read_trust(struct layer *layer, const struct fields *fields,
		       const struct node *node)
{
	struct origin at = fields_origin(fields, node);
	const char *text;

	if (layer->kind != LAYER_PROFILE) {
		notes_add(fields->notes, NOTE_ERROR, &at,
			  "trust_project: only a profile says how far a project is "
			  "trusted");
		return;
	}
	text = fields_text(fields, node, "trust_project",
			   "extend, tighten, ignore or override");
	if (text)
		(void)layer_set_trust(layer, text, &at, fields->notes);
}

static void read_allow(struct layer *layer, const struct fields *fields,
		       const struct node *node)
{
	layer_read_entries(layer, fields, node, "allow", false);
}

static void read_deny(struct layer *layer, const struct fields *fields,
		      const struct node *node)
{
	layer_read_entries(layer, fields, node, "deny", true);
}

static void read_inbound(struct layer *layer, const struct fields *fields,
			 const struct node *node)
{
	static const char *const words[] = { "deny", "allow" };

	read_opening(fields, node, "inbound", words, false, &layer->inbound);
}

static void read_host_gateway(struct layer *layer, const struct fields *fields,
			      const struct node *node)
{
	static const char *const words[] = { "false", "true" };

	read_opening(fields, node, "host_gateway", words, true, &layer->host_gateway);
}

typedef void (*read_value)(struct layer *layer, const struct fields *fields,
			   const struct node *node);

enum network_key {
	NETWORK_POLICY,
	NETWORK_ALLOW,
	NETWORK_DENY,
	NETWORK_DNS,
	NETWORK_INBOUND,
	NETWORK_HOST_GATEWAY,
	NETWORK_TRUST_PROJECT,
};

static const char *const network_names[] = {
	[NETWORK_POLICY] = "policy",
	[NETWORK_ALLOW] = "allow",
	[NETWORK_DENY] = "deny",
	[NETWORK_DNS] = "dns",
	[NETWORK_INBOUND] = "inbound",
	[NETWORK_HOST_GATEWAY] = "host_gateway",
	[NETWORK_TRUST_PROJECT] = "trust_project",
};
static const read_value network_readers[] = {
	[NETWORK_POLICY] = read_mode,         [NETWORK_ALLOW] = read_allow,
	[NETWORK_DENY] = read_deny,           [NETWORK_DNS] = read_dns,
	[NETWORK_INBOUND] = read_inbound,     [NETWORK_HOST_GATEWAY] = read_host_gateway,
	[NETWORK_TRUST_PROJECT] = read_trust,
};
static const struct keys network_keys = { "network", network_names,
					  ARRAY_SIZE(network_names), false };

static void read_network(struct layer *layer, const struct fields *fields,
			 const struct node *node)
{
	const struct node *values[ARRAY_SIZE(network_names)] = { 0 },
			  *map = node_value(node);

	if (node_is_null(map))
		return; /* as if the block were not there */
	if (map->kind != NODE_MAP) {
		fields_wrong(fields, node, "network",
			     "a mapping with policy, allow, ...");
		return;
	}
	layer->has_network = true;
	fields_collect(fields, map, &network_keys, values);
	for (size_t i = 0; i < ARRAY_SIZE(network_readers); i++)
		if (values[i])
			network_readers[i](layer, fields, values[i]);
}

static bool is_elsewhere(const struct layer *layer, const struct fields *fields,
			 const struct node *node, const char *key, enum layer_kind kind)
{
	struct origin at = fields_origin(fields, node);

	if (layer->kind == kind)
		return false;
	notes_add(fields->notes, NOTE_WARNING, &at,
		  "%s is read in a %s only; ignored here", key,
		  kind == LAYER_PROJECT ? "project's file" : "profile");
	return true;
}

static void read_merge(struct layer *layer, const struct fields *fields,
		       const struct node *node)
{
	struct origin at = fields_origin(fields, node);
	const char *text;

	if (is_elsewhere(layer, fields, node, "merge", LAYER_PROJECT))
		return;
	text = fields_text(fields, node, "merge", "deep or override");
	if (text)
		(void)layer_set_merge(layer, text, &at, fields->notes);
}

static void read_isolation(struct layer *layer, const struct fields *fields,
			   const struct node *node)
{
	if (is_elsewhere(layer, fields, node, "isolation", LAYER_PROFILE))
		return;
	if (fields_bool(fields, node, "isolation", &layer->isolation))
		layer->isolation_origin = fields_origin(fields, node);
}

static void read_root(struct layer *layer, const struct fields *fields,
		      const struct node *root)
{
	static const char *const names[] = { "network", "merge", "isolation" };
	static const read_value readers[] = { read_network, read_merge, read_isolation };
	static const struct keys keys = { "the file", names, ARRAY_SIZE(names), true };
	const struct node *values[ARRAY_SIZE(names)] = { 0 };

	if (node_is_null(root))
		return;
	if (root->kind != NODE_MAP) {
		if (!root->cut)
			fields_wrong(fields, root, "a policy",
				     "a mapping with the key network");
		return;
	}
	fields_collect(fields, root, &keys, values);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (values[i])
			readers[i](layer, fields, values[i]);
}

static int compare_notes(const void *a, const void *b)
{
	const struct origin *left = &((const struct note *)a)->at;
	const struct origin *right = &((const struct note *)b)->at;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return left->column < right->column ? -1 : left->column > right->column;
}

static int refuse(const struct layer *layer, size_t errors, struct error *err)
{
	const struct origin at = { layer->source, 0, 0 };
	char place[ORIGIN_TEXT];

	return error_set(err, ERROR_POLICY, "%s is not understood: %zu %s",
			 origin_format(&at, place), errors,
			 errors == 1 ? "error" : "errors");
}

int layer_parse(struct layer *layer, const char *bytes, size_t length,
		struct arena *arena, struct notes *notes, struct error *err)
{
	const struct fields fields = { layer->source, arena, notes };
	struct arena *tree CLEANUP(arena_freep) = arena_new(YAML_TREE_BYTES);
	size_t errors = notes->errors, count = notes->count;
	const struct node *root;

	if (!tree)
		return error_memory(err);
	if (length > LAYER_BYTES) {
		const struct origin at = { layer->source, 0, 0 };

		notes_add(notes, NOTE_ERROR, &at, "larger than 8 MiB");
		return refuse(layer, notes->errors - errors, err);
	}
	root = yaml_read(bytes, length, layer->source, tree, notes);
	if (root)
		read_root(layer, &fields, root);
	if (notes->out_of_memory)
		return error_memory(err);
	if (notes->count > count)
		qsort(notes->v + count, notes->count - count, sizeof(*notes->v),
		      compare_notes);
	if (notes->errors > errors)
		return refuse(layer, notes->errors - errors, err);
	return 0;
}
