#!/bin/bash
# The project's file comes from a stranger. netpale starts as root, but reads no more of it than
# the agent could, and never waits for it.
. "${0%/*}/lib.sh"

echo 'network: { allow: [ 198.51.100.10 ] }' >policy.yml
chmod 755 .
mkdir -p project/deeper
cd project
start_it() { netpale run -f "$WORK/policy.yml" -- echo the agent ran; }
refused() { # PATTERN: at once, with that reason, and nothing of the file in it
	local status=0
	within 5000 start_it >said 2>&1 || status=$?
	cat said
	same "$status" 125 && says said "$1" && not says said 'the agent ran|hunter2'
}
echo 'password: hunter2' >secret
chmod 600 secret

check 'without a project file' start_it
cp secret .ccpod.yml
chmod 600 .ccpod.yml
check "a file that is not the agent's to read" refused 'uid 1000\) cannot read it'
cd deeper
check 'the nearest file above counts' refused 'uid 1000\) cannot read it'
ln -s ../secret .ccpod.yml
check 'a link to such a file' refused 'symbolic link'
rm .ccpod.yml
ln -s nowhere .ccpod.yml
check 'a link to nothing' refused 'symbolic link'
rm .ccpod.yml
mkfifo .ccpod.yml
check 'a FIFO' refused 'not a regular file'
rm .ccpod.yml
mkdir .ccpod.yml
check 'a directory' refused 'a directory'
rmdir .ccpod.yml
mknod .ccpod.yml c 1 5
check 'a device' refused 'not a regular file'
rm .ccpod.yml
truncate -s 9M .ccpod.yml
check 'a file that is too large' refused 'larger than'
rm .ccpod.yml

echo 'network: { allow: [ 198.51.100.11 ] }' >.ccpod.yml
check "root's file is read" start_it
start_it >said 2>&1 || :
check 'and what it adds is said' says said '198.51.100.11 \(.*\.ccpod\.yml:1\)'
refute 'with no warning, for the agent cannot change it' says said 'next start'
chown 1000 .ccpod.yml
start_it >said 2>&1 || :
check 'a file that the agent can change is warned of' says said 'warning: .*next start'
netpale apply -f "$WORK/policy.yml" >said 2>&1 || :
check 'also by apply' says said 'warning: .*ccpod.*next start'
chmod 600 .ccpod.yml
refute 'which has the eyes of NETPALE_USER' \
	in_client env NETPALE_USER=1001 "$NETPALE" apply -f "$WORK/policy.yml"
chown 1001 .ccpod.yml
check 'whoever that is' in_client env NETPALE_USER=1001 "$NETPALE" apply -f "$WORK/policy.yml"
chown 1000 .ccpod.yml
chmod 644 .ccpod.yml
echo >.ccpod.yml
start_it >said 2>&1 || :
check 'also where it says nothing yet' says said 'warning: .*ccpod.*next start'
start_tight() { netpale run -f "$WORK/policy.yml" --trust-project tighten -- true; }
start_tight >said 2>&1 || :
refute 'but not where it can only tighten' says said 'next start'
chown 1000 "$WORK/policy.yml"
start_tight >said 2>&1 || :
check "so is an operator's file" says said 'warning: .*policy\.yml and so decide its own next start'
chown 0 "$WORK/policy.yml"
echo 'network: { allow: [ 198.51.100.11 ] }' >.ccpod.yml
chown 0 .ccpod.yml
chmod 777 .
start_it >said 2>&1 || :
check 'so is a directory' says said 'warning: .*next start'
chmod 755 .
mount --bind .ccpod.yml .ccpod.yml
chown 1000 .ccpod.yml
mount -o remount,bind,ro .ccpod.yml
start_it >said 2>&1 || :
refute 'not on a read-only mount' says said 'next start'
