#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the kernel holds of a mount is bounded (fs/evict.h): names are taken back, and found again.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse

keys=180000 # EVICT_NODES_MAX is 131072
mkdir "$scratch/m"
"$BPFUSE" emu "$scratch/m" -d >"$scratch/log" 2>&1 &
for ((i = 0; i < 200; i++)); do
	[ ! -e "$scratch/m/error.log" ] || break
	sleep 0.05
done
forgets()
{
	grep -cE 'opcode: (BATCH_)?FORGET' "$scratch/log"
}

cd "$scratch/m" || exit 1
echo "type=hash key=u32 value=u64 entries=$keys" >many
seq 1 $keys | awk '{ print $1 "\t" $1 }' >many/.map/entries
cd many || exit 1
exec 3<./1
stat 1 2 3 >/dev/null
check "nothing is taken back of what is little" [ "$(forgets)" -lt 20 ]
expect "ls -l of $keys keys" "$keys" "$(LC_ALL=C ls -l | awk 'NR > 1' | wc -l)"
for ((i = 0; i < 100 && $(forgets) < 20; i++)); do
	sleep 0.1
done
check "names are taken back" [ "$(forgets)" -ge 20 ]
expect "an open file stays" 1 "$(cat <&3)"
exec 3<&-
expect "the first keys are found again" "1 2 3" "$(cat 1 2 3 | xargs)"
expect "and the last ones" "$keys" "$(cat $keys)"
expect "every key is listed once" "$keys" "$(find . -maxdepth 1 -type f | sort -u | wc -l)"
cd /
finish
