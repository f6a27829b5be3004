#include "entrypoint/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entrypoint/init.h"
#include "lib/buf.h"

void launch_prepare(struct launch_signals *ret)
{
	struct sigaction action;
	sigset_t all;
	int fd;

	/* A file opened later must not become somebody's standard error. */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);

	sigemptyset(&ret->ignored);
	for (int number = 1; number < NSIG; number++)
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			sigaddset(&ret->ignored, number);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, getpid() == 1 ? &all : NULL, &ret->mask);
}

static void restore_signals(const struct launch_signals *signals)
{
	for (int number = 1; number < NSIG; number++)
		signal(number,
		       sigismember(&signals->ignored, number) ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}

int launch_environment(const struct user *user, struct error *err)
{
	const struct {
		const char *name, *value;
	} variables[] = {
		{ "HOME", user->home },
		{ "SHELL", user->shell },
		{ "USER", user->name },
		{ "LOGNAME", user->name },
	};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if ((variables[i].value ? setenv(variables[i].name, variables[i].value, 1)
					: unsetenv(variables[i].name)) < 0)
			return error_memory(err);
	return 0;
}

/* Is there such a file, where execvp() looked? Tells "no such command" from "its loader is
 * missing", which the kernel reports with the same number: a glibc binary in a musl image. */
static bool file_exists(const char *name)
{
	const char *path = getenv("PATH");
	char candidate[PATH_MAX];

	if (!*name)
		return false;
	if (strchr(name, '/'))
		return access(name, F_OK) == 0;
	for (path = path ? path : _PATH_DEFPATH; *path; path += *path == ':') {
		int length = (int)strcspn(path, ":");

		snprintf(candidate, sizeof(candidate), "%.*s/%s", length ? length : 1,
			 length ? path : ".", name);
		if (access(candidate, F_OK) == 0)
			return true;
		path += length;
	}
	return false;
}

static int exec_failed(const char *name, int number, struct error *err)
{
	char quoted[256];

	escape(quoted, sizeof(quoted), name, strlen(name));
	if (number != ENOENT)
		return error_errno(err, ERROR_NOT_EXECUTABLE, number, "'%s'", quoted);
	if (file_exists(name))
		return error_set(err, ERROR_NOT_FOUND,
				 "'%s': the interpreter or loader it needs is missing",
				 quoted);
	return error_set(err, ERROR_NOT_FOUND, "'%s': %s", quoted,
			 strchr(name, '/') ? "no such file" : "no such command in PATH");
}

int launch_exec(char *const argv[], const struct launch_signals *signals,
		struct error *err)
{
	restore_signals(signals);
	execvp(argv[0], argv);
	return exec_failed(argv[0], errno, err);
}

int launch(const struct agent *agent, struct error *err)
{
	return getpid() == 1 ? init_run(agent, err)
			     : launch_exec(agent->argv, agent->signals, err);
}
