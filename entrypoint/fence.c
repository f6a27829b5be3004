#include "entrypoint/fence.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "entrypoint/hosts.h"
#include "entrypoint/log.h"
#include "entrypoint/netlink.h"
#include "entrypoint/state.h"
#include "lib/entries.h"
#include "lib/neighbours.h"
#include "lib/ruleset.h"

void fence_release(struct fence *fence)
{
	plan_free(fence->plan);
	netlink_close(fence->netlink);
	buf_release(&fence->entries);
	*fence = (struct fence){ 0 };
}

/* A mark that no flow of an earlier apply carries. */
static int draw_mark(uint32_t *ret, struct error *err)
{
	do {
		if (getrandom(ret, sizeof(*ret), 0) != sizeof(*ret))
			return error_errno(err, ERROR_KERNEL, errno,
					   "cannot draw a random mark");
	} while (*ret == 0);
	return 0;
}

int fence_compare(const struct buf *sent, struct findings *differences, struct error *err)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct dump dump CLEANUP(dump_release) = { 0 };

	if (netlink_open(&netlink, err) < 0 || netlink_dump(netlink, &dump, err) < 0)
		return -1;
	return readback_compare(sent->data, sent->length, dump.bytes.data,
				dump.bytes.length, differences, err);
}

int fence_neighbours(struct findings *findings, struct error *err)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct dump dump CLEANUP(dump_release) = { 0 };

	if (netlink_open(&netlink, err) < 0 || netlink_dump_all(netlink, &dump, err) < 0)
		return -1;
	return neighbours_find(dump.bytes.data, dump.bytes.length, findings, err);
}

int fence_stands(bool *ret, struct error *err)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;

	/* Behind the fence the filter denies even the socket, with the number of a kernel that
	 * has no netfilter at all; the kernel tells tables to root alone anyway. */
	if (geteuid() != 0)
		return error_set(err, ERROR_PRIVILEGE, "only root sees the fence itself");
	if (netlink_open(&netlink, err) < 0)
		return -1;
	return netlink_table_exists(netlink, ret, err);
}

static int close_first(struct netlink *netlink, const struct site *site,
		       const struct ruleset_options *options, struct error *err)
{
	struct ruleset *closed CLEANUP(ruleset_freep) = NULL;
	bool stands;

	if (netlink_table_exists(netlink, &stands, err) < 0)
		return -1;
	return stands ? 0 : netlink_fence(netlink, NULL, site, options, &closed, err);
}

static int put_in_place(struct fence *fence, const struct ruleset_options *options,
			struct error *err)
{
	struct ruleset *ruleset CLEANUP(ruleset_freep) = NULL;
	struct error unkept;

	if (netlink_fence(fence->netlink, fence->plan, &fence->plan->site, options,
			  &ruleset, err) < 0)
		return -1;
	fence->plain = ruleset->plain;
	if (ruleset->quiet)
		log_warning("this kernel cannot log or count: refusals will not be seen");
	if (state_write(fence->plan, &fence->answers, &fence->entries, &ruleset->bytes,
			&unkept) != 0)
		log_verbose("what is in force is not kept: %s", unkept.text);
	return 0;
}

/* Mode full with nothing to refuse: a fence that stood comes down, if there is a netfilter and
 * we may see it at all. */
static int take_down(const struct fence *fence, struct error *err)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	const struct buf nothing = { 0 };
	struct error ignored;
	bool stands = false;

	if (netlink_open(&netlink, &ignored) == 0 &&
	    netlink_table_exists(netlink, &stands, &ignored) == 0 && stands &&
	    netlink_table_delete(netlink, err) < 0)
		return -1;
	(void)!state_write(fence->plan, &fence->answers, &fence->entries, &nothing,
			   &ignored);
	return 0;
}

bool fence_is_open(const struct policy *policy)
{
	const struct opening *openings[] = { &policy->host_gateway, &policy->inbound };

	if (policy->mode != MODE_FULL || policy->dns != STANCE_RESOLVERS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++)
		if (openings[i]->kind == OPENING_CLOSED ||
		    openings[i]->kind == OPENING_PORTS)
			return false;
	for (size_t i = 0; i < policy->count; i++)
		if (policy->entries[i].deny)
			return false;
	return true;
}

static int pin(const struct fence *fence, struct error *err)
{
	struct error stale;

	if (fence->plan->fenced && fence->plan->dns == STANCE_PINNED)
		return hosts_pin(&fence->answers, err);
	if (hosts_unpin(&stale) < 0)
		log_warning("names pinned by an earlier start stay: %s", stale.text);
	return 0;
}

/* Is there anything to ask DNS, behind a fence? Else the plan itself can be the first
 * transaction, which saves the kernel the closed one and the time to take it apart. */
static int asks_dns(const struct options *options, const struct inputs *inputs, bool *ret,
		    struct error *err)
{
	const char *const *names;
	size_t count = 0;

	if (!fence_is_open(&inputs->policy) && !options->any.answers &&
	    policy_names(&inputs->policy, inputs->arena, &names, &count, err) < 0)
		return -1;
	*ret = count > 0;
	return 0;
}

/* `mark` 0: a guard that serves already asks nothing of the network itself. */
static int plan_at(const struct options *options, struct inputs *inputs,
		   const struct site *site, uint32_t mark, struct fence *ret,
		   struct error *err)
{
	if (!fence_is_open(&inputs->policy) &&
	    inputs_answers(options, inputs, NULL, mark, &ret->answers, err) < 0)
		return -1;
	entries_print(&inputs->policy, &ret->entries);
	if (ret->entries.failed)
		return error_memory(err);
	return plan_build(&inputs->policy, &ret->answers, site, &inputs->notes,
			  &ret->plan, err);
}

int fence_plan(const struct options *options, struct inputs *inputs,
	       const struct site *resolvers, struct fence *ret, struct error *err)
{
	uint32_t mark = policy_needs_guard(&inputs->policy) ? 0 : RULESET_SOCKET_MARK;
	struct site site;

	if (inputs_site(resolvers, &site, err) < 0)
		return -1;
	return plan_at(options, inputs, &site, mark, ret, err);
}

static int raise_plan(const struct options *options, struct inputs *inputs,
		      const struct site *site, const struct ruleset_options *marks,
		      struct fence *ret, struct error *err)
{
	if (plan_at(options, inputs, site, marks->socket_mark, ret, err) < 0 ||
	    pin(ret, err) < 0)
		return -1;
	return ret->plan->fenced ? put_in_place(ret, marks, err) : take_down(ret, err);
}

int fence_put(struct fence *ret, const struct ruleset_guard *guard, struct error *err)
{
	struct ruleset_options marks = {
		.socket_mark = RULESET_SOCKET_MARK,
		.own = true,
		.guard = guard,
	};
	int lock CLEANUP(state_unlockp) = -1;

	if (draw_mark(&marks.flow_mark, err) < 0 || state_lock(&lock, err) < 0 ||
	    pin(ret, err) < 0)
		return -1;
	return put_in_place(ret, &marks, err);
}

int fence_raise(const struct options *options, struct inputs *inputs, bool hold,
		const struct ruleset_guard *guard, struct fence *ret, struct error *err)
{
	struct ruleset_options marks = {
		.socket_mark = RULESET_SOCKET_MARK,
		.own = hold,
		.guard = guard,
	};
	int lock CLEANUP(state_unlockp) = -1;
	bool open = fence_is_open(&inputs->policy), asks;
	struct error unclosed;
	struct site site;
	int result;

	*ret = (struct fence){ 0 };
	if (draw_mark(&marks.flow_mark, err) < 0 || inputs_site(NULL, &site, err) < 0 ||
	    asks_dns(options, inputs, &asks, err) < 0)
		return -1;
	if (!open && (netlink_open(&ret->netlink, err) < 0 || state_lock(&lock, err) < 0))
		return -1;
	if (asks && close_first(ret->netlink, &site, &marks, err) < 0)
		return -1;
	result = raise_plan(options, inputs, &site, &marks, ret, err);
	/* A failure leaves what stood, the first time the closed fence. */
	if (result < 0 && !open &&
	    close_first(ret->netlink, &site, &marks, &unclosed) < 0)
		log_error("%s", unclosed.text);
	if (!hold)
		netlink_close(TAKE(ret->netlink));
	return result;
}
