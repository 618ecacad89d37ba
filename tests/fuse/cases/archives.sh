#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Whole map directories, .map/ and all, through tools that copy directories.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../mounts.sh"
# Files of mode 0444 are opened for writing by root alone.
what_may_be_written=
[ "$(id -u)" = 0 ] || what_may_be_written=--exclude=.map
mount_start
out=$scratch/out
mkdir "$out"
printf '1\t10\n2\t20\n3\t30\n' >"$scratch/lines"

copies_of()
{
	local type=$1 spec=$2
	make h "$spec"
	cp "$scratch/lines" "$mnt/h/.map/entries"
	content=$(sort "$mnt/h/.map/entries")
	works "$type: tar c" "tar cf '$out/t.tar' h"
	works "$type: tar x into the emptied map" "echo 1 >h/.map/clear; timeout 20 tar xf '$out/t.tar'"
	same "$type: restores" "sort h/.map/entries" "$content"
	works "$type: tar x over what is there" "timeout 20 tar xf '$out/t.tar'"
	same "$type: changes nothing" "sort h/.map/entries" "$content"
	works "$type: rsync -a out" "rsync -a h '$out'"
	same "$type: again: nothing of the keys" "rsync -ai --exclude=.map h '$out'" ""
	works "$type: rsync -a --inplace into the emptied map" \
		"echo 1 >h/.map/clear; rsync -a --inplace $what_may_be_written '$out/h' ."
	same "$type: restores" "sort h/.map/entries" "$content"
	works "$type: cp -r out" "cp -r h '$out/cp'"
	works "$type: diff -r" "diff -r --exclude=holders h '$out/cp'"
	works "$type: cp of the keys back" "echo 1 >h/.map/clear; cp '$out'/cp/[0-9]* h"
	same "$type: restores" "sort h/.map/entries" "$content"
	works "$type: cpio" "find h/[0-9]* | cpio -o 2>/dev/null | (cd '$out' && cpio -idu 2>/dev/null); cmp h/1 '$out/h/1'"
	fails "$type: what can only be read is not written" "Permission denied" "echo 5 >h/.map/id"
	works "$type: rm -r" "rm -r h"
	rm -rf "${out:?}"/*
}
copies_of hash 'type=hash key=4 value=8 entries=16 name=h'
copies_of percpu 'type=percpu_hash key=4 value=8 entries=16 name=h'
copies_of lru 'type=lru_hash key=4 value=8 entries=1000 name=h'

# Symlinks that lead upwards: tar x makes an empty file in the place of each, and looks again at the
# end whether that is still there.
make inner 'type=array key=4 value=8 entries=1'
make outer "type=hash_of_maps key=4 value=4 entries=2 inner=$(cat "$mnt/inner/.map/id")"
echo pinned=inner >"$mnt/outer/1"
content=$(readlink "$mnt/outer/.map/links/1")
works "links: tar c" "tar cf '$out/t.tar' outer"
works "links: tar x over what is there" "timeout 20 tar xf '$out/t.tar'"
same "links: leaves them alone" "readlink outer/.map/links/1" "$content"
works "links: a removed one that is made anew as a file takes nothing" "python3 -c '
import errno, os
link = \"outer/.map/links/1\"
os.unlink(link)
fd = os.open(link, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0)
assert os.fstat(fd).st_size == 0
try:
    os.write(fd, b\"x\")
    raise SystemExit(1)
except PermissionError:
    pass
assert os.fstat(fd).st_ino != os.lstat(link).st_ino and os.path.islink(link)'"
same "and error.log says why" "cut -d' ' -f3- error.log | tail -n 1" \
	"/outer/.map/links/1: what was removed here is still there, and it is not a file: Operation not permitted"
works "rm -r of it" "rm -r outer && rmdir inner"
mount_stop
finish
