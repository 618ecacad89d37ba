#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What others do shows at once: pins, elements, lifetimes. Kernel only: others are bpftool.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../mounts.sh"
[ "$BACKEND" = kernel ] || skip_all "others reach only the kernel's objects"
mount_start
b=$source
create()
{
	bpftool map create "$1" type hash key 4 value 4 entries "${2:-16}" name "${1##*/}"
}
update()
{
	bpftool map update pinned "$1" key hex "$2" 00 00 00 value hex "$3" 00 00 00
}
ids()
{
	bpftool -j map show | python3 -c "import json,sys; print(*[m['id'] for m in json.load(sys.stdin)])"
}

create "$b/one"
same "a pin shows" "ls one; cat one/.map/name" one
update "$b/one" 01 05
same "an element shows" "cat one/1" 5
same "stat of it" "stat -c %s one/1" 2
sleep 0.05
update "$b/one" 01 64
same "its new value" "cat one/1; stat -c %s one/1" '100
4'
bpftool map delete pinned "$b/one" key hex 01 00 00 00
fails "a deleted one is gone" "No such file" "cat one/1"
update "$b/one" 01 07
works "and back" "[ -e one/1 ]"
mv "$b/one" "$b/two"
fails "a renamed pin: the old name" "No such file" "ls one"
same "the new name" "cat two/1" 7
create "$b/one"
same "another map by the old name" "ls one" ""
python3 -c "
import ctypes, sys
ctypes.CDLL(None).renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2)" "$b/one" "$b/two"
same "exchanged" "cat one/1; ls two" 7
# Owner, mode and size may be a tick of the kernel old.
tick()
{
	sleep 0.05
}
tick
chmod 640 "$b/one"
same "chmod shows" "stat -c %a one one/1" '750
640'
tick
chown 1000:1001 "$b/one"
same "chown shows" "stat -c %u:%g one/1" 1000:1001
cd "$mnt/one" || exit 1
rm "$b/one"
create "$b/one"
expect "who stood in the old one has nothing" "" "$(ls 2>/dev/null)"
cd "$scratch" || exit 1
same "and the new one is there" "ls one" ""
rm "$b/one"
mkdir "$b/one"
works "a directory in its place" "rmdir one"

# A map dies with its last pin.
create "$b/mortal"
id=$(cat "$mnt/mortal/.map/id")
echo 1 >"$mnt/mortal/1"
rm "$b/mortal"
for _ in $(seq 30); do
	[[ " $(ids) " == *" $id "* ]] || break
	sleep 0.1
done
case " $(ids) " in *" $id "*) not_ok "dies when others unpin it" ;; *) ok "dies when others unpin it" ;; esac
create "$b/mortal"
id=$(cat "$mnt/mortal/.map/id")
rmdir "$mnt/mortal"
case " $(ids) " in *" $id "*) not_ok "dies at once when it is unpinned here" ;; *) ok "dies at once when it is unpinned here" ;; esac
create "$b/held"
id=$(cat "$mnt/held/.map/id")
exec 7<"$mnt/held/.map/name"
rm "$b/held"
sleep 2.2
case " $(ids) " in *" $id "*) ok "an open file holds it" ;; *) not_ok "an open file holds it" ;; esac
exec 7<&-
fails "its directory is gone" "No such file" "ls held"

# Pinning what is there.
create "$b/first"
id=$(cat "$mnt/first/.map/id")
works "map=ID" "echo map=$id >again && [ \$(cat again/.map/id) = $id ]"
works "pinned=PATH" "echo pinned=$b/first >third && [ \$(cat third/.map/id) = $id ]"
same "pins lists them" "sort first/.map/pins | tr '\n' ' '" "again first third "
works "the by-id directory drives the same map" "echo 9 >maps.by-id/$id/5 && [ \$(cat again/5) = 9 ]"
fails "a name that is taken" "Is a directory" "echo map=$id >first"
fails "a map that is none" "No such file" "echo map=4294967295 >new"
works "rmdir of one pin leaves the others" "rmdir first again && [ \$(cat third/5) = 9 ]"
mount_stop
finish
