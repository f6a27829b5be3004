# shellcheck shell=bash disable=SC2016 # the agent's shell expands it
# A small internet for real clients: behind TLS of its own authority an API, an npm registry, a Python
# index and a git server, each with a name and an address of its own; and an agent before it that does what
# it is told. Sourced behind lib.sh.
#
#	api.example hooks.example data.example   198.51.100.10-12   a page, also on port 8443
#	packages.example                         198.51.100.13      an npm registry with stub-package
#	index.example                            198.51.100.14      a Python index with stub-wheel
#	git.example                              198.51.100.15      repo.git, as files

WORLD=(api hooks data packages index git)

# The authority, and one certificate for all.
make_certificates() {
	local names
	names=$(printf ',DNS:%s.example' "${WORLD[@]}")
	openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj '/CN=stub authority' -addext keyUsage=critical,keyCertSign \
		-keyout ca.key -out ca.pem
	openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj '/CN=stub' -addext "subjectAltName=${names#,}" -addext basicConstraints=critical,CA:FALSE \
		-CA ca.pem -CAkey ca.key -keyout stub.key -out stub.pem
}

make_pages() {
	local name
	for name in api hooks data; do
		mkdir -p "world/$name"
		echo "hello from $name.example" >"world/$name/index.html"
	done
}

make_npm_registry() {
	local at=world/packages tarball=stub-package-1.0.0.tgz
	mkdir -p $at/-/ package
	echo '{ "name": "stub-package", "version": "1.0.0", "main": "index.js" }' >package/package.json
	echo 'module.exports = "a stub of npm"' >package/index.js
	tar -czf $at/-/$tarball package
	cat >$at/stub-package <<-END
		{ "name": "stub-package", "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": {
			"name": "stub-package", "version": "1.0.0", "main": "index.js", "dist": {
				"tarball": "https://packages.example/-/$tarball",
				"integrity": "sha512-$(openssl dgst -sha512 -binary $at/-/$tarball | base64 -w 0)" } } } }
	END
}

make_python_index() {
	local at=world/index/simple/stub-wheel wheel=stub_wheel-1.0.0-py3-none-any.whl
	mkdir -p $at
	python3 - $at/$wheel <<-'END'
		import sys, zipfile
		info = "stub_wheel-1.0.0.dist-info/"
		with zipfile.ZipFile(sys.argv[1], "w") as wheel:
		    wheel.writestr("stub_wheel.py", 'said = "a stub of pip"\n')
		    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: stub-wheel\nVersion: 1.0.0\n")
		    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
		    files = [file.filename for file in wheel.filelist] + [info + "RECORD"]
		    wheel.writestr(info + "RECORD", "".join(file + ",,\n" for file in files))
	END
	echo "<a href=\"$wheel\">$wheel</a>" >$at/index.html
}

make_git_server() {
	local git=(git -c user.name=stub -c user.email=stub@git.example)
	mkdir -p world/git
	"${git[@]}" init -q -b main repo
	echo 'a stub of git' >repo/README
	"${git[@]}" -C repo add README
	"${git[@]}" -C repo commit -q -m 'one file'
	"${git[@]}" clone -q --bare repo world/git/repo.git
	"${git[@]}" -C world/git/repo.git update-server-info
}

# nginx at all addresses; what it was asked for stands in world.log: "NAME PATH".
start_servers() {
	local conf=$WORK/world.conf directory name address=10
	{
		echo "daemon off; master_process off; pid $WORK/world.pid; error_log stderr; events {}"
		echo 'http { types { text/html html; } default_type application/json;'
		echo "log_format said '\$host \$uri'; access_log $WORK/world.log said;"
		echo "ssl_certificate $WORK/stub.pem; ssl_certificate_key $WORK/stub.key;"
		for directory in client_body proxy fastcgi uwsgi scgi; do
			echo "${directory}_temp_path $WORK/world.$directory;"
		done
		for name in "${WORLD[@]}"; do
			echo "server { listen 198.51.100.$address:443 ssl; listen 198.51.100.$address:8443 ssl;"
			echo "server_name $name.example; root $WORK/world/$name; }"
			echo "198.51.100.$address $name.example" >>world.hosts
			address=$((address + 1))
		done
		echo '}'
	} >"$conf"
	start tcp 198.51.100.10 443 nginx -e stderr -p "$WORK" -c "$conf"
	start_dns 198.51.100.53 <world.hosts
}

make_world() {
	make_certificates
	make_pages
	make_npm_registry
	make_python_index
	make_git_server
	start_servers
}

# The agent: netpale as PID 1 with a shell of uid 1000 that does line by line what it is told.
start_agent() { # POLICY-FILE
	local environment=(HOME="$WORK/home" SSL_CERT_FILE="$WORK/ca.pem" NODE_EXTRA_CA_CERTS="$WORK/ca.pem"
		GIT_SSL_CAINFO="$WORK/ca.pem" CURL_CA_BUNDLE="$WORK/ca.pem" npm_config_cafile="$WORK/ca.pem"
		npm_config_registry=https://packages.example/ npm_config_update_notifier=false
		npm_config_fetch_retries=0 GIT_TERMINAL_PROMPT=0)
	rm -rf commands results home
	mkdir -m 777 home
	mkfifo -m 666 commands results
	exec {commands}<>commands {results}<>results
	local obey='echo ready
		while read -r command; do (eval "$command") </dev/null >agent.said 2>&1; echo $?; done'
	(exec nsenter --net=/run/netns/client -- unshare --pid --fork --kill-child --mount-proc -- \
		"$NETPALE" run -q -f "$1" -- env "${environment[@]}" "$BASH" -c "$obey" \
		<commands >results 2>netpale.said {commands}>&- {results}>&-) &
	agent=$!
	agent_answers ready || { echo 'FAIL: no agent'; cat netpale.said; exit 1; }
}
agent_answers() { # TEXT
	local said=nothing
	read -rt 60 -u "$results" said || :
	same "$1" "$said"
}
agent() { # COMMAND...: its status; what it said is in agent.said
	local status=nothing
	printf '%q ' "$@" >&"$commands"
	echo >&"$commands"
	read -rt 60 -u "$results" status
	cat agent.said
	return "$status"
}
stop_agent() {
	kill -TERM "$(pgrep -P "$agent")"
	wait "$agent" 2>/dev/null || :
	exec {commands}>&- {results}>&-
}

# Each client and what it prints when it gets what it asks for.
# shellcheck disable=SC2034 # for the scripts
CLIENTS=(curl node python npm pip git)
declare -A ASKS=([curl]=api [node]=hooks [python]=data [npm]=packages [pip]=index [git]=git)
client() { # CLIENT
	case $1 in
	curl) agent curl -fsS --max-time 20 https://api.example/ ;;
	node) agent node -e '
		require("https").get("https://hooks.example/", (r) => r.pipe(process.stdout))' ;;
	python) agent python3 -c 'import urllib.request as u
print(u.urlopen("https://data.example/").read().decode())' ;;
	npm) agent "$BASH" -c 'mkdir -p npm && cd npm && npm install --no-audit --no-fund stub-package &&
		node -p "require(\"stub-package\")"' ;;
	pip) agent "$BASH" -c 'pip install --index-url https://index.example/simple/ --cert "$SSL_CERT_FILE" \
		--retries 0 --no-cache-dir --disable-pip-version-check --target pip stub-wheel &&
		PYTHONPATH=pip python3 -c "import stub_wheel; print(stub_wheel.said)"' ;;
	git) agent "$BASH" -c 'git clone https://git.example/repo.git clone && cat clone/README' ;;
	esac
}
gets_it() { # CLIENT
	client "$1" >/dev/null && says agent.said "^(hello from ${ASKS[$1]}\\.example|a stub of $1)\$"
}
is_served() { says world.log "^${ASKS[$1]}\\.example "; } # CLIENT: anything at all
