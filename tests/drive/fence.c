/* Drives the ruleset without the rest of netpale: fence VERB [OPTION...] with flows on
 * stdin, one a line: FIRST[-LAST] any|all|[tcp:|udp:]PORT[-PORT][,...]; beside them the
 * lines "resolver ADDR", "inbound tcp:PORT", "inbound open", "mode audit|none|full",
 * "dns pinned|guarded", "mark NUMBER"; of a guarded fence "class PORTS", "live ADDR CLASS
 * MS", "lapsed ADDR CLASS"; and "own yes".
 *
 * What is learned is lines too: "add|refresh ADDR CLASS MS", "remove ADDR CLASS". `learn`
 * sends all of stdin's as one transaction. `hold` does what stdin says as it comes, on one
 * socket: a plan is applied at the line ".", a learned address at once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "entrypoint/netlink.h"
#include "lib/arena.h"
#include "lib/plan.h"

#define SOCKET_MARK 0x6e70616c

static struct error err;

static void die(const char *what)
{
	fprintf(stderr, "fence: %s: %s\n", what, err.text);
	exit(err.kind);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct addr must_addr(const char *text)
{
	struct addr addr;

	if (!addr_parse(text, strlen(text), &addr))
		error_set(&err, ERROR_USAGE, "'%s'", text), die("address");
	return addr;
}

static portset must_ports(struct portsets *table, const char *text)
{
	struct port_range ranges[64];
	char copy[1024], *save, *item;
	size_t count = 0;
	portset id;

	if (strcmp(text, "any") == 0)
		return PORTSET_ANY;
	if (strcmp(text, "all") == 0)
		return PORTSET_WHOLE;
	snprintf(copy, sizeof(copy), "%s", text);
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		uint32_t base = strncmp(item, "udp:", 4) == 0 ? PORTSET_UDP : 0;
		char *number = strchr(item, ':') ? strchr(item, ':') + 1 : item;
		uint32_t first = (uint32_t)strtoul(number, &number, 10);
		uint32_t last =
			*number == '-' ? (uint32_t)strtoul(number + 1, NULL, 10) : first;

		ranges[count++] = (struct port_range){ base + first, base + last };
	}
	if (portset_make(table, ranges, count, &id, &err) < 0)
		die(text);
	return id;
}

static void add_span(struct plan *plan, char *addrs, const char *ports)
{
	char *dash = strchr(addrs, '-');
	struct spans *spans;
	struct addr first, last;

	if (dash)
		*dash = '\0';
	first = must_addr(addrs);
	last = dash ? must_addr(dash + 1) : first;
	spans = &plan->spans[first.family == FAMILY_6];
	if (!array_grow(&spans->v, &spans->capacity, spans->count, sizeof(*spans->v)))
		exit(71);
	spans->v[spans->count++] = (struct span){ first.value, last.value,
						  must_ports(plan->portsets, ports) };
}

struct wanted {
	struct plan *plan;
	struct site site;
	struct ruleset_options options;
	struct ruleset_guard guard;
	struct lease_ops live, lapsed;
};

static void add_op(struct lease_ops *ops, const char *line)
{
	char verb[16], addr[64];
	unsigned class = 0, ms = 0;

	if (sscanf(line, "%15s %63s %u %u", verb, addr, &class, &ms) < 2 ||
	    !array_grow(&ops->v, &ops->capacity, ops->count, sizeof(*ops->v)))
		exit(71);
	ops->v[ops->count++] = (struct lease_op){ .addr = must_addr(addr),
						  .class = (uint8_t)class,
						  .remove = strcmp(verb, "remove") == 0,
						  .refresh = strcmp(verb, "refresh") == 0,
						  .timeout_ms = ms };
}

static void read_guarded(struct wanted *wanted, const char *line, const char *word,
			 const char *rest)
{
	struct plan *plan = wanted->plan;

	if (strcmp(word, "live") == 0)
		add_op(&wanted->live, line);
	else if (strcmp(word, "lapsed") == 0)
		add_op(&wanted->lapsed, line);
	else
		plan->classes[plan->class_count++] = must_ports(plan->portsets, rest);
}

static void read_line(struct wanted *wanted, const char *line)
{
	struct plan *plan = wanted->plan;
	char word[256], rest[768];

	if (sscanf(line, "%255s %767s", word, rest) != 2)
		return;
	if (strcmp(word, "resolver") == 0)
		wanted->site.resolvers[wanted->site.resolver_count++] = must_addr(rest);
	else if (strcmp(word, "mode") == 0)
		plan->mode = rest[0] == 'a'   ? MODE_AUDIT
			     : rest[0] == 'n' ? MODE_NONE
					      : MODE_FULL;
	else if (strcmp(word, "dns") == 0)
		plan->dns = rest[0] == 'g' ? STANCE_GUARDED : STANCE_PINNED;
	else if (strcmp(word, "mark") == 0)
		wanted->options.flow_mark = (uint32_t)strtoul(rest, NULL, 0);
	else if (strcmp(word, "own") == 0)
		wanted->options.own = true;
	else if (strcmp(word, "inbound") == 0 && strcmp(rest, "open") == 0)
		plan->inbound_open = true;
	else if (strcmp(word, "inbound") == 0)
		plan->inbound = must_ports(plan->portsets, rest);
	else if (strcmp(word, "class") == 0 || strcmp(word, "live") == 0 ||
		 strcmp(word, "lapsed") == 0)
		read_guarded(wanted, line, word, rest);
	else
		add_span(plan, word, rest);
}

static void wanted_begin(struct wanted *wanted)
{
	*wanted = (struct wanted){ .plan = calloc(1, sizeof(struct plan)),
				   .options = { .flow_mark = 0x1234,
						.socket_mark = SOCKET_MARK } };
	if (!wanted->plan)
		exit(71);
	*wanted->plan = (struct plan){ .mode = MODE_RESTRICTED,
				       .fenced = true,
				       .dns = STANCE_RESOLVERS,
				       .portsets = portsets_new() };
}

/* As plan_build() would leave it. */
static void wanted_end(struct wanted *wanted)
{
	struct plan *plan = wanted->plan;

	plan->site = wanted->site;
	if (plan->dns != STANCE_GUARDED) {
		memcpy(plan->resolvers, wanted->site.resolvers, sizeof(plan->resolvers));
		plan->resolver_count = wanted->site.resolver_count;
	}
	wanted->guard = (struct ruleset_guard){ .live = wanted->live.v,
						.live_count = wanted->live.count,
						.lapsed = wanted->lapsed.v,
						.lapsed_count = wanted->lapsed.count };
	wanted->options.guard = &wanted->guard;
}

static void wanted_release(struct wanted *wanted)
{
	plan_free(wanted->plan);
	free(wanted->live.v);
	free(wanted->lapsed.v);
}

static void put(const void *bytes, size_t length, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
		exit(71);
}

static void get(struct buf *out, const char *path)
{
	FILE *file = fopen(path, "r");
	char chunk[65536];
	size_t got;

	if (!file)
		exit(71);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(out, chunk, got);
	fclose(file);
}

/* Says what the kernel holds other than SENT; fails when there is something. */
static int compare(struct netlink *netlink, const struct buf *sent)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings differences = { .arena = arena };
	struct dump dump CLEANUP(dump_release) = { 0 };

	if (!arena || netlink_dump(netlink, &dump, &err) < 0 ||
	    readback_compare(sent->data, sent->length, dump.bytes.data, dump.bytes.length,
			     &differences, &err) < 0)
		die("compare");
	for (size_t i = 0; i < differences.count; i++)
		puts(differences.v[i].text);
	return differences.count != 0;
}

static int show_site(void)
{
	char text[PREFIX_TEXT];
	struct site site = { 0 };

	if (netlink_read_site(&site, &err) < 0)
		die("site");
	for (size_t i = 0; i < site.own_count; i++)
		printf("own %s\n", addr_format(&site.own[i], text));
	for (size_t i = 0; i < site.attached_count; i++)
		printf("attached %s\n", prefix_format(&site.attached[i], text));
	for (size_t i = 0; i < site.gateway_count; i++)
		printf("gateway %s\n", addr_format(&site.gateways[i], text));
	return 0;
}

static int show_text(const struct plan *plan, const struct ruleset_options *options)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	if (ruleset_build(plan, options, true, &ruleset, &err) < 0)
		die("text");
	fwrite(ruleset->text.data, 1, ruleset->text.length, stdout);
	return 0;
}

static int verify(const char *path)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct buf sent CLEANUP(buf_release) = { 0 };

	if (netlink_open(&netlink, &err) < 0)
		die("verify");
	get(&sent, path);
	return compare(netlink, &sent);
}

static int delete(void)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;

	if (netlink_open(&netlink, &err) < 0 || netlink_table_delete(netlink, &err) < 0)
		die("delete");
	return 0;
}

/* `plan` NULL: the closed fence. Keeps what was sent in `path`, for verify. */
static int apply(const struct plan *plan, const struct site *site,
		 const struct ruleset_options *options, const char *path)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	double start = now();

	if (netlink_open(&netlink, &err) < 0 ||
	    netlink_fence(netlink, plan, site, options, &ruleset, &err) < 0)
		die("apply");
	fprintf(stderr, "%.1f ms\n", now() - start);
	if (path)
		put(ruleset->bytes.data, ruleset->bytes.length, path);
	return 0;
}

/* How long each part takes, in ms: built, sent, read back, compared. */
static int phases(const struct plan *plan, const struct ruleset_options *options)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings differences = { .arena = arena };
	struct dump dump CLEANUP(dump_release) = { 0 };
	struct ruleset_options with = *options;
	struct dump frame CLEANUP(dump_release) = { 0 };
	double at[5] = { now() };

	if (netlink_open(&netlink, &err) < 0 ||
	    netlink_read_frame(netlink, &frame, &err) < 0)
		die("frame");
	with.standing = frame.bytes.data;
	with.standing_length = frame.bytes.length;
	if (ruleset_build(plan, &with, false, &ruleset, &err) < 0)
		die("build");
	at[1] = now();
	if (netlink_apply(netlink, ruleset, &err) < 0)
		die("apply");
	at[2] = now();
	if (netlink_dump(netlink, &dump, &err) < 0)
		die("dump");
	at[3] = now();
	if (!arena ||
	    readback_compare(ruleset->bytes.data, ruleset->bytes.length, dump.bytes.data,
			     dump.bytes.length, &differences, &err) < 0 ||
	    differences.count)
		die("compare");
	at[4] = now();
	for (size_t i = 1; i < ARRAY_SIZE(at); i++)
		printf("%.1f ", at[i] - at[i - 1]);
	printf("%.1f ms, %zu bytes\n", at[4] - at[0], ruleset->bytes.length);
	return 0;
}

static void release_ops(struct lease_ops *ops)
{
	free(ops->v);
}

/* 0, 1 when there is nothing to learn into, 2 for another refusal. */
static int learn_ops(struct netlink *netlink, const struct lease_ops *ops)
{
	bool gone;

	if (netlink_learn(netlink, ops->v, ops->count, true, &gone, &err) == 0)
		return 0;
	fprintf(stderr, "fence: learn: %s\n", err.text);
	return gone ? 1 : 2;
}

static int learn(void)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct lease_ops ops CLEANUP(release_ops) = { 0 };
	char line[256];

	if (netlink_open(&netlink, &err) < 0)
		die("learn");
	while (fgets(line, sizeof(line), stdin))
		add_op(&ops, line);
	return learn_ops(netlink, &ops);
}

static void apply_held(struct netlink *netlink, struct wanted *wanted)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	wanted_end(wanted);
	if (netlink_fence(netlink, wanted->plan, &wanted->site, &wanted->options,
			  &ruleset, &err) < 0)
		printf("failed: %s\n", err.text);
	else
		puts(ruleset->owned ? "held" : "stands");
}

/* Answers each plan and each learned address with a line. */
static int hold(void)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct wanted wanted CLEANUP(wanted_release);
	char line[1024];

	wanted_begin(&wanted);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (netlink_open(&netlink, &err) < 0)
		die("hold");
	while (fgets(line, sizeof(line), stdin)) {
		struct lease_ops ops CLEANUP(release_ops) = { 0 };

		if (line[0] == '.') {
			apply_held(netlink, &wanted);
			wanted_release(&wanted);
			wanted_begin(&wanted);
		} else if (strncmp(line, "add ", 4) == 0 || strncmp(line, "re", 2) == 0) {
			add_op(&ops, line);
			puts(learn_ops(netlink, &ops) == 0 ? "learned" : "refused");
		} else {
			read_line(&wanted, line);
		}
	}
	return 0;
}

static int in_order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Microseconds for one address at a time, in the set of class 0, which stands: median and
 * the one in a hundred. */
static int pace(size_t held)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	static double took[2][4000];
	bool gone;

	if (netlink_open(&netlink, &err) < 0)
		die("pace");
	for (size_t i = 0; i < held + ARRAY_SIZE(took[0]); i++) {
		struct lease_op op = { .addr = { 0x0b000000 + i * 7, FAMILY_4 },
				       .timeout_ms = 600000 };

		for (size_t again = 0; again < 2; again++) {
			double start = now();

			op.refresh = again;
			if (netlink_learn(netlink, &op, 1, true, &gone, &err) < 0)
				die("learn");
			if (i >= held)
				took[again][i - held] = (now() - start) * 1e3;
			else
				break;
		}
	}
	for (size_t again = 0; again < 2; again++) {
		qsort(took[again], ARRAY_SIZE(took[0]), sizeof(double), in_order);
		printf("%s %.1f us, 99%% %.1f us\n", again ? "refresh" : "add",
		       took[again][ARRAY_SIZE(took[0]) / 2],
		       took[again][ARRAY_SIZE(took[0]) / 100 * 99]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : NULL;
	struct wanted wanted CLEANUP(wanted_release) = { 0 };
	char line[1024];

	if (strcmp(verb, "site") == 0)
		return show_site();
	if (strcmp(verb, "verify") == 0)
		return verify(path);
	if (strcmp(verb, "delete") == 0)
		return delete ();
	if (strcmp(verb, "learn") == 0)
		return learn();
	if (strcmp(verb, "hold") == 0)
		return hold();
	if (strcmp(verb, "pace") == 0)
		return pace(path ? strtoul(path, NULL, 10) : 0);
	wanted_begin(&wanted);
	while (fgets(line, sizeof(line), stdin))
		read_line(&wanted, line);
	wanted_end(&wanted);
	if (strcmp(verb, "text") == 0)
		return show_text(wanted.plan, &wanted.options);
	if (strcmp(verb, "phases") == 0)
		return phases(wanted.plan, &wanted.options);
	if (strcmp(verb, "apply") == 0)
		return apply(wanted.plan, &wanted.site, &wanted.options, path);
	if (strcmp(verb, "close") == 0)
		return apply(NULL, &wanted.site, &wanted.options, path);
	return 64;
}
