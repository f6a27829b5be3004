/* Theory of operation
 *
 * A worker's life, from the guard's fork to its own work:
 *
 *   guard       child                                      worker, after exec
 *   fork ---->  bounding set, groups, gid, uid,
 *               capabilities, no_new_privs: all given up
 *               dies with the guard; signals as new
 *               0 is /dev/null, 1 is 2, 3 is the pair
 *               exec of this program -------------------->  worker_settle(): proves the loss
 *   <--- what went wrong, or the pipe closes by itself      takes what it was sent
 *                                                           worker_confine(): the filter
 *
 * The exec is what makes it safe: nothing that the guard has read or been handed stays in the
 * worker's memory. Inherited descriptors are closed by worker_settle(), which finds them whatever
 * the kernel's age. */
#include "entrypoint/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "entrypoint/capabilities.h"
#include "entrypoint/fd.h"
#include "entrypoint/log.h"
#include "entrypoint/proof.h"
#include "entrypoint/seccomp.h"

/* What one message carries at most (the kernel's SCM_MAX_FD). */
#define DESCRIPTORS_MAX 253

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

struct birth {
	const char *name;
	uid_t uid;
	pid_t parent;
	int program, pair, report;
};

/* Messages. */

/* The other side does not read, or the kernel has no room. */
static bool is_full(int number)
{
	return number == EAGAIN || number == ENOBUFS || number == ENOMEM ||
	       number == ETOOMANYREFS || number == EINTR;
}

static int send_message(int fd, const struct message *message, const int *fds,
			size_t fd_count)
{
	uint8_t bytes[MESSAGE_BYTES];
	union control control;
	struct iovec part = { bytes, message_encode(message, bytes) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd_count > DESCRIPTORS_MAX)
		return -1;
	if (fd_count) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(fd_count * sizeof(*fds));
		control.header = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(fd_count * sizeof(*fds)),
		};
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(*fds));
	}
	do
		sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	return is_full(errno) ? 1 : -1;
}

/* How many came: the first `room` are in `fds` afterwards, the others closed. Where none may come
 * there is no room for control messages, and the kernel makes none of them ours. */
static size_t take_descriptors(struct msghdr *header, int *fds, size_t room)
{
	size_t seen = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (seen < room)
				fds[seen] = fd;
			else
				close(fd);
			seen++;
		}
	}
	return seen;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static int receive_message(int fd, struct message *ret, int *fds, size_t room,
			   size_t *ret_count, struct error *err)
{
	uint8_t bytes[MESSAGE_BYTES];
	union control control;
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room ? &control : NULL,
		.msg_controllen = room ? sizeof(control) : 0,
	};
	ssize_t length;
	size_t count;

	do
		length = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return 0;
	if (length < 0)
		return error_errno(err, ERROR_KERNEL, errno, "the other side");
	count = take_descriptors(&header, fds, room);
	if (length == 0)
		error_set(err, ERROR_KERNEL, "the other side has ended");
	else if (header.msg_flags & MSG_TRUNC)
		error_set(err, ERROR_POLICY, "message: it is too long");
	else if (count > room || header.msg_flags & MSG_CTRUNC)
		error_set(err, ERROR_POLICY, "message: too many descriptors with it");
	else if (message_decode(bytes, (size_t)length, ret, err) == 0) {
		if (ret_count)
			*ret_count = count;
		return 1;
	}
	close_all(fds, count < room ? count : room);
	return -1;
}

int worker_send(const struct worker *worker, const struct message *message,
		const int *fds, size_t fd_count)
{
	return send_message(worker->fd, message, fds, fd_count);
}

int worker_receive(const struct worker *worker, struct message *ret, struct error *err)
{
	return receive_message(worker->fd, ret, NULL, 0, NULL, err);
}

int worker_take(struct message *ret, int *fds, size_t room, size_t *ret_count,
		struct error *err)
{
	return receive_message(WORKER_FD, ret, fds, room, ret_count, err);
}

/* What one side says in one turn costs one call, and wakes the other once. */

#define OUTBOX_MESSAGES 32

struct outbox {
	uint8_t bytes[2 * MESSAGE_BYTES];
	size_t used;
	struct iovec parts[OUTBOX_MESSAGES];
	size_t first, count; /* those not sent are from `first` on */
};

static struct outbox posted, told; /* the guard's, the worker's */

static void empty(struct outbox *box)
{
	box->first = box->count = box->used = 0;
}

static int flush(int fd, struct outbox *box)
{
	struct mmsghdr headers[OUTBOX_MESSAGES];
	size_t left = box->count - box->first;
	int sent;

	for (size_t i = 0; i < left; i++)
		headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &box->parts[box->first + i],
			.msg_iovlen = 1,
		};
	sent = left ? sendmmsg(fd, headers, (unsigned)left, MSG_DONTWAIT | MSG_NOSIGNAL)
		    : 0;
	if (sent < 0)
		return is_full(errno) ? 1 : -1;
	box->first += (size_t)sent;
	if (box->first < box->count)
		return 1;
	empty(box);
	return 0;
}

static bool has_room(const struct outbox *box)
{
	return box->count < OUTBOX_MESSAGES &&
	       sizeof(box->bytes) - box->used >= MESSAGE_BYTES;
}

static void put(struct outbox *box, const struct message *message)
{
	struct iovec *part = &box->parts[box->count++];

	part->iov_base = box->bytes + box->used;
	part->iov_len = message_encode(message, part->iov_base);
	box->used += part->iov_len;
}

int worker_post(const struct worker *worker, const struct message *message)
{
	int result = has_room(&posted) ? 0 : worker_deliver(worker);

	put(&posted, message);
	return result;
}

int worker_deliver(const struct worker *worker)
{
	int result = flush(worker->fd, &posted);

	empty(&posted);
	return result;
}

int worker_flush(void)
{
	return flush(WORKER_FD, &told);
}

int worker_tell(const struct message *message)
{
	int result = has_room(&told) ? 0 : worker_flush();

	if (result == 0)
		put(&told, message);
	return result;
}

/* The child, before exec. */

/* With SECBIT_NO_SETUID_FIXUP a change of uid leaves the capabilities: they are cleared by name. */
static int give_up(uid_t id, struct error *err)
{
	if (capabilities_bound(0) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "bounding set");
	if (setgroups(0, NULL) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "groups");
	if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "cannot become uid %u",
				   id);
	if (capabilities_clear() < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "no_new_privs");
	return 0;
}

/* In a session of its own: Ctrl-C at the guard's terminal is the guard's. */
static void forget_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
}

/* 0, 1 and 2 are open already (launch_prepare). */
static int place_descriptors(struct birth *birth, struct error *err)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (nothing < 0)
		return error_errno(err, ERROR_KERNEL, errno, "/dev/null");
	/* Out of the way of what is put in place. */
	birth->program = fcntl(birth->program, F_DUPFD_CLOEXEC, WORKER_FD + 1);
	birth->pair = fcntl(birth->pair, F_DUPFD_CLOEXEC, WORKER_FD + 1);
	birth->report = fcntl(birth->report, F_DUPFD_CLOEXEC, WORKER_FD + 1);
	if (birth->program < 0 || birth->pair < 0 || birth->report < 0 ||
	    dup2(birth->pair, WORKER_FD) < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return error_errno(err, ERROR_KERNEL, errno, "descriptors");
	return 0;
}

/* Returns only on failure. */
static int become_worker(struct birth *birth, struct error *err)
{
	char *const argv[] = { (char *)"netpale", (char *)birth->name, NULL };
	char *const environment[] = { log_is_json() ? (char *)"NETPALE_JSON=1" : NULL,
				      NULL };

	if (place_descriptors(birth, err) < 0 || give_up(birth->uid, err) < 0)
		return -1;
	/* A change of uid would undo it. Whoever lost its parent before it has another one. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != birth->parent)
		_exit(0);
	forget_signals();
	execveat(birth->program, "", argv, environment, AT_EMPTY_PATH);
	if (errno == EACCES)
		return error_set(err, ERROR_NOT_EXECUTABLE,
				 "netpale must be executable for everybody (chmod 755)");
	return error_errno(err, ERROR_KERNEL, errno, "exec of netpale itself");
}

/* The guard. */

static pid_t give_birth(struct birth *birth)
{
	struct error err = { 0 };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	become_worker(birth, &err);
	(void)!write(birth->report, &err, sizeof(err));
	_exit(125);
}

int worker_start_from(int program, const char *name, const struct user *agent,
		      struct worker *ret, struct error *err)
{
	struct birth birth = {
		.name = name,
		.uid = WORKER_UID + (agent && agent->uid == WORKER_UID),
		.parent = getpid(),
		.program = program,
	};
	struct error failure;
	int pair[2], report[2];
	ssize_t length;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) <
	    0)
		return error_errno(err, ERROR_KERNEL, errno, "socketpair");
	if (pipe2(report, O_CLOEXEC) < 0) {
		error_errno(err, ERROR_KERNEL, errno, "pipe");
		close_all(pair, 2);
		return -1;
	}
	birth.pair = pair[1];
	birth.report = report[1];
	pid = give_birth(&birth);
	if (pid < 0)
		error_errno(err, ERROR_KERNEL, errno, "cannot start a process");
	close(pair[1]);
	close(report[1]);
	do
		length = read(report[0], &failure, sizeof(failure));
	while (length < 0 && errno == EINTR);
	close(report[0]);
	if (pid > 0 && length == sizeof(failure))
		*err = failure;
	if (pid < 0 || length == sizeof(failure)) {
		close(pair[0]);
		return error_wrap(err, "%s", name);
	}
	empty(&posted);
	*ret = (struct worker){ .pid = pid, .fd = pair[0] };
	return 0;
}

int worker_start(const char *name, const struct user *agent, struct worker *ret,
		 struct error *err)
{
	CLEANUP(close_fdp) int program = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	if (program < 0)
		return error_errno(err, ERROR_KERNEL, errno, "/proc/self/exe");
	return worker_start_from(program, name, agent, ret, err);
}

void worker_kill(struct worker *worker)
{
	if (worker->pid > 0)
		kill(worker->pid, SIGKILL);
	if (worker->fd >= 0)
		close(worker->fd);
	*worker = (struct worker){ .fd = -1 };
}

/* The worker. */

int worker_settle(struct error *err)
{
	const struct user self = { .uid = getuid(), .gid = getgid() };
	const struct proof proof = { .user = &self, .locked = true };

	int at_guards_end = 0;

	prctl(PR_SET_NAME,
	      "netpale"); /* execveat() would leave the descriptor's number */
	prctl(PR_SET_DUMPABLE, 0);
	closefrom(WORKER_FD + 1);
	if ((self.uid != WORKER_UID && self.uid != WORKER_UID + 1) ||
	    self.gid != self.uid)
		return error_set(err, ERROR_PROOF, "the ids are not a worker's");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return error_set(err, ERROR_PROOF, "no_new_privs is not set");
	if (prctl(PR_GET_DUMPABLE) != 0)
		return error_set(err, ERROR_PROOF, "memory can be read from outside");
	if (prctl(PR_GET_PDEATHSIG, &at_guards_end) < 0 || at_guards_end != SIGKILL)
		return error_set(err, ERROR_PROOF, "it would outlive the guard");
	return proof_of_loss(&proof, err);
}

/* What every program needs: memory, random numbers, time where there is no vDSO, a line on
 * stderr, an end. */
static const int common_calls[] = {
	SCMP_SYS(brk),           SCMP_SYS(mmap),           SCMP_SYS(munmap),
	SCMP_SYS(mremap),        SCMP_SYS(madvise),        SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),   SCMP_SYS(futex),
	SCMP_SYS(write),         SCMP_SYS(exit_group),     SCMP_SYS(rt_sigreturn),
	SCMP_SYS(close),         SCMP_SYS(rt_sigprocmask),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(mprotect),      SCMP_SYS(sched_yield),    SCMP_SYS(getpid),
	SCMP_SYS(gettid),        SCMP_SYS(sigaltstack),
#endif
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return result;
}

int worker_confine(const int *calls, size_t count, struct error *err)
{
	scmp_filter_ctx filter;
	int result = seccomp_begin(SCMP_ACT_KILL_PROCESS, &filter);

	if (result == 0)
		result = allow(filter, common_calls, ARRAY_SIZE(common_calls));
	if (result == 0)
		result = allow(filter, calls, count);
	return seccomp_enforce(filter, result, err);
}
