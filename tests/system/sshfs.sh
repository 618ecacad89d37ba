#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tree of one machine used from another: a real sshd in a network namespace, sshfs outside.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
need_root
for program in sshfs sshd ssh-keygen ip; do
	command -v $program >/dev/null || [ -x "/usr/sbin/$program" ] || skip_all "$program is not installed"
done

space=bpfuse-test-$$
device=bpft$$a
sshd_pid=
made_run_sshd=

cleanup()
{
	unmount_below "$scratch"
	[ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null
	ip netns del $space 2>/dev/null
	[ -z "$made_run_sshd" ] || rmdir /run/sshd
}

connect()
{
	ip netns add $space &&
		ip link add $device type veth peer name eth0 netns $space &&
		ip addr add 192.0.2.1/30 dev $device &&
		ip link set $device up &&
		ip -n $space addr add 192.0.2.2/30 dev eth0 &&
		ip -n $space link set eth0 up &&
		ip -n $space link set lo up
}
connect 2>"$scratch/error" || skip_all "this kernel has no network namespaces for us: $(cat "$scratch/error")"

mkdir "$scratch/far" "$scratch/near"
"$BPFUSE" emu "$scratch/far" || exit 1
far=$scratch/far
echo 'type=hash key=u32 value=u64 entries=64 name=flows' >"$far/flows"
for key in 1 2 3; do
	echo $((key * 10)) >"$far/flows/$key"
done
echo 'type=hash key=u32 value=u64 entries=64 name=copy' >"$far/copy"
echo 'type=ringbuf entries=4096' >"$far/ring"

ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/host"
cp "$scratch/key.pub" "$scratch/authorized"
cat >"$scratch/sshd_config" <<END
ListenAddress 192.0.2.2
HostKey $scratch/host
AuthorizedKeysFile $scratch/authorized
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
END
[ -d /run/sshd ] || { mkdir -m 755 /run/sshd && made_run_sshd=yes; }
ip netns exec $space /usr/sbin/sshd -D -e -f "$scratch/sshd_config" 2>"$scratch/sshd.log" &
sshd_pid=$!
options="IdentityFile=$scratch/key,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,LogLevel=ERROR"
for _ in $(seq 50); do
	sshfs -o "$options" "root@192.0.2.2:$far" "$scratch/near" 2>"$scratch/sshfs.log" && break
	sleep 0.1
done
near=$scratch/near
expect "sshfs mounts the tree" fuse.sshfs "$(findmnt -rn -o FSTYPE --mountpoint "$near")"

expect "list" "1 2 3" "$(ls "$near/flows" | sort | tr '\n' ' ' | sed 's/ $//')"
expect "read" 20 "$(cat "$near/flows/2")"
check "update" sh_c "echo 21 >'$near/flows/2'"
expect "is there on the other side" 21 "$(cat "$far/flows/2")"
check "insert" sh_c "echo 40 >'$near/flows/4'"
expect "is there on the other side" 40 "$(cat "$far/flows/4")"
echo 5 >"$far/flows/1"
expect "what changes there is read here" 5 "$(cat "$near/flows/1")"
check "delete" rm "$near/flows/3"
expect "is gone on the other side" "1 2 4" "$(ls "$far/flows" | sort | tr '\n' ' ' | sed 's/ $//')"
check "bulk copy of entries" sh_c "cat '$near/flows/.map/entries' >'$near/copy/.map/entries'"
expect "copied all" "$(sort "$far/flows/.map/entries")" "$(sort "$far/copy/.map/entries")"
check "tar out" tar -C "$near" -cf "$scratch/flows.tar" --exclude=.map flows
expect "holds the values" "5 21 40" \
	"$(tar -xOf "$scratch/flows.tar" flows/1 flows/2 flows/4 | sort -n | tr '\n' ' ' | sed 's/ $//')"
check "create a map" sh_c "echo 'type=array key=4 value=4 entries=2' >'$near/made'"
check "unpin it" rmdir "$near/made"

# What sftp cannot carry: errno. All of it is "Failure" there, which sshfs makes EPERM or EIO; the
# error log says what it was, on either side.
check "a refused value fails here, too" sh_c "! /bin/echo hello >'$near/flows/1'"
expect "and changes nothing" 5 "$(cat "$far/flows/1")"
check "the error log is readable here" grep -q flows/1 "$near/error.log"
refuses "an inexistent key" "No such file" cat "$near/flows/77"
finish
