#pragma once

#include <stdbool.h>

#include "entrypoint/options.h"
#include "entrypoint/user.h"
#include "lib/answers.h"
#include "lib/buf.h"
#include "lib/policy.h"
#include "lib/site.h"

/* From files, variables and flags to one policy: which layers there are, where they are read
 * from, and in what order they count (DESIGN §2, §3). */

#define INPUTS_PROFILE "/etc/netpale/policy.yml"

struct inputs {
	struct arena *arena;
	struct notes notes; /* what was found on the way; print before use */
	struct layer layers[LAYER_COUNT];
	const char *project;     /* path of the project file that was read, or NULL */
	const char *profile;     /* path of the profile that was read, or NULL */
	struct buf project_text; /* what was read there, for inputs_read_again() */
	bool project_kept;       /* the agent can write it: it is never read again */
	/* Whom to ask: NULL is /etc/hosts and /etc/resolv.conf; borrowed. */
	const char *hosts, *resolv_conf;
	struct policy policy;
};

/* `agent`: with whose ids the project file is opened; NULL: with our own, and with the same care
 * for a stranger's file. `sudo`: obey only
 * /etc/netpale/policy.yml. Even after a failure `notes` tells all faults, so print them;
 * inputs_release() is needed in either case. */
int inputs_read(const struct options *options, const struct user *agent, bool sudo,
		struct inputs *ret, struct error *err) MUST_CHECK;
void inputs_release(struct inputs *inputs);

/* The same while the agent runs, who must not decide what is read: a profile that it can write is
 * refused, and of a project that it can write counts what `before` read. */
int inputs_read_again(const struct options *options, const struct user *agent,
		      const struct inputs *before, struct inputs *ret, struct error *err)
	MUST_CHECK;

/* The namespace we are in, and its resolv.conf, or in its place what `resolvers` has of it. */
int inputs_site(const struct site *resolvers, struct site *ret, struct error *err)
	MUST_CHECK;

/* Addresses for the policy's names and for `extra` (NULL: none): from --answers, else by DNS
 * with `socket_mark` (0: none). With dns: guarded from the hosts file, and by DNS the required names
 * alone; without a mark not even those, since nothing is to be started then. */
int inputs_answers(const struct options *options, const struct inputs *inputs,
		   const char *extra, uint32_t socket_mark, struct answers *ret,
		   struct error *err) MUST_CHECK;

/* Says the notes of that level on stderr; errors are always said. */
void inputs_say_notes(const struct notes *notes, enum note_level least);
