#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the caches that make bpfuse fast must not cost: fresh values, exact errno, every key listed
# exactly once. Everything is changed behind the mount, by bpftool, with the caches warm.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
need_bpf

mkdir "$scratch/bpffs" "$scratch/m"
mount -t bpf none "$scratch/bpffs" || skip_all "no bpffs"
pin=$scratch/bpffs/t
churn=
# shellcheck disable=SC2317  # called by tap.sh
cleanup()
{
	[ -z "$churn" ] || kill "$churn" 2>/dev/null
}

bytes() # NUMBER COUNT: little-endian decimal bytes
{
	local i number=$1
	for ((i = 0; i < $2; i++)); do
		printf '%d ' $((number >> (8 * i) & 255))
	done
}

behind() # update KEY VALUE | delete KEY
{
	local words
	words="key $(bytes "$2" 4)"
	[ "$1" = delete ] || words="$words value $(bytes "$3" 8)"
	# shellcheck disable=SC2086
	bpftool map "$1" pinned "$pin" $words
}

make_map() # ENTRIES
{
	rm -f "$pin"
	bpftool map create "$pin" type hash key 4 value 8 entries "$1" name t
}

warm() # KEY: the kernel holds its name, its attributes and its value was read
{
	cat "$map/$1" >/dev/null
	stat "$map/$1" >/dev/null
	ls -l "$map" >/dev/null
}

test_freshness()
{
	local how=$1
	make_map 8
	behind update 1 7
	warm 1
	behind update 1 8
	expect "$how: a value of the same length" 8 "$(cat "$map/1")"
	behind update 1 123456789
	expect "$how: a longer value is read whole" 123456789 "$(cat "$map/1")"
	behind update 1 5
	expect "$how: and a shorter one" 5 "$(cat "$map/1")"
	expect "$how: entries" "$(printf '1\t5')" "$(cat "$map/.map/entries")"
	behind update 1 66
	expect "$how: entries again" "$(printf '1\t66')" "$(cat "$map/.map/entries")"
	expect "$how: count" 1 "$(cat "$map/.map/count")"
	exec 3<"$map/1"
	expect "$how: an open file" 66 "$(cat <&3)"
	behind update 1 67
	expect "$how: another open meanwhile" 67 "$(cat "$map/1")"
	exec 3<&-
}

test_existence()
{
	local how=$1
	warm 1
	behind delete 1
	refuses "$how: cat of a key that vanished" "No such file or directory" cat "$map/1"
	behind update 1 9
	warm 1
	behind delete 1
	check "$how: a write to it inserts" sh_c "echo 10 >'$map/1'"
	expect "$how: which is there" 10 "$(cat "$map/1")"
	warm 1
	behind delete 1
	refuses "$how: an unlink finds it gone" "No such file or directory" unlink "$map/1"
	refuses "$how: a key that is not there" "No such file or directory" cat "$map/2"
	behind update 2 20
	expect "$how: is there once it was inserted" 20 "$(cat "$map/2")"
	expect "$how: and listed" 2 "$(ls "$map")"
	warm 2
	behind delete 2
	behind update 3 30
	expect "$how: a listing is never an old one" 3 "$(ls "$map")"
}

test_errno()
{
	local how=$1 i
	make_map 2
	behind update 1 1
	behind update 2 2
	warm 1
	refuses "$how: a full map" "Argument list too long" sh_c "echo 3 >'$map/3'"
	behind delete 2
	check "$how: has room again" sh_c "echo 3 >'$map/3'"
	refuses "$how: noclobber" "cannot overwrite" sh_c "set -C; echo 4 >'$map/3'"
	refuses "$how: a bad value" "Invalid argument" sh_c "echo bad >'$map/1'"
	refuses "$how: no key of this map" "Invalid argument" sh_c "echo 1 >'$map/x'"
	expect "$how: nothing of it arrived" "1" "$(cat "$map/1")"
	warm 1
	bpftool map freeze pinned "$pin"
	refuses "$how: a frozen map" "Operation not permitted" sh_c "echo 5 >'$map/1'"
	expect "$how: is still read" "1" "$(cat "$map/1")"
}

# The kernel learned of every key and its attributes from the listing itself (READDIRPLUS). Sizes
# are kept for a tick only, unless -o timeout= allows more.
test_listed()
{
	local how=$1 i
	make_map 4000
	for ((i = 1; i <= 400; i++)); do
		echo "map update pinned $pin key $(bytes $i 4) value $(bytes $((i * i * i)) 8)"
	done >"$scratch/listed"
	bpftool batch file "$scratch/listed" >/dev/null
	sort "$map/.map/entries" | awk '{ print $1, length($2) + 1 }' >"$scratch/wanted"
	LC_ALL=C ls -l "$map" | awk 'NR > 1 { print $NF, $5 }' | sort >"$scratch/got"
	expect "$how: ls -l shows the length of every value" "" \
		"$(sort "$scratch/wanted" | diff - "$scratch/got")"
	(cd "$map" && LC_ALL=C ls -l) | awk 'NR > 1 { print $NF, $5 }' | sort >"$scratch/got"
	expect "$how: and again, in the directory" "" "$(sort "$scratch/wanted" | diff - "$scratch/got")"
	ls -l "$map" >/dev/null
	behind update 7 123456789
	expect "$how: a value that changed behind a listing" 123456789 "$(cat "$map/7")"
	if [ "$how" = default ]; then
		ls -l "$map" >/dev/null
		behind update 7 12345
		sleep 0.02
		expect "$how: and its size" 6 "$(stat -c %s "$map/7")"
		# shellcheck disable=SC2012
		expect "$how: as ls -l shows it" 6 "$(ls -l "$map/7" | awk '{ print $5 }')"
		behind delete 8
		sleep 0.02
		refuses "$how: stat of a listed key that vanished" "No such file" stat "$map/8"
	fi
	ls -l "$map" >/dev/null
	behind delete 9
	refuses "$how: cat of a listed key that vanished" "No such file" cat "$map/9"
	refuses "$how: unlink likewise" "No such file" unlink "$map/9"
	check "$how: a write to it inserts" sh_c "echo 81 >'$map/9'"
	expect "$how: which is there" 81 "$(cat "$map/9")"
}

# Bulk changes through the mount; `dd conv=excl` creates without looking first, as few shells do.
test_cleared()
{
	local how=$1
	make_map 8
	behind update 1 100
	behind update 2 200
	warm 1
	exec 3<"$map/2"
	warm 2
	echo 1 >"$map/.map/clear"
	refuses "$how: a cleared key" "No such file" stat "$map/1"
	check "$how: is made anew with O_EXCL" sh_c "echo 3 | dd of='$map/1' conv=excl status=none"
	check "$how: also one that somebody has open" sh_c "echo 4 | dd of='$map/2' conv=excl status=none"
	refuses "$how: once" "File exists" sh_c "echo 5 | dd of='$map/1' conv=excl status=none"
	exec 3<&-
	expect "$how: and holds that" "1=3 2=4" "$(sort "$map/.map/entries" | tr '\t' = | xargs)"
	[ "$how" = default ] || return # who gives a time has sizes kept for it
	warm 1
	printf '1\t1234567\n' >"$map/.map/entries"
	expect "$how: the size after a bulk update" 8 "$(stat -c %s "$map/1")"
}

# The names of maps are cached too: another map under the same name, or none.
test_pins()
{
	local how=$1 other=$scratch/bpffs/other
	make_map 8
	behind update 1 1
	warm 1
	bpftool map create "$other" type hash key 4 value 8 entries 8 name other
	bpftool map update pinned "$other" key 1 0 0 0 value 2 0 0 0 0 0 0 0
	mv "$other" "$pin"
	expect "$how: a pin that was replaced" 2 "$(cat "$map/1")"
	expect "$how: its name" other "$(cat "$map/.map/name")"
	warm 1
	make_map 8
	behind update 3 4
	expect "$how: and again, listed" 3 "$(ls "$map")"
	warm 3
	rm -f "$pin"
	refuses "$how: a pin that was removed" "No such file or directory" cat "$map/3"
	refuses "$how: as ls says" "No such file or directory" ls "$map"
	refuses "$how: and stat" "No such file or directory" stat "$map"
	check "$how: its name is free" mkdir "$map"
	check "$how: and goes" rmdir "$map"
	make_map 8
}

# Keys 0 to 499 stay, 1000 to 1999 come and go, and 2000 to 2099 are updated without pause.
start_churn()
{
	local i
	make_map 4000
	for ((i = 0; i < 500; i++)); do
		echo "map update pinned $pin key $(bytes $i 4) value $(bytes $i 8)"
	done >"$scratch/stay"
	for ((i = 1000; i < 2000; i++)); do
		echo "map update pinned $pin key $(bytes $i 4) value $(bytes $i 8)"
		echo "map update pinned $pin key $(bytes $((2000 + i % 100)) 4) value $(bytes $i 8)"
		((i % 2)) || echo "map delete pinned $pin key $(bytes $i 4)"
	done >"$scratch/come"
	sed -n 's/^map update \(.*\) value .*/map delete \1/p' "$scratch/come" |
		grep -v "key $(bytes 2000 4 | cut -d' ' -f1,2)" | sort -u >"$scratch/go"
	bpftool batch file "$scratch/stay" >/dev/null
	(
		trap 'exit 0' TERM
		while :; do
			bpftool batch file "$scratch/come"
			bpftool batch file "$scratch/go"
		done
	) >/dev/null 2>&1 &
	churn=$!
}

# shellcheck disable=SC2010,SC2012  # ls is what is tested
test_exactly_once()
{
	local how=$1 round doubled=0 missing=0 names
	for round in 1 2 3 4 5 6 7 8 9 10; do
		case $((round % 3)) in
		0) names=$(ls -f "$map" | grep -v '^\.') ;;
		1) names=$(cut -f1 "$map/.map/entries") ;;
		2) names=$(ls -l "$map" 2>/dev/null | awk 'NR > 1 { print $NF }') ;;
		esac
		doubled=$((doubled + $(echo "$names" | sort | uniq -d | wc -l)))
		missing=$((missing + 500 - $(echo "$names" | awk '$1 < 500' | sort -u | wc -l)))
	done
	expect "$how: on a busy map no key is listed twice" 0 "$doubled"
	expect "$how: and none that stays is missing" 0 "$missing"
}

for options in default timeout=1 timeout=3600 timeout=0; do
	make_map 8
	check "mount with $options" "$BPFUSE" "$scratch/bpffs" "$scratch/m" -o "${options/default/rw}"
	map=$scratch/m/t
	test_freshness "$options"
	test_existence "$options"
	test_errno "$options"
	test_listed "$options"
	test_cleared "$options"
	test_pins "$options"
	rm -f "$pin"
	umount "$scratch/m"
done

start_churn
for options in timeout=1 timeout=3600 timeout=0; do
	check "mount with $options" "$BPFUSE" "$scratch/bpffs" "$scratch/m" -o "$options"
	test_exactly_once "$options"
	umount "$scratch/m"
done
finish
