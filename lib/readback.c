#include "lib/readback.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/readback_view.h"

struct differences {
	struct buf *text;
	size_t count;
};

static void differ(struct differences *d, const char *format, ...) PRINTF(2, 3);
static void differ(struct differences *d, const char *format, ...)
{
	va_list args;
	char line[1024];

	if (d->count++ >= READBACK_MAX)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_puts(d->text, line);
	buf_puts(d->text, "\n");
}

static const char *kind_name(enum thing_kind kind)
{
	switch (kind) {
	case THING_TABLE:
		return "table";
	case THING_CHAIN:
		return "chain";
	case THING_SET:
		return "set";
	case THING_RULE:
		return "rule";
	}
	return "";
}

static const struct thing *find_thing(const struct view *view, enum thing_kind kind,
				      const char *name)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->things[i].kind == kind &&
		    strcmp(view->things[i].name, name) == 0)
			return &view->things[i];
	return NULL;
}

/* Table, chains, sets: each has a name of its own. */
static void compare_named(struct differences *d, const struct view *sent,
			  const struct view *held)
{
	for (size_t i = 0; i < sent->count; i++) {
		const struct thing *thing = &sent->things[i], *other;

		if (thing->kind == THING_RULE)
			continue;
		other = find_thing(held, thing->kind, thing->name);
		if (!other)
			differ(d, "%s %s is missing", kind_name(thing->kind),
			       thing->name);
		else if (strcmp(thing->text, other->text) != 0)
			differ(d, "%s %s: %s, not %s", kind_name(thing->kind),
			       thing->name, other->text, thing->text);
	}
	for (size_t i = 0; i < held->count; i++) {
		const struct thing *thing = &held->things[i];

		if (thing->kind != THING_RULE &&
		    !find_thing(sent, thing->kind, thing->name))
			differ(d, "%s %s was not sent", kind_name(thing->kind),
			       thing->name);
	}
}

static bool same_rule(const struct thing *a, const struct thing *b)
{
	return a->kind == THING_RULE && b->kind == THING_RULE &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->text, b->text) == 0;
}

static size_t count_rule(const struct view *view, const struct thing *rule)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++)
		count += same_rule(&view->things[i], rule);
	return count;
}

/* True when each rule of `a` is as often in `b`. */
static bool has_all_rules(struct differences *d, const struct view *a,
			  const struct view *b, const char *what)
{
	bool all = true;

	for (size_t i = 0; i < a->count; i++) {
		const struct thing *rule = &a->things[i];

		if (rule->kind != THING_RULE ||
		    count_rule(a, rule) <= count_rule(b, rule))
			continue;
		differ(d, "rule %s in chain %s: %s", what, rule->name, rule->text);
		all = false;
	}
	return all;
}

static const struct thing *next_rule(const struct view *view, size_t *at,
				     const char *chain)
{
	while (*at < view->count) {
		const struct thing *thing = &view->things[(*at)++];

		if (thing->kind == THING_RULE && strcmp(thing->name, chain) == 0)
			return thing;
	}
	return NULL;
}

static bool same_order(const struct view *sent, const struct view *held,
		       const char *chain)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct thing *a = next_rule(sent, &i, chain);
		const struct thing *b = next_rule(held, &j, chain);

		if (!a || !b)
			return true;
		if (!same_rule(a, b))
			return false;
	}
}

static void compare_rules(struct differences *d, const struct view *sent,
			  const struct view *held)
{
	bool all = has_all_rules(d, sent, held, "missing");

	all &= has_all_rules(d, held, sent, "not sent");
	for (size_t i = 0; i < sent->count && all; i++)
		if (sent->things[i].kind == THING_CHAIN &&
		    !same_order(sent, held, sent->things[i].name))
			differ(d, "the rules of chain %s are in another order",
			       sent->things[i].name);
}

static void describe_addr(struct buf *text, const unsigned char *key, enum family family)
{
	struct addr addr = addr_from_bytes(family, key);
	char shown[ADDR_TEXT];

	buf_puts(text, addr_format(&addr, shown));
}

/* Keys of four and sixteen bytes are addresses; eight more are protocol and port. */
static void describe_key(struct buf *text, const unsigned char *key, uint32_t length)
{
	uint32_t addr = length >= 16 ? 16 : length == 12 ? 4 : length == 4 ? 4 : 0;

	if (addr)
		describe_addr(text, key, addr == 4 ? FAMILY_4 : FAMILY_6);
	if (length - addr == 8)
		buf_printf(text, "%s%u . %u", addr ? " . " : "", key[addr],
			   (unsigned)(key[addr + 4] << 8 | key[addr + 5]));
	else if (!addr)
		for (uint32_t i = 0; i < length; i++)
			buf_printf(text, "%02x", key[i]);
}

static void differ_element(struct differences *d, const char *what,
			   const struct view *view, const struct set_view *set,
			   const struct element *element)
{
	struct buf text CLEANUP(buf_release) = { 0 };

	describe_key(&text, view->bytes + (element->key & ~ELEMENT_ENDS),
		     set->key_length);
	if (element->end) {
		buf_puts(&text, " to ");
		describe_key(&text, view->bytes + element->end, set->key_length);
	}
	differ(d, "element %s in set %s: %s%s", what, set->name,
	       element->key & ELEMENT_ENDS ? "end before " : "",
	       text.data ? text.data : "");
}

static void compare_elements(struct differences *d, const struct view *sent,
			     const struct set_view *a, const struct view *held,
			     const struct set_view *b)
{
	size_t i = 0, j = 0;

	if (b->catch_all != a->catch_all)
		differ(d, "set %s: %s element that matches everything", a->name,
		       b->catch_all ? "holds an" : "lacks the");
	while (i < a->count || j < b->count) {
		int order;

		if (i == a->count || j == b->count)
			order = i == a->count ? 1 : -1;
		else
			order = element_compare(sent->bytes, &a->v[i], held->bytes,
						&b->v[j], a->key_length);
		if (order < 0)
			differ_element(d, "missing", sent, a, &a->v[i]);
		if (order > 0)
			differ_element(d, "not sent", held, b, &b->v[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

int readback_compare(const void *sent, size_t sent_length, const void *dumped,
		     size_t dumped_length, struct buf *differences, size_t *ret_count,
		     struct error *err)
{
	struct view a CLEANUP(view_release) = { 0 }, b CLEANUP(view_release) = { 0 };
	struct differences d = { .text = differences };

	if (view_read(&a, sent, sent_length, err) < 0 ||
	    view_read(&b, dumped, dumped_length, err) < 0)
		return -1;
	compare_named(&d, &a, &b);
	compare_rules(&d, &a, &b);
	for (size_t i = 0; i < a.set_count; i++) {
		const struct set_view *other = view_set(&b, a.sets[i].name);

		if (other && other->key_length == a.sets[i].key_length)
			compare_elements(&d, &a, &a.sets[i], &b, other);
	}
	if (differences->failed)
		return error_memory(err);
	*ret_count = d.count;
	return 0;
}
