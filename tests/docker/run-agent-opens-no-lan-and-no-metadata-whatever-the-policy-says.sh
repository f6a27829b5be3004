#!/bin/bash
# docker/run-agent: a policy that asks for private networks, metadata or the host, in any way that there is,
# does not get them; what it asks for elsewhere it gets.
. "$(dirname "$0")/lib.sh"
. "$tests/run_agent.bash"

lan=$(network lan)
server "$lan" nas 80
nas=$(address nas)
gateway=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' "$lan")
net=$lan
# shellcheck disable=SC2016  # the container's shell expands it
inside=(sh -c "probe $nas:80 nas:80; netpale explain $gateway:80; netpale explain 169.254.169.254:80; true")

# refuses WHAT LINE...: of such a policy.
refuses() {
	local what=$1

	shift
	printf '%s\n' network: "$@" >"$work/policy.yml"
	try "$work/policy.yml" -- "${inside[@]}"
	echo "$out"
	contains "$what: the agent runs" ' verified: ' "$out"
	contains "$what: nobody gets in" ', dns guarded, inbound closed' "$out"
	contains "$what: nothing private is reached" "$nas:80 refused" "$out"
	lacks "$what: by its name neither" ':80 reached' "$out"
	lacks "$what: nor are metadata and the gateway allowed" allowed "$out"
}
everything=("  allow: [0.0.0.0/0, '$nas', '$nas:80/tcp', '$gateway:80', '169.254.169.254:80', preset: metadata,"
	'    preset: lan, preset: attached, nas, {host: nas, private: true, ports: [80]}]'
	'  host_gateway: true' '  inbound: allow' '  dns: resolvers')
refuses 'allowed in every way' "${everything[@]}"
refuses 'policy: full' '  policy: full'
refuses 'policy: audit' '  policy: audit'

# The policy is what makes the difference: as an operator's it opens all of that.
printf '%s\n' network: "${everything[@]}" >"$work/policy.yml"
capture fenced --network "$lan" -v "$work/policy.yml:/etc/netpale/policy.yml:ro" "$image" "${inside[@]}"
equals 'without run-agent' "$nas:80 reached nas:80 reached allowed: allowed:" \
	"$(grep -oE '.*:80 reached|^allowed:' <<<"$out" | xargs)"

# never WHAT STATUS TEXT ARGUMENT...
never() {
	try "${@:4}" -- touch ran
	equals "$1" "$2" "$status"
	contains "$1: it says why" "$3" "$out"
	[ ! -e ran ] || fail "$1: the agent ran"
}
printf 'merge: override\nnetwork: {policy: full}\n' >"$work/policy.yml"
never 'merge: override' 65 override "$work/policy.yml"
printf 'network: {trust_project: override}\n' >"$work/policy.yml"
never 'trust_project' 65 trust_project "$work/policy.yml"
for variable in "NETPALE_ALLOW=$nas" NETPALE_POLICY=full CCPOD_STATE=/x; do
	never "an image with $variable" 65 "'${variable%%=*}'" --image "$(image_with "ENV $variable")"
	never "$variable passed on" 64 "'${variable%%=*}'" --env "${variable%%=*}"
done

# What the image has for a policy, and what the project says of itself, does not count.
printf 'network: {allow: [%s]}\n' "$nas" >.ccpod.yml
printf 'network: {allow: [%s], trust_project: override}\n' "$nas" >"$work/policy.yml"
try --image "$(image_with "RUN mkdir -p /etc/netpale && echo $(base64 -w 0 "$work/policy.yml") | base64 -d >/etc/netpale/policy.yml")" \
	-- "${inside[@]}"
contains 'without a policy' "$nas:80 refused" "$out"
lacks 'nothing is reached' ':80 reached' "$out"
lacks 'nor allowed' allowed "$out"
try -- netpale explain api.anthropic.com:443
contains 'but what Claude needs is' 'allowed: api.anthropic.com:443' "$out"

net=$(public_network net)
server "$net" web 80
server "$net" other 80
web=$(address web):80
other=$(address other):80
printf 'network: {allow: ["%s/tcp"]}\n' "$web" >"$work/policy.yml"
agent "$work/policy.yml" -- sh -c "probe $web $other; until [ -e go ]; do sleep 0.1; done
	until probe $other | grep reached; do sleep 0.1; done; probe $web; ${inside[2]}" >out 2>&1 </dev/null &
await 30 'the agent has tried' grep "$other" out
out=$(cat out)
contains 'what the policy opens elsewhere is reached' "$web reached" "$out"
contains 'and nothing else' "$other refused" "$out"

# Another policy while the agent works, as the page says.
printf 'network: {allow: ["%s/tcp", "%s"]}\n' "$other" "$nas" >"$work/next.yml"
docker cp "$work/next.yml" "$id-agent:/etc/netpale/project.yml"
touch go
wait $!
out=$(cat out)
contains 'what the next policy opens is reached' "$other reached" "$out"
contains 'what it opens no more is not' "$web refused" "$out"
contains 'nor is what the operator denies' "$nas:80 refused" "$out"
