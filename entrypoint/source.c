#include "entrypoint/source.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "entrypoint/eyes.h"
#include "entrypoint/fd.h"

/* As many links as the kernel follows. */
#define LINKS_MAX 40

/* The kernel's own bound for supplementary groups (NGROUPS_MAX). */
#define GROUPS_MAX 65536

/* `groups` is where ours are kept meanwhile. */
static int open_between(const char *path, int flags, const struct user *as, gid_t *groups)
{
	int count = getgroups(GROUPS_MAX, groups);
	int fd = -1, saved;

	if (count < 0 || setgroups(as->group_count, as->groups) < 0)
		return -1;
	if (eyes_take(as))
		fd = open(path, flags);
	else
		errno = EPERM;
	saved = errno;
	if (!eyes_return() || setgroups((size_t)count, groups) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	errno = saved;
	return fd;
}

static int open_as(const char *path, int flags, const struct user *as)
{
	gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
	int fd = groups ? open_between(path, flags, as, groups) : -1;
	int saved = errno;

	free(groups);
	errno = saved;
	return fd;
}

const struct user source_self;

static int open_source(const char *path, const struct user *as)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (as ? O_NOFOLLOW : 0);

	return as && as != &source_self && geteuid() == 0 ? open_as(path, flags, as)
							  : open(path, flags);
}

/* Read once, to the end that the file has then: nothing that changes it later is seen. */
static int read_to_end(int fd, const char *name, size_t limit, struct buf *out,
		       struct error *err)
{
	char chunk[16384];
	size_t total = 0;
	ssize_t length;

	while ((length = read(fd, chunk, sizeof(chunk))) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_errno(err, ERROR_POLICY, errno, "%s", name);
		total += (size_t)length;
		if (total > limit)
			return error_set(err, ERROR_POLICY, "%s: larger than %zu bytes",
					 name, limit);
		buf_add(out, chunk, (size_t)length);
	}
	return out->failed ? error_memory(err) : 0;
}

/* Half of what was there and half of what somebody is writing would be a policy that nobody wrote.
 * `before` is the file as it was opened. */
static int read_all(int fd, const struct stat *before, const char *name, size_t limit,
		    struct buf *out, struct error *err)
{
	struct stat after;

	if (read_to_end(fd, name, limit, out, err) < 0)
		return -1;
	if (fstat(fd, &after) < 0)
		return error_errno(err, ERROR_POLICY, errno, "%s", name);
	if (after.st_size != before->st_size ||
	    after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return error_set(err, ERROR_POLICY,
				 "%s: was written to while it was read", name);
	return 0;
}

int source_read(const char *path, const struct user *as, size_t limit, struct buf *out,
		struct error *err)
{
	CLEANUP(close_fdp) int fd = open_source(path, as);
	char name[256];
	struct stat file;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	escape(name, sizeof(name), path, strlen(path));
	if (fd < 0 && errno == ELOOP && as)
		return error_set(err, ERROR_POLICY, "%s: is a symbolic link", name);
	/* A socket, or a device without a driver. */
	if (fd < 0 && errno == ENXIO)
		return error_set(err, ERROR_POLICY, "%s: is not a regular file", name);
	if (fd < 0 && as && as != &source_self && errno == EACCES)
		return error_set(err, ERROR_POLICY,
				 "%s: the agent's user (uid %u) cannot read it", name,
				 as->uid);
	if (fd < 0 || fstat(fd, &file) < 0)
		return error_errno(err, ERROR_POLICY, errno, "%s", name);
	if (!S_ISREG(file.st_mode))
		return error_set(err, ERROR_POLICY, "%s: is %s", name,
				 S_ISDIR(file.st_mode) ? "a directory"
						       : "not a regular file");
	return read_all(fd, &file, name, limit, out, err);
}

/* A directory may be closed to all but `as`, and we be root without what overrides that. */
static bool is_there(const char *path, const struct user *as)
{
	CLEANUP(close_fdp) int fd = -1;
	struct stat file;

	if (lstat(path, &file) == 0)
		return true;
	if (errno == EACCES && as && geteuid() == 0)
		fd = open_as(path, O_PATH | O_NOFOLLOW | O_CLOEXEC, as);
	return fd >= 0;
}

int source_find_project(const struct user *as, struct buf *out, struct error *err)
{
	char directory[PATH_MAX], candidate[PATH_MAX + sizeof(SOURCE_PROJECT) + 1];

	if (!getcwd(directory, sizeof(directory)))
		return error_errno(err, ERROR_POLICY, errno, "the working directory");
	for (;;) {
		char *slash = strrchr(directory, '/');

		snprintf(candidate, sizeof(candidate), "%s/" SOURCE_PROJECT,
			 slash[1] ? directory : "");
		if (is_there(candidate, as)) {
			buf_puts(out, candidate);
			return out->failed ? error_memory(err) : 0;
		}
		if (errno != ENOENT)
			return error_errno(err, ERROR_POLICY, errno,
					   "looking for " SOURCE_PROJECT);
		if (slash == directory && !slash[1])
			return 1;
		slash[slash == directory] = '\0';
	}
}

static bool is_in_group(const struct user *user, gid_t gid)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return true;
	return user->gid == gid;
}

/* The owner can change the mode, so is a writer whatever it says now. */
static bool may_write(const struct user *user, const struct stat *file)
{
	if (file->st_uid == user->uid)
		return true;
	return file->st_mode & (is_in_group(user, file->st_gid) ? S_IWGRP : S_IWOTH);
}

/* Could `user` put something else under the name of `entry` in `directory`? In a sticky one
 * (/tmp) only the owner of either could. */
static bool may_replace(const struct user *user, const struct stat *directory,
			const struct stat *entry)
{
	if (!may_write(user, directory))
		return false;
	return directory->st_uid == user->uid || entry->st_uid == user->uid ||
	       !(directory->st_mode & S_ISVTX);
}

static bool is_read_only(const char *path)
{
	struct statvfs mount;

	return statvfs(path, &mount) == 0 && (mount.f_flag & ST_RDONLY);
}

/* A path on its way: `done` has been walked and holds no link ("" is the root), `rest` is to
 * come. */
struct walk {
	char done[PATH_MAX], rest[PATH_MAX];
	unsigned int links;
	bool replaceable;
};

/* Puts what a link says in front of the rest. */
static bool follow(struct walk *walk, const char *link, const char *behind)
{
	char target[PATH_MAX];
	ssize_t length = readlink(link, target, sizeof(target) - 1);

	if (length <= 0 || ++walk->links > LINKS_MAX)
		return false;
	target[length] = '\0';
	if (snprintf(walk->rest, sizeof(walk->rest), "%s/%s", target, behind) >= PATH_MAX)
		return false;
	if (target[0] == '/')
		walk->done[0] = '\0';
	return true;
}

/* One component further; false when it cannot be told, or is a link that leads where the user
 * likes. */
static bool step(struct walk *walk, const struct user *user)
{
	const char *name = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(name, "/");
	const char *directory = *walk->done ? walk->done : "/";
	char entry[PATH_MAX], behind[PATH_MAX];
	struct stat parent, file;
	bool replaceable;

	snprintf(behind, sizeof(behind), "%s", name + length);
	if (snprintf(entry, sizeof(entry), "%s/%.*s", walk->done, (int)length, name) >=
		    PATH_MAX ||
	    stat(directory, &parent) < 0 || lstat(entry, &file) < 0)
		return false;
	replaceable = may_replace(user, &parent, &file);
	if (S_ISLNK(file.st_mode))
		return (!replaceable || is_read_only(directory)) &&
		       follow(walk, entry, behind);
	/* Nobody replaces "." and "..". */
	walk->replaceable |= replaceable && strncmp(name, "..", length) != 0;
	snprintf(walk->rest, sizeof(walk->rest), "%s", behind);
	if (!realpath(entry, walk->done))
		return false;
	if (strcmp(walk->done, "/") == 0)
		walk->done[0] = '\0';
	return true;
}

bool source_writable_by(const char *path, const struct user *user)
{
	struct walk walk = { 0 };
	char start[PATH_MAX] = "";
	struct stat file;

	if (path[0] != '/' && !getcwd(start, sizeof(start)))
		return true;
	if (snprintf(walk.rest, sizeof(walk.rest), "%s/%s", start, path) >= PATH_MAX)
		return true;
	while (walk.rest[strspn(walk.rest, "/")])
		if (!step(&walk, user))
			return true;
	/* A mount comes back to its place at the next start, whatever happens around it. */
	if (is_read_only(walk.done))
		return false;
	return walk.replaceable || stat(walk.done, &file) < 0 || may_write(user, &file);
}
