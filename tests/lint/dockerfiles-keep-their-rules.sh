#!/bin/bash
# A Dockerfile names what it builds on, leaves nothing of apt behind, says who runs, and keeps no secret;
# JSON and YAML beside it parse. What each rule says of a bad line is tried first.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v jq >/dev/null || { echo 'SKIP: no jq'; exit 77; }

# One line per instruction, as NUMBER TEXT: continued lines joined, comments and empty lines gone.
instructions() { # FILE
	awk '
		/^[ \t]*#/ { next }
		text == "" { first = FNR }
		{ line = $0; more = sub(/\\[ \t]*$/, "", line); gsub(/[ \t]+/, " ", line); text = text line }
		!more { sub(/^ /, "", text); if (text != "") print first, text; text = "" }
	' "$1"
}

sudo='(^|[;&|] *)sudo ' piped='(curl|wget) .*[|] *(ba)?sh'
# What is wrong with one instruction; `stages` are the names of those before, `user` who runs.
faults() { # INSTRUCTION
	local word=${1%% *} rest=${1#* } image
	case $word in
	FROM)
		image=${rest%% *}
		[[ $image == scratch || $image == *:* || $image == *@sha256:* || " $stages " == *" $image "* ]] ||
			echo "FROM $image has no tag"
		[[ $image != *:latest ]] || echo 'FROM takes the latest'
		[[ $rest != *' AS '* ]] || stages+=" ${rest##* }"
		user='' base=$image ;;
	RUN)
		[[ ! $rest =~ $sudo ]] || echo 'sudo, as root'
		[[ $rest != *apt-get\ install* || $rest == *apt-get\ update* ]] || echo 'apt-get install without update'
		[[ $rest != *apt-get\ update* || $rest == *apt-get\ install* ]] || echo 'apt-get update without install'
		[[ $rest != *apt-get\ install* || $rest == *--no-install-recommends* ]] ||
			echo 'apt-get install with what is only recommended'
		[[ $rest != *apt-get\ install* || $rest == *'rm -rf /var/lib/apt/lists/*'* ]] ||
			echo 'the lists of apt are left behind'
		[[ ! $rest =~ $piped ]] || echo 'runs what the network says' ;;
	ADD) echo 'ADD, which fetches and unpacks, where COPY would do' ;;
	WORKDIR) [[ $rest == /* ]] || echo 'WORKDIR is relative' ;;
	USER) user=$rest ;;
	ENTRYPOINT | CMD)
		jq -e 'type == "array"' <<<"$rest" >/dev/null 2>&1 || echo "$word is no list of words" ;;
	ENV | ARG)
		! grep -qiE '(password|passwd|secret|token|api_?key)[a-z_]*=.' <<<"$rest" || echo "$word has a secret" ;;
	esac
}
# Of a whole file: an image that starts something says who is root's successor, if only in a comment.
lint() { # FILE
	local number text fault stages='' user='' base='' starts=''
	while read -r number text; do
		while read -r fault; do echo "$1:$number: $fault"; done < <(faults "$text")
		# Once more here, for what it keeps.
		faults "$text" >/dev/null
		[[ $text != ENTRYPOINT* && $text != CMD* ]] || starts=$number
	done < <(instructions "$1")
	[[ -z $starts || $base == scratch || -n $user ]] || grep -qiE '^#.*\b(root|user)\b' "$1" ||
		echo "$1:$starts: nothing says who runs it"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# Each line is a whole Dockerfile (\n are its lines), then what is said of it.
while read -r line; do
	file=${line% => *} said=${line##* => }
	printf '%b\n' "$file" >"$work/Dockerfile"
	got=$(lint "$work/Dockerfile" | sed 's/^[^ ]* //')
	[ "${got:-nothing}" = "$said" ] || { echo "FAIL: of '$file' is said '$got', not '$said'"; status=1; }
done <<'END'
FROM debian => FROM debian has no tag
FROM debian:latest => FROM takes the latest
FROM debian:trixie-slim AS build\nFROM build => nothing
FROM scratch\nENTRYPOINT ["/x"] => nothing
FROM a:1\nRUN apt-get update && apt-get install -y --no-install-recommends x \\\n\t&& rm -rf /var/lib/apt/lists/* => nothing
FROM a:1\nRUN apt-get update => apt-get update without install
FROM a:1\nRUN apt-get install -y --no-install-recommends x \\\n# why\n && rm -rf /var/lib/apt/lists/* => apt-get install without update
FROM a:1\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/* => apt-get install with what is only recommended
FROM a:1\nRUN apt-get update && apt-get install -y --no-install-recommends x => the lists of apt are left behind
FROM a:1\nRUN make && sudo make install => sudo, as root
FROM a:1\nRUN curl -s https://x.example | sh => runs what the network says
FROM a:1\nADD x.tar /x => ADD, which fetches and unpacks, where COPY would do
FROM a:1\nWORKDIR src => WORKDIR is relative
FROM a:1\nUSER 1000\nENTRYPOINT run me => ENTRYPOINT is no list of words
FROM a:1\nUSER 1000\nCMD ["run", "me"] => nothing
FROM a:1\nCMD ["run", "me"] => nothing says who runs it
# As root: it drops to the user itself.\nFROM a:1\nCMD ["run", "me"] => nothing
FROM a:1\nENV API_TOKEN=abc => ENV has a secret
FROM a:1\nENV DEBIAN_FRONTEND=noninteractive => nothing
END

mapfile -t files < <(find docker tests .ci -name '*Dockerfile*' -not -path '*/node_modules/*' | sort)
[ "${#files[@]}" -ge 5 ] || { echo "FAIL: only ${#files[@]} Dockerfiles are found"; status=1; }
for file in "${files[@]}"; do
	found=$(lint "$file")
	[ -z "$found" ] || { echo "$found"; status=1; }
done

# devcontainer.json may have lines of comment.
while read -r file; do
	sed 's|^[ \t]*//.*||' "$file" | jq -e . >/dev/null || { echo "FAIL: $file is no JSON"; status=1; }
done < <(find docker config -name '*.json'; echo CMakePresets.json)
while read -r file; do
	docker-compose -f "$file" config -q || { echo "FAIL: $file is no compose file"; status=1; }
done < <(find docker -name 'compose*.yml')
exit "$status"
