#!/bin/bash
# Answers that lead to where nobody should get, and answers that are none: servers listen wherever they
# point, so that a hole would show; the client gets the clean part or a clean error.
. "${0%/*}/lib.sh"
. "${0%/*}/guarded.bash"

# Public ones, which are here only.
ip addr add 5.6.7.8/32 dev lo
ip addr add 2a00:5:6::8/128 dev lo nodad
private=(10.0.0.1 100.64.0.1 172.16.0.1 192.168.0.1 fd12::1)
special=(169.254.169.254 fd00:ec2::254 64:ff9b::a00:1 2002:a00:1::1 fec0::1)
nowhere=(127.0.0.1 127.1.2.3 0.0.0.0 255.255.255.255 224.0.0.251 ::1 :: ::ffff:10.0.0.1
	::ffff:169.254.169.254 ff02::fb fe80::1)
own=(192.0.2.2 2001:db8::2) # which loopback reaches anyway
gateway=(192.0.2.1 2001:db8::1)
for addr in "${private[@]}" "${special[@]}" 203.0.113.66; do ip addr add "$addr" dev lo; done
ip addr add 2001:db8::66/64 dev wire nodad
listening=("${private[@]}" "${special[@]}" "${gateway[@]}" 5.6.7.8 2a00:5:6::8 203.0.113.66 2001:db8::66)
for addr in "${listening[@]}"; do
	start_echo "$addr" 7
	check "without a fence $addr is reached" reaches udp "$addr" 7
done

# 1. Addresses, alone and beside one that may be told.
bad=("${private[@]}" "${special[@]}" "${nowhere[@]}" "${gateway[@]}")
type_of() { case $1 in *:*) echo AAAA ;; *) echo A ;; esac; } # ADDR
public_of() { case $1 in *:*) echo 2a00:5:6::8 ;; *) echo 5.6.7.8 ;; esac; } # ADDR
for n in "${!bad[@]}"; do
	echo "${bad[n]} n$n.plain.example.com b$n.plain.example.com"
	echo "${bad[n]} n$n.private.example.com b$n.private.example.com"
	echo "$(public_of "${bad[n]}") b$n.plain.example.com b$n.private.example.com"
done >names
for addr in "${own[@]}"; do echo "$addr own.private.example.com"; done >>names
start_dns 198.51.100.53 <names
dnsmasq=$!
policy <<-'END'
	allow:
	  - {host: .plain.example.com, ports: [7]}
	  - {host: .private.example.com, ports: [7], private: true}
END
start_guard -f /run/policy.yml
tells() { # NAME TYPE ADDR...: these and no others
	dns "$1" "$2" +noall +answer +comments
	says answer 'status: NOERROR' && same "$(awk '$4 ~ /^A/ { print $5 }' answer | sort)" \
		"$(printf '%s\n' "${@:3}" | sort)"
}
for n in "${!bad[@]}"; do
	addr=${bad[n]}
	type=$(type_of "$addr") public=$(public_of "$addr")
	check "$addr is not told" tells "n$n.plain.example.com" "$type"
	check 'and why not' says answer 'EDE: 17'
	check 'beside another that one is' tells "b$n.plain.example.com" "$type" "$public"
done
check 'which are open' reaches udp 5.6.7.8 7
check 'by IPv6 too' reaches udp 2a00:5:6::8 7
check 'the kernel holds nothing else' same "$(addresses_in_kernel)" $'2a00:5:6::8\n5.6.7.8'
check 'as far as the guard knows, too' same "$(addresses_in_status)" $'2a00:5:6::8\n5.6.7.8'
for addr in "${private[@]}" "${special[@]}" "${gateway[@]}"; do
	check "$addr is closed" refused_fast udp "$addr" 7
done
for n in "${!bad[@]}"; do
	addr=${bad[n]}
	type=$(type_of "$addr") public=$(public_of "$addr")
	if [[ " ${private[*]} ${gateway[*]} " == *" $addr "* ]]; then
		check "private: true opens $addr" tells "b$n.private.example.com" "$type" "$addr" "$public"
		check 'which is reached' reaches tcp "$addr" 7
	else
		check "even then $addr is not told" tells "b$n.private.example.com" "$type" "$public"
	fi
done
for addr in "${special[@]}"; do
	check "nor is $addr open" refused_fast udp "$addr" 7
done
check 'the container'\''s own address is told' tells own.private.example.com A 192.0.2.2
check 'in both families' tells own.private.example.com AAAA 2001:db8::2
check 'the kernel holds what was told, and not these' \
	same "$(addresses_in_kernel)" "$(printf '%s\n' "${private[@]}" "${gateway[@]}" 5.6.7.8 2a00:5:6::8 | sort -u)"
stop_guard TERM
kill "$dnsmasq"
wait "$dnsmasq" 2>/dev/null || :

# 2. Answers that are strange as a whole; all at once, because some of them take their time.
start_upstream 198.51.100.53 a=5.6.7.8 aaaa=2a00:5:6::8
start_guard -f /run/policy.yml
manners=(wrong-id wrong-question garbage cut loop unrelated mixed metadata private halfway truncated alias
	servfail refused nxdomain nodata)
waiting=()
for manner in "${manners[@]}"; do
	for type in A AAAA; do
		as_agent dig +tries=1 +timeout=9 +noall +answer +comments "$manner.plain.example.com" "$type" \
			>"said.$manner.$type" 2>&1 &
		waiting+=($!)
	done
done
wait "${waiting[@]}" || :
addresses_said() { # MANNER: of both families
	cat "said.$1".A "said.$1".AAAA | awk '$4 ~ /^A/ { print $5 }' | sort -u
}
for manner in alias truncated mixed; do
	check "$manner: the clean part" same "$(addresses_said "$manner")" $'2a00:5:6::8\n5.6.7.8'
done
for manner in wrong-id wrong-question garbage cut servfail refused; do
	for type in A AAAA; do
		check "$manner, $type: a clean error" says "said.$manner.$type" 'status: SERVFAIL'
	done
done
for manner in loop unrelated metadata private halfway nodata; do
	for type in A AAAA; do
		check "$manner, $type: a clean answer" says "said.$manner.$type" 'status: (NOERROR|SERVFAIL)'
	done
done
for type in A AAAA; do check "nxdomain, $type" says "said.nxdomain.$type" 'status: NXDOMAIN'; done
for manner in wrong-id wrong-question garbage cut servfail refused loop unrelated metadata private \
	halfway nodata nxdomain; do
	check "$manner: nothing is told" same '' "$(addresses_said "$manner")"
done
check 'the way to an address of another name is told' says said.alias.A 'CNAME.a\.CDN\.test\.'
check 'but that name itself is not allowed' answers NXDOMAIN '' b.cdn.test A
check 'the kernel holds nothing but their own' same "$(addresses_in_kernel)" $'2a00:5:6::8\n5.6.7.8'
for addr in 203.0.113.66 2001:db8::66 10.0.0.1 169.254.169.254; do
	check "$addr is closed" refused_fast udp "$addr" 7
done
many_are_told() { # how many addresses of one reply count
	dns many.private.example.com A && same 256 "$(grep -c 'IN.A.198\.18\.' answer)"
}
check 'of 600 addresses 256 are told' many_are_told
check 'and no more are open' same 256 "$(addresses_in_kernel | grep -c '^198\.18\.')"
check 'without private: true none' tells many.plain.example.com A
check 'the forwarder that has seen all that is still the first' says <(status) '"restarts":0,'
