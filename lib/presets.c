#include "lib/presets.h"

#include <string.h>

#include "lib/fields.h"
#include "lib/near.h"
#include "presets_yml.h"

/* The text is ours, so a fault in it is told tersely: the unit test finds it. */

enum preset_key {
	PRESET_ABOUT,
	PRESET_PORTS,
	PRESET_REQUIRED,
	PRESET_OPTIONAL,
	PRESET_NETWORKS,
	PRESET_KEYS
};

static const char *const preset_names[] = {
	[PRESET_ABOUT] = "about",       [PRESET_PORTS] = "ports",
	[PRESET_REQUIRED] = "required", [PRESET_OPTIONAL] = "optional",
	[PRESET_NETWORKS] = "networks",
};
static const struct keys preset_keys = { "a preset", preset_names, PRESET_KEYS, false };

/* What one preset is built from. */
struct builder {
	const struct fields *fields;
	const char *name;
	const struct port_range *ports;
	size_t port_count;
	struct entry *entries;
	size_t count;
};

static void add_entry(struct builder *builder, const struct node *at, const char *text,
		      bool required)
{
	const struct fields *fields = builder->fields;
	struct entry *entry = &builder->entries[builder->count];
	struct origin origin = fields_origin(fields, at);
	struct error err;

	if (!text) {
		fields->notes->out_of_memory = true;
		return;
	}
	if (entry_parse(fields->arena, text, strlen(text), entry, &err) < 0) {
		notes_add(fields->notes, NOTE_ERROR, &origin, "%s", err.text);
		return;
	}
	entry->ports = builder->ports;
	entry->port_count = (uint16_t)builder->port_count;
	entry->required = required;
	entry->preset = builder->name;
	builder->count++;
}

/* A map DOMAIN: [LABELS, ...]; "." is the domain itself. */
static void add_names(struct builder *builder, const struct node *domains, bool required)
{
	const struct fields *fields = builder->fields;

	if (!domains)
		return;
	for (const struct node *key = domains->first; key && key->next;
	     key = key->next->next) {
		for (const struct node *label = key->next->first; label;
		     label = label->next) {
			const char *text = node_is(label, ".")
						   ? key->text
						   : arena_printf(fields->arena, "%s.%s",
								  label->text, key->text);

			add_entry(builder, label, text, required);
		}
	}
}

static void add_networks(struct builder *builder, const struct node *networks)
{
	if (!networks)
		return;
	for (const struct node *item = networks->first; item; item = item->next) {
		const struct fields *fields = builder->fields;

		add_entry(builder, item,
			  arena_strndup(fields->arena, item->text, item->length), false);
	}
}

/* At most so many entries can come of the tree. */
static size_t count_leaves(const struct node *node)
{
	size_t count = 0;

	if (!node)
		return 0;
	if (node->kind == NODE_SCALAR)
		return 1;
	for (const struct node *child = node->first; child; child = child->next)
		count += count_leaves(child);
	return count;
}

/* The tree is built in text we ship: kinds are checked here once, not at each step. */
static bool has_shape(const struct fields *fields, const struct node *node,
		      const struct node *const values[PRESET_KEYS])
{
	static const enum node_kind kinds[] = {
		[PRESET_ABOUT] = NODE_SCALAR,  [PRESET_PORTS] = NODE_LIST,
		[PRESET_REQUIRED] = NODE_MAP,  [PRESET_OPTIONAL] = NODE_MAP,
		[PRESET_NETWORKS] = NODE_LIST,
	};

	for (size_t i = 0; i < PRESET_KEYS; i++) {
		if (values[i] && values[i]->kind != kinds[i]) {
			fields_wrong(fields, values[i], preset_names[i],
				     "another kind of value");
			return false;
		}
	}
	if (!values[PRESET_ABOUT])
		fields_wrong(fields, node, "about", "one line");
	return values[PRESET_ABOUT];
}

static void build_preset(const struct fields *fields, const struct node *key,
			 struct preset *preset)
{
	const struct node *values[PRESET_KEYS] = { 0 };
	struct builder builder = { .fields = fields };

	fields_collect(fields, key->next, &preset_keys, values);
	if (!has_shape(fields, key, values))
		return;
	builder.name = arena_strndup(fields->arena, key->text, key->length);
	builder.entries = arena_alloc(fields->arena, (count_leaves(key->next) + 1) *
							     sizeof(*builder.entries));
	preset->about = arena_strndup(fields->arena, values[PRESET_ABOUT]->text,
				      values[PRESET_ABOUT]->length);
	if (!builder.name || !builder.entries || !preset->about) {
		fields->notes->out_of_memory = true;
		return;
	}
	if (values[PRESET_PORTS])
		(void)fields_ports(fields, values[PRESET_PORTS], "ports", &builder.ports,
				   &builder.port_count);
	add_names(&builder, values[PRESET_REQUIRED], true);
	add_names(&builder, values[PRESET_OPTIONAL], false);
	add_networks(&builder, values[PRESET_NETWORKS]);
	/* What the container is attached to is known only where the fence will stand. */
	if (strcmp(builder.name, "attached") == 0)
		builder.entries[builder.count++] = (struct entry){
			.kind = ENTRY_ATTACHED,
			.text = "preset:attached",
			.preset = builder.name,
		};
	preset->name = builder.name;
	preset->entries = builder.entries;
	preset->count = builder.count;
}

static int load(const struct node *root, const struct fields *fields,
		const struct preset **ret, size_t *ret_count, struct error *err)
{
	struct preset *presets;
	size_t count = 0;

	if (!root || root->kind != NODE_MAP)
		return error_set(err, ERROR_POLICY, "presets.yml: expected a mapping");
	presets = arena_alloc(fields->arena, (root->count + 1) * sizeof(*presets));
	if (!presets)
		return error_memory(err);
	for (const struct node *key = root->first; key && key->next;
	     key = key->next->next)
		build_preset(fields, key, &presets[count++]);
	*ret = presets;
	*ret_count = count;
	return 0;
}

int presets_load(struct arena *arena, const struct preset **ret, size_t *ret_count,
		 struct error *err)
{
	struct arena *tree CLEANUP(arena_freep) = arena_new(YAML_TREE_BYTES);
	struct notes notes CLEANUP(notes_release) = { 0 };
	const struct fields fields = { "presets.yml", arena, &notes };
	const struct preset *presets = NULL;
	size_t count = 0;

	if (!tree)
		return error_memory(err);
	if (load(yaml_read((const char *)presets_yml, sizeof(presets_yml), fields.source,
			   tree, &notes),
		 &fields, &presets, &count, err) < 0)
		return -1;
	if (notes.out_of_memory)
		return error_memory(err);
	if (notes.errors)
		return error_set(err, ERROR_POLICY, "presets.yml:%u: %s",
				 notes.v[0].at.line, notes.v[0].text);
	*ret = presets;
	*ret_count = count;
	return 0;
}

const struct preset *presets_find(const struct preset *presets, size_t count,
				  const char *name, const char **ret_nearest)
{
	size_t distance = NEAR_NONE;

	*ret_nearest = NULL;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
		if (near_better(name, strlen(name), presets[i].name, &distance))
			*ret_nearest = presets[i].name;
	}
	return NULL;
}
