#include "lib/recall.h"

#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"

struct found {
	struct packet packet; /* what it carried does not count */
	struct refusal refusal;
	size_t lately; /* of its names: those that DNS gave; behind them the answers' */
	char *texts;   /* owned; NULL: nothing was found here */
};

struct recall {
	struct found found[RECALL_MAX];
	size_t oldest;
};

struct recall *recall_new(void)
{
	return calloc(1, sizeof(struct recall));
}

void recall_forget(struct recall *recall)
{
	for (size_t i = 0; i < RECALL_MAX; i++)
		free(recall->found[i].texts);
	*recall = (struct recall){ 0 };
}

void recall_free(struct recall *recall)
{
	if (recall)
		recall_forget(recall);
	free(recall);
}

static bool are_equal(const struct packet *a, const struct packet *b)
{
	return a->hook == b->hook && a->protocol == b->protocol &&
	       a->has_ports == b->has_ports &&
	       a->destination_port == b->destination_port && a->has_uid == b->has_uid &&
	       a->uid == b->uid && addr_compare(&a->source, &b->source) == 0 &&
	       addr_compare(&a->destination, &b->destination) == 0;
}

/* Nobody asks for the names of who comes in. */
static struct refusal names_lately(const struct blame *by, const struct packet *packet)
{
	struct refusal names = { 0 };

	if (packet->hook != PACKET_IN)
		blame_names(by, &packet->destination, &names);
	return names;
}

static bool has_names(const struct found *found, const struct refusal *names)
{
	if (found->lately != names->name_count)
		return false;
	for (size_t i = 0; i < found->lately; i++)
		if (strcmp(found->refusal.names[i], names->names[i]) != 0)
			return false;
	return true;
}

static struct found *find(struct recall *recall, const struct packet *packet)
{
	for (size_t i = 0; i < RECALL_MAX; i++)
		if (recall->found[i].texts && are_equal(&recall->found[i].packet, packet))
			return &recall->found[i];
	return NULL;
}

/* Without memory it is found anew the next time. */
static void keep(struct found *found, const struct packet *packet, size_t lately,
		 const struct refusal *refusal)
{
	free(found->texts);
	*found = (struct found){ .packet = *packet, .lately = lately };
	found->packet.data = NULL;
	found->texts = refusal_copy(refusal, &found->refusal);
}

void recall_packet(struct recall *recall, const struct blame *by,
		   const struct packet *packet, struct blame_texts *texts,
		   struct refusal *ret)
{
	struct refusal names = names_lately(by, packet);
	struct found *found = find(recall, packet);

	if (found && has_names(found, &names)) {
		*ret = found->refusal;
		blame_program(by, ret);
		return;
	}
	blame_packet(by, packet, texts, ret);
	if (!found) {
		found = &recall->found[recall->oldest];
		recall->oldest = (recall->oldest + 1) % RECALL_MAX;
	}
	keep(found, packet, names.name_count, ret);
}
