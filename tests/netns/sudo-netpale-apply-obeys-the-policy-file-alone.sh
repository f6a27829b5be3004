#!/bin/bash
# An agent that may run `sudo netpale apply` gains nothing by it, whatever it puts on the command
# line, in the environment, or beside it.
. "${0%/*}/lib.sh"

start_dns 198.51.100.53 <<<'203.0.113.10 good.example.com'
start_http 198.51.100.10 80
start_http 203.0.113.10 80
mkdir -p /etc/netpale
mount -t tmpfs tmpfs /etc/netpale
cat >/etc/netpale/policy.yml <<-'END'
	network:
	  allow: [{host: good.example.com, private: true}]
END
echo 'network: { allow: [ 198.51.100.10 ] }' | tee .ccpod.yml >other.yml
echo '198.51.100.10 good.example.com' >answers
apply() { # VARIABLE... -- ARGUMENT...
	local variables=()
	while [ "$1" != -- ]; do variables+=("$1") && shift; done
	in_client env SUDO_UID=1000 "${variables[@]}" "$NETPALE" apply "${@:2}"
}
as_the_file_says() {
	says <(in_client nft list table inet netpale) 203.0.113.10 &&
		not says <(in_client nft list table inet netpale) 198.51.100.10
}

check 'it applies the file' apply --
check 'and nothing of the project' as_the_file_says
for option in --profile=other.yml --project=.ccpod.yml --allow=198.51.100.10 --deny=203.0.113.10 \
	--policy=full --dns=pinned --trust-project=override --answers=answers; do
	refute "it takes no $option" apply -- "$option"
	check 'and the fence is as it was' as_the_file_says
done
for variable in NETPALE_PROFILE=other.yml NETPALE_ALLOW=198.51.100.10 NETPALE_POLICY=full \
	NETPALE_ANSWERS=answers CCPOD_NETWORK_POLICY=full; do
	check "it does not read $variable" apply "$variable" --
	check 'and the fence is as it was' as_the_file_says
done
