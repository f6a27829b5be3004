/* The agent of a start whose system calls fail: looks at itself and says on stdout "witness: held", or
 * what it has that it should not: witness REFUSED4 REFUSED6 [stays]. stays: netpale is its parent. */

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "tests/faults/syscalls/refused.h"

#define AGENT 1000

static int finish(const char *what)
{
	printf("witness: %s\n", what);
	return fflush(stdout) == 0 ? 0 : 1;
}

static const char *look_at_status(void)
{
	static const char *const lines[] = {
		"\nCapInh:\t0000000000000000\n",
		"\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n",
		"\nCapBnd:\t0000000000000000\n",
		"\nCapAmb:\t0000000000000000\n",
		"\nNoNewPrivs:\t1\n",
		"\nSeccomp:\t2\n",
		"\nUid:\t1000\t1000\t1000\t1000\n",
		"\nGid:\t1000\t1000\t1000\t1000\n",
	};
	static char text[8192];
	FILE *file = fopen("/proc/self/status", "re");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[length] = '\0';
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(text, lines[i]))
			return lines[i] + 1;
	return NULL;
}

static const char *look_at_groups(void)
{
	gid_t groups[64];
	int count = getgroups(64, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] != AGENT)
			return "a group of root's";
	return count < 0 ? "getgroups" : NULL;
}

static const char *look_at_descriptors(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return "a descriptor above 2";
	return NULL;
}

static const char *look_at_sockets(void)
{
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EAFNOSUPPORT)
		return "packet sockets";
	if (socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) >= 0 ||
	    errno != EPROTONOSUPPORT)
		return "netfilter's sockets";
	return NULL;
}

static const char *look_at_parent(void)
{
	char path[64];
	int signal = 0;
	DIR *open;

	if (prctl(PR_GET_PDEATHSIG, &signal) < 0)
		return "prctl";
	snprintf(path, sizeof(path), "/proc/%d/fd", getppid());
	open = opendir(path);
	if (open)
		closedir(open);
	return open ? "its parent's descriptors" : NULL;
}

int main(int argc, char **argv)
{
	const char *has;

	if (argc < 3)
		return 2;
	has = look_at_status();
	if (!has)
		has = look_at_groups();
	if (!has)
		has = look_at_descriptors();
	if (!has)
		has = look_at_sockets();
	if (!has && argc > 3)
		has = look_at_parent();
	if (!has && (!is_refused(argv[1]) || !is_refused(argv[2])))
		has = "a way out";
	return finish(has ? has : "held");
}
