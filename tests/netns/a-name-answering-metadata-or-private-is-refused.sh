#!/bin/bash
# The addresses that names must not open have servers here, so that a hole would show.
. "${0%/*}/lib.sh"

addrs4=(10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 192.168.0.1 198.18.0.1)
addrs6=(fd00:ec2::254 fd12::1 64:ff9b::a00:1 2002:a00:1::1 fec0::1)
for addr in "${addrs4[@]}"; do ip addr add "$addr/32" dev lo; done
for addr in "${addrs6[@]}"; do ip addr add "$addr/128" dev lo nodad; done
ip addr add 192.0.2.3/24 dev wire
for addr in "${addrs4[@]}" "${addrs6[@]}" 192.0.2.1 192.0.2.3 198.51.100.10; do
	start_echo "$addr" 80
	check "without a fence $addr is reached" reaches udp "$addr" 80
done
{
	n=0
	for addr in "${addrs4[@]}" "${addrs6[@]}"; do
		echo "$addr n$((n += 1)).example.com"
	done
	echo '127.0.0.1 loop.example.com'
	echo '10.0.0.1 mixed.example.com'
	echo '198.51.100.10 mixed.example.com'
	echo '169.254.169.254 sly.example.com'
	echo '127.0.0.1 sly.example.com'
	echo '198.51.100.10 sly.example.com'
	echo '192.0.2.3 db'
	echo '192.0.2.1 router'
	echo '172.16.0.1 far'
} >names
start_dns 198.51.100.53 <names

{
	echo 'network:'
	echo '  dns: resolvers'
	echo '  allow:'
	sed -n 's/^[^ ]* \(.*\.example\.com\)$/    - \1/p' names | sort -u
} >policy.yml
check 'the start goes on' netpale run -f policy.yml -- true
n=0
for addr in "${addrs4[@]}" "${addrs6[@]}"; do
	check "a name that answers $addr is said" says said "n$((n += 1))\\.example\\.com.*$addr"
	check "it opens nothing, TCP" refused_fast tcp "$addr" 80
	check "it opens nothing, UDP" refused_fast udp "$addr" 80
done
check 'a name that answers loopback is said' says said 'loop\.example\.com.*127\.0\.0\.1'

cat >policy.yml <<-'END'
	network:
	  allow:
	    - {host: mixed.example.com, private: true}
	    - {host: sly.example.com, private: true}
	    - db
	    - router
	    - far
END
check 'private: true is a start too' netpale run -f policy.yml -- true
check 'private: true opens private addresses' reaches udp 10.0.0.1 80
check 'and documentation addresses' reaches udp 198.51.100.10 80
check 'never metadata' refused_fast udp 169.254.169.254 80
check 'which is said' says said 'sly\.example\.com.*169\.254\.169\.254'
check 'a single label may answer an on-link address' reaches udp 192.0.2.3 80
check 'but not the gateway' refused_fast udp 192.0.2.1 80
check 'which is said' says said 'router.*192\.0\.2\.1'
check 'nor one that is not on-link' refused_fast udp 172.16.0.1 80
check 'which is said' says said 'far.*172\.16\.0\.1'
