#include "entrypoint/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "lib/json.h"

#define STATE_VERSION 1
/* A ruleset of PLAN_FLOWS_MAX flows is some 50 MB of messages. */
#define STATE_BYTES (64u << 20)
#define STATUS_FILE "status.json"
#define LOCK_MS 15000
#define LOCK_STEP_MS 10

static int write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		at += written;
		length -= (size_t)written;
	}
	return 0;
}

static int write_file(int directory, const char *name, const void *bytes, size_t length,
		      struct error *err)
{
	char fresh[64];
	int fd CLEANUP(close_fdp) = -1;

	snprintf(fresh, sizeof(fresh), ".%s.new", name);
	/* The directory is root's alone, so what lies there under that name is ours. */
	(void)unlinkat(directory, fresh, 0);
	fd = openat(directory, fresh,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0 || write_all(fd, bytes, length) < 0 ||
	    renameat(directory, fresh, directory, name) < 0) {
		error_errno(err, ERROR_KERNEL, errno, "%s/%s", STATE_DIRECTORY, name);
		return 1;
	}
	return 0;
}

/* What others could have put there is not ours, whoever owns it now. */
static int open_directory(struct error *err)
{
	struct stat status;
	int fd = open(STATE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return error_errno(err, ERROR_KERNEL, errno, STATE_DIRECTORY);
	if (fstat(fd, &status) < 0 || status.st_uid != 0 || (status.st_mode & 022)) {
		close(fd);
		return error_set(err, ERROR_KERNEL,
				 STATE_DIRECTORY " is not a directory of root's alone");
	}
	return fd;
}

int state_directory(struct error *err)
{
	if (mkdir(STATE_DIRECTORY, 0755) < 0 && errno != EEXIST && errno != EROFS)
		return error_errno(err, ERROR_KERNEL, errno, STATE_DIRECTORY);
	return open_directory(err);
}

void state_unlockp(const int *lock)
{
	close_fdp(lock);
}

int state_lock(int *ret, struct error *err)
{
	struct error unkept;
	int directory CLEANUP(close_fdp) = state_directory(&unkept);
	int fd = -1;

	/* Not readable by others: whoever can open a file can lock it. */
	if (directory >= 0)
		fd = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	for (int waited = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
	     waited += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK || waited >= LOCK_MS) {
			error_errno(err, ERROR_KERNEL, errno,
				    "another netpale is changing the fence");
			close(fd);
			return -1;
		}
		poll(NULL, 0, LOCK_STEP_MS);
	}
	*ret = fd;
	return 0;
}

static int summary(const struct plan *plan, struct buf *out, struct error *err)
{
	json_t *canary = json_array();
	json_t *object = json_pack("{s:i,s:s,s:b,s:o}", "version", STATE_VERSION, "mode",
				   mode_name(plan->mode), "fenced", plan->fenced,
				   "canary", canary);
	static const enum family families[] = { FAMILY_4, FAMILY_6 };
	char *text;

	for (size_t i = 0; object && i < ARRAY_SIZE(families); i++) {
		char shown[ADDR_TEXT];
		struct addr addr;

		if (plan_refused_addr(plan, families[i], &addr))
			json_array_append_new(canary,
					      json_string(addr_format(&addr, shown)));
	}
	text = json_print(object, JSON_COMPACT);
	if (text)
		buf_printf(out, "%s\n", text);
	free(text);
	return text && !out->failed ? 0 : error_memory(err);
}

/* Where addresses are learned, what was only asked opens nothing. */
static void print_answers(const struct plan *plan, const struct answers *answers,
			  struct buf *out)
{
	for (size_t i = 0; i < answers->count; i++) {
		const struct answers one = { &answers->v[i], 1 };

		if (plan->dns != STANCE_GUARDED || one.v->fixed)
			answers_print(&one, out);
	}
}

int state_write(const struct plan *plan, const struct answers *answers,
		const struct buf *entries, const struct buf *sent, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct buf kept CLEANUP(buf_release) = { 0 };
	int directory CLEANUP(close_fdp) = state_directory(err);

	if (directory < 0)
		return 1;
	print_answers(plan, answers, &text);
	if (text.failed || summary(plan, &kept, err) < 0)
		return 1;
	if (write_file(directory, "answers", text.data ? text.data : "", text.length,
		       err) ||
	    write_file(directory, "entries", entries->data ? entries->data : "",
		       entries->length, err) ||
	    write_file(directory, "fence", sent->data ? sent->data : "", sent->length,
		       err))
		return 1;
	return write_file(directory, "state.json", kept.data, kept.length, err);
}

/* 1: no such file. */
static int read_file(int directory, const char *name, struct buf *out, struct error *err)
{
	int fd CLEANUP(close_fdp) =
		openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(err, ERROR_KERNEL, errno, "%s/%s", STATE_DIRECTORY,
				   name);
	if (!S_ISREG(status.st_mode) || status.st_uid != 0 ||
	    status.st_size > STATE_BYTES)
		return error_set(err, ERROR_KERNEL,
				 "%s/%s is not what netpale left there", STATE_DIRECTORY,
				 name);
	for (;;) {
		char chunk[16384];
		ssize_t length = read(fd, chunk, sizeof(chunk));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_errno(err, ERROR_KERNEL, errno, "%s/%s",
					   STATE_DIRECTORY, name);
		if (length == 0)
			return out->failed ? error_memory(err) : 0;
		buf_add(out, chunk, (size_t)length);
	}
}

int state_write_status(const char *text, struct error *err)
{
	struct buf line CLEANUP(buf_release) = { 0 };
	int directory CLEANUP(close_fdp) = state_directory(err);

	if (directory < 0)
		return 1;
	buf_printf(&line, "%s\n", text);
	if (line.failed)
		return error_memory(err);
	return write_file(directory, STATUS_FILE, line.data, line.length, err);
}

int state_read_status(struct buf *ret, struct error *err)
{
	int directory CLEANUP(close_fdp) = open_directory(err);

	return directory < 0 ? 1 : read_file(directory, STATUS_FILE, ret, err);
}

static enum mode mode_of(const char *name)
{
	for (enum mode mode = MODE_FULL; mode <= MODE_NONE; mode++)
		if (strcmp(mode_name(mode), name) == 0)
			return mode;
	return MODE_UNSET;
}

static int parse_summary(const struct buf *text, struct state *state, struct error *err)
{
	json_t *object = json_loadb(text->data ? text->data : "", text->length, 0, NULL);
	json_t *canary = NULL, *item;
	const char *mode = "";
	int version = 0, fenced = 0;
	size_t i;

	if (!object ||
	    json_unpack(object, "{s:i,s:s,s:b,s:o}", "version", &version, "mode", &mode,
			"fenced", &fenced, "canary", &canary) < 0 ||
	    version != STATE_VERSION) {
		json_decref(object);
		return error_set(err, ERROR_KERNEL,
				 STATE_DIRECTORY
				 "/state.json is of another version of netpale");
	}
	state->mode = mode_of(mode);
	state->fenced = fenced;
	json_array_foreach (canary, i, item) {
		const char *shown = json_string_value(item);
		struct addr addr;

		if (shown && addr_parse(shown, strlen(shown), &addr)) {
			state->refused[addr.family == FAMILY_6] = addr;
			state->has_refused[addr.family == FAMILY_6] = true;
		}
	}
	json_decref(object);
	return 0;
}

void state_release(struct state *state)
{
	buf_release(&state->sent);
	buf_release(&state->entries);
	*state = (struct state){ 0 };
}

int state_read(struct arena *arena, struct state *ret, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct buf hosts CLEANUP(buf_release) = { 0 };
	int directory CLEANUP(close_fdp) = open_directory(err);
	int result;

	*ret = (struct state){ 0 };
	if (directory < 0)
		return 1;
	result = read_file(directory, "state.json", &text, err);
	if (result == 0)
		result = parse_summary(&text, ret, err);
	if (result == 0)
		result = read_file(directory, "fence", &ret->sent, err);
	/* Only to say more: without it something is in force all the same. */
	if (result == 0 && read_file(directory, "entries", &ret->entries, err) < 0)
		result = -1;
	if (result == 0)
		result = read_file(directory, "answers", &hosts, err);
	if (result == 0)
		result = answers_parse(hosts.data ? hosts.data : "", hosts.length,
				       STATE_DIRECTORY "/answers", arena, &ret->answers,
				       err);
	return result;
}
