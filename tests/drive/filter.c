/* filter agent|worker: the seccomp filter, as the kernel would get it, on stdout; for a machine whose
 * kernel is not here, where filter.py runs it. */

#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "entrypoint/seccomp.h"
#include "entrypoint/worker.h"
#include "lib/macros.h"

int __wrap_seccomp_load(scmp_filter_ctx filter);
int __wrap_seccomp_load(scmp_filter_ctx filter)
{
	return seccomp_export_bpf(filter, STDOUT_FILENO);
}

int main(int argc, char **argv)
{
	/* The first is none of arm64's. */
	static const int calls[] = { SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait) };
	struct error err = { 0 };
	int result = -1;

	/* What the kernel can do is asked of the one that is here. */
	seccomp_api_set(6);
	if (argc == 2 && strcmp(argv[1], "agent") == 0)
		result = seccomp_confine(&err);
	else if (argc == 2 && strcmp(argv[1], "worker") == 0)
		result = worker_confine(calls, ARRAY_SIZE(calls), &err);
	if (result < 0)
		fprintf(stderr, "filter: %s\n", err.text);
	return result < 0;
}
