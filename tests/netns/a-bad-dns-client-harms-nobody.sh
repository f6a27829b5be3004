#!/bin/bash
# What clients may send, and how slowly: bounded, and everybody else is served.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
serve upstream=198.51.100.53 allow=.example.com
works() { within 1900 answers NOERROR '198\.51\.100\.10$' www.example.com A "$@"; }

# Every length, every byte at every place of a question, and noise.
query='\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x03www\x07example\x03com\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00'
# shellcheck disable=SC2059
printf "$query" >query
cat >mangle.py <<'PY'
import random, socket
query = open("query", "rb").read()
random.seed(7)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", 7753))
for length in range(len(query)):
    udp.send(query[:length])
for at in range(len(query)):
    for value in (0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff):
        udp.send(query[:at] + bytes([value]) + query[at + 1:])
for _ in range(2000):
    udp.send(random.randbytes(random.randrange(1500)))
udp.send(query[:12] + b"\xc0\x0c" + query[29:])
udp.send(b"x" * 60000)
for _ in range(20):
    tcp = socket.create_connection(("127.0.0.1", 7753))
    tcp.send(random.randbytes(random.randrange(3000)))
    tcp.close()
PY
check 'mangled questions' in_client python3 mangle.py
check 'it lives on' lives_on
check 'and works' works
check 'they were counted' says <(grep ALIVE guard.log | tail -n 1) 'malformed [1-9][0-9]{2}'
check "a reply to nobody's question is no question" \
	same '' "$(printf '\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01' | in_client socat -t0.2 - UDP4:127.0.0.1:7753)"

# Many questions in one segment, answered on the one connection, the slow one last.
cat >pipeline.py <<'PY'
import socket, struct
def question(number, name):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
    message = struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    return struct.pack(">H", len(message)) + message
for family, server in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    names = ["cold.%d.example.com" % family] + ["n%d.example.com" % i for i in range(99)]
    tcp = socket.create_connection((server, 7753))
    whole = b"".join(question(i, n) for i, n in enumerate(names))
    tcp.sendall(whole[:777])
    tcp.sendall(whole[777:])
    stream = tcp.makefile("rb")
    order = []
    for _ in names:
        (length,) = struct.unpack(">H", stream.read(2))
        answer = stream.read(length)
        assert answer[3] & 15 == 0 and answer[7] == 1, answer
        order.append(struct.unpack(">H", answer[:2])[0])
    assert sorted(order) == list(range(100)), order
    assert order[-1] == 0, order
    print("all of them")
PY
check 'a hundred questions in a segment are answered in any order' in_client python3 pipeline.py
check 'by IPv4 and IPv6' same "$(grep -c 'all of them' "$WORK/checked")" 2
check 'as kdig asks' in_client kdig -p 7753 @127.0.0.1 +tcp +keepopen a.example.com b.example.com nxdomain.example.com

# Slow ones.
cat >slow.py <<'PY'
import socket, time
held = []
for i in range(100):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", 7753))
    held.append(s)
print("connected", flush=True)
for byte in b"\0\xff" + bytes(255):  # of one question, which never becomes whole
    for s in held:
        try:
            s.send(bytes([byte]))
        except OSError:
            pass
    time.sleep(0.5)
PY
taken() { find "/proc/$forwarder/fd" -lname "socket:*" | wc -l; }
before=$(taken)
holds() { same "$(taken)" $((before + $1)); } # COUNT
in_client python3 slow.py >slow.log &
slow=$!
check 'a hundred connections come' busywait 5000 says slow.log connected
check 'it takes 64 of them' busywait 5000 holds 64
check 'by UDP it works meanwhile' works
check 'who asks nothing whole is sent away, by TCP it works again' busywait 25000 works +tcp
kill "$slow"
wait "$slow" 2>/dev/null || :
check 'none is kept' busywait 15000 holds 0
leave
