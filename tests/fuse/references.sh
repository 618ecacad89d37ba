#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Values that refer to maps and programs, and what leads from one object to the other, in an
# emulated world that has programs.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_root

cat >"$scratch/world.json" <<'END'
{"maps": [
  {"name": "calls", "type": "prog_array", "key": 4, "value": 4, "entries": 4},
  {"name": "ports", "type": "devmap", "key": "u32", "value": "u32", "entries": 2, "elements": []},
  {"name": "inner", "type": "hash", "key": "u32", "value": "u32", "entries": 4},
  {"name": "outer", "type": "hash_of_maps", "key": "u32", "value": 4, "entries": 4, "inner": "inner"}],
 "programs": [{"name": "filter", "type": "xdp", "maps": ["inner"]}, {"name": "probe", "type": "kprobe"}],
 "links": [{"type": "xdp", "name": "link", "prog": "filter"}],
 "pins": [{"path": "calls", "map": "calls"}, {"path": "inner", "map": "inner"}, {"path": "outer", "map": "outer"},
  {"path": "filter", "prog": "filter"}, {"path": "probe", "prog": "probe"}, {"path": "link", "link": "link"}]}
END
mount_bpfuse "emu:$scratch/world.json" "$mnt"
cd "$mnt" || exit 1
# A type that is said for a value that the kernel defines says how long it is, no more.
number=0
for type in prog_array devmap devmap_hash cpumap array_of_maps hash_of_maps; do
	number=$((number + 1))
	inner=
	[[ $type != *_of_maps ]] || inner=inner=$(cat inner/.map/id)
	check "$type with value=u32" sh_c "echo 'type=$type key=u32 value=u32 entries=2 $inner' >words$number"
	expect "$type: what its values are" "key=u32 value=$(case $type in prog_array) echo prog ;; dev*) echo devmap ;;
		cpumap) echo cpumap ;; *) echo map ;; esac)" "$(cat words$number/.map/format)"
	check "$type is listed" ls -l words$number words$number/.map
	rmdir words$number
done
prog=$(cat filter/id)

for text in "$prog" "prog=$prog" pinned=filter "pinned=$mnt/filter" "{\"id\":$prog}" "{\"id\":$prog,\"name\":\"filter\"}"; do
	check "a program as $text" sh_c "echo '$text' >calls/0"
	expect "is that program" "{\"id\":$prog,\"name\":\"filter\"}" "$(cat calls/0)"
	rm calls/0
done
echo "$prog" >calls/1
expect "the type that the array has taken on, by name" xdp "$(jq -r .owner_prog_type calls/.map/info)"
refuses "a program of another type" "Invalid argument" sh_c 'echo pinned=probe >calls/2'
logged "and why" owner_prog_type
refuses "a map for a program" "Invalid argument" sh_c 'echo pinned=inner >calls/2'
refuses "the word for a map" "Invalid argument" sh_c 'echo map=1 >calls/2'
refuses "no such program" "No such file" sh_c 'echo 4000 >calls/2'
refuses "another program's name" "Invalid argument" sh_c "echo '{\"id\":$prog,\"name\":\"probe\"}' >calls/2"
expect "the link to it" "$prog" "$(cat calls/.map/links/1/id)"

id=$(cat inner/.map/id)
for text in "$id" "map=$id" pinned=inner "{\"id\":$id,\"name\":\"inner\"}"; do
	check "a map as $text" sh_c "echo '$text' >outer/7"
	expect "is that map" "{\"id\":$id,\"name\":\"inner\"}" "$(cat outer/7)"
	rm outer/7
done
refuses "the word for a program" "Invalid argument" sh_c "echo prog=$id >outer/7"
refuses "a pin that is not there" "No such file" sh_c 'echo pinned=nowhere >outer/7'
expect "the reason is told once" 1 "$(last_error | grep -o 'No such file or directory' | wc -l)"
echo "$id" >outer/7
check "through the link into the inner map" sh_c 'echo 5 >outer/.map/links/7/9'
expect "it is the same map" 5 "$(cat inner/9)"
expect "the program's maps" 5 "$(cat "filter/maps/$id/9")"
expect "the map's programs" filter "$(cat inner/.map/progs/*/name)"
expect "the link's program" filter "$(cat link/prog/name)"

# Bytes that refer: what is read, an id, is what is taken; no number of an open file of the daemon's.
number_bytes()
{
	python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("=%dI" % (len(sys.argv) - 1), *map(int, sys.argv[1:])))' "$@"
}
check "the raw bytes of a map are taken back" sh_c "cp outer/.map/raw/7 '$scratch/raw' && cat '$scratch/raw' >outer/.map/raw/8"
expect "as that map" "$(cat outer/7)" "$(cat outer/8)"
check "those of all elements" sh_c "cp outer/.map/entries.bin '$scratch/raw' && echo 1 >outer/.map/clear && cat '$scratch/raw' >outer/.map/entries.bin"
expect "are there again" "7 8" "$(ls -m outer | tr -d ,)"
rm outer/8
check "the raw bytes of a program are taken back" sh_c "cat calls/.map/raw/1 >'$scratch/raw' && cat '$scratch/raw' >calls/.map/raw/3"
expect "as that program" "$(cat calls/1)" "$(cat calls/3)"
for map in calls outer; do
	refuses "$map: no such object" "No such file" sh_c "$(declare -f number_bytes); number_bytes 4000 | cat >$map/.map/raw/2"
	logged "and why" "with the id 4000"
	refuses "$map: nor among elements" "No such file" sh_c "$(declare -f number_bytes); number_bytes 2 4000 | cat >$map/.map/entries.bin"
	logged "and why" "element 1 of this write: there is no $([ $map = calls ] && echo program || echo map) with the id 4000"
done

# Programs at interfaces.
mkdir devices.offload/eth5
port=maps.control/xdp/eth5
check "attach" sh_c "echo prog=$prog >$port"
expect "in the driver's mode" drv "$(jq -r .mode $port)"
refuses "another mode beside it" "File exists" sh_c "echo 'prog=$prog mode=skb' >$port"
logged "and what to do" "rm the interface's file first"
check "detach" rm $port
refuses "a program of another type" "Invalid argument" sh_c "echo prog=$(cat probe/id) >$port"
logged "and why" "the program is not of type xdp"
refuses "no such program" "No such file" sh_c "echo prog=4000 >$port"
logged "and why" "no program of this id"
refuses "an interface without XDP of its own" "not supported" sh_c "echo 'prog=$prog mode=drv' >maps.control/xdp/lo"
logged "and what to do" "mode=skb"
refuses "several in one write" "No such file" sh_c "printf 'eth5\tprog=4000\n' >maps.control/xdp/.map/entries"
logged "and why" "element 1 of 1: there is no such interface, or no program of this id"
rmdir inner
expect "it lives in the outer map" 5 "$(cat outer/.map/links/7/9)"
cd /
finish
