#include <string.h>
#include <strings.h>

#include "lib/scaffold_internal.h"
#include "lib/yaml.h"

/* What files say. They may be anybody's: what is not understood is left out, and never quoted. */

struct text {
	const char *at;
	size_t length;
};

static struct text text_from(struct text text, size_t count)
{
	return (struct text){ text.at + count, text.length - count };
}

static bool is_among(char c, const char *set)
{
	return c && strchr(set, c);
}

/* Up to the first byte of the set; the rest with that byte stays in *text. */
static struct text text_until(struct text *text, const char *set)
{
	struct text part = { text->at, 0 };

	while (part.length < text->length && !is_among(part.at[part.length], set))
		part.length++;
	*text = text_from(*text, part.length);
	return part;
}

static void text_skip(struct text *text, const char *set)
{
	while (text->length && is_among(*text->at, set))
		*text = text_from(*text, 1);
}

static bool text_is(struct text text, const char *word)
{
	return strlen(word) == text.length &&
	       strncasecmp(text.at, word, text.length) == 0;
}

/* Is it one of the words between blanks; for a section, or below one ("a.b")? */
static bool text_is_word(struct text text, const char *words, bool below)
{
	struct text rest = { words, strlen(words) };

	while (rest.length) {
		struct text word = text_until(&rest, " ");

		if (text.length >= word.length &&
		    strncasecmp(text.at, word.at, word.length) == 0 &&
		    (text.length == word.length ||
		     (below && text.at[word.length] == '.')))
			return true;
		text_skip(&rest, " ");
	}
	return false;
}

/* --- a URL ------------------------------------------------------------------------------- */

static const struct scheme {
	const char *name, *port;
} schemes[] = {
	{ "https", "443/tcp" },
	{ "http", "80/tcp" },
	{ "ssh", "22/tcp" },
	{ "git", "9418/tcp" },
};

/* "sparse+https" and "git+ssh" are carried by what stands last. */
static const char *scheme_port(struct text scheme)
{
	const char *plus = memrchr(scheme.at, '+', scheme.length);

	if (plus)
		scheme = text_from(scheme, (size_t)(plus - scheme.at) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (text_is(scheme, schemes[i].name))
			return schemes[i].port;
	return NULL;
}

/* A password can hold a '/' that nobody wrote as %2f, and what seems the host would be a part of it.
 * Behind a '/' it is a scope of npm. */
static bool may_be_password(struct text path)
{
	for (size_t i = 0; i < path.length; i++)
		if (path.at[i] == '@' && (i == 0 || path.at[i - 1] != '/'))
			return true;
	return false;
}

static void guess_ports(struct guesses *guesses, const struct clue *clue,
			struct text host, struct text ports)
{
	struct port_range *ranges = arena_alloc(guesses->arena, 2 * sizeof(*ranges));
	struct entry entry = { 0 };
	struct error unsaid;
	size_t count;

	guesses->failed |= !ranges;
	if (!ranges)
		return;
	if (ports_parse(ports.at, ports.length, ranges, &count, &unsaid) < 0) {
		guess_nothing(guesses, clue);
		return;
	}
	entry.ports = ranges;
	entry.port_count = (uint16_t)count;
	guess_host(guesses, clue, host.at, host.length, &entry);
}

static bool is_port(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.length >= 1 && text.length <= 5;
}

/* [USER[:PASSWORD]@]HOST[:PORT] */
static void read_authority(struct guesses *guesses, const struct clue *clue,
			   struct text text, const char *port)
{
	const char *at = memrchr(text.at, '@', text.length);
	struct text host;
	char ports[sizeof("65535/tcp")] = "";
	bool whole = true;

	if (at)
		text = text_from(text, (size_t)(at - text.at) + 1);
	if (text.length && *text.at == '[') {
		text_skip(&text, "[");
		host = text_until(&text, "]");
		whole = text.length;
		text_skip(&text, "]");
	} else {
		host = text_until(&text, ":");
	}
	if (text.length && *text.at == ':')
		text = text_from(text, 1);
	if (!whole || (text.length && !is_port(text))) {
		guess_nothing(guesses, clue);
		return;
	}
	if (text.length) {
		memcpy(ports, text.at, text.length);
		memcpy(ports + text.length, "/tcp", sizeof("/tcp"));
		port = ports;
	}
	guess_ports(guesses, clue, host, (struct text){ port, strlen(port) });
}

static void read_url(struct guesses *guesses, const struct clue *clue, struct text url)
{
	const char *colons = memmem(url.at, url.length, "://", 3);
	struct text rest = url, authority;
	const char *port = "22/tcp";

	if (colons) {
		struct text scheme = { url.at, (size_t)(colons - url.at) };

		if (text_is(scheme, "file"))
			return;
		port = scheme_port(scheme);
		rest = text_from(url, scheme.length + 3);
		authority = text_until(&rest, "/\\?#");
	} else {
		authority = text_until(&rest, ":/\\");
		/* A path, or a drive of Windows. */
		if (!clue->marker->git || !rest.length || *rest.at != ':' ||
		    authority.length < 2)
			return;
		/* "ext::COMMAND" is somebody else's to understand. */
		if (rest.length > 1 && rest.at[1] == ':')
			port = NULL;
	}
	if (!port || may_be_password(rest))
		guess_nothing(guesses, clue);
	else
		read_authority(guesses, clue, authority, port);
}

/* --- lines ------------------------------------------------------------------------------- */

struct lines {
	struct guesses *guesses;
	struct clue clue;
	bool in_section; /* in one that counts */
	bool in_key;     /* lines that begin with a blank may go on */
};

static const char blanks[] = " \t\r";

static void read_value(struct lines *lines, struct text text)
{
	struct text value;

	text_skip(&text, blanks);
	if (text.length && *text.at == '=') {
		text_skip(&text, "=");
		text_skip(&text, blanks);
	}
	if (text.length && is_among(*text.at, "\"'")) {
		const char quote[] = { *text.at, '\0' };

		text = text_from(text, 1);
		value = text_until(&text, quote);
	} else {
		value = text_until(&text, blanks);
	}
	if (value.length)
		read_url(lines->guesses, &lines->clue, value);
}

/* Behind a section git lets a key stand, too. */
static void read_section(struct lines *lines, struct text *text)
{
	const char *sections = lines->clue.marker->sections;
	struct text name;

	text_skip(text, "[ \t");
	name = text_until(text, " \t\r\"]");
	text_until(text, "]");
	text_skip(text, "]");
	text_skip(text, blanks);
	lines->in_section = !sections || text_is_word(name, sections, true);
	lines->in_key = false;
}

static void read_line(struct lines *lines, struct text text)
{
	bool indented = text.length && is_among(*text.at, blanks);
	struct text key;

	text_skip(&text, blanks);
	if (text.length && *text.at == '[')
		read_section(lines, &text);
	if (!text.length || !lines->in_section || is_among(*text.at, "#;"))
		return;
	key = text;
	key = text_until(&key, "= \t\r");
	if (indented && lines->in_key && memmem(key.at, key.length, "://", 3)) {
		read_value(lines, text);
		return;
	}
	text = text_from(text, key.length);
	if (key.length && key.at[key.length - 1] == ':')
		key.length--;
	/* "@scope:registry" */
	if (key.length && *key.at == '@') {
		text_until(&key, ":");
		text_skip(&key, ":");
	}
	lines->in_key = text_is_word(key, lines->clue.marker->keys, false);
	if (lines->in_key)
		read_value(lines, text);
}

static void read_lines(struct guesses *guesses, const struct clue *clue, struct text text)
{
	struct lines lines = {
		.guesses = guesses,
		.clue = *clue,
		.in_section = !clue->marker->sections,
	};

	while (text.length) {
		lines.clue.why.line++;
		read_line(&lines, text_until(&text, "\n"));
		if (text.length)
			text = text_from(text, 1);
	}
}

/* --- compose ----------------------------------------------------------------------------- */

#define SERVICE_PORTS_MAX 16u

static const struct node *find(const struct node *map, const char *key)
{
	map = node_value(map);
	if (map->kind != NODE_MAP)
		return NULL;
	for (const struct node *at = map->first; at && at->next; at = at->next->next)
		if (node_value(at)->kind == NODE_SCALAR && node_is(node_value(at), key))
			return node_value(at->next);
	return NULL;
}

static struct text node_text(const struct node *node)
{
	if (!node || node->kind != NODE_SCALAR)
		return (struct text){ "", 0 };
	return (struct text){ node->text, node->length };
}

/* "8080:80/tcp", "127.0.0.1:8080:80", 80, { target: 80, protocol: tcp }: the container's side. */
static void read_port(const struct node *node, struct entry *entry,
		      struct port_range *ranges)
{
	const struct node *target = find(node, "target");
	struct text port = node_text(target ? target : node);
	struct text protocol = node_text(find(node, "protocol"));
	const char *colon = memrchr(port.at, ':', port.length);
	struct error unsaid;
	char text[32];
	size_t count;

	if (colon)
		port = text_from(port, (size_t)(colon - port.at) + 1);
	if (!protocol.length)
		protocol = (struct text){ "tcp", 3 };
	if (entry->port_count + 2u > SERVICE_PORTS_MAX ||
	    port.length + 1 + protocol.length > sizeof(text))
		return;
	memcpy(text, port.at, port.length);
	if (!memchr(port.at, '/', port.length)) {
		text[port.length++] = '/';
		memcpy(text + port.length, protocol.at, protocol.length);
		port.length += protocol.length;
	}
	if (ports_parse(text, port.length, ranges + entry->port_count, &count, &unsaid) ==
	    0)
		entry->port_count += (uint16_t)count;
}

static void read_ports(const struct node *list, struct entry *entry,
		       struct port_range *ranges)
{
	if (!list || list->kind != NODE_LIST)
		return;
	for (const struct node *at = list->first; at; at = at->next)
		read_port(node_value(at), entry, ranges);
}

static void read_service(struct guesses *guesses, const struct clue *clue,
			 const struct node *name, const struct node *service)
{
	struct port_range *ranges =
		arena_alloc(guesses->arena, SERVICE_PORTS_MAX * sizeof(*ranges));
	struct entry entry = { .ports = ranges };
	struct text host = node_text(name);

	guesses->failed |= !ranges;
	if (!ranges)
		return;
	read_ports(find(service, "expose"), &entry, ranges);
	read_ports(find(service, "ports"), &entry, ranges);
	entry.port_count = (uint16_t)ports_normalise(ranges, entry.port_count);
	guess_host(guesses, clue, host.at, host.length, &entry);
}

static void read_compose(struct guesses *guesses, const struct clue *clue,
			 struct text text)
{
	struct arena *tree CLEANUP(arena_freep) = arena_new(YAML_TREE_BYTES);
	struct notes notes CLEANUP(notes_release) = { 0 };
	const struct node *root, *services;
	struct clue here = *clue;

	root = tree ? yaml_read(text.at, text.length, clue->marker->name, tree, &notes)
		    : NULL;
	guesses->failed |= !tree || notes.out_of_memory;
	if (notes.errors) {
		guess_nothing(guesses, clue);
		return;
	}
	services = root ? find(root, "services") : NULL;
	if (!services || services->kind != NODE_MAP)
		return;
	for (const struct node *at = services->first; at && at->next && !guesses->more;
	     at = at->next->next) {
		here.why.line = at->line;
		read_service(guesses, &here, node_value(at), at->next);
	}
}

void scaffold_read(struct guesses *guesses, const struct scaffold_marker *marker,
		   const struct scaffold_found *found)
{
	const struct clue clue = { marker, { marker->name, 0 } };
	const struct text text = { found->bytes, found->length };

	if (!found->bytes)
		guess_nothing(guesses, &clue);
	else if (marker->compose)
		read_compose(guesses, &clue, text);
	else
		read_lines(guesses, &clue, text);
}
