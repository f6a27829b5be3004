/* Theory of operation
 *
 * The kernel treats PID 1 apart: signals without a handler are discarded, and every orphan of
 * the container becomes its child. An agent as PID 1 ignores `docker stop` and collects
 * zombies; so netpale stays in front of it.
 *
 * All signals have been blocked since launch_prepare() and are taken one by one:
 *
 *   SIGCHLD                reap everything that has ended
 *   agent ended            exit with its status; the kernel ends whatever is left
 *   agent stopped          resume it: no shell is here that could
 *   SIGTSTP TTIN TTOU      not forwarded: the terminal's, and not for this process
 *   SIGWINCH               not forwarded on a terminal: the kernel tells the agent itself
 *   anything else          forwarded to the agent
 *
 * The agent is the foreground group of the terminal, so that Ctrl-C reaches it and not this
 * process, which would forward it a second time. A shell as agent makes groups of its own and
 * its job control works; it hands the terminal back to itself. Once the agent runs, nothing
 * here gives up: the end of PID 1 is the end of the container. */
#include "entrypoint/init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor of our controlling terminal, -1 without one. */
static int find_terminal(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (tcgetpgrp(fd) >= 0)
			return fd;
	return -1;
}

/* A stop that came before the agent exists: 128+n, and there will be none. */
static int stopped_already(void)
{
	const struct timespec now = { 0 };
	sigset_t stops;
	int number;

	sigemptyset(&stops);
	sigaddset(&stops, SIGHUP);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGQUIT);
	sigaddset(&stops, SIGTERM);
	number = sigtimedwait(&stops, NULL, &now);
	return number > 0 ? 128 + number : 0;
}

/* The child. SIGTTOU is still blocked, so the terminal obeys a background process. The parent
 * does not set the group too: it might come late and take the terminal from a shell's job.
 * What went wrong travels as the error itself; a successful exec closes the pipe. */
static _Noreturn void become_agent(char *const argv[],
				   const struct launch_signals *signals, int terminal,
				   int report)
{
	struct error err = { 0 };

	setpgid(0, 0);
	if (terminal >= 0)
		tcsetpgrp(terminal, getpid());
	if (launch_exec(argv, signals, &err) < 0)
		(void)!write(report, &err, sizeof(err));
	_exit(125);
}

static void resume(pid_t agent, int terminal)
{
	/* Stopped by SIGTTIN: a child took the terminal and died with it. */
	if (terminal >= 0)
		tcsetpgrp(terminal, agent);
	if (kill(-agent, SIGCONT) < 0)
		kill(agent, SIGCONT);
}

/* Takes every child that has something to say; true with its status when the agent has ended. */
static bool reap(pid_t agent, int terminal, int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != agent)
			continue;
		if (!WIFSTOPPED(status)) {
			*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							  : WEXITSTATUS(status);
			return true;
		}
		resume(agent, terminal);
	}
	return false;
}

static int supervise(pid_t agent, int terminal)
{
	sigset_t all;
	int status;

	sigfillset(&all);
	for (;;) {
		int number = sigwaitinfo(&all, NULL);

		switch (number) {
		case -1:
			break;
		case SIGCHLD:
			if (reap(agent, terminal, &status))
				return status;
			break;
		case SIGTSTP:
		case SIGTTIN:
		case SIGTTOU:
			break;
		case SIGWINCH:
			if (terminal < 0)
				kill(agent, number);
			break;
		default:
			kill(agent, number);
		}
	}
}

int init_run(char *const argv[], const struct launch_signals *signals, struct error *err)
{
	int terminal = find_terminal();
	int report[2];
	struct error failure;
	ssize_t length;
	pid_t agent;
	int status = stopped_already();

	if (status)
		return status;
	prctl(PR_SET_DUMPABLE, 0);
	/* Inherited as ignored, it would make the kernel reap, and the status would be lost. */
	signal(SIGCHLD, SIG_DFL);
	if (pipe2(report, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_KERNEL, errno, "pipe");
	agent = fork();
	if (agent < 0)
		return error_errno(err, ERROR_KERNEL, errno, "cannot start a process");
	if (agent == 0)
		become_agent(argv, signals, terminal, report[1]);

	close(report[1]);
	length = read(report[0], &failure, sizeof(failure));
	close(report[0]);
	if (length == sizeof(failure)) {
		*err = failure;
		return -1;
	}
	return supervise(agent, terminal);
}
