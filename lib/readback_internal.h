#pragma once

#include "lib/findings.h"
#include "lib/readback_view.h"

/* readback_words.c: what the parts of a fence are called when they differ. */

struct buf;

/* A rule in words close to nft's syntax. */
void describe_rule(const struct thing *rule, struct buf *out);

/* "198.51.100.0/24 . tcp . 443"; the addresses go to *ret as well. */
void describe_element(const struct view *view, const struct set_view *set,
		      const struct element *element, struct buf *out,
		      struct finding *ret);

/* The parts ("hook output") that differ: "policy accept, was drop". */
void describe_change(const char *sent, const char *held, struct buf *out);
