#!/bin/bash
# | bits beside a question's name: number, port, letters, flags, opcode, class, type, EDNS options, client subnet, cookie, more questions, records, bytes behind the end | arrive | `guarded`: what arrives is always the same question, with netpale's number, port and letters. `resolvers`: arrive. `pinned`, `none`: nothing | the forwarder writes its own question |
# | names that no entry allows: below and around allowed ones, with dots, NULs and 8-bit text in labels, 255 bytes long, of any type, in any framing by TCP | arrive | `resolvers`: arrive at the resolvers. `guarded`, `pinned`, `none`: nothing | the forwarder asks for allowed names only |
# | DNS to any other server, Docker's resolver and its inner port, IPv4 and IPv6 | arrives | refused or led to the forwarder | chain dns; chain egress, ports 53 and 853 |
. "${0%/*}/lib.sh"

# The questions, one line each: what it is, by what, to whom, and all that is sent. Those of "allowed" ask
# for an allowed name.
cat >questions.py <<'END'
import struct
def name(text):
    labels = text if isinstance(text, list) else text.split(".")
    return b"".join(bytes([len(l)]) + (l if isinstance(l, bytes) else l.encode()) for l in labels if l) + b"\0"
def record(owner, type, data, cls=1, ttl=0):
    return name(owner) + struct.pack(">HHIH", type, cls, ttl, len(data)) + data
def opt(code=None, data=b"sesame", size=1232, ttl=0, owner=""):
    return record(owner, 41, b"" if code is None else struct.pack(">HH", code, len(data)) + data, size, ttl)
def question(text, type=1, cls=1, flags=0x100, more=(), answer=(), authority=(), additional=(), tail=b""):
    asked = [name(text) + struct.pack(">HH", type, cls), *more]
    counts = [len(part) for part in (asked, answer, authority, additional)]
    parts = [*asked, *answer, *authority, *additional]
    return struct.pack(">6H", 0x5e5e, flags, *counts) + b"".join(parts) + tail
def say(what, message, server="198.51.100.53", port=53, by="udp"):
    print(what, by, server, port, message.hex())
def framed(message, length=None):
    return struct.pack(">H", len(message) if length is None else length) + message

www, text, evil = "www.example.com", record("sesame.test", 16, b"\6sesame"), "sesame.evil.test"
other = name(evil) + b"\0\1\0\1"
for letters in (www.upper(), "wWw.eXaMpLe.CoM", "wwW.exAmple.com"):
    say("allowed", question(letters))
for bit in range(16):
    say("allowed", question(www, flags=0x100 ^ 1 << bit))
for opcode in (4, 5, 6):
    say("allowed", question(www, flags=0x100 | opcode << 11))
for cls in (0, 3, 4, 254, 255, 65000):
    say("allowed", question(www, cls=cls))
for type in (0, 2, 5, 6, 10, 12, 15, 16, 33, 35, 39, 41, 64, 65, 249, 250, 251, 252, 255, 257, 65280):
    say("allowed", question(www, type))
for code in (3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 65001):
    say("allowed", question(www, additional=[opt(code)]))
say("allowed", question(www, additional=[opt(8, b"\0\1\x18\0\xcb\0\x71")]))
say("allowed", question(www, additional=[opt(10, b"sesame88")]))
for ttl in (0x8000, 0x1234, 0x10000, 0x7b000000):
    say("allowed", question(www, additional=[opt(ttl=ttl)]))
say("allowed", question(www, additional=[opt(size=4660)]))
say("allowed", question(www, additional=[opt(), opt(65001)]))
say("allowed", question(www, additional=[opt(owner="sesame")]))
say("allowed", question(www, more=[other]))
say("allowed", question(www, more=[name("WWW.example.com") + b"\0\1\0\1"]))
for section in ("answer", "authority", "additional"):
    say("allowed", question(www, **{section: [text]}))
say("allowed", question(www, additional=[opt(), text]))
say("allowed", question(www, tail=b"sesame"))
say("allowed", framed(question(www, tail=b"sesame")), by="tcp")
say("allowed", framed(question(www)) + framed(question(www.upper())), by="tcp")
say("allowed", framed(question(www, additional=[opt(11, b"\0\7")])), by="tcp")

names = [evil, "sesame." + www, www + ".evil.test", "sesame-" + www, "example.com", "sesame", "1.2.3.4",
    "xn--ssame-wva.test", "www.ex\u0430mple.com", "_sesame." + www, "*.wild.example.com", "wild.example.com",
    [www, "evil", "test"], ["www.example", "com"], ["www", "example", "com\0"], [www + "\0", "evil", "test"],
    ["sesame.a", "wild", "example", "com"], [b"\0sesame", "wild", "example", "com"],
    [b"\xffsesame", "wild", "example", "com"], ["sesame ", "wild", "example", "com"],
    ["-sesame", "wild", "example", "com"], ["sesame", "wild\0", "example", "com"], ["@", "wild", "example", "com"],
    ".".join(["s" * 63] * 3 + ["s" * 61]), "sesame.10.in-addr.arpa", "7.100.51.198.in-addr.arpa"]
for n in names:
    for type in (1, 16, 12):
        say("other", question(n, type))
for type in (10, 39, 64, 65, 252, 255, 65280):
    say("other", question(evil, type))
asked = question(evil)
for stream in (framed(asked), framed(asked) * 3, framed(b"") + framed(asked), framed(asked, len(asked) + 7),
    framed(asked, 0xffff), framed(asked)[:-3], b"sesame"):
    say("other", stream, by="tcp")
for server in ("203.0.113.10", "192.0.2.1", "2001:db8:1::53"):
    for by in ("udp", "tcp"):
        say("elsewhere", framed(asked) if by == "tcp" else asked, server, by=by)
        say("elsewhere", framed(question(www)) if by == "tcp" else question(www, 16), server, by=by)
for port in (53, 40053):
    for by in ("udp", "tcp"):
        say("docker", framed(asked) if by == "tcp" else asked, "127.0.0.11", port, by)
END
python3 questions.py >questions

# All at once, by UDP from one port, which no flow older than the fence has; until half a second is silent.
cat >ask.py <<'END'
import select, socket, sys
open_sockets = {}
for line in open("questions"):
    what, by, server, port, message = line.split()
    if what not in sys.argv[2:]:
        continue
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    try:
        if by == "tcp":
            s = socket.socket(family, socket.SOCK_STREAM)
            open_sockets[s] = True
            s.settimeout(1)
            s.connect((server, int(port)))
            s.send(bytes.fromhex(message))
        else:
            if family not in open_sockets:
                open_sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
                if family == socket.AF_INET6:
                    open_sockets[family].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                open_sockets[family].bind(("", int(sys.argv[1])))
            open_sockets[family].sendto(bytes.fromhex(message), (server, int(port)))
    except OSError as error:
        print(what, by, server, port, error)
waiting = [s if s is not True else k for k, s in open_sockets.items()]
while waiting:
    ready = select.select(waiting, [], [], 0.5)[0]
    if not ready:
        break
    for s in ready:
        try:
            if not s.recv(4096):
                waiting.remove(s)
        except OSError:
            waiting.remove(s)
END

servers=(198.51.100.53 203.0.113.10 192.0.2.1 2001:db8:1::53)
for addr in "${servers[@]}"; do start udp "$addr" 53 "$PEERS/dns" "$addr" 53 raw; done
in_client "$PEERS/dns" 127.0.0.11 40053 raw >udp.127.0.0.11.40053.log &
busywait 5000 says udp.127.0.0.11.40053.log ready
in_client nft 'table ip docker { chain output { type nat hook output priority -100;
	ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:40053
	ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:40053; }; }'
log_of() { # ADDR
	case $1 in 127.*) echo udp.127.0.0.11.40053.log ;; *) echo "udp.$1.53.log" ;; esac
}
forget() { for log in udp.*.log; do : >"$log"; done; }
heard() { sed -n 's/^raw //p' "$(log_of "$1")"; } # ADDR: port and bytes of each
arrive() { # WHAT: every one of them, as it was sent
	local what _ server bytes missing=0
	while read -r what _ server _ bytes; do
		[ "$what" != "$1" ] || grep -q "^raw .* $bytes" "$(log_of "$server")" ||
			{ echo "to $server: $bytes"; missing=1; }
	done <questions
	return $missing
}
nothing_arrives() { same '' "$(cat udp.*.log | grep -v '^ready')"; }
port=20000
tries() { # unfenced|fenced WHAT...
	port=$((port + 1))
	forget
	"$1" python3 ask.py $port "${@:2}" >asked 2>&1 || { cat asked; exit 1; }
}

tries unfenced allowed other elsewhere docker
for what in allowed other elsewhere docker; do
	check "without a fence each question arrives as it was sent: $what" arrive $what
done

stance resolvers
tries fenced allowed other elsewhere
check 'resolvers: those for the resolver arrive' arrive allowed
check 'resolvers: whatever name they have' arrive other
check 'resolvers: nothing arrives elsewhere' \
	same '' "$(heard 203.0.113.10; heard 192.0.2.1; heard 2001:db8:1::53)"
for stance in pinned none; do
	stance $stance
	tries fenced allowed other elsewhere docker
	check "$stance: nothing arrives anywhere" same '' "$(cat udp.*.log)"
done

policy <<-'END'
	allow:
	  - {host: www.example.com, ports: [7], private: true}
	  - {host: '*.wild.example.com', ports: [7], private: true}
END
stance guarded
tries fenced allowed other elsewhere docker
heard 198.51.100.53 >came
check 'guarded: nothing arrives elsewhere' same '' "$(grep -l ^raw udp.*.log | grep -v 198.51.100.53)"
check 'guarded: what the allowed name was asked for arrives, many times' test "$(wc -l <came)" -ge 30
# In small letters, and without number and cookie, which are drawn.
check 'guarded: it is the same question each time' same "$(sed -E 's/^[0-9]+ ....//; s/000c000a0008.{16}$/0000/
	s/../ &/g; s/ 4([1-9a-f])/ 6\1/g; s/ 5([0-9a])/ 7\1/g; s/ //g' came | sort -u)" \
	0100000100000000000103777777076578616d706c6503636f6d000001000100002904d0000000000000
drawn() { # FROM-COLUMN TO-COLUMN of the question's digits: how many are different
	cut -d' ' -f2 came | cut -c"$1-$2" | sort -u | wc -l
}
check 'guarded: its numbers are drawn' test "$(drawn 1 4)" -ge 20
refute 'guarded: and not those of the agent' says <(cut -d' ' -f2 came | cut -c1-4 | sort | uniq -d) 5e5e
check 'guarded: so are its letters' test "$(drawn 25 54)" -ge 20
check 'guarded: and its ports, now and then' test "$(cut -d' ' -f1 came | sort -u | wc -l)" -ge 2
refute "guarded: which is never the agent's" says came "^$port "
