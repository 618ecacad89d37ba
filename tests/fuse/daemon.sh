#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bpfuse as a daemon: it answers when it has returned, ends cleanly, recovers, keeps others out.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

mkdir "$mnt"

is_mounted()
{
	findmnt -rn -o FSTYPE --mountpoint "$mnt"
}

# The daemon in the foreground, as a service manager runs it; $pid when it answers.
start()
{
	"$BPFUSE" -f "$@" "$mnt" 2>"$scratch/stderr" &
	pid=$!
	for _ in $(seq 100); do
		[ -e "$mnt/error.log" ] && return
		sleep 0.05
	done
}

for round in 1 2 3 4 5; do
	"$BPFUSE" emu "$mnt" && [ -e "$mnt/error.log" ] && umount "$mnt"
	expect "round $round: it answers when the command returns" 0 $?
done
expect "nothing is left of it" "" "$(is_mounted)"

for signal in TERM INT; do
	start emu
	kill -$signal $pid
	wait $pid
	expect "SIG$signal ends it with 0" 0 $?
	expect "SIG$signal unmounts" "" "$(is_mounted)"
	expect "SIG$signal says nothing" "" "$(cat "$scratch/stderr")"
done
start emu
umount "$mnt"
wait $pid
expect "umount ends it with 0" 0 $?
start emu
check "fusermount3 -u" fusermount3 -u "$mnt"
wait $pid
expect "ends it with 0" 0 $?

start emu
threads=$(ls /proc/$pid/task | wc -l)
check "it has more than one thread" [ "$threads" -gt 1 ]
expect "an idle daemon uses no CPU" 0 "$(a=$(cut -d' ' -f14,15 /proc/$pid/stat); sleep 3; [ "$a" = "$(cut -d' ' -f14,15 /proc/$pid/stat)" ]; echo $?)"
kill -9 $pid
wait $pid 2>/dev/null
check "after kill -9 a new mount works without help" "$BPFUSE" emu "$mnt"
check "and answers" ls "$mnt"
umount "$mnt"

bpffs=$(mount_bpffs bpffs)
bpftool map create "$bpffs/m" type hash key 4 value 4 entries 4 name m
bpftool map update pinned "$bpffs/m" key 1 0 0 0 value 5 0 0 0
check "a read-only mount" "$BPFUSE" "$bpffs" "$mnt" -o ro
expect "is read" 5 "$(cat "$mnt/m/1")"
cd "$mnt" || exit 1
for change in 'echo 1 >m/1' 'echo 1 >m/2' 'rm m/1' 'mkdir d' 'rmdir m' 'touch m/3' 'mv m n' 'ln -s a b' 'chmod 600 m' \
	'chown 1 m' 'echo 1 >m/.map/frozen' 'echo 1 >m/.map/clear' 'echo key=u32 >m/.map/format' 'echo type=hash >x' \
	"printf '1\t1\n' >m/.map/entries" 'echo >error.log'; do
	refuses "ro: $change" "Read-only file system" bash -c "$change"
done
cd /
expect "ro: nothing changed" 5 "$(cat "$mnt/m/1")"
umount "$mnt"

# A mount over the very directory it mirrors, and one inside: refused or harmless.
for place in "$bpffs" "$bpffs/inside"; do
	mkdir -p "$place"
	if timeout 20 "$BPFUSE" "$bpffs" "$place" 2>"$scratch/stderr"; then
		expect "over ${place#"$scratch"/}: it works" 5 "$(timeout 10 cat "$place/m/1")"
		timeout 10 ls -R "$place" >/dev/null
		expect "over ${place#"$scratch"/}: and answers" 0 $?
		umount "$place"
	else
		expect "over ${place#"$scratch"/}: refused in one sentence" 1 "$(wc -l <"$scratch/stderr")"
	fi
done

# Who may what. 1000 was given the map, 2000 was not.
as()
{
	setpriv --reuid="$1" --regid="$1" --clear-groups --no-new-privs bash -c "$2"
}
"$BPFUSE" "$bpffs" "$mnt"
refuses "without allow_other nobody else gets in" "Permission denied" as 1000 "ls $mnt"
umount "$mnt"
"$BPFUSE" "$bpffs" "$mnt" -o allow_other
refuses "a pin of 0600 is root's" "Permission denied" as 1000 "cat $mnt/m/1"
check "chown" chown 1000 "$mnt/m"
expect "acts on the pin" 1000 "$(stat -c %u "$bpffs/m")"
expect "its owner reads it" 5 "$(as 1000 "cat $mnt/m/1")"
check "and writes it" as 1000 "echo 6 >$mnt/m/1"
refuses "another does not" "Permission denied" as 2000 "cat $mnt/m/1"
check "chmod" chmod 644 "$mnt/m"
expect "acts on the pin" 644 "$(stat -c %a "$bpffs/m")"
expect "others read it" 6 "$(as 2000 "cat $mnt/m/1")"
refuses "and do not write it" "Permission denied" as 2000 "echo 7 >$mnt/m/1"
refuses "nor delete" "Permission denied" as 2000 "rm $mnt/m/1"
refuses "nor freeze" "Permission denied" as 2000 "echo 1 >$mnt/m/.map/frozen"
refuses "by-id is closed to them" "Permission denied" as 2000 "ls $mnt/maps.by-id"
refuses "and the log" "Permission denied" as 2000 "cat $mnt/error.log"
check "a user pins in a directory of his own" sh_c "mkdir '$mnt/home' && chown 1000 '$mnt/home'"
umount "$mnt"

# What cannot be mounted says so in one line, exits with 1 and leaves nothing.
: >"$scratch/file"
echo 'flow* key=u33' >"$scratch/formats"
while IFS='|' read -r title arguments; do
	timeout 20 "$BPFUSE" $arguments 2>"$scratch/stderr" >&2
	expect "$title: exit status 1" 1 $?
	expect "$title: one line" 1 "$(wc -l <"$scratch/stderr")"
	expect "$title: nothing mounted" "" "$(is_mounted)"
done <<END
no such source|$scratch/nonexistent $mnt
a source that is no bpffs|$scratch $mnt
a scenario that is not there|emu:$scratch/nonexistent.json $mnt
a scenario that is none|emu:/bin/true $mnt
an image that is none|image:$scratch $mnt
no such mount point|emu $scratch/nonexistent
a mount point that is a file|emu $scratch/file
an unknown option|emu $mnt -o no_such_option
a bad timeout|emu $mnt -o timeout=soon
a timeout with something behind it|emu $mnt -o timeout=1s
a formats file with a type that is none|emu $mnt -o formats=$scratch/formats
a bad formats file|emu $mnt -o formats=$scratch/nonexistent
too many threads|emu $mnt -o max_threads=-1
threads with something behind them|emu $mnt -o max_threads=4k
no scenario behind emu:|emu: $mnt
a formats file that is a directory|emu $mnt -o formats=$scratch
no image behind image:|image: $mnt
END
# Where nobody else is met by it, should it not be refused.
for place in / "$scratch/..///../"; do
	refuses "a mount over the root: $place" "name a directory below it" \
		unshare -m --propagation private timeout 20 "$BPFUSE" emu "$place" -f
done
"$BPFUSE" "emu:$scratch/a
b" "$mnt" 2>"$scratch/stderr"
expect "a name with a newline: one line" 1 "$(wc -l <"$scratch/stderr")"
"$BPFUSE" --help >/dev/full 2>"$scratch/stderr"
expect "help that cannot be written: exit status 1" 1 $?
# With the standard files closed what it opens must not take their place.
timeout 20 "$BPFUSE" emu "$mnt" <&- >&- 2>&-
expect "closed standard files: it answers when the command returns" "0 yes" \
	"$? $([ -e "$mnt/error.log" ] && echo yes)"
umount "$mnt"
# An empty word is no place: not the directory one happens to be in.
for arguments in 'emu ""' "'' '$mnt'"; do
	refuses "an empty word: $arguments" "given" sh_c "cd '$mnt' && '$BPFUSE' $arguments"
	expect "an empty word: nothing mounted" "" "$(is_mounted)"
done
refuses "an unknown option is named" "no_such_option" "$BPFUSE" emu "$mnt" -o ro,no_such_option
refuses "a source that is none: what it may be" "emu:SCENARIO.json" "$BPFUSE" emux "$mnt"
mkdir -p "$scratch/own"
chown 1000 "$scratch/own"
refuses "a /dev/fuse that one may not open: what to do" "chmod 666 /dev/fuse" unshare -m --propagation private bash -c \
	'mknod "$1/fuse" c 10 229 && chmod 600 "$1/fuse" && mount --bind "$1/fuse" /dev/fuse &&
	exec setpriv --reuid=1000 --regid=1000 --clear-groups "$2" emu "$1/own"' bash "$scratch" "$BPFUSE"
check "options of fstab are ignored" "$BPFUSE" emu "$mnt" -o auto,nofail,user,_netdev,x-systemd.automount,rw
umount "$mnt"
check "so are those of times of access" "$BPFUSE" emu "$mnt" -o noatime,nodiratime,relatime,lazytime,silent
refuses "a remount: what to do" "mount -i -o remount" "$BPFUSE" emu "$mnt" -o remount,ro
umount "$mnt"
refuses "a scenario that is a directory" "Is a directory" "$BPFUSE" "emu:$scratch" "$mnt"
refuses "a source that is a file: what it may be" "emu:SCENARIO.json" "$BPFUSE" "$scratch/file" "$mnt"
check "-h" "$BPFUSE" -h
check "-V" "$BPFUSE" -V

# An idle map is let go of: unpinned by another, it is gone although it was just read here.
"$BPFUSE" "$bpffs" "$mnt"
bpftool map create "$bpffs/brief" type hash key 4 value 4 entries 4 name brief
ls -la "$mnt/brief" >/dev/null
id=$(cat "$mnt/brief/.map/id")
rm "$bpffs/brief"
sleep 3
refuses "no map is kept alive by having been looked at" "" bpftool map show id "$id"
umount "$mnt"
finish
