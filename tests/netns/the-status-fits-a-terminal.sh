#!/bin/bash
# What `netpale status` prints stays within 80 columns, however long names, addresses and lists of ports
# are: long ones go on below.
. "${0%/*}/lib.sh"
. "${0%/*}/guard.bash"

long=a-name-that-is-longer-than-its-column.services.example.com
start udp 198.51.100.53 53 "$PEERS/dns" 198.51.100.53 53 quiet ttl=120 \
	a=198.51.100.10 aaaa=2001:db8:1234:5678:9abc:def0:1234:5678
write_policy <<-END
	network:
	  dns: guarded
	  allow:
	    - {host: api.example.com, ports: [443], private: true}
	    - {host: $long, ports: [22/tcp, 80/tcp, 443, 3000-3999/tcp, 5432/tcp, 8080/tcp], private: true}
END
start_guard -f $POLICY
visits api.example.com 443 >/dev/null 2>&1 || :
visits $long 443 >/dev/null 2>&1 || :

table() { in_client "$NETPALE" status | sed '1,/^$/d' | sed -E 's/ [0-9]+s / 361s /'; }
expected=$(cat <<'END'
NAME                            ADDRESS                    ENDS PORTS
a-name-that-is-longer-than-its-column.services.example.com
  198.51.100.10                                            361s 22/tcp,80/tcp,
                                                                443,
                                                                3000-3999/tcp,
                                                                5432/tcp,
                                                                8080/tcp
a-name-that-is-longer-than-its-column.services.example.com
  2001:db8:1234:5678:9abc:def0:1234:5678                   361s 22/tcp,80/tcp,
                                                                443,
                                                                3000-3999/tcp,
                                                                5432/tcp,
                                                                8080/tcp
api.example.com                 198.51.100.10              361s 443
api.example.com
  2001:db8:1234:5678:9abc:def0:1234:5678                   361s 443
END
)
check 'as it stands there' same "$expected" "$(table)"
refute 'nothing is wider' says <(in_client "$NETPALE" status) '.{81}'
