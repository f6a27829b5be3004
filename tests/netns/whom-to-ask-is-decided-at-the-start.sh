#!/bin/bash
# The agent of a sidecar shares /etc/hosts and /etc/resolv.conf and, root in a container of its own,
# may write there. A reload does not hear what it wrote.
. "${0%/*}/lib.sh"

for host in 10 11; do start_echo 198.51.100.$host 7; done
start_dns 198.51.100.53 <<<'198.51.100.10 name.example.com'
in_client "$PEERS/dns" 127.0.0.1 53 a=198.51.100.11 >fake.log 2>&1 &
busywait 5000 says fake.log ready
mkdir /run/policy
policy=/run/policy/policy.yml
cp hosts hosts.first
cp resolv.conf resolv.conf.first
holds() { reaches tcp 198.51.100.10 7 && refused_fast tcp 198.51.100.11 7; }
stays() { # STANCE COMMAND...: what the reload says is not the point
	netpale reload || :
	check "$1: what the files said at the start counts" "${@:2}"
	cat hosts.first >hosts
	cat resolv.conf.first >resolv.conf
	stop_guard TERM
}

for stance in resolvers pinned; do
	printf 'network:\n  dns: %s\n  allow: [{host: name.example.com, private: true}]\n' $stance >$policy
	start_guard -f $policy
	echo '198.51.100.11 name.example.com' >>hosts
	stays "$stance, hosts" holds
	start_guard -f $policy
	echo 'nameserver 127.0.0.1' >resolv.conf
	stays "$stance, resolv.conf" holds
done
cat >$policy <<-'END'
	network:
	  dns: guarded
	  allow: [{host: name.example.com, private: true, required: true}]
END
start_guard -f $policy
echo '198.51.100.11 name.example.com' >>hosts
stays 'guarded, hosts' refused_fast tcp 198.51.100.11 7
start_guard -f $policy
: >fake.log
echo 'nameserver 127.0.0.1' >resolv.conf
stays 'guarded, resolv.conf' not says fake.log name.example.com
