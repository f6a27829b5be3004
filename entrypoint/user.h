#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/arena.h"
#include "lib/error.h"

/* The agent's user, from /etc/passwd and /etc/group read directly: a static binary has no NSS
 * (never getpwnam()). */

#define USER_DEFAULT_UID 1000u

struct user {
	uid_t uid;
	gid_t gid; /* the uid's own number without an entry: never root's group */
	const gid_t *groups; /* supplementary, gid left out */
	size_t group_count;
	const char *name;  /* NULL: the uid has no entry */
	const char *home;  /* "/" without an entry */
	const char *shell; /* "/bin/sh" without an entry */
};

/* `spec`: USER[:GROUP], names or numbers (only digits: always a number). NULL means uid 1000,
 * or whom we are when not started as root. A number needs no entry. Uid 0 needs `allow_root`.
 * With :GROUP there are no supplementary groups, as docker has it. ERROR_USAGE for what is not
 * understood or not found. `ret` lives as long as the arena. */
int user_lookup(const char *spec, bool allow_root, struct arena *arena, struct user *ret,
		struct error *err) MUST_CHECK;

/* The same with another directory than /etc, and "not given" already decided. */
int user_lookup_in(const char *etc, const char *spec, bool allow_root,
		   struct arena *arena, struct user *ret, struct error *err) MUST_CHECK;
