#!/bin/bash
# What most editors ask about YAML, yaml-language-server, finds the schema by the head of a policy and by the
# settings that config/README.md shows, has nothing against the policies that lie here, and marks a slip.
. "$(dirname "$0")/lib.sh"

container=$(docker create --label "$label" "$(image_of yaml-language-server)" nothing)
docker cp "$container:/node_modules" "$work/" >/dev/null
export NODE_MODULES=$work/node_modules

settings=$repository/config/editors/vscode-settings.json
installed=/usr/share/netpale/netpale.schema.json
echo '{}' >"$work/none.json"

marks() { # SETTINGS FILE...
	capture node "$tests/editor/diagnose.js" "$@"
	equals 'the server answers' 0 "$status"
}

cd "$repository/config"
marks "$work/none.json" policy.yml examples/*.yml
equals 'nothing is marked in the policies that lie here' '' "$out"

# The same with slips, where the head still leads to the schema.
mkdir "$work/examples"
cp netpale.schema.json "$work/"
cd "$work"
sed 's/^  allow:/  alow:/' "$repository/config/examples/claude.yml" >examples/key.yml
sed 's/preset: claude/preset: cluade/' "$repository/config/examples/claude.yml" >examples/preset.yml
marks none.json examples/key.yml examples/preset.yml
contains 'a misspelt key is marked' 'examples/key.yml:5: Property alow is not allowed' "$out"
contains 'a misspelt preset is marked' 'examples/preset.yml:6: Value is not accepted. Valid values: "claude"' "$out"

# By the settings: only what is a policy by its name.
grep -qF "\"$installed\"" "$settings" || fail "$settings does not name $installed"
sed "s|$installed|$work/netpale.schema.json|" "$settings" >settings.json
mkdir .devcontainer
printf 'network:\n  allow: [api.example.com:99999]\n' | tee .ccpod.yml .devcontainer/policy.yml other.yml >/dev/null
marks settings.json .ccpod.yml .devcontainer/policy.yml other.yml
expected='2: Expected a port or a range from 1 to 65535: 443, 8000-8999 or 443/tcp'
equals 'files with the names of policies are read as such, and no others' \
	".ccpod.yml:$expected"$'\n'".devcontainer/policy.yml:$expected" "$out"

printf 'network:\n  policy: \n' >.ccpod.yml
PROPOSE=2:11 marks settings.json .ccpod.yml
contains 'the modes are proposed' 'proposed: full audit restricted none' "$out"
