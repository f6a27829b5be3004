#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "entrypoint/log_verb.h"
#include "entrypoint/when.h"
#include "lib/clock.h"
#include "lib/refusal_table.h"

/* Rows of `netpale log`: a table for people, a line of JSON each for machines. */

#define DATE 10u /* columns of "2026-11-21" */

/* "packets" tells of the destination what the kernel has counted; the line ends with '}'. */
static void put_json(const struct log_printer *printer, const struct refusal *row,
		     struct buf *out)
{
	char line[REFUSAL_LINE];
	size_t length = refusal_print_json(row, line);
	const struct count *count = NULL;

	if (printer->counts && row->has_addr && row->protocol &&
	    row->reason != REFUSAL_INBOUND)
		count = counts_find(printer->counts, &row->addr);
	if (!length)
		out->failed = true;
	else if (count)
		buf_printf(out, "%.*s,\"packets\":%" PRIu64 "}\n", (int)length - 1, line,
			   count->packets);
	else
		buf_printf(out, "%.*s\n", (int)length, line);
}

static bool is_today(int64_t time)
{
	char when[WHEN_TEXT], now[WHEN_TEXT];

	return strncmp(when_format(time, when), when_format(clock_wall_ms(), now),
		       DATE) == 0;
}

/* Whether days are told is decided once: a table has its columns. */
static void begin_table(struct log_printer *printer, const struct refusal *rows,
			size_t count, struct buf *out)
{
	struct refusal_table table = { .out = out, .time = REFUSAL_TABLE_TIME };

	if (printer->time || !count)
		return;
	for (size_t i = 0; i < count; i++)
		if (!is_today(rows[i].time))
			table.time = WHEN_TEXT - 1;
	printer->time = table.time;
	refusal_table_head(&table);
}

static const char *time_of(const struct log_printer *printer, int64_t time,
			   char out[static WHEN_TEXT])
{
	when_format(time, out);
	return printer->time == REFUSAL_TABLE_TIME ? out + DATE + 1 : out;
}

static int end(struct buf *out, struct error *err)
{
	if (out->failed)
		return error_memory(err);
	fputs(out->data ? out->data : "", stdout);
	if (fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return 0;
}

int log_print(struct log_printer *printer, const struct refusal *rows, size_t count,
	      struct error *err)
{
	struct buf out CLEANUP(buf_release) = { 0 };
	struct refusal_table table = { .out = &out };
	char when[WHEN_TEXT];

	if (!printer->json)
		begin_table(printer, rows, count, &out);
	table.time = printer->time;
	for (size_t i = 0; i < count; i++) {
		if (printer->json)
			put_json(printer, &rows[i], &out);
		else
			refusal_table_row(&table, time_of(printer, rows[i].time, when),
					  &rows[i]);
	}
	return end(&out, err);
}

int log_print_lost(struct log_printer *printer, int64_t time, uint64_t lost,
		   struct error *err)
{
	struct buf out CLEANUP(buf_release) = { 0 };
	struct refusal_table table = { .out = &out, .time = printer->time };
	char line[REFUSAL_LINE], when[WHEN_TEXT];
	size_t length;

	if (!printer->json) {
		refusal_table_lost(&table, time_of(printer, time, when), lost);
		return end(&out, err);
	}
	length = refusal_print_lost(time, lost, line);
	if (!length)
		return error_memory(err);
	buf_printf(&out, "%.*s\n", (int)length, line);
	return end(&out, err);
}
