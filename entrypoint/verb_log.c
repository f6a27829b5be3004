#include <stdio.h>
#include <sysexits.h>

#include "entrypoint/log.h"
#include "entrypoint/log_verb.h"
#include "entrypoint/verbs.h"
#include "entrypoint/when.h"
#include "lib/clock.h"

/* What was refused, and why. */

/* 0: there was nothing to print. */
static int print_rows(struct log_printer *printer, const struct refusal_list *list,
		      struct error *err)
{
	if (log_print(printer, list->v, list->count, err) < 0 ||
	    (list->lost && log_print_lost(printer, list->lost_time, list->lost, err) < 0))
		return -1;
	return list->count || list->lost;
}

static int print_all(const struct options *options, int64_t since, struct error *err)
{
	struct recorded recorded CLEANUP(recorded_release) = { 0 };
	struct counts counts CLEANUP(counts_release) = { 0 };
	struct log_printer printer = { .json = options->any.json };
	struct error unread, uncounted;
	int found = recorded_read(since, &recorded, &unread), printed;

	if (found < 0) {
		*err = unread;
		return -1;
	}
	/* Counters do not know since when. */
	if (since == 0 && recorded_counts(&counts, &uncounted) == 0)
		printer.counts = &counts;
	else if (since == 0)
		log_verbose("%s", uncounted.text);
	printed = print_rows(&printer, &recorded.list, err);
	if (printed < 0)
		return -1;
	/* In JSON it stands with the rows. */
	if (printer.json)
		printed |= counts.count > 0;
	else
		printed |= log_print_unseen(&recorded.list, &counts);
	if (found > 0 && !printed)
		log_info("nothing is recorded here: %s", unread.text);
	else if (!printed)
		log_info("nothing was refused%s", since ? " since then" : "");
	if (fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return EX_OK;
}

int verb_log(const struct options *options, struct error *err)
{
	struct log_printer printer = { .json = options->any.json };
	int64_t since = 0;

	if (options->any.hook)
		return log_hook();
	if (options->any.since &&
	    when_parse(options->any.since, clock_wall_ms(), &since, err) < 0)
		return -1;
	if (options->any.follow)
		return log_follow(&printer, since, err);
	return print_all(options, since, err);
}
