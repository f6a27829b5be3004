#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/log.h"
#include "entrypoint/log_verb.h"
#include "entrypoint/record.h"
#include "entrypoint/recorded.h"
#include "lib/clock.h"
#include "lib/hook.h"

/* `log --hook`. The command is over: whatever fails here must not disturb who ran it. */

#define READ_STEP 65536u
#define WAIT_MS 500 /* for a refusal on its way into the record */
#define WAIT_STEP_MS 50

static int read_input(struct buf *out, struct error *err)
{
	ssize_t got;

	do {
		char *at = buf_reserve(out, READ_STEP);

		if (!at)
			return error_memory(err);
		got = read(STDIN_FILENO, at, READ_STEP);
		out->length -= READ_STEP - (got > 0 ? (size_t)got : 0);
		if (out->length > HOOK_BYTES)
			return error_set(err, ERROR_KERNEL,
					 "the hook's input is longer than %u bytes",
					 HOOK_BYTES);
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? error_errno(err, ERROR_KERNEL, errno, "the hook's input") : 0;
}

/* Leaves the rows that are ours. */
static int read_own(int64_t since, struct recorded *ret, struct error *err)
{
	struct refusal_list *list = &ret->list;
	size_t kept = 0;
	int result = recorded_read(since, ret, err);

	for (size_t i = 0; result == 0 && i < list->count; i++)
		if (hook_concerns(&list->v[i], getuid()))
			list->v[kept++] = list->v[i];
	list->count = kept;
	return result;
}

/* Does something come into the record in so many steps? Takes those that it waited. */
static bool more_comes(struct record_tail *tail, int *steps, struct error *err)
{
	struct buf lines CLEANUP(buf_release) = { 0 };

	for (; *steps > 0 && !lines.length; (*steps)--) {
		poll(NULL, 0, WAIT_STEP_MS);
		if (record_follow(tail, &lines, err) < 0)
			return false;
	}
	return lines.length != 0;
}

static int find_rows(const struct hook *hook, struct recorded *ret, struct error *err)
{
	struct record_tail tail CLEANUP(record_tail_release) = { .fd = -1 };
	struct buf nothing CLEANUP(buf_release) = { 0 };
	int64_t since = hook_since(hook, clock_wall_ms());
	int steps = hook->network ? WAIT_MS / WAIT_STEP_MS : 0;

	if (record_follow(&tail, &nothing, err) < 0 || read_own(since, ret, err) != 0)
		return -1;
	while (!ret->list.count && more_comes(&tail, &steps, err)) {
		recorded_release(ret);
		if (read_own(since, ret, err) != 0)
			return -1;
	}
	return 0;
}

static int answer(struct error *err)
{
	struct recorded recorded CLEANUP(recorded_release) = { 0 };
	struct buf input CLEANUP(buf_release) = { 0 };
	struct buf output CLEANUP(buf_release) = { 0 };
	struct hook hook;

	if (read_input(&input, err) < 0)
		return -1;
	if (!input.length || !hook_read(input.data, input.length, &hook))
		return 0;
	if (find_rows(&hook, &recorded, err) < 0)
		return -1;
	if (!recorded.list.count)
		return 0;
	hook_print(&hook, recorded.list.v, recorded.list.count, &output);
	if (output.failed)
		return error_memory(err);
	fputs(output.data, stdout);
	return fflush(stdout) == 0
		       ? 0
		       : error_set(err, ERROR_KERNEL, "cannot write the result");
}

int log_hook(void)
{
	struct error err = { 0 };

	if (answer(&err) < 0)
		log_verbose("%s", err.text);
	return EX_OK;
}
