/* session [OPTION...] -c COMMAND -h COMMAND -- NETPALE guard...: a guard at work, one of whose system
 * calls, or of its forwarder's, fails in each turn. It is the same guard for as long as it lives.
 *
 *	-c COMMAND    prints the class of what stands: none, unknown, or another word for each policy's
 *	-a COMMAND    what makes it work, in the shell, GUARD its pid, TURN a number; 1: the fence has a
 *	              hole; any other status is for the fault to decide. More than once
 *	-h COMMAND    must end with 0 soon after, if the guard lives
 *	-s NUMBER     only every so-manieth call
 *	-w            each fault of a call, not one of them
 *	-k            SIGKILL instead; of the guard, the next one must start */

#include <seccomp.h>

#include "tests/faults/syscalls/faults.h"
#include "tests/faults/syscalls/ground.h"

#define ACTIONS_MAX 8
#define CALLS_MAX 600 /* of one action, by one process */
#define PATIENCE_MS 15000
#define TICK_MS 5

static const char *actions[ACTIONS_MAX], *health;
static size_t action_count, stride = 1;
static bool whole, kills;
static char *const *command;
static const struct fault killing = { "SIGKILL", DEED_KILL, 0 };

static struct tracer tracer;
static struct {
	pid_t pid; /* 0: it has ended, with `status` */
	int output, status;
	char said[4096]; /* lately */
	unsigned worn;   /* how often its forwarder failed */
} guard = { .output = -1 };

/* What is to happen, until it has. */
static struct {
	bool armed, met;
	bool worker; /* not to the guard itself */
	size_t call, seen, turn, available;
	struct tracee made;
	const struct fault *fault;
} now;

static struct {
	unsigned cases, ended, failures;
} counts;

static const struct fault *meet(void *context, const struct tracee *tracee)
{
	const struct fault *faults = NULL;
	size_t available;

	(void)context;
	if (!now.armed || now.worker != (tracee->index > 0) || is_common(tracee))
		return NULL;
	available = faults_of(tracee, &faults);
	if (available == 0 || now.seen++ != now.call)
		return NULL;
	now.armed = false;
	now.met = true;
	now.made = *tracee;
	now.available = available;
	now.fault = kills ? &killing : &faults[now.turn % available];
	return now.fault;
}

static bool begins(void *context, const struct tracee *tracee)
{
	(void)context;
	(void)tracee;
	return false;
}

static void hear(void)
{
	size_t length = strlen(guard.said);
	ssize_t got;

	for (;;) {
		if (length > sizeof(guard.said) / 2) {
			memmove(guard.said, guard.said + length / 2,
				length - length / 2 + 1);
			length -= length / 2;
		}
		got = read(guard.output, guard.said + length,
			   sizeof(guard.said) - length - 1);
		if (got <= 0)
			return;
		guard.said[length += (size_t)got] = '\0';
	}
}

/* One thing that happens, or a tick. Returns who has ended. */
static pid_t step(int *ret_status)
{
	pid_t pid = tracer_step(&tracer, ret_status);

	if (pid > 0 && pid == guard.pid) {
		guard.pid = 0;
		guard.status = *ret_status;
	}
	return pid;
}

static bool run_until(pid_t child, int *ret_status)
{
	long left = PATIENCE_MS / TICK_MS;

	while (left > 0) {
		int status;
		pid_t pid = step(&status);

		if (pid > 0 && pid == child) {
			*ret_status = status;
			return true;
		}
		left -= expired != 0;
		expired = 0;
		hear();
	}
	kill(child, SIGKILL);
	return false;
}

static int do_command(const char *text)
{
	static unsigned turns;
	char number[16];
	int status = -1;
	pid_t child;

	snprintf(number, sizeof(number), "%u", ++turns);
	setenv("TURN", number, 1);
	child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", text, NULL);
		_exit(2);
	}
	return run_until(child, &status) && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start_guard(void)
{
	const struct launch launch = { .argv = command };
	struct launch here = launch;
	int output[2];
	char number[16];
	long left = PATIENCE_MS / TICK_MS;

	if (guard.output >= 0)
		close(guard.output);
	if (pipe2(output, O_CLOEXEC) < 0)
		die("pipe");
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	here.output = output[1];
	guard.output = output[0];
	guard.said[0] = '\0';
	guard.worn = 0;
	guard.pid = tracer_launch(&tracer, &here);
	close(output[1]);
	snprintf(number, sizeof(number), "%d", guard.pid);
	setenv("GUARD", number, 1);
	while (!strstr(guard.said, ", dns ") && guard.pid && left > 0) {
		int status;

		step(&status);
		left -= expired != 0;
		expired = 0;
		hear();
	}
	if (!strstr(guard.said, ", dns ")) {
		fprintf(stderr, "faults: no guard starts: %s\n", guard.said);
		exit(1);
	}
}

/* All that the guard started ends with it. */
static bool bury(void)
{
	long left = PATIENCE_MS / TICK_MS;

	while (tracer.count && left > 0) {
		int status;

		step(&status);
		left -= expired != 0;
		expired = 0;
	}
	hear();
	if (tracer.count == 0)
		return true;
	tracer_kill(&tracer);
	return false;
}

static void show(const char *action, const char *why)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)now.made.nr);

	counts.failures++;
	printf("FAIL  %.32s...: %s, call %zu, %s(%#lx, %#lx) -> %s: %s\n      said: %.1500s\n",
	       action, now.worker ? "forwarder" : "guard", now.call, name ? name : "-",
	       (unsigned long)now.made.args[0], (unsigned long)now.made.args[1],
	       now.fault ? now.fault->name : "-", why, guard.said);
	fflush(stdout);
	free(name);
}

/* glibc ends by itself when it has no random numbers, or no room in a page that it has. */
static bool has_crashed(void)
{
	return tracer.crash && !strstr(guard.said, "Fatal glibc error");
}

static const char *judge_end(void)
{
	int status = guard.status;

	counts.ended++;
	if (!bury())
		return "somebody outlives the guard";
	if (kills && !now.worker && WIFSIGNALED(status))
		return NULL;
	if (has_crashed() || WIFSIGNALED(status))
		return "a signal ended it";
	return guard.said[0] ? NULL : "it ended without a word";
}

static bool is_healthy(void)
{
	for (int i = 0; i < 10 && guard.pid; i++)
		if (do_command(health) == 0)
			return true;
	return false;
}

static const char *judge(int result, const char *before)
{
	const char *why = guard.pid ? NULL : judge_end(), *class = class_now();

	if (why)
		return why;
	if (is(class, "unknown") || is(class, "none"))
		return "something else stands";
	if (guard.pid && strstr(guard.said, "the policy stays as it was") &&
	    !is(class, before))
		return "the policy did not stay as it was";
	if (result == 1)
		return "a hole";
	if (result < 0)
		return "it does not answer at all";
	if (has_crashed())
		return "a signal ended somebody";
	if (guard.pid && (result != 0 || counts.cases % 16 == 0) && !is_healthy())
		return guard.pid ? "it does not recover" : judge_end();
	return NULL;
}

/* Each failure of the forwarder makes the next one wait longer for another. */
static void count_wear(void)
{
	for (const char *at = guard.said; (at = strstr(at, "until the next one serves"));
	     at++)
		guard.worn++;
	guard.said[0] = '\0';
}

static void retire_guard(void)
{
	if (guard.pid)
		kill(guard.pid, SIGTERM);
	bury();
	guard.pid = 0;
}

/* False when the action makes no such call any more. */
static bool take_case(const char *action, bool worker, size_t call, size_t turn)
{
	const char *why, *before;
	int result;

	count_wear();
	if (guard.worn > 2)
		retire_guard();
	if (!guard.pid)
		start_guard();
	guard.said[0] = '\0';
	memset(&now, 0, sizeof(now));
	tracer.crash = 0;
	now.worker = worker;
	now.call = call;
	now.turn = turn;
	now.armed = true;
	before = class_now();
	result = do_command(action);
	now.armed = false;
	if (!now.met)
		return false;
	counts.cases++;
	why = judge(result, before);
	if (why)
		show(action, why);
	return true;
}

static void take_action(const char *action, bool worker)
{
	static size_t turn;
	size_t missed = 0;

	for (size_t call = 0; call < CALLS_MAX && missed < 2; call += stride) {
		if (!take_case(action, worker, call, whole ? 0 : turn++)) {
			missed++;
			continue;
		}
		missed = 0;
		for (size_t i = 1; whole && !kills && i < now.available; i++)
			if (!take_case(action, worker, call, i))
				break;
	}
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+c:a:h:s:wk")) != -1)
		switch (option) {
		case 'c':
			classifier = optarg;
			break;
		case 'a':
			actions[action_count++ % ACTIONS_MAX] = optarg;
			break;
		case 'h':
			health = optarg;
			break;
		case 's':
			stride = strtoul(optarg, NULL, 10);
			break;
		case 'w':
			whole = true;
			break;
		case 'k':
			kills = true;
			break;
		default:
			exit(2);
		}
	command = argv + optind;
	if (!classifier || !health || action_count > ACTIONS_MAX || !command[0])
		exit(2);
	if (whole)
		stride = 1;
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	ground_open();
	tracer = (struct tracer){ .meet = meet, .begins = begins, .looks = true };
	set_timer(TICK_MS);
	for (size_t i = 0; i < action_count; i++) {
		unsigned cases = counts.cases, ended = counts.ended;

		retire_guard();
		start_guard();
		if (do_command(actions[i]) != 0) {
			printf("FAIL  without a fault: %s\n%s\n", actions[i], guard.said);
			return 1;
		}
		take_action(actions[i], false);
		take_action(actions[i], true);
		printf("%u %s at work (%.32s...): %u guards ended\n",
		       counts.cases - cases, kills ? "SIGKILLs" : "failures", actions[i],
		       counts.ended - ended);
		fflush(stdout);
	}
	retire_guard();
	printf("%u in all, %u wrong\n", counts.cases, counts.failures);
	return counts.failures != 0;
}
