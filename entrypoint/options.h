#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* argv and environment -> values. Nothing is interpreted here but what the command line itself
 * needs (verbs, booleans, counts); policies, entries and users are read by their own modules.
 *
 * Every option has a variable, NETPALE_ and its name in capitals with '_' for '-'. An unknown
 * NETPALE_ variable is an error: a typo in it would otherwise leave a fence as it was. */

enum option_group {
	GROUP_POLICY = 1 << 0, /* where the policy comes from and what is added to it */
	GROUP_NAMES = 1 << 1,  /* how names become addresses */
	GROUP_AGENT = 1 << 2,  /* who the command runs as */
	GROUP_FENCE = 1 << 3,  /* --allow-host-network */
	GROUP_PROBES = 1 << 4, /* verify --open, --closed */
	GROUP_FORMAT = 1 << 5,
	GROUP_JSON = 1 << 6,
	GROUP_SAY = 1 << 7,      /* -q, -v */
	GROUP_LOG = 1 << 8,      /* --log */
	GROUP_REFUSALS = 1 << 9, /* log -f, --since, --hook */
	GROUP_SUGGEST = 1 << 10, /* suggest --wildcards, --since */
	GROUP_INIT = 1 << 11,    /* init --agent, --stdout */
};

struct words {
	const char **v;
	size_t count, capacity;
};

/* What one source (the variables, or the flags) said; NULL and false: nothing. */
struct settings {
	const char *profile, *project, *trust_project, *policy, *dns;
	const char *resolve_timeout, *answers, *user, *format, *log, *since, *agent;
	struct words allow, deny, open, closed;
	bool allow_root, allow_sudo, allow_host_network, quiet, verbose, json, follow,
		hook, wildcards, to_stdout;
};

struct options;
struct verb {
	const char *name;
	const char *operands; /* for the synopsis */
	const char *about;
	unsigned groups;  /* of options it takes */
	int min_operands; /* exactly that many, unless it takes a COMMAND */
	int max_operands; /* -1: any number */
	/* The exit status, or -1 with err. */
	int (*run)(const struct options *options, struct error *err);
};

struct options {
	const struct verb *verb;
	struct settings environment, flags;
	struct settings any;      /* the flag where given, else the variable */
	unsigned resolve_timeout; /* seconds, 1-600 */
	char **operands;          /* NULL-terminated, from argv */
	int operand_count;
};

/* `verbs` ends with a nameless one. ERROR_USAGE for whatever is not understood. After --help
 * (or no argument at all) options->verb is NULL and 0 is returned. */
int options_read(int argc, char **argv, char **environment, const struct verb *verbs,
		 struct options *ret, struct error *err) MUST_CHECK;
void options_release(struct options *options);

/* The text of --help: all verbs, or one with its options. */
struct buf;
void options_help(const struct verb *verbs, const struct verb *verb, struct buf *out);
