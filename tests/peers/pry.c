/* Ways into another process, one per call: pry WAY PID. Ends with 0 when the way is open, 1 when it is
 * refused (and says why). Without arguments: the ways.
 *
 * `signals` is open when each of the 64 may be sent; none of them reaches this process itself. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t pid;

static int looked_at(const char *name, int flags)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -1 : close(fd);
}

static int trace(void)
{
	return (int)ptrace(PTRACE_SEIZE, pid, 0, 0);
}

/* Nothing lies there, which only who may look is told. */
static int copied(ssize_t result)
{
	return result < 0 && errno != EFAULT ? -1 : 0;
}

static int read_memory(void)
{
	char byte = 0;
	struct iovec mine = { &byte, 1 }, its = { (void *)1, 1 };

	return copied(process_vm_readv(pid, &mine, 1, &its, 1, 0));
}

static int write_memory(void)
{
	char byte = 0;
	struct iovec mine = { &byte, 1 }, its = { (void *)1, 1 };

	return copied(process_vm_writev(pid, &mine, 1, &its, 1, 0));
}

static int pidfd(void)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int take_a_descriptor(void)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd(), 0, 0) < 0 ? -1 : 0;
}

static int compare_descriptors(void)
{
	return (int)syscall(SYS_kcmp, pid, getpid(), KCMP_FILE, 0, 0) < 0 ? -1 : 0;
}

static int count_its_work(void)
{
	struct perf_event_attr what = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(what),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
	};

	return (int)syscall(SYS_perf_event_open, &what, pid, -1, -1, 0) < 0 ? -1 : 0;
}

static int move_its_pages(void)
{
	void *page = (void *)4096;
	int status;

	return (int)syscall(SYS_move_pages, pid, 1UL, &page, NULL, &status, 0);
}

/* Whatever of it can be written: memory, oom_score_adj, uid_map ... One that everybody may open asks
 * who writes. */
static int write_a_file(void)
{
	char path[32];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_type == DT_REG &&
		    strcmp(entry->d_name, "timerslack_ns") != 0 &&
		    looked_at(entry->d_name, O_WRONLY) == 0)
			return closedir(directory);
	if (directory)
		closedir(directory);
	return -1;
}

static int see(const char *name)
{
	return looked_at(name, O_RDONLY);
}

static int see_memory(void)
{
	return see("mem");
}

static int see_environment(void)
{
	return see("environ");
}

static int see_maps(void)
{
	return see("maps");
}

static int see_descriptors(void)
{
	return see("fd");
}

static int see_one_descriptor(void)
{
	return see("fd/2");
}

static int see_its_root(void)
{
	return see("root");
}

static int see_its_directory(void)
{
	return see("cwd");
}

static int see_its_program(void)
{
	return see("exe");
}

static int see_its_network(void)
{
	return see("ns/net");
}

static int see_its_mounts(void)
{
	return see("ns/mnt");
}

static int see_its_call(void)
{
	return see("syscall");
}

/* As many as there are, so that one that is permitted is not hidden by those that are not. */
static int signals(void)
{
	int refused = 0;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int number = 1; number <= 64; number++)
		if (syscall(SYS_kill, pid, number) < 0)
			refused = errno;
	errno = refused;
	return refused ? -1 : 0;
}

/* SIGCONT is everybody's within a session. */
static int a_signal(void)
{
	for (int number = 1; number <= 64; number++)
		if (number != SIGCONT &&
		    (syscall(SYS_kill, pid, number) == 0 ||
		     syscall(SYS_pidfd_send_signal, pidfd(), number, NULL, 0) == 0))
			return 0;
	return -1;
}

static int limit(void)
{
	struct rlimit now;

	return prlimit(pid, RLIMIT_NOFILE, NULL, &now) < 0
		       ? -1
		       : prlimit(pid, RLIMIT_NOFILE, &now, NULL);
}

static int limit_all(void)
{
	const struct rlimit none = { 0, 0 };

	for (int resource = 0; resource < RLIM_NLIMITS; resource++)
		if (prlimit(pid, (enum __rlimit_resource)resource, &none, NULL) < 0)
			return -1;
	return 0;
}

static int hold_back(void)
{
	return setpriority(PRIO_PROCESS, (id_t)pid, 19);
}

static int confine_to_a_processor(void)
{
	cpu_set_t set;

	if (sched_getaffinity(pid, sizeof(set), &set) < 0)
		return -1;
	return sched_setaffinity(pid, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
		{ "trace", trace },
		{ "read-memory", read_memory },
		{ "write-memory", write_memory },
		{ "take-a-descriptor", take_a_descriptor },
		{ "compare-descriptors", compare_descriptors },
		{ "count-its-work", count_its_work },
		{ "move-its-pages", move_its_pages },
		{ "write-a-file", write_a_file },
		{ "see-memory", see_memory },
		{ "see-environment", see_environment },
		{ "see-maps", see_maps },
		{ "see-descriptors", see_descriptors },
		{ "see-one-descriptor", see_one_descriptor },
		{ "see-its-root", see_its_root },
		{ "see-its-directory", see_its_directory },
		{ "see-its-program", see_its_program },
		{ "see-its-network", see_its_network },
		{ "see-its-mounts", see_its_mounts },
		{ "see-its-call", see_its_call },
		/* Of its own user anybody may these, so they are not listed. */
		{ "signals", signals },
		{ "a-signal", a_signal },
		{ "limit", limit },
		{ "limit-all", limit_all },
		{ "hold-back", hold_back },
		{ "confine-to-a-processor", confine_to_a_processor },
	};

	pid = argc == 3 ? (pid_t)strtol(argv[2], NULL, 10) : 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (argc == 1 && ways[i].go != signals)
			puts(ways[i].name);
		else if (argc == 1)
			return 0;
		if (argc != 3 || strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (ways[i].go() == 0)
			_exit(0);
		printf("refused: %s\n", strerror(errno));
		return 1;
	}
	return 64;
}
