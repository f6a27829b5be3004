#pragma once

#include "lib/permit.h"

/* The names and wildcards of a policy, compiled for one question: which entries speak of a host,
 * and what do they come to? permit.h says what the answer means. The guard asks it for each name it
 * is asked for, a plan for the names whose addresses are known from the start. */

struct names;

/* Borrows the policy. ERROR_POLICY where more than PERMIT_ENTRIES_MAX entries allow one host. */
int names_build(const struct policy *policy, struct names **ret, struct error *err)
	MUST_CHECK;
void names_free(struct names *names);
DEFINE_FREEP(names)

/* `host` normalised. Takes as long as the host has bytes, however many names there are. */
void names_ask(const struct names *names, const char *host, struct permission *ret);
