#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tree of one machine used from another: a real sshd in one network namespace, sshfs in
# another, both joined by a pair of veth devices; and the table of what sftp makes of errors.
#   sshfs.sh bpfuse.8.scd
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/system/page.sh
. "$(dirname "$0")/page.sh"
need_fuse
need_root
for program in sshfs sshd ssh-keygen ip; do
	command -v $program >/dev/null || [ -x "/usr/sbin/$program" ] || skip_all "$program is not installed"
done

page=$1
server=bpfuse-server-$$
client=bpfuse-client-$$
far=$scratch/far
near=$scratch/near
sshd_pid=
made_run_sshd=

cleanup()
{
	unmount_below "$scratch"
	[ -z "$sshd_pid" ] || { kill "$sshd_pid" && wait "$sshd_pid"; } 2>/dev/null
	ip netns del $client 2>/dev/null
	ip netns del $server 2>/dev/null
	[ -z "$made_run_sshd" ] || rmdir /run/sshd
}

# Addresses in namespaces of their own: what this machine calls itself does not matter.
connect()
{
	ip netns add $server && ip netns add $client &&
		ip link add eth0 netns $client type veth peer name eth0 netns $server &&
		ip -n $client addr add 192.0.2.1/30 dev eth0 && ip -n $client link set eth0 up &&
		ip -n $server addr add 192.0.2.2/30 dev eth0 && ip -n $server link set eth0 up &&
		ip -n $server link set lo up
}

# `ip netns exec` would hide what is mounted inside: the network alone is another.
in_network()
{
	local space=$1
	shift
	nsenter --net="/run/netns/$space" "$@"
}

start_sshd()
{
	ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
	ssh-keygen -q -t ed25519 -N '' -f "$scratch/host"
	cat >"$scratch/sshd_config" <<END
ListenAddress 192.0.2.2:2222
HostKey $scratch/host
AuthorizedKeysFile $scratch/key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
END
	[ -d /run/sshd ] || { mkdir -m 755 /run/sshd && made_run_sshd=yes; }
	# nsenter becomes sshd, whose number this is then.
	nsenter --net=/run/netns/$server /usr/sbin/sshd -D -e -f "$scratch/sshd_config" \
		>"$scratch/sshd.log" 2>&1 &
	sshd_pid=$!
	for _ in $(seq 100); do
		grep -q "Server listening" "$scratch/sshd.log" && return
		sleep 0.1
	done
	return 1
}

printf '[192.0.2.2]:2222 ' >"$scratch/known"
ssh_options=(-o "IdentityFile=$scratch/key" -o "UserKnownHostsFile=$scratch/known" -o BatchMode=yes
	-o ConnectTimeout=10)

# The options that the page recommends; an sshfs that has not learned to refuse symlinks with ".."
# has no word against it, either.
recommended()
{
	local words
	words=$(sed -n 's/.*\(sshfs_sync,[a-z_=0-9,]*\).*/\1/p' "$page" | head -n 1)
	sshfs --help 2>&1 | grep -q no_contain_symlinks || words=${words//,no_contain_symlinks/}
	echo "$words"
}

# mount_near OPTIONS
mount_near()
{
	in_network $client sshfs -p 2222 "${ssh_options[@]}" -o "$1" "root@192.0.2.2:$far" "$near"
}

make_maps()
{
	mkdir "$far" "$near"
	"$BPFUSE" emu "$far" -o streams || exit 1
	echo 'type=hash key=u32 value=u64 entries=64 name=flows' >"$far/flows"
	printf '1\t10\n2\t20\n3\t30\n' >"$far/flows/.map/entries"
	echo 'type=hash key=u32 value=u64 entries=20000 name=many' >"$far/many"
	seq 1 20000 | sed 's/$/\t7/' >"$far/many/.map/entries"
	echo 'type=hash key=u32 value=u64 entries=20000 name=copy' >"$far/copy"
	echo 'type=array key=u32 value=u32 entries=2' >"$far/array"
	echo 'type=queue value=u32 entries=4' >"$far/queue"
	echo 'type=ringbuf entries=4096' >"$far/ring"
	echo 'type=hash key=u32 value=u32 entries=1' >"$far/full"
	echo 1 >"$far/full/1"
	echo 'type=hash key=u32 value=u32 entries=1' >"$far/frozen"
	echo 1 >"$far/frozen/1"
	echo 1 >"$far/frozen/.map/frozen"
	mkdir "$far/directory"
	echo 'type=hash key=u32 value=u32 entries=1' >"$far/directory/pin"
}

keys_of()
{
	find "$1" -mindepth 1 -maxdepth 1 -type f -printf '%f\n' | sort -n | paste -sd' '
}

elements_of()
{
	sort -n "$1/.map/entries" | tr '\t\n' '= ' | sed 's/ $//'
}

one_by_one()
{
	expect "list" "1 2 3" "$(keys_of "$near/flows")"
	expect "read" 20 "$(cat "$near/flows/2")"
	check "update" sh_c "echo 21 >'$near/flows/2'"
	expect "is there on the other side" 21 "$(cat "$far/flows/2")"
	check "insert" sh_c "echo 40 >'$near/flows/4'"
	expect "is there on the other side" 40 "$(cat "$far/flows/4")"
	check "touch" touch "$near/flows/5"
	expect "inserts zeros" 0 "$(cat "$far/flows/5")"
	check "a file that is made and not written" sh_c ": >'$near/flows/6'"
	expect "is no element" "1 2 3 4 5" "$(keys_of "$far/flows")"
	check "delete" rm "$near/flows/3"
	expect "is gone on the other side" "1 2 4 5" "$(keys_of "$far/flows")"
	echo 5555 >"$far/flows/1"
	rm "$far/flows/5"
	expect "what changes there is read here" 5555 "$(cat "$near/flows/1")"
	expect "and listed" "1 2 4" "$(keys_of "$near/flows")"
	expect "by name and id" 21 "$(cat "$near"/maps.by-name/flows.*/2)"
}

in_bulk()
{
	check "entries to another map" sh_c "cat '$near/many/.map/entries' >'$near/copy/.map/entries'"
	expect "copied all" 20000 "$(cat "$far/copy/.map/count")"
	check "clear" sh_c "echo 1 >'$near/copy/.map/clear'"
	check "entries.bin to a file" cp "$near/many/.map/entries.bin" "$scratch/entries.bin"
	check "and to another map" cp "$scratch/entries.bin" "$near/copy/.map/entries.bin"
	check "copied all" cmp <(sort "$far/many/.map/entries") <(sort "$far/copy/.map/entries")
	expect "entries.json" 20000 "$(grep -c '"key"' "$near/many/.map/entries.json")"
	check "tar out" tar -C "$near" -cf "$scratch/flows.tar" --exclude=.map flows
	rm "$far"/flows/*
	check "tar in" tar -C "$near" -xf "$scratch/flows.tar"
	expect "brings the elements back" "1=5555 2=21 4=40" "$(elements_of "$far/flows")"
	rm "$far"/flows/*
	check "tar in, over keys that are there" sh_c \
		"echo 1 >'$far/flows/2' && tar -C '$near' -xf '$scratch/flows.tar'"
	expect "brings the elements back" "1=5555 2=21 4=40" "$(elements_of "$far/flows")"
	mkdir "$scratch/flows"
	check "rsync out" rsync -a --exclude=.map "$near/flows/" "$scratch/flows/"
	rm "$far"/flows/*
	check "rsync in" rsync -rt --inplace "$scratch/flows/" "$near/flows/"
	expect "brings the elements back" "1=5555 2=21 4=40" "$(elements_of "$far/flows")"
}

objects()
{
	check "create a map" sh_c "echo 'type=array key=4 value=4 entries=2' >'$near/made'"
	check "use it" sh_c "echo 9 >'$near/made/1'"
	check "rename its pin" mv "$near/made" "$near/renamed"
	check "unpin it" rmdir "$near/renamed"
	printf '1\n2\n' | while read -r value; do echo "$value" >"$near/queue/push"; done
	expect "pop takes one" 1 "$(cat "$near/queue/pop")"
	expect "and the next" 2 "$(cat "$near/queue/pop")"
	check "register a device" mkdir "$near/devices.offload/nsim0"
	check "and unregister it" rmdir "$near/devices.offload/nsim0"
}

# The command of a row of the page's table, in the root of a mount.
command_of()
{
	case $1 in
	"read a key that is not there") echo "cat flows/77" ;;
	"create a name that is no key") echo "/bin/echo 1 >flows/name" ;;
	"delete an element of an array") echo "rm array/0" ;;
	"write text that is no value") echo "/bin/echo text >flows/1" ;;
	"insert into a full map") echo "/bin/echo 1 >full/2" ;;
	"update a frozen map") echo "/bin/echo 1 >frozen/1" ;;
	"rename a key") echo "perl -e 'rename(\"flows/1\", \"flows/8\") || die \$!'" ;;
	"remove a directory with pins") echo "rmdir directory" ;;
	"make a hard link") echo "ln flows/1 flows/8" ;;
	"pop from an empty queue") echo "cat queue/pop" ;;
	"read a stream without records") echo "timeout 2 cat ring/stream" ;;
	esac
}

# One word: the name of the errno, or what came instead.
verdict()
{
	local said status
	said=$(cd "$1" && LC_ALL=C bash -c "$2" 2>&1)
	status=$?
	case $status:$said in
	0:) echo "end of file" ;;
	0:*) echo "succeeded: $said" ;;
	124:) echo "waits" ;;
	*) errno_name "$said" ;;
	esac
}

errors()
{
	local row at_home over
	while IFS=$'\t' read -r row at_home over; do
		expect "at home: $row" "$at_home" "$(verdict "$far" "$(command_of "$row")" </dev/null)"
		expect "over sshfs: $row" "$over" "$(verdict "$near" "$(command_of "$row")" </dev/null)"
	done < <(page_rows "$page" refused)
	expect "what was refused changed nothing" "1=5555 2=21 4=40" "$(elements_of "$far/flows")"
	expect "the error log tells the reason here, too" 1 \
		"$(tail -n 1 <(grep /full/2 "$near/error.log") | grep -c 'the map is full')"
}

# Without sshfs_sync errors come too late for a shell.
unsynchronised()
{
	mount_near "dir_cache=no"
	check "echo does not see a refusal without sshfs_sync" sh_c "echo text >'$near/flows/1'"
	expect "which it was" 5555 "$(cat "$far/flows/1")"
	umount "$near"
}

# Streams go through ssh itself.
remote_stream()
{
	printf '{"maps":[{"name":"ring","type":"ringbuf","entries":4096,"records":["hex-0a0b"]}],
		"pins":[{"path":"ring","map":"ring"}]}' >"$scratch/ring.json"
	mkdir "$scratch/stream"
	"$BPFUSE" "emu:$scratch/ring.json" "$scratch/stream" -o streams
	in_network $client timeout 20 ssh -p 2222 "${ssh_options[@]}" root@192.0.2.2 \
		"read -r line <$scratch/stream/ring/stream && echo \"\$line\"" 2>&1
}

connect 2>"$scratch/error" || skip_all "this kernel has no network namespaces for us: $(cat "$scratch/error")"
make_maps
start_sshd && ok "sshd starts" || not_ok "sshd starts: $(cat "$scratch/sshd.log")"
cut -d' ' -f1,2 "$scratch/host.pub" >>"$scratch/known"
check "sshfs mounts the tree with $(recommended)" mount_near "$(recommended)"
expect "the tree of the other side" "$(ls "$far")" "$(ls "$near")"
one_by_one
in_bulk
objects
errors
umount "$near"
unsynchronised
expect "a record through ssh" '"hex-0a0b"' "$(remote_stream)"
finish
