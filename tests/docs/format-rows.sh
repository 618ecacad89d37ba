#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The texts in the table of values of bpfuse-formats(5), row by row, on a mount: what is "shown" is
# taken and shown again, what is "also taken" is taken; and each word for a type makes a map.
#   format-rows.sh bpfuse-formats.5.scd
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/system/page.sh
. "$(dirname "$0")/../system/page.sh"
need_fuse
page=$(realpath "$1")
cd "$scratch" || exit 1
mkdir mnt
declare -A shown also tried

# literals CELL: what is underlined in it, a text a line; not those that stand for something.
literals()
{
	sed 's/\\_/\x01/g; s/\\//g' <<<"$1" | grep -oE '_[^_]+_' | sed 's/^_//; s/_$//' |
		tr '\001' _ | grep -vE '\.\.|NAME|PATH|v0'
}

while IFS=$'\t' read -r row out in; do
	row=${row//\\/}
	shown[$row]=$(literals "$out") also[$row]=$(literals "$in")
done < <(page_rows "$page" type)

# try ROW MAP LIKE...: the texts of the row in element 0 of a map of these words; what is shown of those
# that are "also taken" is LIKE, one after another, or the first that is shown.
try()
{
	local row=$1 map=$2 text like
	[[ $map == type=* ]] || map="type=array $map"
	shift 2
	tried[$row]=yes
	check "$row: $map" sh_c "echo 'key=u32 entries=1 $map' >mnt/map"
	[ -n "${shown[$row]:-}" ] || not_ok "$row: the page has no such row, or no text in it"
	while IFS= read -r text; do
		check "$row: $text is taken" sh_c "echo '$text' >mnt/map/0"
		expect "$row: and shown" "$text" "$(cat mnt/map/0)"
	done <<<"${shown[$row]}"
	like=$(head -n 1 <<<"${shown[$row]}")
	[ -z "${also[$row]}" ] || while IFS= read -r text; do
		check "$row: $text is taken as well" sh_c "echo '$text' >mnt/map/0"
		expect "$row: and shown" "${1:-$like}" "$(cat mnt/map/0)"
		shift
	done <<<"${also[$row]}"
	rmdir mnt/map
}

# Programs 1 to 42, of which one goes into devmaps and one into cpumaps; "x" is the last.
jq -n '{cpus: 2, devices: [{name: "eth0", ifindex: 2, driver: "veth"}],
	programs: [range(1; 43) | {type: "xdp", name: (if . == 42 then "x" else "p\(.)" end)} +
		if . == 17 then {attach_type: $attach} else {} end],
	pins: [range(1; 43) | {path: "p\(.)", prog: (if . == 42 then "x" else "p\(.)" end)}]}' \
	--arg attach xdp_devmap >devmap.json
sed 's/xdp_devmap/xdp_cpumap/' devmap.json >cpumap.json
check "mount" "$BPFUSE" emu:devmap.json mnt

try integer value=s32
try boolean value=bool
try "char array" 'value=str[8]'
try struct 'value={a:u32,b:u32[2]}'
try array 'value=u32[2]'
for pair in "ipv4 10" "ipv6 2001"; do
	all=${shown["struct in_addr, in6_addr"]}
	shown["struct in_addr, in6_addr"]=$(grep "^\"${pair#* }" <<<"$all")
	try "struct in_addr, in6_addr" "value=${pair% *}"
	shown["struct in_addr, in6_addr"]=$all
done
try "MAC address" value=mac
try "no type: other sizes, and what a type cannot express" value=3
try "reference (prog_array, map-in-map)" 'type=prog_array value=4'
try devmap 'type=devmap value=8' '{"ifindex":2,"ifname":"eth0","prog_id":0}' \
	'{"ifindex":2,"ifname":"eth0","prog_id":0}'
unmount_below "$scratch"
check "mount" "$BPFUSE" emu:cpumap.json mnt
try cpumap 'type=cpumap value=8' '{"qsize":192,"prog_id":0}'

row="LPM trie's key (in JSON)"
tried[$row]=yes
check "$row" sh_c "echo type=lpm_trie key=lpm4 value=u32 entries=8 flags=no_prealloc >mnt/lpm"
for text in "${shown[$row]}" "\"${also[$row]}\""; do
	echo 1 >mnt/lpm/.map/clear
	check "$row: $text is taken" sh_c "echo '[{\"key\":$text,\"value\":1}]' >mnt/lpm/.map/entries.json"
	expect "$row: and shown" "[{\"key\":${shown[$row]},\"value\":1}]" "$(cat mnt/lpm/.map/entries.json)"
done

# Rows whose texts stand for others, or whose types only BTF has: the tests of the codec.
elsewhere="bpf_spin_lock, bpf_timer, kptr and the like
enum
float
no type: 1, 2, 4, 8 bytes
open file (sockmap, sockhash, reuseport_sockarray, xskmap, cgroup_array, perf_event_array)
per-CPU
pointer
section (.data, .bss, .rodata)
union
__be16, __be32, __be64"
expect "no row is forgotten" "$(sort <<<"$elsewhere")" "$(for row in "${!shown[@]}"; do
	[ -n "${tried[$row]:-}" ] || echo "$row"
done | sort)"

# --- words for types ---
for word in $(sed -n '/^# TYPES IN WORDS/,/^A line of the/p' "$page" | grep -E '^\*[a-z]' |
	sed 's/_BYTES_/4/g' | tr -d '*(),' | sed 's/ or / /'); do
	[ "$word" != btf ] || continue
	check "type $word" sh_c "echo 'type=array key=u32 value=$word entries=1' >mnt/word"
	word=${word/char/str}
	expect "type $word: the format says so" "key=u32 value=${word/hex*/hex}" "$(cat mnt/word/.map/format)"
	rmdir mnt/word
done
unmount_below "$scratch"
finish
