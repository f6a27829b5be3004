# shellcheck shell=bash
# bash completes netpale: verbs, options and values are those that `netpale --help` tells, so that nothing
# here can differ from the program. With bash-completion, which loads this file.

# What an option or operand takes, by its word in the help and what is said of it.
_netpale_values() { # WORD ABOUT
	local one='[a-z]+( \(default\))?' about=${2//(default)/}
	case $1 in
	FILE) _filedir ;;
	ENTRY) mapfile -t COMPREPLY < <(compgen -P preset: -W "$("$netpale" presets 2>/dev/null |
		sed 's/ .*//')" -- "${cur#preset:}") ;;
	'[NAME]') mapfile -t COMPREPLY < <(compgen -W "$("$netpale" presets 2>/dev/null |
		sed 's/ .*//')" -- "$cur") ;;
	USER*) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	*)
		[[ $2 =~ ^$one(, $one)*' or '$one$ ]] || return 0
		about=${about/ or / }
		mapfile -t COMPREPLY < <(compgen -W "${about//,/}" -- "$cur") ;;
	esac
	__ltrim_colon_completions "$cur"
}

# A line of help: its letter, name, word and about.
_netpale_line='^  (-([a-z]),|   ) --([a-z-]+) ([^ ]*) +(.*)$'

_netpale() {
	local cur words cword netpale=$1 help line at operand=''
	_get_comp_words_by_ref -n := cur words cword
	COMPREPLY=()
	if [ "$cword" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "--help --version $("$netpale" --help 2>/dev/null |
			sed -n 's/^  netpale \([a-z]*\) .*/\1/p')" -- "$cur")
		return
	fi
	help=$("$netpale" "${words[1]}" --help 2>/dev/null) || return 0

	# Which option waits for the word at the cursor, or where a command begins.
	local -A takes=() tells=()
	local names='--help' waits=''
	while IFS= read -r line; do
		[[ $line =~ $_netpale_line ]] || continue
		names+=" --${BASH_REMATCH[3]}"
		for at in "--${BASH_REMATCH[3]}" ${BASH_REMATCH[2]:+"-${BASH_REMATCH[2]}"}; do
			takes[$at]=${BASH_REMATCH[4]} tells[$at]=${BASH_REMATCH[5]}
		done
	done <<<"$help"
	[[ $help =~ ^netpale\ [a-z]+\ \[options\]\ ?(\[--\]\ )?([^ $'\n']*) ]] && operand=${BASH_REMATCH[2]}
	for ((at = 2; at < cword; at++)); do
		if [ -n "$waits" ]; then
			waits=''
		elif [ "${words[at]}" = -- ]; then
			((++at))
			break
		elif [[ ${words[at]} != -* ]]; then
			break
		elif [ -n "${takes[${words[at]}]-}" ]; then
			waits=${words[at]}
		fi
	done

	if [ -n "$waits" ]; then
		_netpale_values "${takes[$waits]}" "${tells[$waits]}"
	elif [ "$operand" = COMMAND ] && { [ "$at" -lt "$cword" ] || [[ ${words[cword - 1]} == -- || $cur != -* ]]; }; then
		_command_offset "$at"
	elif [[ $cur == --*=* ]]; then
		waits=${cur%%=*} cur=${cur#*=}
		_netpale_values "${takes[$waits]-}" "${tells[$waits]-}"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
	else
		_netpale_values "$operand" ''
	fi
} && complete -F _netpale netpale
