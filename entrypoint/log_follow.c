#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/log.h"
#include "entrypoint/log_verb.h"
#include "entrypoint/record.h"

/* `log -f`. */

#define FIRST_ROWS 10
#define STEP_MS 200

/* Waits a step. False: nobody reads any more. Asked for nothing, poll() tells of that alone. */
static bool wait_step(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, STEP_MS) <= 0;
}

static int print_first(struct log_printer *printer, int64_t since, struct error *err)
{
	struct recorded recorded CLEANUP(recorded_release) = { 0 };
	struct error unread;
	int found = recorded_read(since, &recorded, &unread);
	size_t skipped;

	if (found > 0)
		log_info("nothing is recorded here yet: %s", unread.text);
	if (found < 0) {
		*err = unread;
		return -1;
	}
	skipped = recorded.list.count > FIRST_ROWS ? recorded.list.count - FIRST_ROWS : 0;
	return log_print(printer, recorded.list.v + skipped,
			 recorded.list.count - skipped, err);
}

/* Each line a row of its own: what came since the last one. */
static int print_lines(struct log_printer *printer, const struct buf *lines,
		       struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	int result = 0;

	if (!arena || lines->failed)
		return error_memory(err);
	for (size_t at = 0; at < lines->length && result == 0;) {
		const char *line = lines->data + at;
		const char *end = memchr(line, '\n', lines->length - at);
		size_t length = end ? (size_t)(end - line) : lines->length - at;
		struct refusal row;
		uint64_t lost;
		int64_t time;

		if (refusal_parse_json(line, length, arena, &row))
			result = log_print(printer, &row, 1, err);
		else if (refusal_parse_lost(line, length, &time, &lost))
			result = log_print_lost(printer, time, lost, err);
		at += length + 1;
	}
	return result;
}

int log_follow(struct log_printer *printer, int64_t since, struct error *err)
{
	struct record_tail tail CLEANUP(record_tail_release) = { .fd = -1 };
	struct buf lines CLEANUP(buf_release) = { 0 };

	/* Before the first rows are read, so that nothing falls between. */
	if (record_follow(&tail, &lines, err) < 0 || print_first(printer, since, err) < 0)
		return -1;
	do {
		buf_clear(&lines);
		if (record_follow(&tail, &lines, err) < 0 ||
		    print_lines(printer, &lines, err) < 0)
			return -1;
	} while (wait_step());
	return EX_OK;
}
