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
 * here gives up: the end of PID 1 is the end of the container.
 *
 * Beside the signals it reads the kernel's packet log, when that was opened before privileges went,
 * and records what is refused (recorder.h). */
#include "entrypoint/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/log.h"
#include "entrypoint/privileges.h"
#include "entrypoint/recorder.h"

/* The descriptor of our controlling terminal, -1 without one. */
static int find_terminal(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (tcgetpgrp(fd) >= 0)
			return fd;
	return -1;
}

/* Between fork and exec: a byte lets the child go on, what went wrong travels back as the error
 * itself; a successful exec closes the pipe. */
struct wires {
	int go[2], report[2];
};

static void close_wires(struct wires *wires)
{
	for (int i = 0; i < 2; i++) {
		close_fdp(&wires->go[i]);
		close_fdp(&wires->report[i]);
	}
	*wires = (struct wires){ { -1, -1 }, { -1, -1 } };
}

static int open_wires(struct wires *wires, struct error *err)
{
	*wires = (struct wires){ { -1, -1 }, { -1, -1 } };
	if (pipe2(wires->go, O_CLOEXEC) == 0 && pipe2(wires->report, O_CLOEXEC) == 0)
		return 0;
	error_errno(err, ERROR_KERNEL, errno, "pipe");
	close_wires(wires);
	return -1;
}

/* What launch() has behind it already when nobody stays privileged. */
static int give_up(const struct agent *agent, struct error *err)
{
	struct drop drop = *agent->drop;

	drop.keep_report = true;
	if (launch_environment(drop.user, err) < 0 || privileges_drop(&drop, err) < 0 ||
	    privileges_prove_closed(agent->refused[0], agent->refused[1], err) < 0)
		return -1;
	/* After the last change of ids, which would take it back. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_errno(err, ERROR_KERNEL, errno, "parent's death signal");
	return 0;
}

/* The child. SIGTTOU is still blocked, so the terminal obeys a background process. The parent
 * does not set the group too: it might come late and take the terminal from a shell's job. */
static _Noreturn void become_agent(const struct agent *agent, int terminal,
				   const struct wires *wires)
{
	struct error err = { 0 };
	int report = wires->report[1];
	bool ready;
	char byte;

	/* The parent's end closed here too, or its death would not be noticed. */
	close(wires->go[1]);
	setpgid(0, 0);
	if (terminal >= 0)
		tcsetpgrp(terminal, getpid());
	ready = read(wires->go[0], &byte, 1) == 1;
	if (ready && agent->drop && report != DROP_REPORT) {
		ready = dup3(report, DROP_REPORT, O_CLOEXEC) >= 0;
		report = ready ? DROP_REPORT : report;
	}
	if (!ready)
		error_errno(&err, ERROR_KERNEL, errno, "the agent's process");
	else if (!agent->drop || give_up(agent, &err) == 0)
		(void)!launch_exec(agent->argv, agent->signals, &err);
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
static bool reap(struct init *init, int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == init->worker)
			init->worker_failed = true;
		if (pid != init->agent)
			continue;
		if (!WIFSTOPPED(status)) {
			*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							  : WEXITSTATUS(status);
			return true;
		}
		resume(init->agent, init->terminal);
	}
	return false;
}

bool init_signal(struct init *init, int number, int *ret_status)
{
	switch (number) {
	case SIGCHLD:
		return reap(init, ret_status);
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		break;
	case SIGWINCH:
		if (init->terminal < 0)
			kill(init->agent, number);
		break;
	default:
		kill(init->agent, number);
	}
	return false;
}

int init_start(const struct agent *agent, struct init *ret, struct error *err)
{
	struct wires wires;

	*ret = (struct init){ .terminal = find_terminal(), .go = -1, .report = -1 };
	prctl(PR_SET_DUMPABLE, 0);
	/* Inherited as ignored, it would make the kernel reap, and the status would be lost. */
	signal(SIGCHLD, SIG_DFL);
	if (open_wires(&wires, err) < 0)
		return -1;
	ret->agent = fork();
	if (ret->agent < 0) {
		error_errno(err, ERROR_KERNEL, errno, "cannot start a process");
		close_wires(&wires);
		return -1;
	}
	if (ret->agent == 0)
		become_agent(agent, ret->terminal, &wires);
	close(wires.go[0]);
	close(wires.report[1]);
	ret->go = wires.go[1];
	ret->report = wires.report[0];
	return 0;
}

int init_release(struct init *init, struct error *err)
{
	struct error failure;
	ssize_t length = 0;

	/* SIGPIPE is blocked, as everything is. */
	if (write(init->go, "", 1) != 1)
		length = -1;
	else
		do
			length = read(init->report, &failure, sizeof(failure));
		while (length < 0 && errno == EINTR);
	close(init->go);
	close(init->report);
	init->go = init->report = -1;
	if (length == 0)
		return 0;
	if (length != sizeof(failure))
		return error_set(err, ERROR_KERNEL, "the agent's process ended early");
	*err = failure;
	return -1;
}

int init_stopped_already(void)
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

bool init_is_own_signal(uint32_t number, uint32_t sender)
{
	return number == SIGPIPE && sender == (uint32_t)getpid();
}

static int await_end(struct init *init)
{
	sigset_t all;
	int status;

	sigfillset(&all);
	for (;;) {
		int number = sigwaitinfo(&all, NULL);

		if (number > 0 && init_signal(init, number, &status))
			return status;
	}
}

/* True with the agent's status when it has ended. */
static bool take_signals(struct init *init, int signals, int *ret_status)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		if (!init_is_own_signal(info.ssi_signo, info.ssi_pid) &&
		    init_signal(init, (int)info.ssi_signo, ret_status))
			return true;
	return false;
}

/* The same, recording what is refused meanwhile. */
static int record_until_end(struct init *init, const struct recording *recording,
			    int signals)
{
	struct recorder *recorder = recording->recorder;
	struct pollfd ready[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = recorder_fd(recorder), .events = POLLIN },
	};
	int status;

	/* The agent may hold back the terminal that both write to. */
	log_never_wait();
	for (;;) {
		int count = poll(ready, ARRAY_SIZE(ready), recorder_write(recorder));

		if (count > 0 && ready[1].revents)
			recorder_read(recorder, &recording->by);
		if (count > 0 && ready[0].revents && take_signals(init, signals, &status))
			break;
	}
	recorder_finish(recorder, &recording->by);
	return status;
}

static int stay(struct init *init, const struct recording *recording)
{
	int signals CLEANUP(close_fdp) = -1;
	sigset_t all;

	sigfillset(&all);
	if (recording && recording->recorder)
		signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? await_end(init) : record_until_end(init, recording, signals);
}

int init_run(const struct agent *agent, struct error *err)
{
	struct init init;
	int status = init_stopped_already();

	if (status)
		return status;
	if (init_start(agent, &init, err) < 0 || init_release(&init, err) < 0)
		return -1;
	return stay(&init, agent->recording);
}
