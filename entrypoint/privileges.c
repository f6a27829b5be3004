/* Theory of operation
 *
 * netpale starts as the container's root and ends as the agent's user with nothing. Between
 * lies one walk through the stages below, in their order. Each only takes away; no stage needs
 * what an earlier one took:
 *
 *   stdio          must come while CAP_CHOWN is held
 *   bounding set   while CAP_SETPCAP is held; securebits too, so that uid 0 means nothing
 *   identity       groups, gid, uid: while CAP_SETGID and CAP_SETUID are held
 *   capabilities   the four sets that are left
 *   no_new_privs   no program gives anything back, not setuid ones, not those with file
 *                  capabilities; without it a setuid program still makes euid 0, which owns
 *                  the files of the next start
 *   fence          tried: must be out of reach now. Before seccomp hides the question
 *   seccomp        the ways around netfilter
 *   descriptors    sockets opened as root keep what they could do then
 *   proof          everything is read back
 *
 * Started by the agent's own user, stages that need privilege find nothing to take.
 * With --allow-sudo a smaller bounding set stays, and the agent's root is root of files only. */
#include "entrypoint/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "entrypoint/capabilities.h"
#include "entrypoint/log.h"
#include "entrypoint/proof.h"
#include "entrypoint/seccomp.h"
#include "lib/buf.h"

/* What installing packages takes. Not in it: whatever changes the fence (NET_ADMIN), goes
 * around it (NET_RAW, SYS_ADMIN, SYS_MODULE, SYS_RAWIO, BPF, MKNOD), takes it from a process
 * that may (SYS_PTRACE, PERFMON), gives it to a file (SETFCAP) or reads past mounts
 * (DAC_READ_SEARCH). */
static const cap_value_t sudo_capabilities[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,     CAP_FSETID,      CAP_KILL,
	CAP_SETGID, CAP_SETUID,       CAP_SYS_CHROOT, CAP_AUDIT_WRITE,
};

static uint64_t bounding_to_keep(const struct drop *drop)
{
	uint64_t keep = 0;

	for (size_t i = 0; drop->sudo && i < ARRAY_SIZE(sudo_capabilities); i++)
		keep |= capability_bit((unsigned int)sudo_capabilities[i]);
	return keep;
}

int privileges_require(unsigned int uses, struct error *err)
{
	static const struct {
		unsigned int capability, uses;
		const char *option;
	} needed[] = {
		{ CAP_NET_ADMIN, PRIVILEGES_FENCE, " --cap-add NET_ADMIN" },
		{ CAP_SETUID, PRIVILEGES_DROP | PRIVILEGES_GUARD, " --cap-add SETUID" },
		{ CAP_SETGID, PRIVILEGES_DROP | PRIVILEGES_GUARD, " --cap-add SETGID" },
		{ CAP_SETPCAP, PRIVILEGES_DROP | PRIVILEGES_GUARD, " --cap-add SETPCAP" },
		{ CAP_KILL, PRIVILEGES_GUARD, " --cap-add KILL" },
	};
	bool fence = uses & PRIVILEGES_FENCE;
	char options[128] = "";
	size_t used = 0;
	uint64_t held;

	if (geteuid() != 0 && !fence)
		return 0;
	if (geteuid() != 0)
		return error_set(
			err, ERROR_PRIVILEGE,
			"started as uid %u, not as root: remove USER from the image "
			"(user: of compose, --user): netpale drops by itself",
			geteuid());
	held = capabilities_read(CAPABILITIES_EFFECTIVE);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if ((needed[i].uses & uses) &&
		    !(held & capability_bit(needed[i].capability)))
			used += (size_t)snprintf(options + used, sizeof(options) - used,
						 "%s", needed[i].option);
	if (used)
		return error_set(err, ERROR_PRIVILEGE,
				 "capabilities are missing: docker run%s", options);
	return 0;
}

static int require_read_only(const char *path, struct error *err)
{
	char target[PATH_MAX], quoted[256];
	ssize_t length = readlink(path, target, sizeof(target));
	struct statvfs mount;

	/* Of /proc/self/exe, the file it stands for. */
	escape(quoted, sizeof(quoted), length > 0 ? target : path,
	       length > 0 ? (size_t)length : strlen(path));
	if (statvfs(path, &mount) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "%s", quoted);
	if (mount.f_flag & ST_RDONLY)
		return 0;
	return error_set(err, ERROR_PRIVILEGE,
			 "--allow-sudo: root could change %s for the next start: "
			 "mount it read-only",
			 quoted);
}

int privileges_require_out_of_reach(const char *const *paths, size_t count,
				    struct error *err)
{
	if (!strchr(program_invocation_name, '/'))
		return error_set(
			err, ERROR_PRIVILEGE,
			"--allow-sudo: root could put another '%s' before this one "
			"in PATH: name the whole path in ENTRYPOINT",
			program_invocation_short_name);
	for (size_t i = 0; i < count; i++)
		if (require_read_only(paths[i], err) < 0)
			return -1;
	return 0;
}

/* Only what the container's start made for root: a terminal or a pipe. Never /dev/null, which
 * is everybody's, nor a file somebody redirected here. Without, the agent cannot open
 * /dev/stdout; that is all, so a refusal is a warning. */
static int hand_over_stdio(const struct drop *drop, struct error *err)
{
	(void)err;
	if (geteuid() != 0)
		return 0;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat file;

		if (fstat(fd, &file) < 0 || file.st_uid != 0 ||
		    !(S_ISFIFO(file.st_mode) || isatty(fd)))
			continue;
		if (fchown(fd, drop->user->uid, (gid_t)-1) < 0)
			log_warning("the agent cannot open /dev/fd/%d: %s%s", fd,
				    strerror(errno),
				    errno == EPERM ? ": docker run --cap-add CHOWN" : "");
	}
	return 0;
}

static int empty_bounding_set(const struct drop *drop, struct error *err)
{
	if (geteuid() != 0)
		return 0;
	if (capabilities_bound(bounding_to_keep(drop)) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "bounding set");
	if (!drop->sudo && prctl(PR_SET_SECUREBITS, CAPABILITIES_SECUREBITS, 0, 0, 0) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "securebits");
	return 0;
}

/* Not started as root, the calls still leave one id where a setuid start had several. */
static int take_identity(const struct drop *drop, struct error *err)
{
	const struct user *user = drop->user;

	if (geteuid() == 0 && setgroups(user->group_count, user->groups) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "groups");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "cannot become gid %u",
				   user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "cannot become uid %u",
				   user->uid);
	return 0;
}

static int clear_capabilities(const struct drop *drop, struct error *err)
{
	(void)drop;
	return capabilities_clear() < 0
		       ? error_errno(err, ERROR_PRIVILEGE, errno, "capabilities")
		       : 0;
}

static int forbid_new_privileges(const struct drop *drop, struct error *err)
{
	if (!drop->sudo && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "no_new_privs");
	return 0;
}

static int prove_fence_out_of_reach(const struct drop *drop, struct error *err)
{
	return drop->fenced ? proof_of_closed_tables(err) : 0;
}

static int confine(const struct drop *drop, struct error *err)
{
	return drop->sudo ? 0 : seccomp_confine(err);
}

static bool stays_open(const struct drop *drop, int fd)
{
	for (size_t i = 0; i < drop->kept_count; i++)
		if (drop->kept[i] == fd)
			return true;
	return drop->keep_report && fd == DROP_REPORT;
}

/* closefrom() closes or aborts. Descriptors that stay open have low numbers. */
static int close_descriptors(const struct drop *drop, struct error *err)
{
	int last = DROP_REPORT;

	(void)err;
	for (size_t i = 0; i < drop->kept_count; i++)
		if (drop->kept[i] > last)
			last = drop->kept[i];
	for (int fd = STDERR_FILENO + 1; fd <= last; fd++)
		if (!stays_open(drop, fd))
			close(fd);
	closefrom(last + 1);
	return 0;
}

/* Closing is said to have been done by one call; who is left, a list says. */
static int prove_descriptors(const struct drop *drop, struct error *err)
{
	DIR *list = opendir("/proc/self/fd");
	const struct dirent *entry;
	int left = -1;

	if (!list)
		return errno == ENOENT
			       ? 0
			       : error_errno(err, ERROR_PROOF, errno, "descriptors");
	while ((entry = readdir(list))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (fd > STDERR_FILENO && fd != dirfd(list) && !stays_open(drop, fd))
			left = fd;
	}
	closedir(list);
	if (left >= 0)
		return error_set(err, ERROR_PROOF, "descriptor %d is still open", left);
	return 0;
}

int privileges_drop(const struct drop *drop, struct error *err)
{
	static int (*const stages[])(const struct drop *drop, struct error *err) = {
		hand_over_stdio,
		empty_bounding_set,
		take_identity,
		clear_capabilities,
		forbid_new_privileges,
		prove_fence_out_of_reach,
		confine,
		close_descriptors,
		prove_descriptors,
	};
	bool root = geteuid() == 0;
	const struct proof proof = {
		.user = drop->user,
		.bounding = root ? bounding_to_keep(drop) : UINT64_MAX,
		.locked = root,
		.confined = !drop->sudo,
	};

	/* The bounding set that sudo would get could not be reduced. */
	if (drop->sudo && !root)
		return error_set(err, ERROR_PRIVILEGE,
				 "--allow-sudo: not started as root");
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (stages[i](drop, err) < 0)
			return error_wrap(err, "giving up privilege");
	return proof_of_loss(&proof, err);
}

static const cap_value_t guard_capabilities[] = {
	CAP_NET_ADMIN,
	CAP_KILL,
	CAP_SETUID,
	CAP_SETGID,
};

int privileges_keep_guard(struct error *err)
{
	const int count = ARRAY_SIZE(guard_capabilities);
	uint64_t kept = 0;

	for (int i = 0; i < count; i++)
		kept |= capability_bit((unsigned int)guard_capabilities[i]);
	kept &= capabilities_read(CAPABILITIES_PERMITTED);
	if (capabilities_bound(0) < 0 ||
	    prctl(PR_SET_SECUREBITS, CAPABILITIES_SECUREBITS, 0, 0, 0) < 0 ||
	    capabilities_keep(kept) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, ERROR_PRIVILEGE, errno, "the guard's privileges");
	if (capabilities_read(CAPABILITIES_EFFECTIVE) != kept ||
	    capabilities_read(CAPABILITIES_PERMITTED) != kept ||
	    capabilities_read(CAPABILITIES_INHERITABLE) ||
	    capabilities_read(CAPABILITIES_AMBIENT) ||
	    capabilities_read(CAPABILITIES_BOUNDING))
		return error_set(err, ERROR_PROOF, "the guard holds more than it should");
	return 0;
}

int privileges_prove_closed(const struct addr *refused4, const struct addr *refused6,
			    struct error *err)
{
	if (refused4 && proof_of_closed_address(refused4, err) < 0)
		return -1;
	return refused6 ? proof_of_closed_address(refused6, err) : 0;
}

unsigned int privileges_in_reach(void)
{
	uint64_t bounding = capabilities_read(CAPABILITIES_BOUNDING);
	unsigned int reach = 0;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return 0;
	if (bounding & capability_bit(CAP_NET_ADMIN))
		reach |= PRIVILEGES_REACH_ADMIN;
	if (bounding & capability_bit(CAP_NET_RAW))
		reach |= PRIVILEGES_REACH_RAW;
	return reach;
}

const char *privileges_still_open(void)
{
	switch (privileges_in_reach()) {
	case PRIVILEGES_REACH_ADMIN | PRIVILEGES_REACH_RAW:
		return "docker exec enters with NET_ADMIN and NET_RAW in reach "
		       "(--security-opt no-new-privileges --cap-drop NET_RAW)";
	case PRIVILEGES_REACH_ADMIN:
		return "docker exec enters with NET_ADMIN in reach (--security-opt "
		       "no-new-privileges)";
	case PRIVILEGES_REACH_RAW:
		return "docker exec enters with NET_RAW in reach (--cap-drop NET_RAW)";
	default:
		return NULL;
	}
}
