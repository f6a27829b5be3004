#!/bin/bash
# docker/release makes the same bytes as a build at another place, by another umask, time zone and name. Under
# qemu the arm64 program passes unit and golden tests. The package installs what it should, and goes without a trace.
. "$(dirname "$0")/lib.sh"
export SOURCE_DATE_EPOCH=1767225600
version=$(sed -n 's/^project(netpale VERSION \([0-9.]*\).*/\1/p' "$repository/CMakeLists.txt")
checkout=$work/checkout there=$work/there
mkdir -p "$checkout" "$there"
cd "$repository"
cp -a CMakeLists.txt CMakePresets.json ./*.md LICENSE config docker entrypoint lib "$checkout"

# What it does not understand is refused; interrupted, it leaves nothing.
capture "$checkout/docker/release" --fast
equals 'an argument is refused' "64 docker/release: '--fast' is not understood: it takes no arguments" "$status $out"

"$checkout/docker/release" >"$work/interrupted" 2>&1 &
release=$!
container=netpale-release-$release
clean_more() { docker rm -f "$container" >/dev/null 2>&1; }
await 600 'a release begins' docker exec "$container" test -e build/release/build.ninja
kill -TERM "$release"
status=0
wait "$release" || status=$?
equals 'interrupted it says so' 143 "$status"
equals 'and leaves nothing' '' "$(docker ps -aq --filter "name=$container"; ls "$checkout/build")"

image_built=netpale-release:$(sha256sum docker/package/Dockerfile | cut -c 1-12)
# In the background, so that it ends when we do.
tar -c CMakeLists.txt CMakePresets.json ./*.md LICENSE config docker/package entrypoint lib tests |
	docker run --rm -i --init --label "$label" --network none --hostname elsewhere \
		-e TZ=Asia/Tokyo -e LC_ALL=C.UTF-8 -e SOURCE_DATE_EPOCH -w /somewhere/else/altogether "$image_built" \
		bash -c 'umask 077; tar -x && docker/package/build --test >&2 && tar -c -C dist .' 2>"$work/log" |
	tar -x -C "$there" &
wait $! || fail "the build elsewhere: $(grep -vE '^\[[0-9]|Passed|Start' "$work/log" | tail -n 40)"
grep -E 'tests passed|under qemu|filters for arm64' "$work/log"

# The golden tests are here, with their tools; they ask the program, so qemu comes to them.
docker run --rm --label "$label" --network none "$image_built" cat /usr/bin/qemu-aarch64 >"$work/qemu"
printf '#!/bin/sh\nexec %s %s "$@"\n' "$work/qemu" "$there/netpale-$version-linux-arm64" >"$work/netpale"
chmod +x "$work/qemu" "$work/netpale" "$there"/netpale-*-arm64
for script in tests/golden/*.sh; do
	# These ask shells and schemas more than the program.
	[[ $script != */@(completions|kubernetes|schema).sh ]] || continue
	NETPALE=$work/netpale "$script" >"$work/golden.log" 2>&1 || fail "$script, for arm64: $(tail -n 20 "$work/golden.log")"
	echo "ok: $script for arm64"
done

# As one does who has a release and its sources.
cd "$checkout"
cp "$there/SHA256SUMS" .
compare() {
	diff SHA256SUMS "$(docker/release)/SHA256SUMS"
}
compare 2>"$work/log" || fail "not the same bytes: $(tail -n 5 "$work/log")"
cd build/release-*
sha256sum -c SHA256SUMS
for file in *; do cmp "$file" "$there/$file"; done
equals 'this is released' "$(printf '%s\n' SHA256SUMS "netpale_${version}"_{amd64,arm64}.deb \
	"netpale-$version-linux"-{amd64,arm64}{,.copyright,.spdx.json} | sort)" "$(printf '%s\n' * | sort)"

# What is in the programs: each library that the build names, and the compiler's and the system's own.
named=$(sed -n 's/^foreach(package \(.*\))/\1/p' "$repository/CMakeLists.txt")
for arch in amd64 arm64; do
	name=netpale-$version-linux-$arch
	contains "$name is static" 'static-pie linked' "$(file "$name")"
	lacks "$name knows nothing of where it was built" /somewhere "$(strings "$name")"
	[ "$(wc -c <"$name")" -le $((2 << 20)) ] || fail "$name has more than 2 MiB"

	# shellcheck disable=SC2086,SC2016
	wanted=$(docker run --rm --label "$label" --network none "$image_built" bash -c '
		for package in "$@"; do
			dpkg-query -S "/usr/lib/$0/pkgconfig/$package.pc" | sed "s/:.*//"
		done' "$([ $arch = amd64 ] && echo x86_64 || echo aarch64)-linux-gnu" $named; echo libc6-dev)
	got=$(jq -r '.packages[1:][].SPDXID' "$name.spdx.json" | sed 's/^SPDXRef-//; s/^libgcc.*/libgcc/')
	equals "$name.spdx.json names what is linked" "$(sort <<<"$wanted"$'\n'libgcc)" "$(sort <<<"$got")"
	jq -e --arg name "$name" --arg sum "$(sha256sum "$name" | cut -c -64)" '
		.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT" and .name == $name
		and .creationInfo.created == "2026-01-01T00:00:00Z" and (.creationInfo.creators | length > 0)
		and (.documentNamespace | test("^https://[^#]+$")) and .packages[0].checksums[0].checksumValue == $sum
		and ([.packages[].SPDXID] | unique | length) == (.packages | length)
		and all(.packages[]; .name and .versionInfo and .downloadLocation and .filesAnalyzed == false
			and (.SPDXID | test("^SPDXRef-[A-Za-z0-9.-]+$")))
		and [.packages[].SPDXID] - [.relationships[].relatedSpdxElement] == []' "$name.spdx.json" >/dev/null ||
		fail "$name.spdx.json is no SPDX 2.3 of it"
	jq -r '.packages[] | .licenseDeclared, .licenseConcluded' "$name.spdx.json" |
		NODE_PATH=/usr/share/nodejs node -e '
			require("fs").readFileSync(0, "utf8").trim().split("\n").forEach(require("spdx-expression-parse"))' ||
		fail "$name.spdx.json has a licence that is none"
	while read -r library; do
		contains "the copyright of $library is told" "holds parts of $library (" "$(cat "$name.copyright")"
	done < <(jq -r '.packages[1:][] | "\(.name) \(.versionInfo)"' "$name.spdx.json")
	cmp "$name" <(dpkg-deb --fsys-tarfile "netpale_${version}_$arch.deb" | tar -xO ./usr/bin/netpale)
done

# A library whose licence nobody has looked at.
# shellcheck disable=SC2016
capture docker run --rm --label "$label" --network none -e SOURCE_DATE_EPOCH \
	-v "$repository/docker/package/sbom:/sbom:ro" "$image_built" bash -c '
		cd /tmp
		touch netpale LICENSE
		printf "/usr/lib/x86_64-linux-gnu/lib%s.a(member.o)\n" crypt yaml c >netpale.map
		/sbom . name 1'
equals 'an unknown licence is no release' \
	"1 docker/package/sbom: 'libxcrypt' is linked in, and its licence is not known here" "$status $out"

# Into a system that has what Debian's smallest has, and out of it; that leaves manuals out unless told.
cp "netpale_${version}_amd64.deb" "$work"
# shellcheck disable=SC2016
capture docker run --rm --label "$label" --network none -v "$work:/from:ro" -w /from debian:trixie-slim bash -c '
	set -e
	here() { find / -xdev -not -path "/proc/*" -not -path "/var/lib/dpkg/*" -not -path /var/log/dpkg.log | sort; }
	here >/tmp/here
	touch /tmp/before
	dpkg --path-include="/usr/share/*" -i netpale_*_amd64.deb >/tmp/said
	netpale version
	dpkg -V netpale
	dpkg -L netpale | while read -r file; do
		[ -d "$file" ] || stat -c "%U:%G %a %n" "$file"
	done | sort -k 3
	dpkg --purge netpale >>/tmp/said
	rm /tmp/before
	here | sed "\#^/tmp/said\$#d" | diff /tmp/here -'
equals 'the package installs, without dependencies, and goes without a trace' 0 "$status"
contains 'the program runs' "netpale $version" "$out"
for file in '755 /usr/bin/netpale' \
	'644 /usr/share/man/man8/netpale.8.gz' '644 /usr/share/man/man5/netpale.policy.5.gz' \
	'644 /usr/share/bash-completion/completions/netpale' '644 /usr/share/zsh/vendor-completions/_netpale' \
	'644 /usr/share/fish/vendor_completions.d/netpale.fish' '644 /usr/share/netpale/presets.yml' \
	'644 /usr/share/netpale/netpale.schema.json' '644 /usr/share/doc/netpale/netpale.schema.json' \
	'644 /usr/share/doc/netpale/'{copyright,netpale.spdx.json,{CHANGELOG,README,SECURITY}.md,policy.yml} \
	'644 /usr/share/doc/netpale/examples/claude.yml'; do
	contains "it has $file" "root:root $file" "$out"
done
lacks 'all of it is of root' ': ' "$(grep -vE '^(netpale |root:root (755 /usr/bin/|644 ))' <<<"$out" | sed 's/^/: /')"
dpkg-deb -x "netpale_${version}_arm64.deb" "$work/root"
zcat "$work/root/usr/share/man/man8/netpale.8.gz" | cmp - "$repository/config/netpale.8"
cmp "$work/root/usr/share/bash-completion/completions/netpale" "$repository/config/completions/netpale.bash"
equals 'the package of arm64 is one' arm64 "$(dpkg-deb -f "netpale_${version}_arm64.deb" Architecture)"
