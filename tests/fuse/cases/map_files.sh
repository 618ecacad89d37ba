#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# .map/: what is read, what is written, elements in bulk.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../mounts.sh"
mount_start
make h 'type=hash key=4 value=8 entries=100000 name=h flags=no_prealloc'
make a 'type=array key=4 value=4 entries=3 name=a'

same "name" "cat h/.map/name" h
same "type" "cat h/.map/type" hash
same "sizes" "cat h/.map/key_size h/.map/value_size h/.map/max_entries" '4
8
100000'
same "flags by name" "cat h/.map/flags" no_prealloc
same "no flags" "cat a/.map/flags" 0
works "id leads to maps.by-id" "[ -d maps.by-id/\$(cat h/.map/id) ]"
works "and maps.by-name" "[ -d maps.by-name/h.\$(cat h/.map/id)/.map ]"
same "pins" "cat h/.map/pins" h
works "info is JSON" "python3 -c \"
import json
info = json.load(open('h/.map/info'))
assert info['type'] == 'hash' and info['key_size'] == 4 and info['pins'] == ['h'], info\""
same "every size is exact" "cd h/.map; for f in *; do [ ! -f \$f ] || [ \$(stat -c %s \$f) = \$(cat \$f | wc -c) ] || echo \$f; done" ""
fails "read-only files" "Permission denied" "echo 5 >h/.map/id"
same "count" "cat h/.map/count a/.map/count" '0
3'
same "an array's entries" "echo 5 >a/1; cat a/.map/entries" '0	0
1	5
2	0'
same "entries.json" "python3 -c \"import json; print(json.load(open('a/.map/entries.json')))\"" \
	"[{'key': 0, 'value': 0}, {'key': 1, 'value': 5}, {'key': 2, 'value': 0}]"
same "entries.json of an empty map" "cat h/.map/entries.json" "[]"
same "entries.bin" "od -An -v -tu4 a/.map/entries.bin | tr -s ' '" ' 0 0 1 5
 2 0'

# Writing in bulk, with all the ways that programs cut what they write.
seq 1 50000 | awk '{ print $1 "\t" $1 * 3 }' >"$scratch/lines"
works "entries, by cp" "cp '$scratch/lines' h/.map/entries"
same "count" "cat h/.map/count" 50000
works "all of them, and no other" "sort -n h/.map/entries | cmp - '$scratch/lines'"
works "clear" "echo 1 >h/.map/clear"
same "count" "cat h/.map/count" 0
for size in 1 7 512 4095 4096 8191 131072; do
	works "entries, by dd obs=$size" "head -c 4001 '$scratch/lines' | dd ibs=$size obs=$size of=h/.map/entries 2>/dev/null"
	same "all of them" "sort -n h/.map/entries | cmp - <(head -c 4001 '$scratch/lines'; echo) && echo 1 >h/.map/clear" ""
done
same "line by line" "seq 5 | while read -r k; do printf '%s\t7\n' \$k; done >h/.map/entries; cat h/.map/count" 5
works "the last line may lack its newline" "printf '77\t1\n78\t2' | cat >h/.map/entries"
same "and counts" "cat h/78" 2
works "entries.json" "echo '[{\"key\":1,\"value\":100},{\"value\":200,\"key\":2}]' >h/.map/entries.json"
same "values" "cat h/1 h/2" '100
200'
works "entries.json of a map into itself, in pieces" "cp h/.map/entries.json '$scratch/j'; dd if='$scratch/j' of=h/.map/entries.json bs=3 2>/dev/null"
works "entries.bin likewise" "cp h/.map/entries.bin '$scratch/b'; echo 1 >h/.map/clear; dd if='$scratch/b' of=h/.map/entries.bin bs=5 2>/dev/null"
same "count" "cat h/.map/count" 7

# A bad line applies nothing of its write.
echo 1 >"$mnt/h/.map/clear"
fails "a bad line" "Invalid argument" "printf '1\t1\n2\tx\n3\t3\n' | cat >h/.map/entries"
same "nothing applied" "cat h/.map/count" 0
logged "the line is named" "element 2"
fails "a bad element" "Invalid argument" "echo '[{\"key\":1,\"value\":1},{\"key\":2}]' >h/.map/entries.json"
same "nothing applied" "cat h/.map/count" 0
fails "no array" "Invalid argument" "echo '{\"key\":1,\"value\":1}' >h/.map/entries.json"
fails "half an element" "Invalid argument" "printf '[{\"key\":1,' | cat >h/.map/entries.json"
fails "half an element, binary" "Invalid argument" "head -c 11 /dev/zero | cat >h/.map/entries.bin"
make small 'type=hash key=4 value=8 entries=2 name=small'
fails "too many for the map" "Argument list too long" "printf '1\t1\n2\t2\n3\t3\n' | cat >small/.map/entries"
logged "which one" "element 3"
fails "clear wants 1" "Invalid argument" "echo 2 >h/.map/clear"
fails "an array cannot be cleared" "" "echo 1 >a/.map/clear"

# One write(2) is one, also where the kernel cuts it into requests of 1 MiB.
echo 1 >"$mnt/h/.map/clear"
cat >"$scratch/whole.py" <<'END'
import os, sys
good = b"".join(b"%d\t%d\n" % (n, n * 1000000007) for n in range(90000))
assert len(good) > 1 << 20
def count():
    return int(open("h/.map/count").read())
def write(data):
    # As a program does: what a write(2) has not taken goes into the next.
    fd = os.open("h/.map/entries", os.O_WRONLY)
    view = memoryview(b"\0" + data)[1:]  # nowhere near a page's beginning
    try:
        while view:
            view = view[os.write(fd, view):]
        return "written"
    except OSError as error:
        return error.strerror
    finally:
        os.close(fd)
print(write(good + b"bad\n"), count())
print(write(good), count())
# Refused in its second half: what is left of it is refused, too, and not read from mid-line on.
print(write(b"".join(b"%d\t1\n" % n for n in range(10**9, 10**9 + 90000))), count())
END
same "a bad line at the end of a long write" "python3 '$scratch/whole.py'" 'Invalid argument 0
written 90000
Argument list too long 100000'
same "a long write of exactly as much as a request takes" "echo 1 >h/.map/clear
	head -c 1048576 <(yes \$'7\t7') | dd bs=1M iflag=fullblock of=h/.map/entries 2>/dev/null; cat h/.map/entries" '7	7'
echo 1 >"$mnt/h/.map/clear"

# Files that can only be read: refused when they are opened to be replaced, whatever they say.
for file in id name type key_size value_size max_entries flags btf_id ifindex memlock info count pins holders; do
	fails "$file cannot be replaced" "Permission denied" "cat h/.map/$file >'$scratch/same'; cat '$scratch/same' >h/.map/$file"
	fails "$file cannot be lengthened" "Permission denied" "echo 1 >>h/.map/$file"
done
fails "nor its first byte rewritten" "Permission denied" "printf %.1s \$(cat h/.map/memlock) | dd of=h/.map/memlock conv=notrunc"
if [ "$(id -u)" = 0 ]; then
	works "what it says already may be written" "dd if=h/.map/info of=h/.map/info conv=notrunc"
else
	skip_case "what it says already may be written" "needs root"
fi

# Reading in pieces, and at once by many.
cp "$scratch/lines" "$mnt/h/.map/entries"
same "in small pieces" "dd if=h/.map/entries bs=13 2>/dev/null | sort -n | cmp - '$scratch/lines'" ""
same "the end" "tail -n 1 h/.map/entries | wc -l" 1
same "stat has the exact size" "[ \$(stat -c %s h/.map/entries) = \$(wc -c <'$scratch/lines') ] && echo yes" yes
same "seeking" "python3 -c \"
f = open('h/.map/entries', 'rb'); whole = f.read(); f.seek(1000); print(f.read() == whole[1000:])
f.seek(0); print(len(f.read()) == len(whole))\"" 'True
True'
same "four readers" "for i in 1 2 3 4; do sort -n h/.map/entries | cmp - '$scratch/lines' & done; wait" ""
same "50,000 names, each once" "ls h | sort -n | cmp - <(cut -f1 '$scratch/lines')" ""
same "telldir and seekdir" "perl -e 'opendir(D,\"h\"); my @n; for(1..1000){push @n,scalar readdir D} my \$p=telldir D; my \$a=readdir D; seekdir D,\$p; print \$a eq readdir D ? 1 : 0'" 1
same "deleting while listing leaves nothing" "perl -e 'opendir(D,\"h\"); while(my \$n=readdir D){next if \$n=~/^\\./; unlink \"h/\$n\"}'; ls h | wc -l" 0

# Formats.
make f 'type=hash key=4 value=4 entries=4 name=f'
same "format" "cat f/.map/format" "key=u32 value=u32"
works "other words" "echo 'key=ipv4 value={port:be16,pad:u8[2]}' >f/.map/format"
works "are written with" "echo '{\"port\":443,\"pad\":[1,2]}' >f/10.0.0.1"
same "and read" "cat f/10.0.0.1; ls f" '{"port":443,"pad":[1,2]}
10.0.0.1'
works "the value's words alone" "echo value=u8[4] >f/.map/format"
same "leave those of the key" "cat f/.map/format" "key=ipv4 value=u8[4]"
works "one after the other, as a shell's printf writes lines" "printf 'key=s32\nvalue=s32\n' >f/.map/format"
same "are both said" "cat f/.map/format" "key=s32 value=s32"
works "nothing" "echo >f/.map/format"
same "is what the map has of itself" "cat f/.map/format" "key=u32 value=u32"
works "words again" "echo 'key=ipv4 value={port:be16,pad:u8[2]}' >f/.map/format"
fails "one that does not fit" "Invalid argument" "echo 'key=u64 value=u32' >f/.map/format"
make said 'type=hash key=ipv4 value=u32 entries=4'
works "words beside those of a SPEC" "echo value=s32 >said/.map/format"
same "leave them" "cat said/.map/format" "key=ipv4 value=s32"
rmdir "$mnt/said"
fails "one that is none" "Invalid argument" "echo 'key=nonsense' >f/.map/format"
same "changes nothing" "ls f" 10.0.0.1
make typed 'type=hash key=u32 value=be16 entries=4 name=typed'
same "types in a SPEC" "echo 80 >typed/1; od -An -tx1 typed/.map/raw/1 | tr -d ' '" 0050
mount_stop

echo 'ty* key=ipv4 value=u32' >"$scratch/formats"
mount_start "formats=$scratch/formats"
make typed2 'type=hash key=4 value=4 entries=4 name=typed2'
same "-o formats" "echo 1 >typed2/10.1.2.3; ls typed2" 10.1.2.3
make typed8 'type=hash key=8 value=4 entries=4 name=typed8'
same "a format that does not fit a map is set aside" "echo 1 >typed8/77; ls typed8" 77
works "and info says so" "grep -q 'does not fit' typed8/.map/info"
mount_stop
mount_start keys=hex
make hexed 'type=hash key=4 value=4 entries=4 name=hexed'
same "-o keys=hex" "echo 1 >hexed/1; ls hexed" hex-01000000
mount_stop
finish
