/* start [OPTION...] -- COMMAND...: a start of netpale (or what else puts up a fence, or enters one),
 * again and again, with another of its system calls failing each time, and after each: did the agent run
 * without the fence it should have, or does the kernel hold something half?
 *
 *	-b CLASS      what stands before each: none, or what -r puts up
 *	-r COMMAND    puts that up again
 *	-c COMMAND    prints the class of what stands: none, old, closed, full
 *	-a PATH       the agent's program: it must find all in order. Without: COMMAND starts nobody
 *	-p            as PID 1
 *	-g            stays until SIGTERM: ended so once it has said its line
 *	-k            SIGKILL instead of faults; COMMAND must then start as ever
 *	-s NUMBER     only every so-manieth call, with one of its faults
 *	-w            every call and each of its faults, whatever -s says */

#include <fcntl.h>
#include <seccomp.h>

#include "tests/faults/syscalls/faults.h"
#include "tests/faults/syscalls/ground.h"

#define DEADLINE_MS 10000
#define POINTS_MAX 8192
#define SHOWN_MAX 40 /* failures */
#define COMMON_STRIDE 24

static struct {
	const char *before, *restore, *agent;
	bool pid_1, guard, kills, whole;
	size_t stride;
	char *const *command;
} scenario;

/* Calls as the first run made them. */
struct point {
	unsigned process, call;
	struct tracee made;
};
static struct point points[POINTS_MAX];
static size_t point_count;
static bool recorded;

/* The case at hand. */
static struct {
	const struct point *point; /* NULL: the first run, without a fault */
	const struct fault *fault;
	bool met, began;
	const char *at_begin; /* class when the agent began */
	const char *after;
	int status;
	bool late;
	char said[65536];
} now;

static struct tracer tracer;

static void restore(void)
{
	if (is(class_now(), scenario.before) && !is(scenario.before, "none"))
		return;
	if (is(scenario.before, "none"))
		kernel_clear(kernel);
	if (scenario.restore)
		run(scenario.restore);
	if (!is(class_now(), scenario.before))
		die("what stands before cannot be put up again");
}

/* --- one case ---------------------------------------------------------------------------------- */

static const struct fault *meet(void *context, const struct tracee *tracee)
{
	(void)context;
	if (!now.point) {
		if (!recorded && point_count < POINTS_MAX)
			points[point_count++] =
				(struct point){ tracee->index, tracee->calls, *tracee };
		return NULL;
	}
	if (tracee->index != now.point->process || tracee->calls != now.point->call)
		return NULL;
	tracer.looks = false;
	/* Another one than in the first run: its own faults apply. */
	if (tracee->nr != now.point->made.nr)
		return NULL;
	now.met = true;
	return now.fault;
}

static bool begins(void *context, const struct tracee *tracee)
{
	char path[64], program[512];
	ssize_t length;

	(void)context;
	if (!scenario.agent)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", tracee->pid);
	length = readlink(path, program, sizeof(program) - 1);
	program[length > 0 ? length : 0] = '\0';
	if (!is(program, scenario.agent))
		return false;
	now.began = true;
	now.at_begin = class_now();
	return true;
}

static void hear(int output)
{
	size_t length = strlen(now.said);
	ssize_t got;

	while ((got = read(output, now.said + length, sizeof(now.said) - length - 1)) > 0)
		now.said[length += (size_t)got] = '\0';
}

static bool has_settled(void)
{
	return strstr(now.said, ", dns ") != NULL;
}

/* Until the command and all that it started have ended. */
static void follow(pid_t command, int output)
{
	long tick = scenario.guard ? 5 : 100, left = DEADLINE_MS / tick;
	bool told = false;
	int status;

	set_timer(tick);
	while (tracer.count || command) {
		pid_t pid = tracer_step(&tracer, &status);

		if (pid > 0 && pid == command) {
			now.status = status;
			command = 0;
		}
		if (pid < 0 && errno == ECHILD)
			break;
		if (!expired)
			continue;
		expired = 0;
		hear(output);
		if (scenario.guard && !told && command && has_settled()) {
			told = true;
			kill(command, SIGTERM);
		}
		if (--left > 0)
			continue;
		now.late = true;
		tracer_kill(&tracer);
		if (command)
			kill(command, SIGKILL);
	}
	set_timer(0);
}

static void take_case(const struct point *point, const struct fault *fault)
{
	int output[2];
	const struct launch launch = { .argv = scenario.command,
				       .pid_1 = scenario.pid_1 };
	struct launch here = launch;
	pid_t command;

	restore();
	memset(&now, 0, offsetof(typeof(now), said) + 1);
	now.point = point;
	now.fault = fault;
	if (pipe2(output, O_CLOEXEC) < 0)
		die("pipe");
	here.output = output[1];
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	tracer.looks = true;
	command = tracer_launch(&tracer, &here);
	close(output[1]);
	follow(command, output[0]);
	hear(output[0]);
	close(output[0]);
	now.after = class_now();
}

/* --- judgement --------------------------------------------------------------------------------- */

/* A line of netpale's that is no warning. */
static bool said_why(void)
{
	for (const char *at = now.said; (at = strstr(at, "netpale: ")); at++)
		if (strncmp(at, "netpale: warning", 16) != 0)
			return true;
	return false;
}

static const char *judge_agent(void)
{
	if (!is(now.at_begin, "full"))
		return "the agent began without the whole fence";
	if (strstr(now.said, "witness: ") && !strstr(now.said, "witness: held\n"))
		return "the agent has what it should not have";
	/* It was given up with netpale, which says why; perhaps before it could say a word. */
	if (scenario.kills || (WEXITSTATUS(now.status) == 125 && said_why()))
		return NULL;
	if (!strstr(now.said, "witness: held\n"))
		return "the agent said nothing";
	return WEXITSTATUS(now.status) == 0 ? NULL : "the status is not the agent's";
}

static const char *judge_refusal(void)
{
	int status = WEXITSTATUS(now.status);

	if (WIFSIGNALED(now.status) || (scenario.kills && status == 128 + SIGKILL))
		return NULL;
	if (strstr(now.said, "error while loading"))
		return NULL; /* glibc's, before main() */
	if (scenario.agent ? status < 125 || status > 127
			   : status && (status < 64 || status > 78))
		return "that is no status of netpale's";
	if (!scenario.agent && status == 0)
		return is(now.after, "full") ? NULL
					     : "it said yes without the whole fence";
	if (!now.said[0] && now.point && now.point->made.nr != SYS_write &&
	    now.point->made.nr != SYS_writev)
		return "it failed without a word";
	return NULL;
}

static const char *judge(void)
{
	const char *fault;

	if (now.late)
		return "it did not end";
	/* glibc ends by itself when it has no random numbers. */
	if ((tracer.crash || (WIFSIGNALED(now.status) && !scenario.kills)) &&
	    !strstr(now.said, "Fatal glibc error"))
		return "a signal ended it";
	fault = now.began ? judge_agent() : judge_refusal();
	if (fault)
		return fault;
	if (!is(now.after, scenario.before) && !is(now.after, "closed") &&
	    !is(now.after, "full"))
		return "something else stands";
	return now.began && !is(now.after, "full") ? "the fence fell" : NULL;
}

static void show(const char *why)
{
	static int shown;
	const struct point *point = now.point;
	char *name = point ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
							      (int)point->made.nr)
			   : NULL;

	if (shown++ >= SHOWN_MAX)
		return;
	printf("FAIL  process %u, call %u, %s(%#lx, %#lx) -> %s: %s\n",
	       point ? point->process : 0, point ? point->call : 0, name ? name : "-",
	       point ? (unsigned long)point->made.args[0] : 0,
	       point ? (unsigned long)point->made.args[1] : 0,
	       now.fault ? now.fault->name : "-", why);
	printf("      status %#x, agent %s, stands %s\n", (unsigned)now.status,
	       now.began ? now.at_begin : "no", now.after);
	if (now.said[0])
		printf("      said: %.600s\n", now.said);
	fflush(stdout);
	free(name);
}

static struct {
	unsigned cases, started, refused, applied, missed, failures;
} counts;

static void count(const char *why)
{
	counts.cases++;
	if (why) {
		counts.failures++;
		show(why);
	} else if (now.began) {
		counts.started++;
	} else if (now.status == 0) {
		counts.applied++;
	} else {
		counts.refused++;
	}
	if (now.point && !now.met)
		counts.missed++;
}

/* --- all cases --------------------------------------------------------------------------------- */

static const struct fault killing = { "SIGKILL", DEED_KILL, 0 };

static void take_kill(const struct point *point)
{
	const char *before = scenario.before;

	take_case(point, &killing);
	count(judge());
	/* What the dead left must not stop the next one. */
	scenario.before = now.after;
	scenario.kills = false;
	take_case(NULL, NULL);
	if (judge() || (scenario.agent ? !now.began : now.status))
		count("the next one does not start");
	scenario.before = before;
	scenario.kills = true;
}

/* Of a part only, each with one of its faults in turn. */
static bool is_passed_over(const struct point *point)
{
	static size_t common, seen;

	if (is_common(&point->made))
		return common++ % COMMON_STRIDE;
	return !scenario.whole && seen++ % scenario.stride;
}

static void take_point(const struct point *point)
{
	static size_t turn;
	const struct fault *faults = NULL;
	size_t available = faults_of(&point->made, &faults);

	if (available == 0 || is_passed_over(point))
		return;
	if (scenario.kills) {
		take_kill(point);
		return;
	}
	for (size_t i = 0; i < (scenario.whole ? available : 1); i++) {
		take_case(point, &faults[scenario.whole ? i : turn++ % available]);
		count(judge());
	}
}

static void read_options(int argc, char **argv)
{
	int option;

	scenario.before = "none";
	scenario.stride = 1;
	while ((option = getopt(argc, argv, "+b:r:c:a:s:pgkw")) != -1)
		switch (option) {
		case 'b':
			scenario.before = optarg;
			break;
		case 'r':
			scenario.restore = optarg;
			break;
		case 'c':
			classifier = optarg;
			break;
		case 'a':
			scenario.agent = optarg;
			break;
		case 's':
			scenario.stride = strtoul(optarg, NULL, 10);
			break;
		case 'p':
			scenario.pid_1 = true;
			break;
		case 'g':
			scenario.guard = true;
			break;
		case 'k':
			scenario.kills = true;
			break;
		case 'w':
			scenario.whole = true;
			break;
		default:
			exit(2);
		}
	scenario.command = argv + optind;
	if (!classifier || !scenario.command[0])
		exit(2);
}

int main(int argc, char **argv)
{
	const char *why;

	read_options(argc, argv);
	ground_open();
	tracer = (struct tracer){ .meet = meet, .begins = begins };
	take_case(NULL, NULL);
	why = judge();
	if (why || (scenario.agent && !now.began)) {
		show(why ? why : "the agent does not begin");
		return 1;
	}
	recorded = true;
	for (size_t i = 0; i < point_count; i++)
		take_point(&points[i]);
	printf("%u %s at %zu system calls: %u started with the whole fence, %u %s, %u "
	       "refused, %u wrong (%u not met)\n",
	       counts.cases, scenario.kills ? "SIGKILLs" : "failures", point_count,
	       counts.started, counts.applied,
	       scenario.agent ? "never began" : "put it up", counts.refused,
	       counts.failures, counts.missed);
	return counts.failures != 0;
}
