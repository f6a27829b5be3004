/* What root of a container might do to its fence or around it, one per call: mighty WAY. Ends with 0
 * when the kernel permits it and 1 when it does not (and says why). Nothing stays of it: what would is
 * asked for in a way that is permitted and then found to be nonsense. */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Permission is the first that these calls ask for, where there are such calls. */
static int permitted(long result)
{
	return result < 0 && (errno == EPERM || errno == ENOSYS) ? -1 : 0;
}

static int writable(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static int mount_something(const char *type)
{
	if (mount("none", ".", type, 0, NULL) < 0)
		return -1;
	return umount2(".", MNT_DETACH);
}

static int mount_tmpfs(void)
{
	return mount_something("tmpfs");
}

/* With a release_agent it starts programs as the host's root. */
static int mount_cgroup(void)
{
	return permitted(mount_something("cgroup"));
}

/* As root of /run its user writes what netpale reads at the next start. */
static int bind_over_run(void)
{
	if (mount(".", "/run", NULL, MS_BIND, NULL) < 0)
		return -1;
	return umount2("/run", MNT_DETACH);
}

static int change_root(void)
{
	return chroot(".");
}

static int pivot_the_root(void)
{
	return permitted(syscall(SYS_pivot_root, ".", "."));
}

static int unshare_mounts(void)
{
	return unshare(CLONE_NEWNS);
}

static int unshare_network(void)
{
	return unshare(CLONE_NEWNET);
}

static int join(const char *path, int type)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : setns(fd, type);
}

static int join_own_network(void)
{
	return join("/proc/self/ns/net", CLONE_NEWNET);
}

static int join_mounts_of_pid_1(void)
{
	return join("/proc/1/ns/mnt", CLONE_NEWNS);
}

/* The kind that netfilter's own door, tc, loads: it sees packets before they leave. */
static int load_bpf(void)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes;
	int fd;

	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attributes.insns = (uintptr_t)program;
	attributes.insn_cnt = sizeof(program) / sizeof(program[0]);
	attributes.license = (uintptr_t)"MIT";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
	return fd < 0 ? -1 : close(fd);
}

/* Of every process, the guard too. */
static int watch_the_processor(void)
{
	struct perf_event_attr what = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(what),
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};
	int fd = (int)syscall(SYS_perf_event_open, &what, -1, 0, -1, 0);

	return fd < 0 ? -1 : close(fd);
}

static int load_module(void)
{
	return permitted(syscall(SYS_init_module, "", 0UL, ""));
}

static int unload_module(void)
{
	return permitted(syscall(SYS_delete_module, "no-such-module", O_NONBLOCK));
}

/* These flags do not exist. */
static int another_kernel(void)
{
	return permitted(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0xdeadUL));
}

static int forward_packets(void)
{
	return writable("/proc/sys/net/ipv4/ip_forward");
}

static int route_loopback(void)
{
	return writable("/proc/sys/net/ipv4/conf/all/route_localnet");
}

static int loosen_conntrack(void)
{
	return writable("/proc/sys/net/netfilter/nf_conntrack_tcp_loose");
}

static int command_the_kernel(void)
{
	return writable("/proc/sysrq-trigger");
}

static int catch_cores(void)
{
	return writable("/proc/sys/kernel/core_pattern");
}

static int helper_of_the_kernel(void)
{
	return writable("/proc/sys/kernel/modprobe");
}

static int read_the_kernel(void)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static int device_of_a_disk(void)
{
	if (mknod("disk", S_IFBLK | 0600, makedev(8, 0)) < 0)
		return -1;
	return unlink("disk");
}

static int command_an_interface(unsigned long what, const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	return ioctl(fd, what, &request);
}

/* As it is. */
static int set_the_wire(void)
{
	return command_an_interface(SIOCSIFFLAGS, "eth0");
}

static int rename_the_host(void)
{
	char name[65];

	return gethostname(name, sizeof(name)) < 0 ? -1 : sethostname(name, strlen(name));
}

static int give_to_a_file(void)
{
	static const uint32_t net_admin[] = { 0x02000001, 1u << 12, 0, 0, 0 };
	int fd = open("given", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	int result = (int)syscall(SYS_fsetxattr, fd, "security.capability", net_admin,
				  sizeof(net_admin), 0);

	return result < 0 ? -1 : unlink("given");
}

static int be_another_user(void)
{
	return setresuid(64783, 64783, 64783);
}

static int write_the_policy(void)
{
	return writable("/run/etc/policy.yml");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
		{ "mount-tmpfs", mount_tmpfs },
		{ "mount-cgroup", mount_cgroup },
		{ "bind-over-run", bind_over_run },
		{ "change-root", change_root },
		{ "pivot-the-root", pivot_the_root },
		{ "unshare-mounts", unshare_mounts },
		{ "unshare-network", unshare_network },
		{ "join-own-network", join_own_network },
		{ "join-mounts-of-pid-1", join_mounts_of_pid_1 },
		{ "load-bpf", load_bpf },
		{ "watch-the-processor", watch_the_processor },
		{ "load-module", load_module },
		{ "unload-module", unload_module },
		{ "another-kernel", another_kernel },
		{ "forward-packets", forward_packets },
		{ "route-loopback", route_loopback },
		{ "loosen-conntrack", loosen_conntrack },
		{ "command-the-kernel", command_the_kernel },
		{ "catch-cores", catch_cores },
		{ "helper-of-the-kernel", helper_of_the_kernel },
		{ "read-the-kernel", read_the_kernel },
		{ "device-of-a-disk", device_of_a_disk },
		{ "set-the-wire", set_the_wire },
		{ "rename-the-host", rename_the_host },
		{ "give-to-a-file", give_to_a_file },
		{ "be-another-user", be_another_user },
		{ "write-the-policy", write_the_policy },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (argc == 1)
			puts(ways[i].name);
		if (argc != 2 || strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (ways[i].go() == 0)
			_exit(0); /* where sanitizers look for their files nothing may be left */
		printf("refused: %s\n", strerror(errno));
		return 1;
	}
	return argc == 1 ? 0 : 64;
}
