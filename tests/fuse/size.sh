#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 100,000 elements: a map of each iterable type fills, lists, counts, clears and fills again through
# .map/entries with nothing lost or doubled, also while a writer inserts and deletes other keys.
# shellcheck disable=SC2010,SC2011,SC2012  # what ls prints is what is tested
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

elements=$((100000 * ${TEST_SHARE:-100} / 100))
writer=

stop_writer()
{
	[ -z "$writer" ] || kill "$writer" 2>/dev/null
	[ -z "$writer" ] || wait "$writer" 2>/dev/null
	writer=
}

cleanup()
{
	stop_writer
}

# Sockets that whoever fills a map inherits: the numbers of open files are those of the writer.
sockets=()
open_sockets()
{
	local socket
	for _ in $(seq 32); do
		exec {socket}<>/dev/udp/127.0.0.1/9
		sockets+=("$socket")
	done
}

# lines FIRST COUNT FORM VALUE: lines of entries, one for each number from FIRST on. VALUE: one for
# all, "number" for the key's, or several to take turns.
lines()
{
	awk -v first="$1" -v count="$2" -v form="$3" -v value="$4" 'BEGIN {
		values = split(value, turn, " ")
		for (i = first; i < first + count; i++) {
			if (form == "lpm")
				key = sprintf("%d.%d.%d.%d_32", int(i / 16777216) % 256, int(i / 65536) % 256, int(i / 256) % 256, i % 256)
			else
				key = i
			printf "%s\t%s\n", key, value == "number" ? i : turn[i % values + 1]
		}
	}'
}

# The keys that were filled in: those of the writer are others.
own_keys()
{
	grep -vxFf "$scratch/others.keys"
}

# try_type TYPE SPEC FORM VALUE: FORM is u32, index or lpm; arrays keep all their indexes.
try_type()
{
	local type=$1 form=$3 value=$4 keys others=1000000000
	[ "$form" != index ] || others=$elements
	echo "type=$type $2" >m || return
	lines 0 "$elements" "$form" "$value" >"$scratch/lines"
	cut -f1 "$scratch/lines" | sort >"$scratch/keys"
	check "$backend: $type: fill" sh_c "cat '$scratch/lines' >m/.map/entries"
	expect "$backend: $type: count" "$elements" "$(cat m/.map/count)"
	expect "$backend: $type: names" 0 "$(ls -f m | grep -v '^\.' | sort | cmp "$scratch/keys" - >&2; echo $?)"
	expect "$backend: $type: entries" 0 "$(cut -f1 m/.map/entries | sort | cmp "$scratch/keys" - >&2; echo $?)"
	case $type in
	array | percpu_array)
		check "$backend: $type: fill again" sh_c "cat '$scratch/lines' >m/.map/entries"
		rmdir m
		return
		;;
	esac
	check "$backend: $type: clear" sh_c 'echo 1 >m/.map/clear'
	expect "$backend: $type: nothing is left" 0 "$(cat m/.map/count)"
	check "$backend: $type: fill again" sh_c "cat '$scratch/lines' >m/.map/entries"
	lines "$others" 64 "$form" "$value" >"$scratch/others"
	cut -f1 "$scratch/others" >"$scratch/others.keys"
	python3 - "$scratch/others" "$mnt/m" <<'END' &
import os, sys
lines = open(sys.argv[1], "rb").read()
names = [line.split(b"\t")[0].decode() for line in lines.splitlines()]
while True:
    try:
        fd = os.open(sys.argv[2] + "/.map/entries", os.O_WRONLY)
        os.write(fd, lines)
        os.close(fd)
        for name in names:
            os.unlink(f"{sys.argv[2]}/{name}")
    except FileNotFoundError:
        pass
END
	writer=$!
	for way in 'ls -f m' 'cut -f1 m/.map/entries'; do
		keys=$($way | grep -v '^\.' | own_keys | sort | cmp "$scratch/keys" - 2>&1; echo "${PIPESTATUS[4]}")
		expect "$backend: $type: ${way%% *} beside a writer" 0 "$keys"
	done
	check "$backend: $type: the writer was at work" kill -0 "$writer"
	stop_writer
	rmdir m
}

every_case()
{
	local more=$((elements * 2)) type
	for type in hash lru_hash; do
		try_type $type "key=4 value=8 entries=$more" u32 number
	done
	for type in percpu_hash lru_percpu_hash; do
		try_type $type "key=4 value=8 entries=$more" u32 7
	done
	try_type lpm_trie "key=lpm4 value=4 entries=$more flags=no_prealloc" lpm number
	try_type array "key=4 value=8 entries=$elements" u32 number
	try_type percpu_array "key=4 value=8 entries=$elements" u32 7
	echo 'type=hash key=4 value=4 entries=1' >inner
	try_type hash_of_maps "key=4 value=4 entries=$more inner=inner" u32 "$(cat inner/.map/id)"
	try_type array_of_maps "key=4 value=4 entries=$more inner=inner" index "$(cat inner/.map/id)"
	rmdir inner
	try_type devmap "key=4 value=4 entries=$more" index "$device"
	try_type devmap_hash "key=4 value=4 entries=$more" u32 "$device"
	# An emulated world has no sockets but those that a program makes through the library.
	[ "$backend" = emu ] ||
		try_type sockhash "key=4 value=8 entries=$more" u32 "${sockets[*]}"
}

open_sockets

# An emulated world has no device but those that are made.
both()
{
	device=lo
	if [ "$backend" = emu ]; then
		mkdir devices.offload/size0
		device=size0
	fi
	every_case
}
on_each_backend both
finish
