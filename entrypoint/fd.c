#include "entrypoint/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int fd_reopen(int fd)
{
	struct stat file;
	char path[32];
	int own;

	if (fstat(fd, &file) < 0 || !(S_ISFIFO(file.st_mode) || S_ISCHR(file.st_mode)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0 && own < FD_FIRST) {
		int low CLEANUP(close_fdp) = own;

		return fcntl(low, F_DUPFD_CLOEXEC, FD_FIRST);
	}
	return own;
}
