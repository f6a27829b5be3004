#include "entrypoint/watch.h"

#include <string.h>

static void look(const char *path, struct stat *ret)
{
	if (stat(path, ret) < 0)
		memset(ret, 0, sizeof(*ret));
}

/* Not the access time: we read the file ourselves. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void watch_clear(struct watch *watch)
{
	watch->count = 0;
}

void watch_add(struct watch *watch, const char *path)
{
	struct watch_file *file = &watch->files[watch->count];

	if (!path || watch->count == WATCH_MAX || strlen(path) >= WATCH_PATH)
		return;
	watch->count++;
	strcpy(file->path, path);
	look(path, &file->known);
	file->seen = file->known;
}

void watch_mark(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		look(watch->files[i].path, &watch->files[i].known);
		watch->files[i].seen = watch->files[i].known;
	}
}

void watch_keep(struct watch *watch, const struct watch *before)
{
	for (size_t i = 0; i < watch->count; i++)
		for (size_t j = 0; j < before->count; j++)
			if (strcmp(watch->files[i].path, before->files[j].path) == 0)
				watch->files[i] = before->files[j];
}

static bool look_at(struct watch_file *file)
{
	struct stat now;
	bool settled;

	look(file->path, &now);
	settled = is_same(&now, &file->seen);
	file->seen = now;
	if (!settled || is_same(&now, &file->known))
		return false;
	file->known = now;
	return true;
}

bool watch_look(struct watch *watch)
{
	bool changed = false;

	for (size_t i = 0; i < watch->count; i++)
		changed |= look_at(&watch->files[i]);
	return changed;
}
