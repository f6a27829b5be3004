#include "lib/yaml.h"

#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/yaml_fault.h"

/* Each alias looks through them, and so does each anchor. */
#define ANCHORS_MAX 256

/* libyaml compares each %TAG directive with all before it. */
#define TAG_DIRECTIVES_MAX 16

/* What a value costs when it is written out, beside its text. */
#define NODE_WEIGHT 32

struct frame {
	struct node *node;
	struct node **tail;
};

struct anchor {
	const char *name;
	const struct node *node;
};

struct reader {
	yaml_parser_t parser;
	const char *bytes;
	size_t length;
	const char *source;
	struct arena *arena;
	struct notes *notes;
	struct node *root;
	struct frame stack[YAML_DEPTH];
	size_t depth;
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
	size_t expanded;
	size_t documents;
};

const struct node *node_value(const struct node *node)
{
	return node->kind == NODE_ALIAS ? node->target : node;
}

bool node_is(const struct node *node, const char *text)
{
	return node->kind == NODE_SCALAR && node->length == strlen(text) &&
	       memcmp(node->text, text, node->length) == 0;
}

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && node->plain &&
	       (node->length == 0 || node_is(node, "~") || node_is(node, "null") ||
		node_is(node, "Null") || node_is(node, "NULL"));
}

char *node_describe(const struct node *node, char out[static NODE_SHOWN])
{
	char text[NODE_SHOWN - 16];

	if (node->kind == NODE_LIST)
		snprintf(out, NODE_SHOWN, "a list");
	else if (node->kind == NODE_MAP)
		snprintf(out, NODE_SHOWN, "a mapping");
	else if (node_is_null(node))
		snprintf(out, NODE_SHOWN, "nothing");
	else
		snprintf(out, NODE_SHOWN, "'%s'%s",
			 escape(text, sizeof(text), node->text, node->length),
			 node->plain ? "" : " in quotes");
	return out;
}

/* Returns false, which ends the reading. */
static bool stop(struct reader *reader, const yaml_event_t *event, const char *text)
{
	struct origin at = { reader->source, (unsigned)event->start_mark.line + 1,
			     (unsigned)event->start_mark.column + 1 };

	notes_add(reader->notes, NOTE_ERROR, &at, "%s", text);
	return false;
}

/* The arena gave nothing: the text is too large, or there is no memory. */
static bool stop_short(struct reader *reader, const yaml_event_t *event, const char *text)
{
	if (!arena_is_full(reader->arena))
		reader->notes->out_of_memory = true;
	return stop(reader, event, text);
}

static size_t weight_of(const struct node *node)
{
	switch ((enum node_kind)node->kind) {
	case NODE_SCALAR:
		return NODE_WEIGHT + node->length;
	case NODE_ALIAS:
		return weight_of(node->target);
	case NODE_LIST:
	case NODE_MAP:
		return node->weight;
	}
	return 0;
}

/* Hangs the node into the open list or map. The expansion limit keeps weights far below
 * their type's. */
static void append(struct reader *reader, struct node *node)
{
	struct frame *frame;

	if (reader->depth == 0) {
		reader->root = node;
		return;
	}
	frame = &reader->stack[reader->depth - 1];
	*frame->tail = node;
	frame->tail = &node->next;
	frame->node->count++;
}

/* A container's weight is complete when it is closed; then it counts in its parent. */
static void add_weight(struct reader *reader, size_t weight)
{
	if (reader->depth > 0)
		reader->stack[reader->depth - 1].node->weight += (uint32_t)weight;
}

static struct node *new_node(struct reader *reader, const yaml_event_t *event,
			     enum node_kind kind, size_t extra)
{
	struct node *node = arena_alloc(reader->arena, sizeof(*node) + extra);
	size_t column = event->start_mark.column + 1;

	if (!node) {
		stop_short(reader, event,
			   "too large: the text holds more values than a policy may");
		return NULL;
	}
	node->kind = (uint8_t)kind;
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = column < UINT16_MAX ? (uint16_t)column : UINT16_MAX;
	return node;
}

static bool add_anchor(struct reader *reader, const yaml_event_t *event,
		       const yaml_char_t *name, const struct node *node)
{
	const char *text = (const char *)name;

	if (!name)
		return true;
	if (reader->anchor_count == ANCHORS_MAX)
		return stop(reader, event, "more than 256 anchors");
	text = arena_strndup(reader->arena, text, strlen(text));
	if (!text)
		return stop_short(reader, event, "too large: the anchors' names");
	reader->anchors[reader->anchor_count++] = (struct anchor){ text, node };
	return true;
}

static bool on_scalar(struct reader *reader, const yaml_event_t *event)
{
	size_t length = event->data.scalar.length;
	struct node *node = new_node(reader, event, NODE_SCALAR, length + 1);
	char *text;

	if (!node)
		return false;
	text = (char *)(node + 1);
	memcpy(text, event->data.scalar.value, length);
	node->text = text;
	node->length = (uint32_t)length;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	append(reader, node);
	add_weight(reader, weight_of(node));
	return add_anchor(reader, event, event->data.scalar.anchor, node);
}

static bool on_open(struct reader *reader, const yaml_event_t *event, enum node_kind kind,
		    const yaml_char_t *anchor)
{
	struct node *node;

	if (reader->depth == YAML_DEPTH)
		return stop(reader, event, "nested deeper than 32 levels");
	node = new_node(reader, event, kind, 0);
	if (!node)
		return false;
	node->weight = NODE_WEIGHT;
	append(reader, node);
	reader->stack[reader->depth++] = (struct frame){ node, &node->first };
	return add_anchor(reader, event, anchor, node);
}

static void on_close(struct reader *reader)
{
	const struct node *node = reader->stack[--reader->depth].node;

	add_weight(reader, node->weight);
}

static const struct node *find_anchor(const struct reader *reader, const char *name)
{
	/* The last anchor of a name counts. */
	for (size_t i = reader->anchor_count; i-- > 0;)
		if (strcmp(reader->anchors[i].name, name) == 0)
			return reader->anchors[i].node;
	return NULL;
}

static bool is_open(const struct reader *reader, const struct node *node)
{
	for (size_t i = 0; i < reader->depth; i++)
		if (reader->stack[i].node == node)
			return true;
	return false;
}

static bool on_alias(struct reader *reader, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct node *target = find_anchor(reader, name);
	struct node *node;
	char shown[NODE_SHOWN], text[2 * NODE_SHOWN];

	if (!target) {
		snprintf(text, sizeof(text),
			 "'*%s' is a YAML alias, and there is no anchor of that name; "
			 "put a "
			 "wildcard in quotes: \"*.example.com\"",
			 escape(shown, sizeof(shown), name, strlen(name)));
		return stop(reader, event, text);
	}
	if (is_open(reader, target))
		return stop(reader, event, "an alias inside of what it stands for");
	reader->expanded += weight_of(target);
	if (reader->expanded > YAML_EXPANSION)
		return stop(reader, event, "the aliases expand to more than 8 MiB");
	node = new_node(reader, event, NODE_ALIAS, 0);
	if (!node)
		return false;
	node->target = target;
	append(reader, node);
	add_weight(reader, weight_of(target));
	return true;
}

static bool has_tag(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_ALIAS_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		break;
	}
	return false;
}

/* False ends the reading: a fault, or the text's end. */
static bool on_event(struct reader *reader, const yaml_event_t *event)
{
	if (has_tag(event))
		return stop(reader, event,
			    "YAML tags ('!...') are not understood here; write the "
			    "plain value, in quotes if it begins with '!'");
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (reader->documents++ > 0)
			return stop(reader, event,
				    "more than one YAML document in a file");
		return true;
	case YAML_ALIAS_EVENT:
		return on_alias(reader, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(reader, event, NODE_LIST,
			       event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_open(reader, event, NODE_MAP, event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_close(reader);
		return true;
	case YAML_STREAM_END_EVENT:
		return false;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

static void read_events(struct reader *reader)
{
	bool more = true;

	while (more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader->parser, &event)) {
			yaml_fault(&reader->parser, reader->bytes, reader->length,
				   reader->source, reader->notes);
			return;
		}
		more = on_event(reader, &event);
		yaml_event_delete(&event);
	}
}

static bool too_many_tag_directives(const char *bytes, size_t length)
{
	size_t count = 0;

	for (const char *at = bytes;
	     (at = memmem(at, length - (size_t)(at - bytes), "%TAG", 4));)
		if (at += 4, ++count > TAG_DIRECTIVES_MAX)
			return true;
	return false;
}

const struct node *yaml_read(const char *bytes, size_t length, const char *source,
			     struct arena *arena, struct notes *notes)
{
	struct reader reader = {
		.bytes = bytes,
		.length = length,
		.source = source,
		.arena = arena,
		.notes = notes,
	};
	const struct origin whole = { source, 0, 0 };

	if (too_many_tag_directives(bytes, length)) {
		notes_add(notes, NOTE_ERROR, &whole, "too many YAML %%TAG directives");
		return NULL;
	}
	if (!yaml_parser_initialize(&reader.parser)) {
		notes->out_of_memory = true;
		return NULL;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes,
				     length);
	read_events(&reader);
	yaml_parser_delete(&reader.parser);
	for (size_t i = 0; i < reader.depth; i++)
		reader.stack[i].node->cut = true;
	return reader.root;
}
