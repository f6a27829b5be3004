#include "lib/refusal_table.h"

#include <stdio.h>
#include <string.h>

#include "lib/host.h"
#include "lib/macros.h"

/* From the right: WHY has its longest word, TIMES and WHO what is usual, WHAT the rest. */
#define GAP 2u
#define WHY 14u
#define TIMES 5u
#define WHO 10u

/* What blame.h puts between a line and the other names that it may be. */
static const char others[] = "  # or ";

struct columns {
	size_t what, who, times_end, why;
};

static struct columns columns_of(const struct refusal_table *table)
{
	struct columns columns = { .what = table->time + GAP,
				   .why = REFUSAL_TABLE_WIDTH - WHY };

	columns.times_end = columns.why - GAP;
	columns.who = columns.times_end - TIMES - 1 - WHO;
	return columns;
}

/* Up to a column; what reaches further is followed by a gap. */
static void pad(struct buf *line, size_t column, size_t gap)
{
	size_t wanted = line->length + gap;

	if (wanted < column)
		wanted = column;
	buf_printf(line, "%*s", (int)(wanted - line->length), "");
}

static void end_line(const struct refusal_table *table, const struct buf *line)
{
	if (line->failed)
		table->out->failed = true;
	else
		buf_printf(table->out, "%s\n", line->data ? line->data : "");
}

static void print_row(const struct refusal_table *table, const char *const texts[5])
{
	struct columns columns = columns_of(table);
	struct buf line CLEANUP(buf_release) = { 0 };
	size_t times = strlen(texts[3]);

	buf_puts(&line, texts[0]);
	pad(&line, columns.what, GAP);
	buf_puts(&line, texts[1]);
	pad(&line, columns.who, GAP);
	buf_puts(&line, texts[2]);
	pad(&line, columns.times_end - (times < TIMES ? times : TIMES), 1);
	buf_puts(&line, texts[3]);
	pad(&line, columns.why, GAP);
	buf_puts(&line, texts[4]);
	end_line(table, &line);
}

void refusal_table_head(const struct refusal_table *table)
{
	static const char *const titles[] = { "TIME", "WHAT", "WHO", "TIMES", "WHY" };

	print_row(table, titles);
}

static void print_below(const struct refusal_table *table, const struct buf *text)
{
	buf_printf(table->out, "%*s", (int)columns_of(table).what, "");
	end_line(table, text);
}

/* A list below a row, over several lines where one has no room; each begins with `before`. */
static void print_list(const struct refusal_table *table, const char *before,
		       const char *title, const char *list)
{
	int indent = (int)columns_of(table).what;
	struct buf line CLEANUP(buf_release) = { 0 };

	buf_printf(&line, "%*s%s%s", indent, "", before, title);
	for (const char *item = list, *next; item; item = next) {
		const char *comma = strstr(item, ", ");
		size_t length = comma ? (size_t)(comma + 1 - item) : strlen(item);

		if (item != list && line.length + 1 + length > REFUSAL_TABLE_WIDTH) {
			end_line(table, &line);
			buf_clear(&line);
			buf_printf(&line, "%*s%s%*s", indent, "", before,
				   (int)strlen(title), "");
		} else if (item != list) {
			buf_puts(&line, " ");
		}
		buf_add(&line, item, length);
		next = comma ? comma + 2 : NULL;
	}
	end_line(table, &line);
}

static void print_allow(const struct refusal_table *table, const struct refusal *refusal,
			const char *allow)
{
	const char *more = strstr(allow, others);
	size_t length = more ? (size_t)(more - allow) : strlen(allow);
	const char *passed = refusal->audit ? "  # let through" : "";
	struct buf line CLEANUP(buf_release) = { 0 };

	buf_add(&line, allow, length);
	buf_puts(&line, passed);
	length = columns_of(table).what + line.length;
	if (more && length + strlen(more) <= REFUSAL_TABLE_WIDTH) {
		buf_puts(&line, more);
		more = NULL;
	}
	print_below(table, &line);
	if (more)
		print_list(table, "# ", "or ", more + strlen(others));
}

/* Why no line would allow it. `rule`: the line that has to do with it. */
static void print_rule(const struct refusal_table *table, const struct refusal *refusal,
		       const char *rule)
{
	const char *passed = refusal->audit ? "let through; " : "";
	struct buf line CLEANUP(buf_release) = { 0 };

	buf_puts(&line, passed);
	if (!rule)
		buf_puts(&line, refusal->reason == REFUSAL_EXPIRED
					? "asking DNS again opens it"
					: "no line of the policy would allow it");
	else if (refusal->reason == REFUSAL_EXPIRED)
		buf_printf(&line, "asking DNS again opens it: %s", rule);
	else
		buf_printf(&line, "%s by %s",
			   refusal->reason == REFUSAL_DENIED ? "denied" : "refused",
			   rule);
	print_below(table, &line);
}

/* Not where the line that would allow it names the others already. */
static void print_names(const struct refusal_table *table, const struct refusal *refusal)
{
	struct buf list CLEANUP(buf_release) = { 0 };
	char name[HOST_TEXT];

	if (refusal->name_count < 2 || (refusal->allow && strstr(refusal->allow, others)))
		return;
	for (size_t i = 0; i < refusal->name_count; i++)
		buf_printf(&list, "%s%s", i ? ", " : "",
			   escape_unless_plain(name, sizeof(name), refusal->names[i],
					       strlen(refusal->names[i])));
	if (!list.failed)
		print_list(table, "", "one of: ", list.data);
}

static const char *plain(const char *text, char out[static REFUSAL_TEXT])
{
	return text ? escape_unless_plain(out, REFUSAL_TEXT, text, strlen(text)) : NULL;
}

static void format_who(const struct refusal *refusal, char out[static REFUSAL_TEXT])
{
	size_t length = strnlen(refusal->program, sizeof(refusal->program));

	if (length)
		escape_unless_plain(out, REFUSAL_TEXT, refusal->program, length);
	else if (refusal->has_uid)
		snprintf(out, REFUSAL_TEXT, "uid %u", refusal->uid);
	else
		strcpy(out, "-");
}

void refusal_table_row(const struct refusal_table *table, const char *time,
		       const struct refusal *refusal)
{
	char target[REFUSAL_TARGET], who[REFUSAL_TEXT], count[24], text[REFUSAL_TEXT];
	const char *const texts[] = { time, target, who, count,
				      refusal_reason_name(refusal->reason) };

	refusal_target(refusal, target);
	format_who(refusal, who);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)refusal->count);
	print_row(table, texts);
	if (refusal->allow)
		print_allow(table, refusal, plain(refusal->allow, text));
	else
		print_rule(table, refusal, plain(refusal->rule, text));
	print_names(table, refusal);
}

void refusal_table_lost(const struct refusal_table *table, const char *time,
			uint64_t lost)
{
	buf_printf(table->out, "%-*s  %llu more that could not be recorded\n",
		   (int)table->time, time, (unsigned long long)lost);
}
