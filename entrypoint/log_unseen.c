#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entrypoint/log_verb.h"
#include "entrypoint/netlink.h"
#include "entrypoint/state.h"
#include "lib/site.h"

/* The log samples, the kernel counts: what only the counters know, below the table. */

#define LINES_MAX 10

/* 100,000: a comma before each third digit. */
#define NUMBER_TEXT 28
static char *with_commas(uint64_t number, char out[static NUMBER_TEXT])
{
	char digits[NUMBER_TEXT], *at = out;
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return out;
}

static void print_line(const char *what, const struct count *count)
{
	char packets[NUMBER_TEXT], seen[NUMBER_TEXT];

	printf("%s: %s refused in all, the log has seen %s\n", what,
	       with_commas(count->packets, packets),
	       count->seen ? with_commas(count->seen, seen) : "none");
}

/* Packets that came in are counted by their destination, too, which is here; their rows say where they
 * came from. */
static struct count take_inbound(const struct refusal_list *list, struct counts *counts)
{
	struct count inbound = { 0 };
	struct site site = { 0 };
	struct error ignored;

	if (netlink_read_site(&site, &ignored) < 0)
		return inbound;
	for (size_t i = 0; i < counts->count; i++) {
		if (!site_is_own(&site, &counts->v[i].to))
			continue;
		inbound.packets += counts->v[i].packets;
		counts->v[i].packets = 0;
	}
	for (size_t i = 0; i < list->count; i++)
		if (list->v[i].reason == REFUSAL_INBOUND)
			inbound.seen += list->v[i].count;
	return inbound;
}

static void mark_seen(const struct refusal_list *list, struct counts *counts)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct refusal *row = &list->v[i];
		struct count *count = NULL;

		/* Questions to DNS are no packets that the fence refused. */
		if (row->has_addr && row->protocol && row->reason != REFUSAL_INBOUND)
			count = counts_find(counts, &row->addr);
		if (count)
			count->seen += row->count;
	}
}

/* What netpale itself tried, to prove that it is refused (proof.h), nobody wants to know. */
static void forget_canaries(struct counts *counts)
{
	struct state state CLEANUP(state_release) = { 0 };
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct error ignored;

	if (!arena || state_read(arena, &state, &ignored) != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(state.refused); i++) {
		struct count *count = NULL;

		if (state.has_refused[i])
			count = counts_find(counts, &state.refused[i]);
		if (count && !count->seen)
			count->packets = 0;
	}
}

static uint64_t unseen(const struct count *count)
{
	return count->packets > count->seen ? count->packets - count->seen : 0;
}

static int by_unseen(const void *a, const void *b)
{
	uint64_t left = unseen(a), right = unseen(b);

	return (right > left) - (right < left);
}

static void begin(bool *begun, const struct refusal_list *list)
{
	if (!*begun && (list->count || list->lost))
		putchar('\n');
	*begun = true;
}

bool log_print_unseen(const struct refusal_list *list, struct counts *counts)
{
	struct count inbound = take_inbound(list, counts);
	char text[NUMBER_TEXT], addr[ADDR_TEXT];
	bool begun = false;
	size_t more = 0;

	mark_seen(list, counts);
	forget_canaries(counts);
	if (counts->count)
		qsort(counts->v, counts->count, sizeof(*counts->v), by_unseen);
	for (size_t i = 0; i < counts->count && unseen(&counts->v[i]); i++) {
		if (i >= LINES_MAX) {
			more++;
			continue;
		}
		begin(&begun, list);
		print_line(addr_format(&counts->v[i].to, addr), &counts->v[i]);
	}
	if (more)
		printf("and %s more destinations\n", with_commas(more, text));
	if (unseen(&inbound)) {
		begin(&begun, list);
		print_line("inbound", &inbound);
	}
	return begun;
}
