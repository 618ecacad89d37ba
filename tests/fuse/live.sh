#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Real input: a BPF program, attached to a live hook, counts in a hash and a per-CPU array while
# the maps are read through the mount; bpftool is the witness.
# shellcheck disable=SC2010,SC2011  # what ls prints is what is tested
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf
[ -e "${COUNTER_OBJECT:-}" ] || skip_all "no clang to compile the program with"

bpffs=$(mount_bpffs bpffs)
mount_bpfuse "$bpffs" "$scratch/mnt"
cd "$scratch/mnt" || exit 1

# A process may be called anything.
program=$scratch/$'coun\tter'
ln -s "$COUNTER" "$program"
"$program" "$COUNTER_OBJECT" >"$scratch/ready" &
counter=$!
cleanup()
{
	kill $counter 2>/dev/null
}
for _ in $(seq 100); do
	grep -q '^ready' "$scratch/ready" && break
	sleep 0.05
done
call_counts='' call_totals='' prog='' link=''
eval "$(sed 's/^ready //' "$scratch/ready" | tr ' ' '\n')"
map=maps.by-id/$call_counts

# Nothing is pinned: the maps are held by the program and the process alone.
expect "a map held by a program is in maps.by-id" hash "$(cat "$map/.map/type")"
expect "with its program" "$prog" "$(ls "$map/.map/progs")"
expect "and its process" "$counter coun\\x09ter" "$(grep "^$counter " "$map/.map/holders")"
expect "and no pins" "" "$(cat "$map/.map/pins")"
expect "the program names its maps" 1 "$(ls "progs.by-id/$prog/maps" | grep -cx "$call_counts")"
check "it is a symlink that leads there" [ -d "progs.by-id/$prog/maps/$call_counts/.map" ]
expect "maps.by-name leads there too" 1 "$(ls -d maps.by-name/*."$call_counts" | wc -l)"
expect "the link leads to the program" "$prog" "$(cat "links.by-id/$link/prog/id")"

for round in 1 2 3 4 5 6 7 8 9 10; do
	for _ in $(seq 200); do
		ls "$map" >/dev/null || echo "ls failed"
		break
	done
	names=$(ls "$map" | sort)
	expect "round $round: while it counts, no key is listed twice" "$(echo "$names" | uniq)" "$names"
done
check "counting is seen live" sh_c "a=\$(sort $map/.map/entries); ls / >/dev/null; [ \"\$a\" != \"\$(sort $map/.map/entries)\" ]"

# With the program detached the maps stand still: every value must be bpftool's.
kill -USR1 $counter
for _ in $(seq 100); do
	grep -q '^detached' "$scratch/ready" && break
	sleep 0.05
done
cat >"$scratch/compare.py" <<'END'
import json, subprocess, sys
bpftool = json.loads(subprocess.run(["bpftool", "-j", "map", "dump", "id", sys.argv[1]],
                                    capture_output=True, check=True).stdout)
ours = json.load(open(sys.argv[2] + "/.map/entries.json"))
def theirs(element):
    shown = element["formatted"]
    if "values" in shown:
        return json.dumps([shown["key"], [v["value"] for v in shown["values"]]], sort_keys=True)
    return json.dumps([shown["key"], shown["value"]], sort_keys=True)
wanted = sorted(theirs(e) for e in bpftool)
got = sorted(json.dumps([e["key"], e["value"]], sort_keys=True) for e in ours)
assert wanted, "bpftool shows no element"
assert wanted == got, f"bpftool {wanted[:3]} ... ours {got[:3]} ..."
END
check "the hash has bpftool's values" python3 "$scratch/compare.py" "$call_counts" "$map"
check "the per-CPU array has bpftool's values" python3 "$scratch/compare.py" "$call_totals" "maps.by-id/$call_totals"
expect "count is bpftool's" "$(bpftool -j map dump id "$call_counts" | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" "$(cat "$map/.map/count")"
echo "map=$call_counts" >kept
kill $counter
wait $counter 2>/dev/null
check "a pin made through the mount keeps the map" bpftool map show pinned "$bpffs/kept"
expect "nobody else holds it" "" "$(cat kept/.map/holders)"
cd /
finish
