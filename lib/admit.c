#include "lib/admit.h"

#include "lib/host.h"

enum admission admit(const struct entry *entry, const char *host, const struct addr *addr,
		     const struct site *site)
{
	enum addr_scope scope = addr_scope(addr);

	if (scope != ADDR_PUBLIC && scope != ADDR_PRIVATE)
		return REFUSE_SPECIAL;
	if (site_is_own(site, addr))
		return REFUSE_OWN;
	if (entry->private_ok)
		return ADMIT;
	if (site_is_gateway(site, addr))
		return REFUSE_GATEWAY;
	if (scope == ADDR_PUBLIC)
		return ADMIT;
	/* A compose service: the name of a neighbour, which no public zone can hold. */
	if (host_is_single_label(host) && site_is_on_link(site, addr))
		return ADMIT;
	return REFUSE_PRIVATE;
}

bool admit_somehow(struct entry *entry, const struct addr *addr, const struct site *site)
{
	if (admit(entry, entry->host, addr, site) == ADMIT)
		return true;
	entry->private_ok = true;
	return admit(entry, entry->host, addr, site) == ADMIT;
}

const char *admission_cure(enum admission admission)
{
	switch (admission) {
	case ADMIT:
		break;
	case REFUSE_PRIVATE:
		return "to open it all the same, write 'private: true' beside the name";
	case REFUSE_SPECIAL:
		return "no name opens such an address; write the address itself";
	case REFUSE_GATEWAY:
		return "it is the container's gateway; 'host_gateway' opens it";
	case REFUSE_OWN:
		return "it is the container's own, which loopback reaches";
	}
	return "";
}
