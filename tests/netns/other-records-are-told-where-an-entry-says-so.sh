#!/bin/bash
# MX, SRV and TXT are asked and told where an entry has them among its `types`, and open nothing. Other
# types of these names, and these types of other names, stay here.
. "${0%/*}/lib.sh"

long=$(printf ',%0250d' {1..12}) # 3,000 bytes
start_dns 198.51.100.53 --local-ttl=1000 --cname=alias.example.com,mail.example.com \
	--mx-host=mail.example.com,mx.example.net,10 --txt-record=mail.example.com,v=spf1,'a b' \
	--srv-host=mail.example.com,mx.example.net,25,1,2 \
	--srv-host=_imap._tcp.srv.example.com,mx.example.net,993,3,4 \
	--txt-record=_imap._tcp.srv.example.com,secret --txt-record=plain.example.com,secret \
	--mx-host=other.example.net,mx.example.net,10 --txt-record=other.example.net,secret \
	--txt-record=long.example.com"$long" <<-'END'
	198.51.100.10 mail.example.com
	198.51.100.11 mx.example.net
	198.51.100.12 plain.example.com
	198.51.100.13 empty.srv.example.com
END
start_echo 198.51.100.11 25
cat >policy.yml <<-'END'
	network:
	  dns: guarded
	  allow:
	    - { host: mail.example.com, ports: [25], types: [mx] }
	    - { host: mail.example.com, types: txt }
	    - { host: alias.example.com, types: [MX] }
	    - { host: "*.srv.example.com", types: [srv] }
	    - { host: long.example.com, types: [txt] }
	    - plain.example.com
END
start_guard -f policy.yml
before=$(ruleset)

dns() { as_agent dig @198.51.100.53 +tries=1 +timeout=7 "$@" >answer 2>&1; }
answers() { # STATUS PATTERN DIG-ARGUMENT...: PATTERN in the one answer, '' for none at all
	local status=$1 pattern=$2
	shift 2
	dns "$@"
	says answer "status: $status," || return 1
	[ -n "$pattern" ] || { says answer 'ANSWER: 0,'; return; }
	says answer 'ANSWER: 1,' && says answer "$pattern"
}
asked() { sed -n 's/.* query\[\(.*\)\] \(.*\) from .*/\1 \L\2/p' dns.198.51.100.53.log; }

for way in +notcp +tcp; do
	check "MX $way" answers NOERROR '^mail\.example\.com\.\s.*\sMX\s+10 mx\.example\.net\.$' \
		"$way" mail.example.com MX
	check 'for as long as an address at most' says answer '^mail\.example\.com\.\s+300\s'
	check 'nothing beside it' says answer 'AUTHORITY: 0, ADDITIONAL: 1$'
	check "TXT $way, as another entry says" \
		answers NOERROR '\sTXT\s+"v=spf1" "a b"$' "$way" mail.example.com TXT
	check "SRV $way below a wildcard" answers NOERROR '\sSRV\s+3 4 993 mx\.example\.net\.$' \
		"$way" _imap._tcp.srv.example.com SRV
	check "MX $way of an alias" dns "$way" alias.example.com MX
	check 'tells the way' says answer '^alias\.example\.com\.\s+300\s.*\sCNAME\s+mail\.example\.com\.$'
	check 'and the record' says answer '^mail\.example\.com\.\s+300\s.*\sMX\s+10 mx\.example\.net\.$'
	check "SRV $way that is not there" answers NOERROR '' "$way" empty.srv.example.com SRV
	check "SRV $way of a name that is not there" answers NXDOMAIN '' "$way" no.srv.example.com SRV
done
check 'all of them went up' same "$(asked | sort -u)" "$(sort <<-'END'
	MX mail.example.com
	TXT mail.example.com
	SRV _imap._tcp.srv.example.com
	MX alias.example.com
	SRV empty.srv.example.com
	SRV no.srv.example.com
END
)"
check 'by UDP 3,000 bytes are cut' answers NOERROR '' +notcp +ignore long.example.com TXT
check 'which is said' says answer 'flags: qr tc'
check 'by TCP they come whole' dns +tcp +short long.example.com TXT
check 'to the byte' same "$(tr -d '" \n' <answer)" "${long//,/}"

: >dns.198.51.100.53.log
for way in +notcp +tcp; do
	check "SRV $way where no entry says so" answers NOERROR '' "$way" mail.example.com SRV
	check "TXT $way there" answers NOERROR '' "$way" _imap._tcp.srv.example.com TXT
	for type in MX SRV TXT; do
		check "$type $way of a name alone" answers NOERROR '' "$way" plain.example.com "$type"
		check "$type $way of another name" answers NXDOMAIN '' "$way" other.example.net "$type"
	done
	for type in HTTPS SVCB CAA NS NULL TYPE65280; do
		check "$type $way" answers NOERROR '' "$way" mail.example.com "$type"
	done
	check "the host that a record names $way" answers NXDOMAIN '' "$way" mx.example.net A
done
check 'upstream has heard nothing of it' same '' "$(asked)"
check 'the host that a record names is closed' refused_fast tcp 198.51.100.11 25
check 'nothing was opened' same "$before" "$(ruleset)"

for i in {1..300}; do echo "text-$i.srv.example.com SRV"; done >names
as_agent dig @198.51.100.53 +noall +comments +tries=1 +timeout=7 -f names >answer
check 'the limits of a wildcard hold for them' says answer 'status: REFUSED'
check 'upstream hears no more than that' test "$(asked | wc -l)" -lt 290
check 'and not nothing' test "$(asked | wc -l)" -ge 150
