#!/bin/bash
# Docker's resolver knows the containers' names. What it would ask of others comes round to the
# forwarder, as the redirection does it, and is asked of them directly.
. "${0%/*}/lib.sh"
. "${0%/*}/forwarder.bash"

start_upstream 198.51.100.53
docker() { # MANNER...
	in_client_by_itself "$PEERS/dns" 127.0.0.11 53 a=10.0.0.7 "$@" >docker.log 2>&1 &
	docker=$!
	busywait 5000 says docker.log ready || { cat docker.log; exit 1; }
}
docker docker=192.0.2.2
docker_saw() { grep -iE -e "$1" docker.log; }

serve upstream=127.0.0.11 upstream=198.51.100.53 allow=.example.com allow=container1
check "a container's name" answers NOERROR '10\.0\.0\.7$' container1 A
check 'in the letters it was asked' docker_saw '^A container1 udp'
refute 'goes to nobody else' went_up container1
check 'another name' within 1500 answers NOERROR '198\.51\.100\.10$' www.example.com A
check 'went to Docker, came round, and was refused there' docker_saw '^sent on, refused'
check 'was asked directly' went_up '^A www\.example\.com udp'
check 'the guard was asked once' same "$(heard '^ASK 1 www')" 1
check 'and learned once' same "$(heard '^LEARN 1 www')" 1
check 'IPv6 as well' within 1500 answers NOERROR '2001:db8:1::10$' www.example.com AAAA
check 'NXDOMAIN of the others' answers NXDOMAIN '' nxdomain.example.com A
check 'their failure' within 4900 answers SERVFAIL 'EDE: 22' servfail.example.com A
check 'a name that is not allowed asks neither' answers NXDOMAIN '' secret.evil.example A
refute 'Docker has not heard it' docker_saw evil
leave

serve upstream=127.0.0.11 allow=.example.com allow=container1
check 'Docker alone knows its containers' answers NOERROR '10\.0\.0\.7$' container1 A
check 'and nothing else' within 1900 answers SERVFAIL 'EDE: 22' www.example.com A
leave

kill "$docker"
wait "$docker" 2>/dev/null || :
serve upstream=127.0.0.11 upstream=198.51.100.53 allow=.example.com
check 'without Docker the others are asked' within 3900 answers NOERROR '198\.51\.100\.10$' www.example.com A
leave
docker
serve upstream=127.0.0.11 upstream=198.51.100.53 allow=.example.com
check 'where Docker asks by itself, its answer counts' answers NOERROR '10\.0\.0\.7$' www.example.com A
check 'its failure sends to the others' within 1500 answers NOERROR '' nodata.example.com A
leave
