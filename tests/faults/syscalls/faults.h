#pragma once

/* What each system call may be answered, besides what it is asked for. */

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "tests/faults/syscalls/trace.h"

#define FAILS(number) { #number, DEED_ERROR, number }
#define FAILS_LATE(number) { #number, DEED_LATE, number }
#define PRETENDS { "nothing, as if done", DEED_PRETEND, 0 }
#define NOTHING { "0", DEED_RETURN, 0 }
#define SHORT { "one byte", DEED_SHORT, 0 }

#define FAULTS_MAX 10

/* The first line that fits counts. */
static const struct call_faults {
	int call;
	struct fault faults[FAULTS_MAX];
} call_faults[] = {
	{ SYS_openat,
	  { FAILS(EMFILE), FAILS(EPERM), FAILS(ENOMEM), FAILS(ENFILE), FAILS(ENOSPC),
	    FAILS(EIO), FAILS(EINTR) } },
	/* Whatever close() says, the descriptor is closed. */
	{ SYS_close, { FAILS_LATE(EIO), FAILS_LATE(EINTR), FAILS_LATE(ENOSPC) } },
	{ SYS_close_range, { PRETENDS, FAILS(ENOMEM), FAILS(EPERM), FAILS(EMFILE) } },
	{ SYS_read, { SHORT, FAILS(EIO), FAILS(EINTR), FAILS(EAGAIN), FAILS(ENOMEM) } },
	{ SYS_pread64, { SHORT, FAILS(EIO), FAILS(EINTR) } },
	{ SYS_write,
	  { SHORT, FAILS(ENOSPC), FAILS(EIO), FAILS(EINTR), FAILS(EAGAIN),
	    FAILS(EPERM) } },
	{ SYS_writev, { FAILS(ENOSPC), FAILS(EIO), FAILS(EINTR) } },
	{ SYS_brk, { { "no more", DEED_SHORT, 0 } } },
	{ SYS_mmap, { FAILS(ENOMEM), FAILS(EPERM), FAILS(EAGAIN) } },
	{ SYS_mprotect, { FAILS(ENOMEM), FAILS(EPERM) } },
	{ SYS_mremap, { FAILS(ENOMEM), FAILS(EAGAIN) } },
	{ SYS_munmap, { FAILS(ENOMEM) } },
	{ SYS_socket,
	  { FAILS(EMFILE), FAILS(EPERM), FAILS(ENOBUFS), FAILS(ENOMEM), FAILS(ENFILE) } },
	{ SYS_socketpair, { FAILS(EMFILE), FAILS(ENFILE), FAILS(ENOMEM), FAILS(EPERM) } },
	{ SYS_pipe2, { FAILS(EMFILE), FAILS(ENFILE) } },
	{ SYS_bind, { FAILS(EPERM), FAILS(ENOMEM) } },
	{ SYS_connect,
	  { FAILS(EPERM), FAILS(ECONNREFUSED), FAILS(EINTR), FAILS(EAGAIN) } },
	{ SYS_sendto,
	  { PRETENDS, FAILS(EPERM), FAILS(ENOBUFS), FAILS(EINTR), FAILS(EAGAIN),
	    FAILS(ENOMEM), FAILS(ECONNREFUSED) } },
	{ SYS_sendmsg,
	  { PRETENDS, FAILS(EPERM), FAILS(ENOBUFS), FAILS(EINTR), FAILS(EAGAIN),
	    FAILS(ENOMEM), FAILS(ECONNREFUSED) } },
	{ SYS_sendmmsg, { FAILS(ENOBUFS), FAILS(EAGAIN), FAILS(EINTR), FAILS(ENOMEM) } },
	{ SYS_recvfrom,
	  { FAILS(ENOBUFS), FAILS(EAGAIN), FAILS(EINTR), NOTHING, FAILS(ENOMEM),
	    FAILS(ECONNREFUSED), FAILS(EIO) } },
	{ SYS_recvmsg,
	  { FAILS(EINTR), NOTHING, FAILS(EAGAIN), FAILS(ENOMEM), FAILS(ENOBUFS),
	    FAILS(ECONNREFUSED) } },
	{ SYS_capset, { PRETENDS, FAILS(EPERM), FAILS(ENOMEM) } },
	{ SYS_setresuid, { PRETENDS, FAILS(EPERM), FAILS(EAGAIN), FAILS(ENOMEM) } },
	{ SYS_setresgid, { PRETENDS, FAILS(EPERM), FAILS(EAGAIN), FAILS(ENOMEM) } },
	{ SYS_setgroups, { PRETENDS, FAILS(EPERM), FAILS(ENOMEM) } },
	{ SYS_seccomp, { PRETENDS, FAILS(EPERM), FAILS(ENOMEM), FAILS(EAGAIN) } },
	{ SYS_prctl, { PRETENDS, FAILS(EPERM), FAILS(ENOMEM) } },
	{ SYS_flock, { FAILS(EINTR), FAILS(EAGAIN), FAILS(ENOMEM) } },
	{ SYS_clone, { FAILS(EAGAIN), FAILS(ENOMEM) } },
	{ SYS_execve, { FAILS(ENOMEM), FAILS(EPERM), FAILS(EIO), FAILS(EAGAIN) } },
	{ SYS_execveat, { FAILS(ENOMEM), FAILS(EPERM), FAILS(EIO), FAILS(EAGAIN) } },
	{ SYS_poll, { FAILS(EINTR), NOTHING, FAILS(ENOMEM) } },
	{ SYS_epoll_wait, { FAILS(EINTR), NOTHING } },
	{ SYS_epoll_pwait, { FAILS(EINTR), NOTHING } },
	{ SYS_epoll_ctl, { FAILS(ENOMEM), FAILS(ENOSPC), FAILS(EPERM) } },
	{ SYS_epoll_create1, { FAILS(EMFILE), FAILS(ENFILE), FAILS(ENOMEM) } },
	{ SYS_signalfd4, { FAILS(EMFILE), FAILS(ENFILE), FAILS(ENOMEM) } },
	{ SYS_timerfd_create, { FAILS(EMFILE), FAILS(ENFILE), FAILS(ENOMEM) } },
	{ SYS_memfd_create, { FAILS(EMFILE), FAILS(ENFILE), FAILS(ENOMEM) } },
	{ SYS_wait4, { FAILS(EINTR) } },
	{ SYS_rt_sigtimedwait, { FAILS(EAGAIN), FAILS(EINTR) } },
	{ SYS_getrandom, { FAILS(EAGAIN), FAILS(EINTR), NOTHING } },
	{ SYS_fcntl, { FAILS(EMFILE), FAILS(EAGAIN), FAILS(EPERM) } },
	{ SYS_dup2, { FAILS(EMFILE), FAILS(EINTR) } },
	{ SYS_dup3, { FAILS(EMFILE), FAILS(EINTR) } },
	{ SYS_ftruncate, { FAILS(EINTR), FAILS(EIO), FAILS(EPERM) } },
	{ SYS_renameat, { FAILS(ENOSPC), FAILS(EIO), FAILS(EPERM), FAILS(ENOMEM) } },
	{ SYS_mkdir, { FAILS(ENOSPC), FAILS(EPERM), FAILS(ENOMEM), FAILS(EIO) } },
	{ SYS_fchmod, { FAILS(EPERM), FAILS(EIO) } },
	{ SYS_fchown, { FAILS(EPERM), FAILS(EIO) } },
	{ -1, { FAILS(EPERM), FAILS(ENOMEM), FAILS(EIO) } },
};

/* Nobody comes back from these, or they begin before main(), or they cannot fail. */
static bool is_spared(const struct tracee *call)
{
	static const int spared[] = { SYS_exit_group,
				      SYS_exit,
				      SYS_rt_sigreturn,
				      SYS_arch_prctl,
				      SYS_set_tid_address,
				      SYS_set_robust_list,
				      SYS_rseq,
				      SYS_getpid,
				      SYS_getppid,
				      SYS_gettid,
				      SYS_getuid,
				      SYS_geteuid,
				      SYS_getgid,
				      SYS_getegid };

	for (size_t i = 0; i < sizeof(spared) / sizeof(spared[0]); i++)
		if (call->nr == spared[i])
			return true;
	return call->nr == SYS_wait4 && call->args[2] & WNOHANG;
}

/* Asks the same over and over, and nothing depends on when. */
static bool is_common(const struct tracee *call)
{
	return (call->nr == SYS_prctl && call->args[0] == PR_CAPBSET_READ) ||
	       call->nr == SYS_rt_sigaction || call->nr == SYS_lseek ||
	       call->nr == SYS_capget || call->nr == SYS_rt_sigprocmask;
}

/* Pretending to have answered a question is another thing than pretending to have acted. */
static bool is_question(const struct tracee *call)
{
	static const uint64_t questions[] = { PR_CAPBSET_READ,     PR_GET_SECUREBITS,
					      PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,
					      PR_GET_DUMPABLE,     PR_GET_PDEATHSIG };

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (call->nr == SYS_prctl && call->args[0] == questions[i])
			return true;
	return call->nr == SYS_prctl && call->args[0] == PR_CAP_AMBIENT &&
	       call->args[1] == PR_CAP_AMBIENT_IS_SET;
}

static size_t faults_of(const struct tracee *call, const struct fault **ret)
{
	const struct call_faults *row = call_faults;
	size_t count = 0;

	if (is_spared(call))
		return 0;
	while (row->call >= 0 && row->call != call->nr)
		row++;
	*ret = row->faults;
	while (count < FAULTS_MAX && row->faults[count].name)
		count++;
	if (is_question(call)) {
		(*ret)++;
		count--;
	}
	return count;
}
