# Everything that builds, checks and tests netpale, on Debian 13. Nothing of it reaches a user:
# docker/Dockerfile makes the product. tests/run builds this image when this file has changed.
FROM debian:trixie-slim

# What fetches from npm, in the words of docker/claude and of the tests' images: they find it built.
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	ca-certificates nodejs npm && rm -rf /var/lib/apt/lists/*

ENV DEBIAN_FRONTEND=noninteractive

# Compilers (gcc-multilib for a static i386 test program), the libraries, and the linters.
RUN apt-get update && apt-get install -y --no-install-recommends \
	afl++ clang clang-format clang-tidy cmake cppcheck file gcc gcc-multilib gcovr git libc6-dev \
	libclang-rt-dev \
	libc-ares-dev libcap-dev libcmocka-dev libjansson-dev libmnl-dev libnftnl-dev libseccomp-dev \
	libyaml-dev lld llvm mandoc ninja-build pkg-config shellcheck strace valgrind xxd \
	&& rm -rf /var/lib/apt/lists/*

# What the tests start in their namespaces: servers, clients, and the tools netpale is compared with.
RUN apt-get update && apt-get install -y --no-install-recommends \
	bind9-dnsutils ca-certificates conntrack curl dnsmasq-base dnsperf docker-cli docker-compose \
	hyperfine iperf3 iproute2 iptables iputils-ping ipset jq knot-dnsutils libcap2-bin musl-tools \
	netcat-openbsd nftables nginx-light nsd openssl procps psmisc python3 python3-pip socat sudo tcpdump \
	tini unbound util-linux \
	&& rm -rf /var/lib/apt/lists/*

# The dev containers' own command, and what reads our schema and our manifests as others do.
RUN apt-get update && apt-get install -y --no-install-recommends bash-completion fish zsh \
	&& rm -rf /var/lib/apt/lists/* \
	&& npm install --global --no-audit --no-fund @devcontainers/cli ajv yaml \
		kubernetes-models @kubernetes-models/cilium \
	&& rm -rf /root/.npm
ENV NODE_PATH=/usr/local/lib/node_modules
