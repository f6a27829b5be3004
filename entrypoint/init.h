#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "entrypoint/launch.h"
#include "lib/addr.h"

/* Starting the agent as a child, and what whoever stays in front of it does for it: behind launch()
 * PID 1 of the container, which has the agent's uid by then and no capability; or the guard. */

struct drop;
struct recording;

struct agent {
	char *const *argv; /* NULL-terminated */
	const struct launch_signals *signals;
	/* What the child gives up and proves before it executes argv; NULL: that is done, the parent
	 * has nothing left itself. The child of a parent that keeps something dies with it. */
	const struct drop *drop;
	const struct addr
		*refused[2]; /* with `drop`: the canary's destinations, or NULL */
	const struct recording *recording; /* for init_run(); NULL: none */
};

struct init {
	pid_t agent;
	int terminal;       /* the controlling terminal's descriptor, or -1 */
	int go, report;     /* between init_start() and init_release() */
	pid_t worker;       /* another child of interest; 0: none */
	bool worker_failed; /* it has ended, or was stopped */
};

/* A stop that came before the agent exists: 128+n, and there should be none. 0: no. All signals
 * are blocked, since launch_prepare(). */
int init_stopped_already(void);

/* Forks; the child waits. From here on nobody can trace this process. */
int init_start(const struct agent *agent, struct init *ret, struct error *err) MUST_CHECK;

/* Lets the child give up its privileges and become the agent: -1 when it could not. */
int init_release(struct init *init, struct error *err) MUST_CHECK;

/* Does what a signal that came to us means for the agent. True with its status (0-255, 128+n when
 * a signal ended it) when it has ended. */
bool init_signal(struct init *init, int number, int *ret_status);

/* Is it SIGPIPE, because nobody reads what we wrote? That is not meant for the agent. */
bool init_is_own_signal(uint32_t number, uint32_t sender);

/* Starts the agent and stays until it ends: its status, or -1 when it could not be started. */
int init_run(const struct agent *agent, struct error *err) MUST_CHECK;
