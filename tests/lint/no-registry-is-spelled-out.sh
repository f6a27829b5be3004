#!/bin/sh
# The hosts of package registries stand nowhere whole, only grouped by domain in presets.yml.
set -eu
cd "$(dirname "$0")/../.."
names=$(for preset in npm pypi cargo rubygems packagist maven gradle nuget debian ubuntu alpine docker; do
	"$NETPALE" presets "$preset"
done | sed -n 's/^- "\{0,1\}\([a-z0-9.-]*\.[a-z]*\).*/\1/p' | sort -u)
[ "$(echo "$names" | wc -l)" -gt 10 ] || { echo 'FAIL: the presets name no registries'; exit 1; }
status=0
for name in $names; do
	if grep -rnF --exclude-dir=.git --exclude-dir=build -- "$name" .; then
		echo "FAIL: $name is spelled out"
		status=1
	fi
done
exit "$status"
