#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "entrypoint/user.h"
#include "lib/error.h"
#include "lib/message.h"

/* A worker is netpale itself, executed anew for one job: a fresh address space, a uid of its own,
 * no capability, no environment, and the guard at descriptor 3. Starting, dropping, talking to and
 * ending one is the same for each; what it does is its own file (forwarder.c).
 *
 *	guard: worker_start()  ->  fork, drop, exec  ->  main.c sees argv[1]  ->  forwarder_main() */

#define WORKER_FD 3
#define WORKER_FORWARDER "forwarder" /* argv[1] */

/* uid and gid of workers. One more when that is the agent's. */
#define WORKER_UID 64783

struct worker {
	pid_t pid; /* 0: none runs */
	int fd;    /* our end of the pair, non-blocking; -1 with none */
};

/* `agent`: whose uid the worker must not have; NULL: nobody's. Needs SETUID and SETGID, and SETPCAP
 * unless the bounding set is empty. */
int worker_start(const char *name, const struct user *agent, struct worker *ret,
		 struct error *err) MUST_CHECK;

/* The same with another program than this one (an O_PATH descriptor). */
int worker_start_from(int program, const char *name, const struct user *agent,
		      struct worker *ret, struct error *err) MUST_CHECK;

/* Kills and forgets it; its end is reaped by whoever waits for children. */
void worker_kill(struct worker *worker);

/* Sends one message, with `fds` beside it. 0; 1: the worker does not read, the message is lost; -1:
 * it is gone. */
int worker_send(const struct worker *worker, const struct message *message,
		const int *fds, size_t fd_count);

/* Puts one message into the guard's outbox, and worker_deliver() sends what is in it. The guard never
 * waits and keeps nothing: what the worker does not read is lost, and so is what was put there for
 * a worker before. 0; 1: something was lost; -1: it is gone. */
int worker_post(const struct worker *worker, const struct message *message);
int worker_deliver(const struct worker *worker);

/* Takes one message off the socket. 1: a message; 0: none now; -1: err, the worker must go
 * (ERROR_POLICY: it said what no worker says). Descriptors beside it never become ours. */
int worker_receive(const struct worker *worker, struct message *ret, struct error *err);

/* The worker's own side of both: descriptors beside a message go to `fds` (NULL, 0: none may
 * come), more than `room` is an error. */
int worker_take(struct message *ret, int *fds, size_t room, size_t *ret_count,
		struct error *err);

/* Puts one message into the outbox, and worker_flush() sends what is in it: at the end of a turn.
 * 0; 1: the guard does not read, and there is no room (worker_flush: something is left); -1: it is
 * gone. */
int worker_tell(const struct message *message);
int worker_flush(void);

/* First in a worker's life: no privilege is left, proven; not dumpable; dies with the guard.
 * Afterwards the filter lets through only what `calls` names (SCMP_SYS numbers). */
int worker_settle(struct error *err) MUST_CHECK;
int worker_confine(const int *calls, size_t count, struct error *err) MUST_CHECK;
