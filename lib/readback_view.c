#include "lib/readback_view.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "lib/buf.h"
#include "lib/messages.h"
#include "lib/rule_text.h"

/* Fuzzed and root's own files may be anything; a fence is at most a few MiB. */
#define BYTES_MAX (1u << 30)
#define KEY_MAX 64 /* the kernel's limit */

static int add_thing(struct view *view, enum thing_kind kind, const char *name,
		     const char *text, struct error *err)
{
	struct thing thing = { .kind = kind };

	thing.name = arena_printf(view->arena, "%s", name ? name : "");
	thing.text = arena_printf(view->arena, "%s", text);
	if (!thing.name || !thing.text ||
	    !array_grow(&view->things, &view->capacity, view->count, sizeof(thing)))
		return error_memory(err);
	view->things[view->count++] = thing;
	return 0;
}

/* Takes things of a kind away; `name` NULL: all of them. */
static void drop_things(struct view *view, enum thing_kind kind, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct thing *thing = &view->things[i];

		if (thing->kind != kind || (name && strcmp(thing->name, name) != 0))
			view->things[kept++] = *thing;
	}
	view->count = kept;
}

static void drop_set(struct view *view, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->set_count; i++) {
		if (!name || strcmp(view->sets[i].name, name) == 0)
			free(view->sets[i].v);
		else
			view->sets[kept++] = view->sets[i];
	}
	view->set_count = kept;
}

static int read_table(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	bool dormant =
		attr_number(message_find(m, NFTA_TABLE_FLAGS)) & NFT_TABLE_F_DORMANT;

	drop_things(view, THING_TABLE, NULL);
	return add_thing(view, THING_TABLE, message_text(m, NFTA_TABLE_NAME),
			 dormant ? "asleep" : "in force", err);
}

static int read_chain(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	const struct nlattr *hook = message_find(m, NFTA_CHAIN_HOOK);
	const char *name = message_text(m, NFTA_CHAIN_NAME);
	const char *type = message_text(m, NFTA_CHAIN_TYPE);
	char text[256] = "on no hook";

	if (!name)
		return error_set(err, ERROR_KERNEL,
				 "a chain's message cannot be understood");
	if (hook)
		snprintf(text, sizeof(text),
			 "type %.32s; hook %s; priority %" PRId32 "; policy %s",
			 type ? type : "filter",
			 rule_hook_name(NFPROTO_INET,
					attr_number(attr_find(hook, NFTA_HOOK_HOOKNUM))),
			 (int32_t)attr_number(attr_find(hook, NFTA_HOOK_PRIORITY)),
			 attr_number(message_find(m, NFTA_CHAIN_POLICY)) == NF_DROP
				 ? "drop"
				 : "accept");
	drop_things(view, THING_CHAIN, name);
	return add_thing(view, THING_CHAIN, name, text, err);
}

static int add_expr(struct nftnl_expr *e, void *data)
{
	struct buf *text = data;
	char shown[1024];

	if (nftnl_expr_snprintf(shown, sizeof(shown), e, NFTNL_OUTPUT_DEFAULT, 0) < 0)
		return -1;
	buf_printf(text, "%s[ %s %s]", text->length ? " " : "",
		   nftnl_expr_get_str(e, NFTNL_EXPR_NAME), shown);
	return 0;
}

static int read_rule(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct nftnl_rule *r = nftnl_rule_alloc();
	int result;

	if (!r || nftnl_rule_nlmsg_parse(m, r) < 0 ||
	    nftnl_expr_foreach(r, add_expr, &text) < 0)
		result = error_set(err, ERROR_KERNEL,
				   "a rule's message cannot be understood");
	else if (text.failed)
		result = error_memory(err);
	else
		result = add_thing(view, THING_RULE,
				   nftnl_rule_get_str(r, NFTNL_RULE_CHAIN),
				   text.data ? text.data : "", err);
	if (result == 0)
		view->things[view->count - 1].message = m;
	if (r)
		nftnl_rule_free(r);
	return result;
}

static int add_set(struct view *view, const char *name, uint32_t key_length,
		   uint32_t flags, struct error *err)
{
	struct set_view set = { .key_length = key_length,
				.dynamic = flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT),
				.intervals = (flags & NFT_SET_INTERVAL) &&
					     !(flags & NFT_SET_CONCAT) };

	if (key_length == 0 || key_length > KEY_MAX)
		return error_set(err, ERROR_KERNEL,
				 "a set's key is %" PRIu32 " bytes long", key_length);
	set.name = arena_printf(view->arena, "%s", name);
	if (!set.name ||
	    !array_grow(&view->sets, &view->set_capacity, view->set_count, sizeof(set)))
		return error_memory(err);
	view->sets[view->set_count++] = set;
	return 0;
}

static uint64_t timeout_of(const struct nlmsghdr *m)
{
	const struct nlattr *attr = message_find(m, NFTA_SET_TIMEOUT);

	return attr && mnl_attr_validate(attr, MNL_TYPE_U64) == 0
		       ? be64toh(mnl_attr_get_u64(attr))
		       : 0;
}

static int read_set(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	const char *name = message_text(m, NFTA_SET_NAME);
	uint32_t key_length = attr_number(message_find(m, NFTA_SET_KEY_LEN));
	uint32_t flags = attr_number(message_find(m, NFTA_SET_FLAGS));
	char text[256];

	if (!name)
		return error_set(err, ERROR_KERNEL,
				 "a set's message cannot be understood");
	if (view_set(view, name))
		return 0;
	snprintf(text, sizeof(text),
		 "type %" PRIu32 "; keys of %" PRIu32 " bytes; flags 0x%" PRIx32
		 "; size %" PRIu32 "; timeout %" PRIu64 " ms",
		 attr_number(message_find(m, NFTA_SET_KEY_TYPE)), key_length, flags,
		 attr_number(
			 attr_find(message_find(m, NFTA_SET_DESC), NFTA_SET_DESC_SIZE)),
		 timeout_of(m));
	if (add_set(view, name, key_length, flags, err) < 0)
		return -1;
	return add_thing(view, THING_SET, name, text, err);
}

static void delete_set(struct view *view, const char *name)
{
	drop_things(view, THING_SET, name);
	drop_set(view, name);
}

static void delete_everything(struct view *view)
{
	for (enum thing_kind kind = THING_TABLE; kind <= THING_RULE; kind++)
		drop_things(view, kind, NULL);
	drop_set(view, NULL);
}

static int read_message(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	if (NFNL_SUBSYS_ID(m->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct nfgenmsg))
		return 0;
	switch (NFNL_MSG_TYPE(m->nlmsg_type)) {
	case NFT_MSG_NEWTABLE:
		return read_table(view, m, err);
	case NFT_MSG_NEWCHAIN:
		return read_chain(view, m, err);
	case NFT_MSG_NEWRULE:
		return read_rule(view, m, err);
	case NFT_MSG_NEWSET:
		return read_set(view, m, err);
	case NFT_MSG_NEWSETELEM:
		return read_elements(view, m, err);
	case NFT_MSG_DELTABLE:
		delete_everything(view);
		return 0;
	case NFT_MSG_DELRULE:
		drop_things(view, THING_RULE, NULL);
		return 0;
	case NFT_MSG_DELSET:
		delete_set(view, message_text(m, NFTA_SET_NAME));
		return 0;
	default:
		return 0;
	}
}

int view_read(struct view *view, const void *bytes, size_t length, struct error *err)
{
	const struct nlmsghdr *m;
	size_t at = 0;

	*view = (struct view){ .bytes = bytes, .arena = arena_new(0) };
	if (!view->arena)
		return error_memory(err);
	if (length > BYTES_MAX)
		return error_set(err, ERROR_KERNEL, "a fence of %zu bytes is too large",
				 length);
	while ((m = messages_next(bytes, length, &at)))
		if (read_message(view, m, err) < 0)
			return -1;
	if (at < length)
		return error_set(err, ERROR_KERNEL, "a message is cut short");
	for (size_t i = 0; i < view->set_count; i++) {
		sort_elements(view, &view->sets[i]);
		join_intervals(&view->sets[i]);
	}
	return 0;
}

void view_release(struct view *view)
{
	drop_set(view, NULL);
	free(view->sets);
	free(view->things);
	arena_free(view->arena);
}
