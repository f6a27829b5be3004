"""filter.py AGENT WORKER: do these two filters (filter.c's) do on arm64 what netpale promises?"""
import struct
import sys

ARM64, ARM, X86_64 = 0xC00000B7, 0x40000028, 0xC000003E
ALLOW, KILL = "allow", "kill"
CALLS = [  # number on arm64, arguments; what becomes of it for the agent, for a worker
    ("read", 63, (), ALLOW, KILL),
    ("write", 64, (), ALLOW, ALLOW),
    ("openat", 56, (), ALLOW, KILL),
    ("exit_group", 94, (), ALLOW, ALLOW),
    ("epoll_pwait", 22, (), ALLOW, ALLOW),
    ("a TCP socket", 198, (2, 1, 0), ALLOW, KILL),
    ("a TCP socket of IPv6", 198, (10, 1, 0), ALLOW, KILL),
    ("a Unix socket", 198, (1, 1, 0), ALLOW, KILL),
    ("rtnetlink", 198, (16, 3, 0), ALLOW, KILL),
    ("netfilter's netlink", 198, (16, 3, 12), "EPROTONOSUPPORT", KILL),
    ("a packet socket", 198, (17, 3, 0), "EAFNOSUPPORT", KILL),
    ("one by its old name", 198, (2, 10, 0), "EPERM", KILL),
    ("SMC", 198, (2, 1, 256), "EPERM", KILL),
    ("vsock", 198, (40, 1, 0), "EAFNOSUPPORT", KILL),
    ("a family with high bits", 198, (1 << 32 | 17, 3, 0), "EAFNOSUPPORT", KILL),
    ("a pair of Unix sockets", 199, (1, 1, 0), ALLOW, KILL),
    ("another pair", 199, (2, 1, 0), "EAFNOSUPPORT", KILL),
    ("a terminal's size", 29, (0, 0x5413), ALLOW, KILL),
    ("typing into a terminal", 29, (0, 0x5412), "EPERM", KILL),
    ("that with high bits", 29, (0, 1 << 32 | 0x5412), "EPERM", KILL),
    ("io_uring_setup", 425, (), "ENOSYS", KILL),
    ("io_uring_enter", 426, (), "ENOSYS", KILL),
    ("io_uring_register", 427, (), "ENOSYS", KILL),
]
ERRORS = {1: "EPERM", 38: "ENOSYS", 93: "EPROTONOSUPPORT", 97: "EAFNOSUPPORT"}


def verdict(value):
    if value >> 16 == 5:
        return ERRORS.get(value & 0xFFFF, f"errno {value & 0xFFFF}")
    return {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(value, hex(value))


def run(program, call, arguments, machine):
    """Classic BPF, as far as libseccomp writes it."""
    data = struct.pack("<iIQ6Q", call, machine, 0, *arguments, *[0] * (6 - len(arguments)))
    accumulator, memory, at = 0, [0] * 16, 0
    while True:
        code, true, false, k = program[at]
        at += 1
        if code == 0x06:
            return verdict(k)
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code == 0x54:
            accumulator &= k
        elif code == 0x02:
            memory[k] = accumulator
        elif code == 0x60:
            accumulator = memory[k]
        elif code == 0x05:
            at += k
        else:
            holds = {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k, 0x45: accumulator & k}
            at += true if holds[code] else false


faults = 0
for which, path in enumerate(sys.argv[1:3]):
    with open(path, "rb") as file:
        program = list(struct.iter_unpack("<HBBI", file.read()))
    cases = [(name, call, arguments, ARM64, wanted[which]) for name, call, arguments, *wanted in CALLS]
    cases += [("of 32 bits", 281, (2, 1, 0), ARM, KILL), ("of another machine", 41, (2, 1, 0), X86_64, KILL)]
    for name, call, arguments, machine, wanted in cases:
        got = run(program, call, arguments, machine)
        if got != wanted:
            faults += 1
            print(f"FAIL: {path}: {name}: wanted {wanted}, got {got}")
print(f"{2 * len(cases)} calls were tried against the filters for arm64")
sys.exit(faults > 0)
