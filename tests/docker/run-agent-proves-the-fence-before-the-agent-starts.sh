#!/bin/bash
# shellcheck disable=SC2016  # the container's shell expands it
# docker/run-agent: the fence stands and is proven, then the agent enters with nothing that could undo it;
# where it cannot be proven, there is no agent. Either way the container is gone at the end.
. "$(dirname "$0")/lib.sh"
. "$tests/run_agent.bash"

net=$(network net)

try -- sh -c 'echo first; grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status | tr -d "\t" | xargs
	nft-caps list tables && echo NFT; exit 7'
echo "$out"
equals 'it ends as the command ends' 7 "$status"
equals 'first the start line, then the proof, then the agent' \
	"netpale: restricted,
docker/run-agent: verified: fence, other tables, refused destination, capabilities, engine socket; refusals: docker exec $id-agent netpale log
first" "$(sed -n '1s/ [0-9].*//p; 2,3p' <<<"$out")"
contains 'without any capability' \
	'CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2' "$out"
lacks 'which no file gives back' NFT "$out"
equals 'the container is gone' '' "$(left)"

# In this image netpale is a script that does first what it finds in the workspace.
broken=$(image_with 'RUN cd /usr/local/bin && mv netpale / && \
	printf "#!/bin/sh\n. /workspace/first\nexec /netpale \"\$@\"\n" >netpale && chmod 755 netpale')

# unproven WANTED WHAT CODE
unproven() {
	echo "$3" >first
	try --image "$broken" -- touch ran
	echo "$out"
	equals "$2" "$1" "$status"
	[ ! -e ran ] || fail 'the agent ran'
	equals 'and the container is gone' '' "$(left)"
}
unproven 78 'something is found' '[ "$1" != verify ] || { echo an element is gone; exit 1; }'
contains 'and told' 'an element is gone' "$out"
unproven 78 'something could not be looked at' \
	"[ \"\$1\" != verify ] || { echo '{\"checked\":[\"fence\"],\"unchecked\":[\"x\"]}'; exit 0; }"
unproven 78 'the guard ends by itself' '[ "$1" != guard ] || exit 0'
unproven 71 'the guard says why not' '[ "$1" != guard ] || { echo no fence; exit 71; }'
contains 'and is heard' 'no fence' "$out"
echo >first
try --image "$broken" -- touch ran
[ -e ran ] || fail 'with nothing broken the agent does not run'
