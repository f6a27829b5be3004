#!/bin/bash
# What bash, zsh and fish offer behind `netpale` is what its help tells: each verb, each option of each verb,
# and the values that it names. The shells themselves are asked.
set -euo pipefail
cd "$(dirname "$0")"
completions=$(cd ../../config/completions && pwd)
for shell in zsh fish; do
	command -v "$shell" >/dev/null && continue
	echo "SKIP: no $shell"
	exit 77
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/here"
ln -s "$NETPALE" "$work/bin/netpale"
export PATH=$work/bin:$PATH HOME=$work/here
cd "$work/here"
touch policy.yml
failed=0 cases=0

# Each reads lines that end at the cursor, and prints for each the words it offers, sorted, in one line.

# readline parts words at = and :, too, and completes only what is behind them.
cat >"$work/bash" <<'END'
. /usr/share/bash-completion/bash_completion
. "$1/netpale.bash"
compopt() { :; }
while IFS= read -r COMP_LINE; do
	COMP_POINT=${#COMP_LINE} COMP_TYPE=9
	IFS=' ' read -ra COMP_WORDS <<<"$(sed 's/[=:]/ & /g' <<<"$COMP_LINE")"
	[[ $COMP_LINE != *[' =:'] ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_netpale netpale "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | paste -sd ' '
done
END
cat >"$work/fish" <<'END'
source $argv[1]/netpale.fish
while read -l line
	echo (complete -C "$line" | string replace -r '\t.*' '' | sort -u)
end
END
# A zsh with a terminal, since only that completes; what it would show is written down instead.
cat >"$work/zsh-inner" <<'END'
PS1= fpath=($completions $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
	local -a hits
	[[ " ${@[1,(i)(-|--)]}" == *' -'[OAD]* ]] || {
		builtin compadd -O hits "$@"
		print -rl -- $hits >>$offered
	}
	builtin compadd "$@"
}
asked() { _main_complete; compstate[insert]= compstate[list]=; print -r -- '=end' >>$offered; }
zle -C ask complete-word asked
bindkey '^X' ask
print -r -- '=end' >>$offered
END
cat >"$work/zsh" <<'END'
zmodload zsh/zpty zsh/zselect
export completions=$1 offered=$2
answered() { until grep -qx '=end' $offered 2>/dev/null; do zpty -rt inner seen || zselect -t 2; done; }
zpty -b inner zsh -f -i
zpty -w inner "source ${2:h}/zsh-inner"
answered
while IFS= read -r line; do
	: >$offered
	zpty -n -w inner $line$'\x18'
	answered
	zpty -n -w inner $'\x15'
	echo ${(o)${(fu)"$(grep -vx '=end' $offered)"}}
done
zpty -d inner
END
ask() { # SHELL
	case $1 in
	bash) timeout 100 bash --norc "$work/bash" "$completions" ;;
	fish) timeout 100 fish --no-config "$work/fish" "$completions" ;;
	zsh) timeout 100 zsh -f "$work/zsh" "$completions" "$work/offered" ;;
	esac
}

# Lines, and what each shell is to offer behind them.
verbs=$(netpale --help | sed -n 's/^  netpale \([a-z]*\) .*/\1/p')
options() { netpale "$1" --help | sed -n 's/^  .\{4\}--\([a-z-]*\) .*/--\1/p'; }
line() {
	echo "$1" >>"$work/lines"
	# shellcheck disable=SC2086  # words
	printf '%s\n' $2 | sort -u | paste -sd ' ' >>"$work/wanted"
}
values() { # VERB OPTION: as its help has them
	netpale "$1" --help | sed -n "s/^ .*--$2 [A-Z]* *//p" | sed 's/(default)//g; s/,//g; s/ or / /'
}
for verb in $verbs; do
	line "netpale $verb --" "$(options "$verb") --help"
done
line 'netpale e' 'exec explain'
line 'netpale run --policy ' "$(values run policy)"
line 'netpale check --dns=' "$(values check dns)"
line 'netpale -q' ''
line 'netpale guard -q --trust-project t' tighten
line 'netpale plan --format ' "$(values plan format)"
line 'netpale init --agent ' "$(values init agent)"
line 'netpale plan -f ' policy.yml
line 'netpale apply --answers p' policy.yml
line 'netpale presets p' "$(netpale presets | sed -n 's/^\(p[a-z]*\) .*/\1/p')"
line 'netpale check --allow ' "$(netpale presets | sed -n 's/^\([a-z-]*\) .*/preset:\1/p')"
line 'netpale check --deny preset:metad' preset:metadata
line 'netpale exec -u nobod' nobody
line 'netpale run -q -- base' 'base32 base64 basename basenc'
line 'netpale exec base' 'base32 base64 basename basenc'
line 'netpale verify --open ' ''
line 'netpale nonsense ' ''
for shell in bash fish zsh; do
	ask "$shell" <"$work/lines" |
		# One shell gives what is behind = or :, the next all of it; short options are only zsh's.
		sed -E 's/--[a-z-]+=//g; s/(^| )-[a-z]\b//g; s/ +/ /g; s/^ //' >"$work/got"
	[ "$shell" != bash ] || sed -i 's/^metadata$/preset:metadata/' "$work/got"
	diff -u --label wanted "$work/wanted" --label "$shell" "$work/got" || failed=1
	cases=$((cases + $(wc -l <"$work/got")))
done
echo "$cases cases"
[ "$cases" -gt 60 ] && [ "$failed" = 0 ]
