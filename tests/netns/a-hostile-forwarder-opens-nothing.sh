#!/bin/bash
# Whatever a forwarder says that has fallen into wrong hands: the guard opens nothing but public
# addresses of names that are allowed, goes on with its work, and the agent lives.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 198.51.100.10 198.51.100.11 2001:db8:1::10; do start_echo $addr 7; done
start_echo 198.51.100.10 8
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet
write_policy <<-'END'
	network:
	  dns: guarded
	  allow:
	    - {host: open.example.com, ports: [7], private: true}
	    - {host: public.example.com, ports: [7]}
	    - {host: "*.wild.example.com", ports: [7]}
	  deny: ["198.51.100.12:7", 1.2.3.0/24, refused.wild.example.com]
END
NETPALE=$PEERS/hostile

# What no rule forbids to say: what it opens is what the policy allows.
cat >victims <<-'END'
	other.example.com 198.51.100.11 1.2.3.4
	refused.wild.example.com 198.51.100.11 1.2.3.5
	wild.example.com 198.51.100.11 1.2.3.6
	evilpublic.example.com 1.2.3.7
	localhost 127.0.0.1
	open.example.com 169.254.169.254 127.0.0.1 127.0.0.11 0.0.0.0 224.0.0.1 255.255.255.255
	open.example.com ::1 fe80::1 ff02::1 :: fd00:ec2::254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1
	open.example.com 198.51.100.12
	public.example.com 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 fd00::1 192.0.2.1 198.51.100.11
	public.example.com 1.2.3.8 169.254.169.254 127.0.0.1 2001:db8:1::11
	a.wild.example.com 10.0.0.2 198.51.100.11 8.8.8.8
	open.example.com 198.51.100.10 203.0.113.66
END
hostile lies
check 'lies: only what is allowed is open' busywait 5000 only_learned 8.8.8.8 198.51.100.10 203.0.113.66
check 'lies: what is not is not' refused_fast tcp 198.51.100.11 7
check 'lies: on its ports alone' refused_fast tcp 198.51.100.10 8
check 'lies: the others are counted' test "$(status_of 'refusals.private answer')" -ge 20
check 'lies: they keep the contract' status_is forwarder.restarts 1
no_harm_by lies

hostile flood
# However much lies there to be read, everything else has its turn.
in_turns() {
	timeout -s INT 2 strace -c -o calls -p "$guard" || :
	cat calls
	awk '$NF == "recvmsg" { read = $4 } $NF == "epoll_wait" { turns = $4 }
		END { exit read < 1 || read > 65 * (turns + 1) }' calls
}
check 'flood: the guard reads it in turns' in_turns
check 'flood: the guard answers' status_is version 1
check 'flood: and reads its policy again' netpale reload
check 'flood: only what is allowed is open' only_learned 203.0.113.19
check 'flood: what is not is not' refused_fast tcp 198.51.100.10 7
check 'flood: what does not listen is ended' busywait 20000 restarted 2
no_harm_by flood
