#!/bin/bash
# `policy: audit` with the guard refuses no question, no answer and no packet, and writes down each of them
# that restricted would refuse, addresses with the names that led there.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

for addr in 10 11 12 13 14 15 16; do start_echo 203.0.113.$addr 80; done
start_echo 203.0.113.10 81
start_dns 198.51.100.53 --address=/cdn.example.com/203.0.113.15 \
	--txt-record=www.example.com,text --mx-host=other.example.net,mx.example.net,10 <<-'END'
	203.0.113.10 www.example.com
	203.0.113.11 other.example.net
	203.0.113.12 denied.example.com
	203.0.113.13 plain.example.com
	203.0.113.16 cut.example.com
	203.0.113.15 label.corp.example
END
echo 'search corp.example' >>resolv.conf
policy() { # MODE
	write_policy <<-END
		network:
		  policy: $1
		  dns: guarded
		  allow:
		    - { host: www.example.com, ports: [80], private: true }
		    - { host: "*.cdn.example.com", private: true }
		    - { host: label, private: true }
		    - plain.example.com
		    - { host: cut.example.com, private: true }
		  deny:
		    - denied.example.com
		    - 203.0.113.16
	END
}
for i in {1..300}; do echo "text-$i.cdn.example.com A"; done >names

# All kinds of it; what came of each stands in ./outcome.
tries() { if "${@:2}" >answer 2>&1; then echo "$1 yes"; else echo "$1 no"; fi >>outcome; } # WORD COMMAND...
visit() { as_agent "$PEERS/visit" "$1" "$2" 1; }                                    # NAME PORT
asks() { as_agent dig +tries=1 +timeout=7 @198.51.100.53 "$@"; }                     # DIG-ARGUMENT...
says_text() { says <(asks "$@") 'ANSWER: 1,'; }
all_answered() { same "$(asks +noall +comments -f names | grep -c 'status: NOERROR')" 300; }
does_all() {
	: >outcome
	tries allowed visit www.example.com 80
	tries label visit label.corp.example 80
	tries port visit www.example.com 81
	tries name visit other.example.net 80
	tries denied visit denied.example.com 80
	tries private visit plain.example.com 80
	tries cut visit cut.example.com 80
	tries raw as_agent "$PEERS/probe" open tcp 203.0.113.14 80 5000
	tries type says_text www.example.com TXT
	tries type-of-name says_text other.example.net MX
	tries tunnel all_answered
}
# "audit|refused REASON NAMES|ADDRESS [PORT|TYPE]" of each row, of a tunnel only one, without what a
# resolver asks by its search list when a name does not exist.
rows() {
	python3 -c '
import json
for line in open("/run/netpale/refused.jsonl"):
    row = json.loads(line)
    if "reason" not in row or row.get("names", [""])[0].endswith(("com.corp.example", "net.corp.example")):
        continue
    names = ",".join("*" if row["reason"] == "tunnel limit" else n for n in row.get("names", []))
    print("audit" if row["audit"] else "refused", row["reason"], names or row["address"], row.get("port", row.get("type", "")))' |
		sed -E 's/ (A|AAAA)?$//' | sort -u
}
is_written() { same "$(rows)" "$1"; } # ROWS
writes() { busywait 5000 is_written "$1" || is_written "$1"; }

policy restricted
start_run -f $POLICY -- tail -f /dev/null
does_all
check 'restricted lets through what is allowed' same "$(cat outcome)" "$(
	cat <<-'END'
		allowed yes
		label yes
		port no
		name no
		denied no
		private no
		cut no
		raw no
		type no
		type-of-name no
		tunnel no
	END
)"
check 'and writes down the rest' writes "$(
	sort <<-'END'
		refused wrong port www.example.com 81
		refused name refused other.example.net
		refused name refused other.example.net MX
		refused denied denied.example.com
		refused denied cut.example.com
		refused private answer plain.example.com
		refused raw address 203.0.113.14 80
		refused query type www.example.com TXT
		refused tunnel limit *
	END
)"
check 'by the line that denies the address of an answer' \
	says /run/netpale/refused.jsonl "cut\.example\.com.*\"rule\":\"$POLICY:12\""
kill -TERM "$(agent)"
wait "$guard" || :
rm /run/netpale/refused.jsonl

policy audit
start_run -f $POLICY -- tail -f /dev/null
does_all
check 'audit lets through all of it' same "$(sed 's/ .*//' outcome | sed 's/$/ yes/')" "$(cat outcome)"
check 'and writes down what restricted refuses, by name' writes "$(
	sort <<-'END'
		audit wrong port www.example.com 81
		audit name refused other.example.net
		audit name refused other.example.net MX
		audit no entry other.example.net 80
		audit denied denied.example.com
		audit denied denied.example.com 80
		audit denied cut.example.com
		audit denied cut.example.com 80
		audit private answer plain.example.com
		audit private answer plain.example.com 80
		audit raw address 203.0.113.14 80
		audit query type www.example.com TXT
		audit tunnel limit *
	END
)"
before=$(rows)
# Types that the forwarder cannot carry get an empty answer, as always, and that is no secret. Of those
# that clients ask beside addresses nothing is said.
check 'what is allowed' visit www.example.com 80
for type in HTTPS SVCB CAA; do
	check "$type has no answer" says <(asks www.example.com $type) 'ANSWER: 0,'
done
check 'only the last of these is written down, as what it is' \
	writes "$(printf '%s\nrefused query type www.example.com CAA' "$before" | sort)"
