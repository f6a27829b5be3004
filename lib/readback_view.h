#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/error.h"

/* Netlink messages as things that can be compared: what lib/readback.c looks at. Names
 * and texts live in the arena, elements stay where they are in the messages. */

enum thing_kind {
	THING_TABLE,
	THING_CHAIN,
	THING_SET,
	THING_RULE, /* `name` is its chain's */
};

struct nlmsghdr;
struct thing {
	enum thing_kind kind;
	const char *name;
	const char *text; /* all that counts about it, its parts separated by "; " */
	const struct nlmsghdr *message; /* a rule's: in the view's bytes */
	bool matched;                   /* a rule's: the other side has it too */
};

/* An element: offsets into the view's bytes. While messages are read, ELEMENT_ENDS in `key` says that
 * it is none, but where the interval before it ends; afterwards, in `end`, that the interval ends before
 * that key. */
struct element {
	uint32_t key; /* of the key's bytes */
	uint32_t
		end; /* of the closing key's bytes; 0: none, or of an interval up to the last */
};
#define ELEMENT_ENDS 0x80000000u

struct set_view {
	const char *name;
	uint32_t key_length;
	bool dynamic;   /* its elements come and go: they say nothing */
	bool intervals; /* an element without an end reaches to the last address */
	bool catch_all; /* holds the element that matches everything */
	struct element *v;
	size_t count, capacity;
};

struct view {
	const unsigned char *bytes;
	struct arena *arena;
	struct thing *things;
	size_t count, capacity;
	struct set_view *sets;
	size_t set_count, set_capacity;
};

/* Follows messages that add and delete, in their order. Elements come out sorted, intervals in one
 * piece. */
int view_read(struct view *view, const void *bytes, size_t length, struct error *err)
	MUST_CHECK;
void view_release(struct view *view);

struct set_view *view_set(struct view *view, const char *name); /* or NULL */

/* readback_elements.c: */
int read_elements(struct view *view, const struct nlmsghdr *m, struct error *err)
	MUST_CHECK;
void sort_elements(const struct view *view, struct set_view *set);
void join_intervals(struct set_view *set);

/* Order of two elements of sets with the same key length, possibly of two views. */
int element_compare(const unsigned char *a_bytes, const struct element *a,
		    const unsigned char *b_bytes, const struct element *b,
		    uint32_t key_length);
