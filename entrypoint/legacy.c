#include "entrypoint/legacy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "entrypoint/fd.h"
#include "lib/legacy.h"

/* Both families have structs of one layout and options of one number. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one layout");
/* NOLINTBEGIN(misc-redundant-expression): that they are the same is what is asked. */
_Static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO, "one number");
_Static_assert(IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES, "one number");
/* NOLINTEND(misc-redundant-expression) */
_Static_assert(NF_INET_NUMHOOKS == LEGACY_HOOKS, "the hooks");

#define SIZE_MOST (64u << 20)
/* Somebody may change a table between the two questions. */
#define ATTEMPTS 10

/* 1: it was changed meanwhile. */
static int read_table(int fd, bool six, const char *name, struct findings *findings)
{
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	struct ipt_getinfo info = { 0 };
	struct ipt_get_entries *entries;
	struct legacy_table table = { .name = info.name, .six = six };
	socklen_t length = sizeof(info);
	int result = -1;

	snprintf(info.name, sizeof(info.name), "%s", name);
	if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &length) < 0 ||
	    info.size > SIZE_MOST)
		return -1;
	length = (socklen_t)(sizeof(*entries) + info.size);
	entries = calloc(1, length);
	if (!entries)
		return -1;
	snprintf(entries->name, sizeof(entries->name), "%s", name);
	entries->size = info.size;
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, entries, &length) < 0) {
		result = errno == EAGAIN ? 1 : -1;
	} else {
		table.valid_hooks = info.valid_hooks;
		memcpy(table.underflow, info.underflow, sizeof(table.underflow));
		table.entries = entries->entrytable;
		table.size = info.size;
		result = legacy_find(&table, findings) ? 0 : -1;
	}
	free(entries);
	return result;
}

/* The kernel tells root the names of the tables that somebody has asked for. */
static bool read_family(bool six, struct findings *findings)
{
	FILE *names = fopen(
		six ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names", "re");
	int fd CLEANUP(close_fdp) =
		socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[XT_TABLE_MAXNAMELEN + 1];
	bool understood = true;

	if (!names)
		return errno == ENOENT;
	while (fgets(name, sizeof(name), names)) {
		int result = 1;

		name[strcspn(name, "\n")] = '\0';
		for (size_t i = 0; i < ATTEMPTS && result == 1; i++)
			result = read_table(fd, six, name, findings);
		understood &= result == 0;
	}
	fclose(names);
	return understood;
}

bool legacy_look(struct findings *findings)
{
	bool four = read_family(false, findings), six = read_family(true, findings);

	return four && six;
}
