#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/log.h"
#include "entrypoint/log_verb.h"
#include "entrypoint/recorded.h"
#include "entrypoint/when.h"
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

static int answer(struct error *err)
{
	struct recorded recorded CLEANUP(recorded_release) = { 0 };
	struct buf input CLEANUP(buf_release) = { 0 };
	struct buf output CLEANUP(buf_release) = { 0 };
	struct hook hook;
	int64_t since;

	if (read_input(&input, err) < 0)
		return -1;
	if (!input.length || !hook_read(input.data, input.length, &hook))
		return 0;
	since = hook_since(&hook, when_now());
	for (int waited = 0;; waited += WAIT_STEP_MS) {
		recorded_release(&recorded);
		if (read_own(since, &recorded, err) != 0)
			return -1;
		if (recorded.list.count || !hook.network || waited >= WAIT_MS)
			break;
		poll(NULL, 0, WAIT_STEP_MS);
	}
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
