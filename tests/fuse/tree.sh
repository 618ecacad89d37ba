#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The mirrored tree answers as bpffs does, errno by errno: the same operations run on a bpffs and
# through bpfuse, on the kernel backend and on the emulated one, as root and as somebody else.
# shellcheck disable=SC2010,SC2011  # what ls prints is what is tested
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

operations=$(dirname "$0")/tree_operations.py
random=${TREE_OPERATIONS:-2000}

as_uid()
{
	if [ "$1" = 0 ]; then
		python3 "${@:2}"
	else
		setpriv --reuid="$1" --regid="$1" --clear-groups python3 "${@:2}"
	fi
}

mount_bpffs oracle >/dev/null
for uid in 0 1000; do
	for seed in 1 2 3; do
		umount "$scratch/oracle"
		mount_bpffs oracle >/dev/null
		as_uid $uid "$operations" "$scratch/oracle" $seed "$random" >"$scratch/wanted.$uid.$seed" 2>&1
	done
done
expect "the oracle ran to its end" "$random" "$(tail -n "$random" "$scratch/wanted.0.1" | grep -c -e ' -> ')"

for backend in kernel emu; do
	for uid in 0 1000; do
		for seed in 1 2 3; do
			source=emu
			[ $backend = emu ] || source=$(mount_bpffs mirrored)
			mount_bpfuse "$source" "$scratch/mnt" allow_other
			# the root of an emulated tree belongs to who mounted it, as that of a bpffs
			as_uid $uid "$operations" "$scratch/mnt" $seed "$random" >"$scratch/got" 2>&1
			if cmp -s "$scratch/wanted.$uid.$seed" "$scratch/got"; then
				ok "$backend: uid $uid, seed $seed: the same $((random)) answers"
			else
				not_ok "$backend: uid $uid, seed $seed"
				comment "$(diff "$scratch/wanted.$uid.$seed" "$scratch/got" | cut -c1-200 | head -20)"
			fi
			umount "$scratch/mnt"
			[ $backend = emu ] || umount "$scratch/mirrored"
		done
	done
done

# Pins, unpins and renames by others show at once.
bpffs=$(mount_bpffs bpffs)
mount_bpfuse "$bpffs" "$scratch/mnt"
cd "$scratch/mnt" || exit 1
make_map()
{
	bpftool map create "$1" type hash key 4 value 4 entries 4 name seen
}
expect "nothing there yet" "" "$(ls -d one 2>/dev/null)"
check "another pins a map" make_map "$bpffs/one"
expect "it is there at once" "one/.map" "$(ls -d one/.map)"
check "another inserts" bpftool map update pinned "$bpffs/one" key 1 0 0 0 value 7 0 0 0
expect "the element is there at once" 7 "$(cat one/1)"
mv "$bpffs/one" "$bpffs/two"
expect "the new name is there" 7 "$(cat two/1)"
refuses "the old one is gone" "No such file" cat one/1
check "another map takes the old name" make_map "$bpffs/one"
expect "which shows its own elements" "" "$(ls one)"
rm "$bpffs/two"
make_map "$bpffs/two"
expect "a name that changed hands shows the new map" "" "$(ls two)"
rm "$bpffs/one" "$bpffs/two"
expect "gone at once" "" "$(ls -d one two 2>/dev/null)"
make_map "$bpffs/one"
ls -a one >/dev/null
rm "$bpffs/one"
check "a name that another freed is free at once, for mkdir" mkdir one
rmdir one
make_map "$bpffs/one"
ls -a one >/dev/null
rm "$bpffs/one"
check "and for a SPEC" sh_c 'echo type=hash key=4 value=4 entries=1 >one'
rmdir one
mkdir "$bpffs/dir"
make_map "$bpffs/dir/m"
mv "$bpffs/dir" "$bpffs/moved"
expect "a moved directory shows" "m" "$(ls moved)"

# Objects are directories; rename and removal treat them as the pins they are.
make_map "$bpffs/three"
check "mv of a map" mv moved/m m
expect "is a rename of the pin" "m" "$(ls "$bpffs" | grep -x m)"
check "mv -T of a map over another replaces the pin" mv -T three m
expect "one is left" "m moved" "$(echo *[!.]* | tr ' ' '\n' | grep -v '\.' | sort | xargs)"
refuses "a map is no place to move things into" "" mkdir m/sub
logged "and the log says so" "/m/sub: no directory can be made here: Operation not permitted"
id=$(cat m/.map/id)
check "rmdir unpins" rmdir m
sleep 2
refuses "and the map is gone when nobody holds it" "" bpftool map show id "$id"
cd /
finish
