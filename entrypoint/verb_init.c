#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/log.h"
#include "entrypoint/result.h"
#include "entrypoint/source.h"
#include "entrypoint/verbs.h"
#include "lib/scaffold.h"

/* A first policy from what lies in the working directory, which may be anybody's: only regular files
 * count, and nothing there has a word in what is opened but by its contents. */

/* More names than that are not looked at for patterns. */
#define NAMES_MAX 100000u

struct survey {
	struct scaffold_found found[SCAFFOLD_MARKERS];
	struct buf texts[SCAFFOLD_MARKERS];
};

static void survey_release(struct survey *survey)
{
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		buf_release(&survey->texts[i]);
}

/* As something may be there and be another thing than it seems: a link, a FIFO, a device. */
static bool is_regular(const char *path)
{
	struct stat file;

	if (lstat(path, &file) < 0 || S_ISDIR(file.st_mode))
		return false;
	if (!S_ISREG(file.st_mode))
		log_warning("%s: is not a regular file; left out", path);
	return S_ISREG(file.st_mode);
}

/* Nor is a directory of ours behind a link. */
static bool is_reached(const char *path)
{
	const char *slash = strchr(path, '/');
	char directory[32];
	struct stat file;

	if (!slash)
		return true;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	return lstat(directory, &file) == 0 && S_ISDIR(file.st_mode);
}

static int look_at(const struct scaffold_marker *marker, struct buf *text,
		   struct scaffold_found *ret, struct error *err)
{
	ret->there = is_reached(marker->name) && is_regular(marker->name);
	if (!ret->there || !scaffold_is_read(marker))
		return 0;
	if (source_read(marker->name, &source_self, SCAFFOLD_BYTES, text, err) == 0) {
		ret->bytes = text->data ? text->data : "";
		ret->length = text->length;
		return 0;
	}
	if (err->kind == ERROR_MEMORY)
		return -1;
	log_warning("%s; left out", err->text);
	return 0;
}

/* Of the one '*' that a pattern has; NULL: it is a name. */
static const char *star_of(const struct scaffold_marker *marker)
{
	return strchr(marker->name, '*');
}

static bool matches(const char *name, const char *pattern, const char *star)
{
	size_t head = (size_t)(star - pattern), tail = strlen(star + 1);
	size_t length = strlen(name);

	return length > head + tail && name[0] != '.' &&
	       memcmp(name, pattern, head) == 0 &&
	       strcmp(name + length - tail, star + 1) == 0;
}

static void match_patterns(const char *name, struct survey *survey)
{
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++) {
		const char *pattern = scaffold_markers[i].name;
		const char *star = star_of(&scaffold_markers[i]);
		struct stat file;

		if (star && !survey->found[i].there && matches(name, pattern, star) &&
		    lstat(name, &file) == 0 && S_ISREG(file.st_mode))
			survey->found[i].there = true;
	}
}

static int look_around(struct survey *survey, struct error *err)
{
	DIR *directory = opendir(".");
	const struct dirent *entry;

	if (!directory)
		return error_errno(err, ERROR_KERNEL, errno,
				   "cannot read the working directory");
	for (size_t i = 0; i < NAMES_MAX && (entry = readdir(directory)); i++)
		match_patterns(entry->d_name, survey);
	closedir(directory);
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		if (!star_of(&scaffold_markers[i]) &&
		    look_at(&scaffold_markers[i], &survey->texts[i], &survey->found[i],
			    err) < 0)
			return -1;
	return 0;
}

static int write_all(int fd, const struct buf *text)
{
	for (size_t done = 0; done < text->length;) {
		ssize_t length = write(fd, text->data + done, text->length - done);

		if (length < 0 && errno != EINTR)
			return -1;
		done += length > 0 ? (size_t)length : 0;
	}
	return 0;
}

/* Never over what is there, be it a link to nothing; and whole or not at all. */
static int write_new(const char *path, const struct buf *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	int result, saved;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_USAGE,
				 "%s is there already and stays as it is; 'netpale init "
				 "--stdout' prints what would be in it",
				 path);
	if (fd < 0)
		return error_errno(err, ERROR_KERNEL, errno, "cannot create %s", path);
	result = write_all(fd, text);
	saved = errno;
	/* Some file systems tell only now that there was no room. */
	if (close(fd) < 0 && result == 0) {
		saved = errno;
		result = -1;
	}
	if (result == 0)
		return 0;
	(void)unlink(path);
	return error_errno(err, ERROR_KERNEL, saved, "cannot write %s", path);
}

int verb_init(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct survey survey CLEANUP(survey_release) = { 0 };
	struct buf text CLEANUP(buf_release) = { 0 };
	const char *agent = options->any.agent ? options->any.agent : "claude";

	if (!arena)
		return error_memory(err);
	if (look_around(&survey, err) < 0 ||
	    scaffold_print(agent, survey.found, arena, &text, err) < 0)
		return -1;
	if (options->any.to_stdout)
		return result_print_policy(&text, options->any.json, err);
	if (write_new(SOURCE_PROJECT, &text, err) < 0)
		return -1;
	log_info("wrote " SOURCE_PROJECT ": read it, it is a guess; then try 'netpale "
		 "check'");
	return EX_OK;
}
