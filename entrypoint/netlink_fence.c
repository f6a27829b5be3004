#include "entrypoint/netlink.h"
#include "entrypoint/netlink_socket.h"

/* From a plan to a fence that is proven to stand. */

struct wanted {
	const struct plan *plan;
	const struct site *site;
	struct ruleset_options options;
};

static int build(const struct wanted *wanted, struct ruleset **ret, struct error *err)
{
	if (wanted->plan)
		return ruleset_build(wanted->plan, &wanted->options, false, ret, err);
	return ruleset_build_closed(wanted->site, &wanted->options, ret, err);
}

static int build_and_apply(struct netlink *netlink, struct wanted *wanted,
			   struct ruleset **ret, struct error *err)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;

	if (build(wanted, &ruleset, err) < 0 || netlink_apply(netlink, ruleset, err) < 0)
		return -1;
	*ret = TAKE(ruleset);
	return 0;
}

static int prove(struct netlink *netlink, const struct ruleset *ruleset,
		 struct error *err)
{
	struct dump dump CLEANUP(dump_release) = { 0 };
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings differences = { .arena = arena };

	if (!arena)
		return error_memory(err);
	/* The kernel has taken it, and whoever called must know: what stands is not proven. */
	if (netlink_dump(netlink, &dump, err) < 0 ||
	    readback_compare(ruleset->bytes.data, ruleset->bytes.length, dump.bytes.data,
			     dump.bytes.length, &differences, err) < 0) {
		err->kind = ERROR_PROOF;
		return -1;
	}
	if (differences.count == 0)
		return 0;
	return error_set(err, ERROR_PROOF,
			 "the kernel holds another fence than was sent: %s",
			 differences.v[0].text);
}

/* One fence in place of what stands. */
static int replace(struct netlink *netlink, struct wanted *wanted, struct ruleset **ret,
		   struct error *err)
{
	struct dump frame CLEANUP(dump_release) = { 0 };
	int result;

	if (netlink_read_frame(netlink, &frame, err) < 0)
		return -1;
	wanted->options.standing = frame.bytes.data;
	wanted->options.standing_length = frame.bytes.length;
	result = build_and_apply(netlink, wanted, ret, err);
	if (result < 0 && netlink->optional && !wanted->options.quiet) {
		wanted->options.quiet = true;
		result = build_and_apply(netlink, wanted, ret, err);
	}
	return result;
}

int netlink_fence(struct netlink *netlink, const struct plan *plan,
		  const struct site *site, const struct ruleset_options *options,
		  struct ruleset **ret, struct error *err)
{
	struct wanted wanted = { .plan = plan, .site = site, .options = *options };
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct ruleset *plain CLEANUP(ruleset_freep) = NULL;
	struct error ignored;

	if ((options->own && netlink_can_own(netlink, &wanted.options.own, err) < 0) ||
	    replace(netlink, &wanted, &ruleset, err) < 0)
		return -1;
	/* Once more when the plain names were taken, so that applying twice is applying
	 * once. The fence stands already: that this fails is no fault of it. */
	if (plan && !ruleset->plain) {
		if (replace(netlink, &wanted, &plain, &ignored) == 0) {
			ruleset_free(ruleset);
			ruleset = TAKE(plain);
		}
	}
	if (prove(netlink, ruleset, err) < 0)
		return -1;
	*ret = TAKE(ruleset);
	return 0;
}
