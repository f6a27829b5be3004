#include "entrypoint/user.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"

/* How many known names an error shows. */
#define NAMES_SHOWN 4

/* More supplementary groups than the kernel takes are a broken file. */
#define GROUPS_MAX 65536

/* A file that is not there is an empty one: images from scratch have neither. */
static int open_table(const char *etc, const char *name, FILE **ret, struct error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", etc, name);
	*ret = fopen(path, "re");
	if (!*ret && errno != ENOENT)
		return error_errno(err, ERROR_KERNEL, errno, "%s", path);
	return 0;
}

enum number { NOT_A_NUMBER, NUMBER, BAD_NUMBER };

/* The last value is the kernel's "leave it as it is", so it is nobody's id. */
static enum number parse_id(const char *text, size_t length, uint32_t *ret)
{
	uint64_t value = 0;

	if (length == 0)
		return NOT_A_NUMBER;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return NOT_A_NUMBER;
	for (size_t i = 0; i < length && value < UINT32_MAX; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (value >= UINT32_MAX)
		return BAD_NUMBER;
	*ret = (uint32_t)value;
	return NUMBER;
}

static bool is_name(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(text, name, length) == 0;
}

static int unknown(const char *kind, const char *text, size_t length, const char *known,
		   struct error *err)
{
	char quoted[128];

	escape(quoted, sizeof(quoted), text, length);
	if (*known)
		return error_set(err, ERROR_USAGE,
				 "no %s '%s' in this container; there is: %s", kind,
				 quoted, known);
	return error_set(err, ERROR_USAGE,
			 "no %s '%s' in this container; a number needs no entry", kind,
			 quoted);
}

/* Collects "agent, node" for the error, of the accounts people make. */
static void remember_name(char *known, size_t size, unsigned int *count, const char *name,
			  uint32_t id)
{
	size_t used = strlen(known);
	char quoted[40];

	if (id < USER_DEFAULT_UID || id >= 65534 || (*count)++ >= NAMES_SHOWN)
		return;
	escape(quoted, sizeof(quoted), name, strlen(name));
	snprintf(known + used, size - used, "%s%s", used ? ", " : "", quoted);
}

static int take_entry(const struct passwd *entry, struct arena *arena, struct user *ret,
		      struct error *err)
{
	const char *home = *entry->pw_dir ? entry->pw_dir : "/";
	const char *shell = *entry->pw_shell ? entry->pw_shell : "/bin/sh";

	if (entry->pw_uid == (uid_t)-1 || entry->pw_gid == (gid_t)-1)
		return error_set(err, ERROR_USAGE, "/etc/passwd: id is not in 0-%u",
				 UINT32_MAX - 1);
	ret->uid = entry->pw_uid;
	ret->gid = entry->pw_gid;
	ret->name = arena_strndup(arena, entry->pw_name, strlen(entry->pw_name));
	ret->home = arena_strndup(arena, home, strlen(home));
	ret->shell = arena_strndup(arena, shell, strlen(shell));
	return ret->name && ret->home && ret->shell ? 0 : error_memory(err);
}

static int find_user(FILE *file, const char *text, size_t length, struct arena *arena,
		     struct user *ret, struct error *err)
{
	char known[NAMES_SHOWN * 42] = "";
	unsigned int count = 0;
	uint32_t uid = 0;
	enum number number = parse_id(text, length, &uid);
	struct passwd *entry;

	if (number == BAD_NUMBER)
		return error_set(err, ERROR_USAGE, "uid is not in 0-%u", UINT32_MAX - 1);
	while (file && (entry = fgetpwent(file))) {
		if (number == NUMBER ? entry->pw_uid == uid
				     : is_name(text, length, entry->pw_name))
			return take_entry(entry, arena, ret, err);
		remember_name(known, sizeof(known), &count, entry->pw_name,
			      entry->pw_uid);
	}
	if (number != NUMBER)
		return unknown("user", text, length, known, err);
	*ret = (struct user){ .uid = uid, .gid = uid, .home = "/", .shell = "/bin/sh" };
	return 0;
}

static int find_group(FILE *file, const char *text, gid_t *ret, struct error *err)
{
	char known[NAMES_SHOWN * 42] = "";
	unsigned int count = 0;
	uint32_t gid = 0;
	struct group *entry;

	switch (parse_id(text, strlen(text), &gid)) {
	case NUMBER:
		*ret = gid;
		return 0;
	case BAD_NUMBER:
		return error_set(err, ERROR_USAGE, "gid is not in 0-%u", UINT32_MAX - 1);
	case NOT_A_NUMBER:
		break;
	}
	while (file && (entry = fgetgrent(file))) {
		if (strcmp(text, entry->gr_name) == 0 && entry->gr_gid != (gid_t)-1) {
			*ret = entry->gr_gid;
			return 0;
		}
		remember_name(known, sizeof(known), &count, entry->gr_name,
			      entry->gr_gid);
	}
	return unknown("group", text, strlen(text), known, err);
}

static bool is_member(const struct group *entry, const char *name)
{
	for (char **member = entry->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

/* The groups that list the user's name. The array moves into the arena once it is complete. */
static int find_memberships(FILE *file, struct arena *arena, struct user *ret,
			    struct error *err)
{
	gid_t *groups = NULL, *copy;
	size_t count = 0, capacity = 0;
	struct group *entry;

	while (file && ret->name && count < GROUPS_MAX && (entry = fgetgrent(file))) {
		if (entry->gr_gid == ret->gid || entry->gr_gid == (gid_t)-1 ||
		    !is_member(entry, ret->name))
			continue;
		if (!array_grow(&groups, &capacity, count, sizeof(*groups))) {
			free(groups);
			return error_memory(err);
		}
		groups[count++] = entry->gr_gid;
	}
	if (count == 0)
		return 0;
	copy = arena_alloc(arena, count * sizeof(*groups));
	if (copy)
		memcpy(copy, groups, count * sizeof(*groups));
	free(groups);
	if (!copy)
		return error_memory(err);
	ret->groups = copy;
	ret->group_count = count;
	return 0;
}

static int find(FILE *passwd, FILE *group, const char *spec, struct arena *arena,
		struct user *user, struct error *err)
{
	size_t length = strcspn(spec, ":");

	if (find_user(passwd, spec, length, arena, user, err) < 0)
		return -1;
	return spec[length] ? find_group(group, spec + length + 1, &user->gid, err)
			    : find_memberships(group, arena, user, err);
}

int user_lookup_in(const char *etc, const char *spec, bool allow_root,
		   struct arena *arena, struct user *ret, struct error *err)
{
	FILE *passwd = NULL, *group = NULL;
	struct user user = { 0 };
	int result = open_table(etc, "passwd", &passwd, err);

	if (result == 0)
		result = open_table(etc, "group", &group, err);
	if (result == 0)
		result = find(passwd, group, spec, arena, &user, err);
	if (passwd)
		fclose(passwd);
	if (group)
		fclose(group);
	if (result < 0)
		return -1;
	if (user.uid == 0 && !allow_root)
		return error_set(err, ERROR_USAGE,
				 "the agent would run as root: name a user (-u), "
				 "or say --allow-root");
	*ret = user;
	return 0;
}

int user_lookup(const char *spec, bool allow_root, struct arena *arena, struct user *ret,
		struct error *err)
{
	char number[32];

	if (!spec && geteuid() == 0)
		snprintf(number, sizeof(number), "%u", USER_DEFAULT_UID);
	else if (!spec)
		snprintf(number, sizeof(number), "%u:%u", geteuid(), getegid());
	if (!spec)
		spec = number;
	return user_lookup_in("/etc", spec, allow_root, arena, ret, err);
}
