#pragma once

/* A tree of processes under ptrace, each of whose system calls may be made to fail. x86-64 only: no
 * older kernel than 6.16 changes a call's number in the same way everywhere. */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum deed {
	DEED_ERROR,   /* not done, `value` as errno */
	DEED_RETURN,  /* not done, `value` as if it had been */
	DEED_LATE,    /* done, `value` as errno nevertheless */
	DEED_PRETEND, /* not done, as if it had been wholly */
	DEED_SHORT, /* done for one byte; of brk(), not at all, which it tells by what it returns */
	DEED_KILL, /* SIGKILL instead */
};

struct fault {
	const char *name;
	enum deed deed;
	int value;
};

struct tracee {
	pid_t pid;
	unsigned index; /* in the order in which they came to be */
	unsigned calls; /* so far */
	long nr;
	uint64_t args[6];
	bool lies; /* at the end of the call `result` is put in place of the kernel's */
	long result;
	bool changed; /* arguments that come back as they were */
};

#define TRACEES 64

struct tracer {
	/* What shall happen to the call that `tracee` is about to make; NULL: nothing. */
	const struct fault *(*meet)(void *context, const struct tracee *tracee);
	/* A program begins: true lets go of it. */
	bool (*begins)(void *context, const struct tracee *tracee);
	void *context;
	bool looks; /* at calls: when all that was to happen has, there is no need */
	struct tracee tracees[TRACEES];
	size_t count;
	unsigned made;
	int crash; /* the signal that somebody's own fault brought */
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
	exit(2);
}

static struct tracee *tracer_add(struct tracer *tracer, pid_t pid)
{
	for (size_t i = 0; i < tracer->count; i++)
		if (tracer->tracees[i].pid == pid)
			return &tracer->tracees[i];
	if (tracer->count == TRACEES)
		die("too many processes");
	tracer->tracees[tracer->count] =
		(struct tracee){ .pid = pid, .index = tracer->made++ };
	return &tracer->tracees[tracer->count++];
}

static void tracer_remove(struct tracer *tracer, pid_t pid)
{
	for (size_t i = 0; i < tracer->count; i++)
		if (tracer->tracees[i].pid == pid)
			tracer->tracees[i] = tracer->tracees[--tracer->count];
}

static void go_on(const struct tracer *tracer, const struct tracee *tracee, int number)
{
	bool looks = tracer->looks || tracee->lies || tracee->changed;

	/* Killed meanwhile, it is waited for like any other. */
	if (ptrace(looks ? PTRACE_SYSCALL : PTRACE_CONT, tracee->pid, NULL, number) < 0 &&
	    errno != ESRCH)
		die("ptrace");
}

static void set_register(const struct tracee *tracee, size_t offset, unsigned long value)
{
	if (ptrace(PTRACE_POKEUSER, tracee->pid, offset, value) < 0 && errno != ESRCH)
		die("a register");
}

#define SET(tracee, name, value)                                                         \
	set_register(tracee, offsetof(struct user, regs.name), (unsigned long)(value))

static void do_to(struct tracee *tracee, const struct fault *fault)
{
	switch (fault->deed) {
	case DEED_KILL:
		kill(tracee->pid, SIGKILL);
		return;
	case DEED_SHORT:
		if (tracee->nr == SYS_brk)
			SET(tracee, rdi, 0);
		else
			SET(tracee, rdx, 1);
		tracee->changed = true;
		return;
	case DEED_LATE:
		tracee->lies = true;
		tracee->result = -fault->value;
		return;
	case DEED_ERROR:
		tracee->result = -fault->value;
		break;
	case DEED_RETURN:
		tracee->result = fault->value;
		break;
	case DEED_PRETEND:
		tracee->result = tracee->nr == SYS_sendto ? (long)tracee->args[2] : 0;
		break;
	}
	tracee->lies = true;
	SET(tracee, orig_rax, -1);
}

static void take_call(struct tracer *tracer, struct tracee *tracee)
{
	struct ptrace_syscall_info info;
	const struct fault *fault;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->lies) {
		SET(tracee, rax, tracee->result);
		tracee->lies = false;
	}
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->changed) {
		SET(tracee, rdi, tracee->args[0]);
		SET(tracee, rdx, tracee->args[2]);
		tracee->changed = false;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !tracer->looks)
		return;
	tracee->calls++;
	tracee->nr = (long)info.entry.nr;
	memcpy(tracee->args, info.entry.args, sizeof(tracee->args));
	fault = tracer->meet(tracer->context, tracee);
	if (fault)
		do_to(tracee, fault);
}

/* The kernel keeps a traced PID 1 alive, and it would crash again for ever. */
static bool is_crash(int number)
{
	return number == SIGSEGV || number == SIGABRT || number == SIGBUS ||
	       number == SIGILL || number == SIGSYS || number == SIGFPE;
}

static void take_stop(struct tracer *tracer, struct tracee *tracee, int status)
{
	unsigned long child = 0;

	switch (status >> 16) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (ptrace(PTRACE_GETEVENTMSG, tracee->pid, NULL, &child) == 0)
			tracer_add(tracer, (pid_t)child);
		break;
	case PTRACE_EVENT_EXEC:
		if (tracer->begins(tracer->context, tracee)) {
			ptrace(PTRACE_DETACH, tracee->pid, NULL, 0);
			tracer_remove(tracer, tracee->pid);
			return;
		}
		break;
	case PTRACE_EVENT_STOP:
		if (WSTOPSIG(status) != SIGTRAP) {
			ptrace(PTRACE_LISTEN, tracee->pid, NULL, 0);
			return;
		}
		break;
	default:
		if (is_crash(WSTOPSIG(status))) {
			tracer->crash = WSTOPSIG(status);
			kill(tracee->pid, SIGKILL);
			return;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			go_on(tracer, tracee, WSTOPSIG(status));
			return;
		}
		take_call(tracer, tracee);
	}
	go_on(tracer, tracee, 0);
}

/* Waits for one thing to happen. Returns the process that has ended, with its status; 0 for anything
 * else, -1 when there is nobody left or a signal came. */
static pid_t tracer_step(struct tracer *tracer, int *ret_status)
{
	pid_t pid = waitpid(-1, ret_status, __WALL);

	if (pid < 0)
		return -1;
	if (WIFSTOPPED(*ret_status)) {
		take_stop(tracer, tracer_add(tracer, pid), *ret_status);
		return 0;
	}
	tracer_remove(tracer, pid);
	return pid;
}

static void tracer_kill(const struct tracer *tracer)
{
	for (size_t i = 0; i < tracer->count; i++)
		kill(tracer->tracees[i].pid, SIGKILL);
}

/* A child that executes `argv` once it is traced, with `output` as its 1 and 2. */
struct launch {
	char *const *argv;
	bool pid_1;
	int output;
	const char *proc; /* mounts one there */
};

static void enter(const struct launch *launch, int gate);

static pid_t tracer_launch(struct tracer *tracer, const struct launch *launch)
{
	int gate[2], flags = SIGCHLD;
	pid_t pid;

	if (pipe(gate) < 0)
		die("pipe");
	if (launch->pid_1)
		flags |= 0x20000000 /* CLONE_NEWPID */ | 0x00020000 /* CLONE_NEWNS */;
	fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid < 0)
		die("clone");
	if (pid == 0) {
		close(gate[1]);
		enter(launch, gate[0]);
		_exit(99);
	}
	close(gate[0]);
	tracer->count = tracer->made = 0;
	tracer->crash = 0;
	tracer_add(tracer, pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) <
	    0)
		die("PTRACE_SEIZE");
	if (write(gate[1], "", 1) != 1)
		die("write");
	close(gate[1]);
	return pid;
}
