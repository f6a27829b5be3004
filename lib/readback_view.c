#include "lib/readback_view.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>

#include "lib/buf.h"

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

static const char *string_of(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0
		       ? mnl_attr_get_str(attr)
		       : NULL;
}

static const struct nlattr *find(const struct nlmsghdr *m, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, m, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attr) ==
								type) return attr;
	return NULL;
}

static int read_table(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	const struct nlattr *flags = find(m, NFTA_TABLE_FLAGS);
	bool dormant = flags && mnl_attr_validate(flags, MNL_TYPE_U32) == 0 &&
		       ntohl(mnl_attr_get_u32(flags)) & NFT_TABLE_F_DORMANT;

	drop_things(view, THING_TABLE, NULL);
	return add_thing(view, THING_TABLE, string_of(find(m, NFTA_TABLE_NAME)),
			 dormant ? "dormant" : "in force", err);
}

static int read_chain(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	char text[256] = "inner";
	const char *name;
	int result;

	if (!c)
		return error_memory(err);
	if (nftnl_chain_nlmsg_parse(m, c) < 0) {
		nftnl_chain_free(c);
		return error_set(err, ERROR_KERNEL,
				 "a chain's message cannot be understood");
	}
	name = nftnl_chain_get_str(c, NFTNL_CHAIN_NAME);
	if (nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM))
		snprintf(text, sizeof(text),
			 "type %s hook %" PRIu32 " priority %" PRId32 " policy %s",
			 nftnl_chain_is_set(c, NFTNL_CHAIN_TYPE)
				 ? nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE)
				 : "filter",
			 nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM),
			 nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO),
			 nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_DROP
				 ? "drop"
				 : "accept");
	drop_things(view, THING_CHAIN, name ? name : "");
	result = add_thing(view, THING_CHAIN, name, text, err);
	nftnl_chain_free(c);
	return result;
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

	if (!r)
		return error_memory(err);
	if (nftnl_rule_nlmsg_parse(m, r) < 0 ||
	    nftnl_expr_foreach(r, add_expr, &text) < 0)
		result = error_set(err, ERROR_KERNEL,
				   "a rule's message cannot be understood");
	else if (text.failed)
		result = error_memory(err);
	else
		result = add_thing(view, THING_RULE,
				   nftnl_rule_get_str(r, NFTNL_RULE_CHAIN),
				   text.data ? text.data : "", err);
	nftnl_rule_free(r);
	return result;
}

static int add_set(struct view *view, const struct nftnl_set *s, struct error *err)
{
	struct set_view set = { 0 };

	set.name = arena_printf(view->arena, "%s", nftnl_set_get_str(s, NFTNL_SET_NAME));
	set.key_length = nftnl_set_get_u32(s, NFTNL_SET_KEY_LEN);
	set.counting = nftnl_set_get_u32(s, NFTNL_SET_FLAGS) & NFT_SET_EVAL;
	if (set.key_length > KEY_MAX)
		return error_set(err, ERROR_KERNEL,
				 "a set's key is %" PRIu32 " bytes long", set.key_length);
	if (!set.name ||
	    !array_grow(&view->sets, &view->set_capacity, view->set_count, sizeof(set)))
		return error_memory(err);
	view->sets[view->set_count++] = set;
	return 0;
}

static int read_set(struct view *view, const struct nlmsghdr *m, struct error *err)
{
	struct nftnl_set *s = nftnl_set_alloc();
	char text[256];
	int result = -1;

	if (!s)
		return error_memory(err);
	if (nftnl_set_nlmsg_parse(m, s) < 0 || !nftnl_set_is_set(s, NFTNL_SET_NAME)) {
		error_set(err, ERROR_KERNEL, "a set's message cannot be understood");
	} else if (!view_set(view, nftnl_set_get_str(s, NFTNL_SET_NAME))) {
		snprintf(text, sizeof(text),
			 "type %" PRIu32 " of %" PRIu32 " bytes, flags %" PRIx32
			 ", size %" PRIu32 ", timeout %" PRIu64 " ms",
			 nftnl_set_get_u32(s, NFTNL_SET_KEY_TYPE),
			 nftnl_set_get_u32(s, NFTNL_SET_KEY_LEN),
			 nftnl_set_get_u32(s, NFTNL_SET_FLAGS),
			 nftnl_set_get_u32(s, NFTNL_SET_DESC_SIZE),
			 nftnl_set_get_u64(s, NFTNL_SET_TIMEOUT));
		result = add_set(view, s, err);
		if (result == 0)
			result = add_thing(view, THING_SET,
					   nftnl_set_get_str(s, NFTNL_SET_NAME), text,
					   err);
	} else {
		result = 0;
	}
	nftnl_set_free(s);
	return result;
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
		delete_set(view, string_of(find(m, NFTA_SET_NAME)));
		return 0;
	default:
		return 0;
	}
}

int view_read(struct view *view, const void *bytes, size_t length, struct error *err)
{
	int left = (int)length;

	*view = (struct view){ .bytes = bytes, .arena = arena_new(0) };
	if (!view->arena)
		return error_memory(err);
	if (length > BYTES_MAX)
		return error_set(err, ERROR_KERNEL, "a fence of %zu bytes is too large",
				 length);
	for (const struct nlmsghdr *m = bytes; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left))
		if (read_message(view, m, err) < 0)
			return -1;
	if (left > 0)
		return error_set(err, ERROR_KERNEL, "a message is cut short");
	for (size_t i = 0; i < view->set_count; i++)
		sort_elements(view, &view->sets[i]);
	return 0;
}

void view_release(struct view *view)
{
	drop_set(view, NULL);
	free(view->sets);
	free(view->things);
	arena_free(view->arena);
}
