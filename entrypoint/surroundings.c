#include "entrypoint/surroundings.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"

int surroundings_refuse_host_network(bool allowed, struct error *err)
{
	/* The kernel shows this knob in its first network namespace only. */
	if (!allowed && access("/proc/sys/net/core/netdev_max_backlog", F_OK) == 0)
		return error_set(
			err, ERROR_PRIVILEGE,
			"this is the host's network, the fence would be the host's: "
			"start without --network host, or say --allow-host-network");
	return 0;
}

const char *surroundings_engine_socket(void)
{
	static const char *const sockets[] = {
		"/var/run/docker.sock",
		"/run/docker.sock",
		"/run/podman/podman.sock",
		"/run/containerd/containerd.sock",
	};
	struct stat file;

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		if (stat(sockets[i], &file) == 0 && S_ISSOCK(file.st_mode))
			return sockets[i];
	return NULL;
}

bool surroundings_directory_fits(const struct user *user, char *text, size_t size)
{
	char path[PATH_MAX], quoted[256];
	struct stat directory;

	/* "/" is where an image without WORKDIR starts; nobody works there. */
	if (!getcwd(path, sizeof(path)) || strcmp(path, "/") == 0 ||
	    stat(".", &directory) < 0 || directory.st_uid == user->uid ||
	    (directory.st_mode & S_IWOTH))
		return true;
	escape(quoted, sizeof(quoted), path, strlen(path));
	if (directory.st_uid == 0)
		snprintf(text, size,
			 "the working directory %s belongs to root, the agent has uid "
			 "%u and may not write there: chown it",
			 quoted, user->uid);
	else
		snprintf(text, size,
			 "the working directory %s belongs to uid %u, the agent has uid "
			 "%u: say -u %u",
			 quoted, directory.st_uid, user->uid, directory.st_uid);
	return false;
}
