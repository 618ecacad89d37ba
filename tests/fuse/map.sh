#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Maps as directories of key files, sentence by sentence of bpfuse(8), on both
# backends: hash, array, per-CPU hash and per-CPU array.
# shellcheck disable=SC2010,SC2011  # what ls prints is what is tested
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

creation()
{
	check "$backend: a SPEC creates and pins" make h 'type=hash key=4 value=8 entries=4'
	expect "$backend: the name is a directory" directory "$(stat -c %F h)"
	expect "$backend: with the pin's mode, searchable" 700 "$(stat -c %a h)"
	expect "$backend: an empty map lists nothing" "" "$(ls h)"
	expect "$backend: but .map" .map "$(ls -A h)"
	check "$backend: JSON creates too" make j '{"type":"array","key":4,"value":4,"entries":3,"name":"from_json"}'
	expect "$backend: with its name" from_json "$(cat j/.map/name)"
	check "$backend: a map by id" make again "map=$(cat h/.map/id)"
	check "$backend: a map by pin" make once "pinned=h"
	check "$backend: update through one pin" make again/1 5
	expect "$backend: is seen through the others" "5 5" "$(cat h/1) $(cat once/1)"
	expect "$backend: pins lists them all" "again h once" "$(sort h/.map/pins | xargs)"
	rmdir again once
	echo 'type=hash key=4 value=8 entries=4' >"$scratch/spec"
	touch -d 2001-01-01 "$scratch/spec"
	for copy in 'cp $s x' 'cp -p $s x' 'cp -a $s x' 'install -m 640 $s x' 'cp $s $s.2 && mv $s.2 x' 'cat $s >x' 'tee x <$s' \
		'dd of=x <$s' 'rsync --inplace $s x'; do
		check "$backend: a SPEC by $copy" sh_c "s='$scratch/spec'; $copy && rmdir x"
	done
	check "$backend: install's mode" sh_c "install -m 640 '$scratch/spec' x"
	expect "$backend: is the pin's" 750 "$(stat -c %a x)"
	rmdir x
	refuses "$backend: an unknown word" "Invalid argument" sh_c 'echo type=hash key=4 value=8 entries=4 colour=red >x'
	logged "$backend: names the word" colour
	expect "$backend: and makes nothing" "" "$(ls -d x 2>/dev/null)"
	refuses "$backend: no such type" "Invalid argument" sh_c 'echo type=hush key=4 value=8 entries=4 >x'
	refuses "$backend: a hash without entries" "Invalid argument" sh_c 'echo type=hash key=4 value=8 entries=0 >x'
	refuses "$backend: no such map" "No such file" sh_c 'echo map=4000000 >x'
	refuses "$backend: a name with a dot" "Operation not permitted" sh_c 'echo type=hash key=4 value=8 entries=1 >x.y'
	refuses "$backend: over an existing map" "Is a directory" sh_c 'echo type=hash key=4 value=8 entries=1 >h'
	rmdir j h
}

hash_map()
{
	make h 'type=hash key=4 value=8 entries=4 name=flows'
	check "$backend: hash: insert" make h/1 11
	expect "$backend: hash: lookup" 11 "$(cat h/1)"
	expect "$backend: hash: size is exact" 3 "$(stat -c %s h/1)"
	check "$backend: hash: update by >" make h/1 1200
	expect "$backend: hash: the new value" 1200 "$(cat h/1)"
	check "$backend: hash: update by >>" sh_c 'echo 13 >>h/1'
	expect "$backend: hash: the newest value" 13 "$(cat h/1)"
	check "$backend: hash: 0x values" make h/1 0x10
	expect "$backend: hash: are shown in decimal" 16 "$(cat h/1)"
	expect "$backend: hash: 0x names find the key" 16 "$(cat h/0x1)"
	expect "$backend: hash: hex names find the key" 16 "$(cat h/hex-01000000)"
	check "$backend: hash: hex bytes as value" make h/1 '01 02 00 00 00 00 00 00'
	expect "$backend: hash: in memory order" 513 "$(cat h/1)"
	check "$backend: hash: key 0 is a key" make h/0 1
	expect "$backend: hash: and is listed" "0 1" "$(ls h | sort | xargs)"
	refuses "$backend: hash: noclobber refuses what is there" "exist" sh_c 'set -C; echo 1 >h/1'
	check "$backend: hash: noclobber inserts what is not" sh_c 'set -C; echo 1 >h/2'
	check "$backend: hash: touch inserts a zero" touch h/3
	expect "$backend: hash: a zero" 0 "$(cat h/3)"
	refuses "$backend: hash: full" "Argument list too long" sh_c 'echo 1 >h/4'
	logged "$backend: hash: and says so" full
	expect "$backend: hash: nothing came of it" 4 "$(cat h/.map/count)"
	check "$backend: hash: an existing key can still be updated" make h/3 9
	check "$backend: hash: delete" rm h/3
	refuses "$backend: hash: delete again" "No such file" rm h/3
	check "$backend: hash: : > inserts nothing" sh_c ': >h/3'
	refuses "$backend: hash: nothing at all" "No such file" cat h/3
	check "$backend: hash: : > on a key changes nothing" sh_c ': >h/1'
	expect "$backend: hash: it is as it was" 513 "$(cat h/1)"
	refuses "$backend: hash: a value too large" "Invalid argument" sh_c 'echo 18446744073709551616 >h/1'
	refuses "$backend: hash: a value that is none" "Invalid argument" sh_c 'echo hello >h/1'
	refuses "$backend: hash: two values" "Invalid argument" sh_c 'echo 1 2 >h/1'
	expect "$backend: hash: refused writes change nothing" 513 "$(cat h/1)"
	refuses "$backend: hash: no key of this map, lookup" "No such file" cat h/abc
	refuses "$backend: hash: no key of this map, create" "Invalid argument" sh_c 'echo 1 >h/abc'
	refuses "$backend: hash: a key out of range" "Invalid argument" sh_c 'echo 1 >h/4294967296'
	refuses "$backend: hash: mv of a key: EXDEV, then copy and delete" "" sh_c 'mv -n h/1 h/0 && [ -e h/0 ] && false'
	check "$backend: hash: mv to a new key" mv h/2 h/7
	expect "$backend: hash: the value moved" 1 "$(cat h/7)"
	expect "$backend: hash: the old key is gone" "" "$(ls h | grep -x 2)"
	refuses "$backend: hash: no directories" "" mkdir h/dir
	refuses "$backend: hash: no symlinks" "" ln -s x h/5
	check "$backend: chmod that changes nothing" chmod --reference=h/1 h/1
	check "$backend: chown that changes nothing" chown --reference=h/1 h/1
	# A key that goes away behind an open name: gone for BPF_EXIST, made anew for O_TRUNC
	exec 3<>h/1
	rm h/1
	refuses "$backend: r+ on a key that vanished" "No such file" sh_c 'echo 1 >&3'
	exec 3>&-
	refuses "$backend: it was not brought back" "No such file" cat h/1
	echo 1 >h/1
	exec 3>h/1
	rm h/1
	check "$backend: > on a key that vanished" sh_c 'echo 2 >&3'
	exec 3>&-
	expect "$backend: makes it anew" 2 "$(cat h/1)"
}

dot_map()
{
	expect "$backend: .map" "btf_id clear count entries entries.bin entries.json flags format frozen holders id ifindex info key_size max_entries memlock name pins progs raw type value_size" \
		"$(ls h/.map | grep -vxE 'links|sum|btf' | sort | xargs)"
	expect "$backend: name" flows "$(cat h/.map/name)"
	expect "$backend: type" hash "$(cat h/.map/type)"
	expect "$backend: sizes" "4 8 4" "$(cat h/.map/key_size h/.map/value_size h/.map/max_entries | xargs)"
	expect "$backend: flags" 0 "$(cat h/.map/flags)"
	expect "$backend: count" 4 "$(echo 1 >h/.map/clear; printf '0\n1\n2\n3\n' | sed 's/\(.*\)/\1\t\1/' >h/.map/entries; cat h/.map/count)"
	expect "$backend: info is JSON" flows "$(python3 -c 'import json; print(json.load(open("h/.map/info"))["name"])')"
	expect "$backend: format" "key=u32 value=u64" "$(cat h/.map/format)"
	expect "$backend: pins" h "$(cat h/.map/pins)"
	expect "$backend: entries" "0 0,1 1,2 2,3 3," "$(sort h/.map/entries | tr '\t\n' ' ,')"
	expect "$backend: entries.json" '[{"key": 0, "value": 0}, {"key": 1, "value": 1}, {"key": 2, "value": 2}, {"key": 3, "value": 3}]' \
		"$(python3 -c 'import json; print(json.dumps(sorted(json.load(open("h/.map/entries.json")), key=lambda e: e["key"])))')"
	expect "$backend: entries.bin" 48 "$(wc -c <h/.map/entries.bin)"
	expect "$backend: raw" "02 00 00 00 00 00 00 00" "$(od -An -tx1 h/.map/raw/2 | xargs)"
	refuses "$backend: attributes are read-only" "" sh_c 'echo 1 >h/.map/id'
	check "$backend: writing raw" sh_c "printf '\\0\\1\\0\\0\\0\\0\\0\\0' >h/.map/raw/2"
	expect "$backend: is an update" 256 "$(cat h/2)"
	refuses "$backend: raw of the wrong size" "Invalid argument" /bin/sh -c "printf 'abc' | dd of=h/.map/raw/2 status=none"
	expect "$backend: changes nothing" 256 "$(cat h/2)"
	cp h/.map/entries "$scratch/text"
	cp h/.map/entries.bin "$scratch/bin"
	cp h/.map/entries.json "$scratch/json"
	for form in text:entries bin:entries.bin json:entries.json; do
		check "$backend: clear" sh_c 'echo 1 >h/.map/clear'
		expect "$backend: count is 0" 0 "$(cat h/.map/count)"
		check "$backend: refill through ${form#*:}" sh_c "cat '$scratch/${form%:*}' >h/.map/${form#*:}"
		expect "$backend: all is back" "$(sort "$scratch/text")" "$(sort h/.map/entries)"
	done
	refuses "$backend: a bad line" "Invalid argument" sh_c "printf '1\t99\nx\t1\n' | cat >h/.map/entries"
	expect "$backend: applies nothing of its write" 1 "$(cat h/1)"
	logged "$backend: and is named" "element 2"
	check "$backend: format can be set" make h/.map/format 'key=be32 value=hex'
	expect "$backend: for keys and values" '16777216 "hex-0100000000000000"' "$(ls h | grep -x 16777216) $(cat h/16777216)"
	refuses "$backend: a format that does not fit" "Invalid argument" make h/.map/format 'key=u64'
	check "$backend: and set back" make h/.map/format 'key=u32 value=u64'
	expect "$backend: frozen" 0 "$(cat h/.map/frozen)"
	check "$backend: freeze" make h/.map/frozen 1
	expect "$backend: frozen now" 1 "$(cat h/.map/frozen)"
	refuses "$backend: update of a frozen map" "Operation not permitted" sh_c 'echo 1 >h/1'
	logged "$backend: says why" frozen
	refuses "$backend: delete from a frozen map" "Operation not permitted" rm h/1
	expect "$backend: reading goes on" 1 "$(cat h/1)"
	expect "$backend: progs is empty" "" "$(ls h/.map/progs)"
	rmdir h
}

array_map()
{
	make a 'type=array key=4 value=4 entries=3'
	expect "$backend: array: all indexes are there" "0 1 2" "$(ls a | xargs)"
	expect "$backend: array: zero at first" 0 "$(cat a/2)"
	check "$backend: array: update" make a/2 7
	expect "$backend: array: lookup" 7 "$(cat a/2)"
	refuses "$backend: array: delete" "Invalid argument" rm a/2
	refuses "$backend: array: index out of range, lookup" "No such file" cat a/3
	refuses "$backend: array: index out of range, update" "Argument list too long" sh_c 'echo 1 >a/3'
	refuses "$backend: array: clear" "Invalid argument" sh_c 'echo 1 >a/.map/clear'
	expect "$backend: array: count" 3 "$(cat a/.map/count)"
	check "$backend: array: bulk" sh_c "printf '0\t10\n1\t20\n' >a/.map/entries"
	expect "$backend: array: values" "10 20 7" "$(cat a/0 a/1 a/2 | xargs)"
	rmdir a
}

percpu_maps()
{
	local cpus sum
	for type in percpu_hash percpu_array; do
		make p "type=$type key=4 value=8 entries=2"
		check "$backend: $type: one value for all CPUs" make p/1 5
		cpus=$(python3 -c 'import json; print(len(json.load(open("p/1"))))')
		expect "$backend: $type: a value per possible CPU" "$(python3 -c "print(5 * $cpus)")" "$(cat p/.map/sum/1)"
		check "$backend: $type: one CPU" make p/1 '{"0":7}'
		expect "$backend: $type: the others stay" "$((5 * cpus + 2))" "$(cat p/.map/sum/1)"
		sum=$(cat p/1)
		check "$backend: $type: what is printed can be written" make p/1 "$sum"
		expect "$backend: $type: and is the same" "$sum" "$(cat p/1)"
		expect "$backend: $type: raw has all slots" $((8 * cpus)) "$(wc -c <p/.map/raw/1)"
		refuses "$backend: $type: a CPU that cannot be" "Invalid argument" make p/1 '{"4096":7}'
		refuses "$backend: $type: too few values" "Invalid argument" make p/1 '[]'
		expect "$backend: $type: entries" "1	$sum" "$(grep '^1' p/.map/entries)"
		rmdir p
	done
}

other_sizes()
{
	make s 'type=hash key=2 value=1 entries=8'
	check "$backend: 2-byte key, 1-byte value" make s/65535 255
	refuses "$backend: a value over its byte" "Invalid argument" sh_c 'echo 256 >s/1'
	make o 'type=hash key=3 value=5 entries=8'
	check "$backend: odd sizes go by hex" make o/hex-0a0b0c '0102030405'
	expect "$backend: value" '"hex-0102030405"' "$(cat o/hex-0a0b0c)"
	refuses "$backend: a short key" "Invalid argument" sh_c 'echo 1 >o/hex-0a0b'
	refuses "$backend: a long value" "Invalid argument" sh_c 'echo hex-010203040506 >o/hex-0a0b0c'
	make l 'type=hash key=200 value=4 entries=8'
	key=$(python3 -c 'print("hex-" + "ab" * 200)')
	check "$backend: a key whose name is too long for a file goes through entries" sh_c "printf '%s\t9\n' $key >l/.map/entries"
	name=$(ls l)
	expect "$backend: is listed by a short name" "sha256-$(printf %s "$key" | sha256sum | cut -d' ' -f1)" "$name"
	expect "$backend: which reads" 9 "$(cat "l/$name")"
	expect "$backend: entries tells the whole key" "$key	9" "$(cat l/.map/entries)"
	refuses "$backend: a short name of no key" "Invalid argument" sh_c "echo 1 >l/sha256-$(printf %064d 0)"
	logged "$backend: says what to do" ".map/entries"
	check "$backend: and deletes" rm "l/$name"
	rmdir s o l
}

by_id()
{
	make h 'type=hash key=4 value=4 entries=4 name=by_id_test'
	local id
	id=$(cat h/.map/id)
	echo 3 >h/1
	expect "$backend: maps.by-id" 3 "$(cat "maps.by-id/$id/1")"
	expect "$backend: maps.by-name" 3 "$(cat "maps.by-name/by_id_test.$id/1")"
	check "$backend: writing by id" make "maps.by-id/$id/2" 4
	expect "$backend: is the same map" 4 "$(cat h/2)"
	check "$backend: rm -r deletes the elements and unpins" rm -r h
	expect "$backend: it is gone from the tree" "" "$(ls -d h 2>/dev/null)"
}

error_log()
{
	: >error.log
	expect "$backend: writing truncates the log" 0 "$(wc -l <error.log)"
	make h 'type=hash key=4 value=4 entries=4'
	for i in $(seq 70); do
		(echo "bad$i" >h/1) 2>/dev/null
	done
	expect "$backend: it keeps the last 64" "64 1" "$(wc -l <error.log) $(tail -n1 error.log | grep -c bad70)"
	rmdir h
}

every_case()
{
	creation
	hash_map
	dot_map
	array_map
	percpu_maps
	other_sizes
	by_id
	error_log
}
on_each_backend every_case
finish
