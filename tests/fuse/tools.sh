#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Ordinary tools on a mount, each as people use it. What each one sends is no concern of its user:
# what counts is that it works, or says clearly that it cannot and changes nothing.
# shellcheck disable=SC2010,SC2011  # what ls prints is what is tested
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

fresh()
{
	[ ! -d "$1" ] || rmdir "$1"
	echo 'type=hash key=4 value=8 entries=64' >"$1"
	printf '%d\t%d\n' 1 100 2 20 3 3 >"$1/.map/entries"
}

content()
{
	sort "$1/.map/entries" | tr '\t\n' '= '
}

coreutils()
{
	fresh h
	expect "$backend: ls -la lists the keys" "1 2 3" "$(ls -la h | awk '$1 ~ /^-/ { print $NF }' | sort | xargs)"
	expect "$backend: ls -l has true sizes" "4 3 2" "$(ls -l h/1 h/2 h/3 | awk '{ print $5 }' | xargs)"
	expect "$backend: cat of several" "100 20 3" "$(cat h/1 h/2 h/3 | xargs)"
	expect "$backend: wc -c" 4 "$(wc -c <h/1)"
	expect "$backend: wc -l" 1 "$(wc -l <h/1)"
	expect "$backend: head" 100 "$(head -n1 h/1)"
	expect "$backend: head -c" 10 "$(head -c2 h/1)"
	expect "$backend: tail" 100 "$(tail -n1 h/1)"
	expect "$backend: tail -c" 0 "$(tail -c2 h/1)"
	expect "$backend: tee" 7 "$(echo 7 | tee h/4)"
	expect "$backend: tee wrote" 7 "$(cat h/4)"
	check "$backend: tee -a" sh_c 'echo 8 | tee -a h/4'
	expect "$backend: tee -a wrote" 8 "$(cat h/4)"
	expect "$backend: stat" "4 regular file" "$(stat -c '%s %F' h/1)"
	check "$backend: touch of a key" touch h/1
	expect "$backend: changes nothing" 100 "$(cat h/1)"
	check "$backend: touch of a new key" touch h/9
	expect "$backend: makes a zero" 0 "$(cat h/9)"
	check "$backend: rm of several" rm h/9 h/4
	expect "$backend: dd reads" 100 "$(dd if=h/1 status=none)"
	expect "$backend: dd bs=1 reads" 100 "$(dd if=h/1 bs=1 status=none)"
	check "$backend: dd writes" sh_c 'echo 55 | dd of=h/1 status=none'
	expect "$backend: dd wrote" 55 "$(cat h/1)"
	check "$backend: cp onto a key" cp h/2 h/1
	expect "$backend: cp copied" 20 "$(cat h/1)"
	check "$backend: cp -p" cp -p h/3 h/1
	check "$backend: install" sh_c 'install -m 600 h/2 h/5 && [ "$(cat h/5)" = 20 ]'
	check "$backend: ln -s to a map" ln -s h link
	expect "$backend: and through it" 3 "$(cat link/3)"
	rm link
	check "$backend: cp -r out" cp -r h "$scratch/copy"
	expect "$backend: cp -r copied" 20 "$(cat "$scratch/copy/2")"
	check "$backend: rm -r" rm -r h
	expect "$backend: removed the map" "" "$(ls -d h 2>/dev/null)"
	rm -rf "$scratch/copy"
}

searching()
{
	fresh h
	expect "$backend: busybox cat" 100 "$(busybox cat h/1)"
	expect "$backend: busybox ls" "1 2 3" "$(busybox ls h | sort | xargs)"
	expect "$backend: busybox ls -l" 3 "$(busybox ls -l h | grep -c '^-')"
	expect "$backend: grep -r" h/2:20 "$(grep -r --exclude-dir=.map 20 h)"
	expect "$backend: find -type f" "1 2 3" "$(find h -name .map -prune -o -type f -printf '%f\n' | sort | xargs)"
	expect "$backend: find -size" h/1 "$(find h -name .map -prune -o -type f -size -5c -size +3c -print)"
	check "$backend: find -delete" find h -maxdepth 1 -type f -delete
	expect "$backend: deleted all" "" "$(ls h)"
	fresh h
	fresh i
	check "$backend: diff -r of equal maps" diff -r -x .map h i
	echo 4 >i/3
	expect "$backend: diff -r tells the key" 1 "$(diff -r -x .map h i | grep -c '^diff.*h/3 i/3')"
	rmdir h i
}

archives()
{
	fresh h
	check "$backend: tar c" tar cf "$scratch/h.tar" --exclude=.map -C "$mnt" h
	expect "$backend: tar has the keys" "h/ h/1 h/2 h/3" "$(tar tf "$scratch/h.tar" | sort | xargs)"
	echo 1 >h/.map/clear
	check "$backend: tar x into the emptied map" tar xf "$scratch/h.tar" -C "$mnt"
	expect "$backend: all is back" "1=100 2=20 3=3 " "$(content h)"
	check "$backend: tar c with .map" sh_c "tar cf '$scratch/all.tar' h"
	mkdir -p "$scratch/out"
	check "$backend: rsync -a out" rsync -a --exclude=.map h/ "$scratch/out"
	expect "$backend: rsync copied" "100 20 3" "$(cat "$scratch/out/1" "$scratch/out/2" "$scratch/out/3" | xargs)"
	sleep 1.1 # rsync compares whole seconds
	echo 101 >h/1
	check "$backend: rsync -a again" rsync -a --exclude=.map h/ "$scratch/out"
	expect "$backend: copies a changed value of the same size" 101 "$(cat "$scratch/out/1")"
	expect "$backend: and nothing else" "" "$(rsync -ai --exclude=.map h/ "$scratch/out")"
	sleep 1.1
	echo 77 >"$scratch/out/2"
	echo 8 >"$scratch/out/8"
	check "$backend: rsync -a --inplace in" rsync -a --inplace --exclude=.map "$scratch/out/" h/
	expect "$backend: rsync wrote" "1=101 2=77 3=3 8=8 " "$(content h)"
	check "$backend: rsync -a --inplace --delete in" sh_c "rm '$scratch/out/8'; rsync -a --inplace --delete --exclude=.map '$scratch/out/' h/"
	expect "$backend: rsync deleted" "1=101 2=77 3=3 " "$(content h)"
	expect "$backend: git hash-object" "$(echo 77 | git hash-object --stdin)" "$(git hash-object h/2)"
	rmdir h
	rm -rf "$scratch/out" "$scratch"/*.tar
}

editors()
{
	fresh h
	check "$backend: vim" sh_c "vim -u NONE -es -c '%s/100/111/' -c wq h/1 </dev/null"
	expect "$backend: vim wrote" 111 "$(cat h/1)"
	refuses "$backend: sed -i has no place for its file" "" sed -i s/20/30/ h/2
	expect "$backend: and changes nothing" "1=111 2=20 3=3 " "$(content h)"
	logged "$backend: error.log says why" h/sed
	rmdir h
}

shells()
{
	fresh h
	for shell in bash dash; do
		check "$backend: $shell >" $shell -c 'echo 41 >h/1'
		check "$backend: $shell >>" $shell -c 'echo 42 >>h/1'
		expect "$backend: $shell wrote" 42 "$(cat h/1)"
		refuses "$backend: $shell set -C on a key" "" $shell -c 'set -C; echo 43 >h/1'
		refuses "$backend: $shell hears of a bad value" "" $shell -c 'echo nonsense >h/1 || exit 1'
		expect "$backend: $shell nothing changed" 42 "$(cat h/1)"
	done
	check "$backend: bash set -C on a new key" bash -c 'set -C; echo 44 >h/44'
	expect "$backend: while read" "1:42 2:20 3:3 44:44" \
		"$(cd h && for key in *; do while read -r value; do echo "$key:$value"; done <"$key"; done | sort | xargs)"
	expect "$backend: a glob is the keys" "1 2 3 44" "$(cd h && echo *)"
	expect "$backend: \$(<file)" 42 "$(bash -c 'echo $(<h/1)')"
	check "$backend: python" python3 -c 'with open("h/1", "w") as f: f.write("45\n")'
	expect "$backend: python wrote" 45 "$(python3 -c 'print(open("h/1").read().strip())')"
	rmdir h
}

# bash's printf sends a write(2) at each newline: a whole value arrives, or the command fails.
raw_newlines()
{
	fresh h
	for bytes in '\x01\x0a\x00\x00\x02\x0a\x03\x04' '\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a' '\x01\x02\x03\x04\x05\x06\x07\x0a' '\x0a\x02\x03\x04\x05\x06\x07\x08'; do
		printf '\x55\x55\x55\x55\x55\x55\x55\x55' >h/.map/raw/1
		before=$(od -An -tx1 h/.map/raw/1)
		wanted=$(printf "$bytes" | od -An -tx1)
		if bash -c "printf '$bytes' >h/.map/raw/1" 2>/dev/null; then
			expect "$backend: raw with newlines arrived whole" "$wanted" "$(od -An -tx1 h/.map/raw/1)"
		else
			expect "$backend: raw with newlines was refused whole" "$before" "$(od -An -tx1 h/.map/raw/1)"
		fi
		check "$backend: through cat it arrives" sh_c "printf '$bytes' | cat >h/.map/raw/1"
		expect "$backend: whole" "$wanted" "$(od -An -tx1 h/.map/raw/1)"
	done
	printf '\x55\x55\x55\x55\x55\x55\x55\x55' >h/.map/raw/1
	before=$(od -An -tx1 h/.map/raw/1)
	bash -c "printf '\\x01\\x0a\\x02' >h/.map/raw/1" 2>/dev/null
	expect "$backend: raw cut short changes nothing" "$before" "$(od -An -tx1 h/.map/raw/1)"
	rmdir h
}

every_case()
{
	coreutils
	searching
	archives
	editors
	shells
	raw_newlines
}
on_each_backend every_case
finish
