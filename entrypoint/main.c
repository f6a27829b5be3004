#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/forwarder.h"
#include "entrypoint/log.h"
#include "entrypoint/verbs.h"
#include "entrypoint/worker.h"
#include "lib/buf.h"
#include "lib/json.h"

#define STATUS_NOT_STARTED 125 /* as docker, env and timeout have it */

#define SAY (GROUP_JSON | GROUP_SAY)
#define POLICY (GROUP_POLICY | SAY)
#define FENCE (POLICY | GROUP_NAMES | GROUP_FENCE)

static const struct verb verbs[] = {
	{ "run", "[--] COMMAND [ARG...]", "fence, drop every privilege, start COMMAND",
	  FENCE | GROUP_AGENT | GROUP_LOG, 1, -1, verb_run },
	{ "apply", "", "fence, then exit", FENCE, 0, 0, verb_apply },
	{ "exec", "[--] COMMAND [ARG...]",
	  "drop and start COMMAND behind the fence that stands", GROUP_AGENT | SAY, 1, -1,
	  verb_exec },
	{ "guard", "", "fence, hold and follow until SIGTERM (sidecar)",
	  FENCE | GROUP_LOG, 0, 0, verb_guard },
	{ "check", "", "print the merged policy with its origins, and findings", POLICY,
	  0, 0, verb_check },
	{ "explain", "DESTINATION", "is it allowed, and by which line",
	  POLICY | GROUP_NAMES, 1, 1, verb_explain },
	{ "plan", "", "print what would be applied", POLICY | GROUP_NAMES | GROUP_FORMAT,
	  0, 0, verb_plan },
	{ "verify", "", "does the kernel hold what was applied", GROUP_PROBES | SAY, 0, 0,
	  verb_verify },
	{ "status", "", "what a guard has in force, counters, learned addresses", SAY, 0,
	  0, verb_status },
	{ "log", "", "what was refused, why, and the line that would allow it",
	  GROUP_REFUSALS | SAY, 0, 0, verb_log },
	{ "suggest", "", "print a policy from what was seen, see policy: audit",
	  POLICY | GROUP_SUGGEST, 0, 0, verb_suggest },
	{ "init", "", "write a first policy, guessed from what lies here",
	  GROUP_INIT | SAY, 0, 0, verb_init },
	{ "reload", "", "have the guard read the policy again", SAY, 0, 0, verb_reload },
	{ "presets", "[NAME]", "the built-in groups; NAME prints pasteable lines", SAY, 0,
	  1, verb_presets },
	{ "version", "", "print the version", GROUP_JSON, 0, 0, verb_version },
	{ 0 },
};

/* The agent's own exit status must not be mistaken for ours, so `run` and `exec` fail with one
 * number for everything but the command itself. */
static int exit_status(const struct verb *verb, enum error_kind kind)
{
	static const int statuses[] = {
		[ERROR_USAGE] = EX_USAGE,       [ERROR_POLICY] = EX_DATAERR,
		[ERROR_NO_POLICY] = EX_DATAERR, [ERROR_RESOLVE] = EX_UNAVAILABLE,
		[ERROR_KERNEL] = EX_OSERR,      [ERROR_PRIVILEGE] = EX_NOPERM,
		[ERROR_PROOF] = EX_CONFIG,      [ERROR_NOT_EXECUTABLE] = 126,
		[ERROR_NOT_FOUND] = 127,        [ERROR_MEMORY] = EX_OSERR,
	};

	if (kind == ERROR_NOT_EXECUTABLE || kind == ERROR_NOT_FOUND)
		return statuses[kind];
	if (verb && (verb->run == verb_run || verb->run == verb_exec))
		return STATUS_NOT_STARTED;
	return statuses[kind];
}

static int print_help(const struct verb *verb)
{
	struct buf text = { 0 };

	options_help(verbs, verb, &text);
	fputs(text.data ? text.data : "", stdout);
	buf_release(&text);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* Started by worker_start(). Whoever types the word has no such socket, and it is no verb. */
static bool is_worker(int argc, char **argv, const char *name)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return argc == 2 && strcmp(argv[1], name) == 0 &&
	       getsockopt(WORKER_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct options options;
	struct error err = { 0 };
	int status;

	json_watch();
	if (is_worker(argc, argv, WORKER_FORWARDER)) {
		if (getenv("NETPALE_JSON")) /* from whoever started it, no user's */
			log_set_json();
		return forwarder_main();
	}
	/* Large arrays go back to the system when they are freed. glibc otherwise stops
	 * doing so after the first, and the holes add up. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);

	status = options_read(argc, argv, environ, verbs, &options, &err);
	if (options.environment.json || options.flags.json)
		log_set_json();
	if (status < 0) {
		log_error("%s", err.text);
		status = exit_status(options.verb, err.kind);
	} else if (!options.verb || options.operand_count < 0) {
		status = print_help(options.verb);
	} else {
		log_set_level(options.any.quiet     ? LOG_QUIET
			      : options.any.verbose ? LOG_VERBOSE
						    : LOG_NORMAL);
		status = options.verb->run(&options, &err);
		if (status < 0) {
			log_error("%s", err.text);
			status = exit_status(options.verb, err.kind);
		}
	}
	options_release(&options);
	return status;
}
