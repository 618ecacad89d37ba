#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Several clients at once, on one open file and on one mount: each gets its answers, and the daemon lives.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../fuse/mounts.sh"
need_bpf

self=$(realpath "$0")
clients()
{
	echo 'type=hash key=u32 value=u64 entries=2000' >many
	seq 0 999 | awk '{ print $1 "\t" $1 }' >many/.map/entries
	expect "$backend: many clients at once" "" \
		"$(python3 "$(dirname "$self")/clients.py" "$mnt/many" 3 2>&1 | sort | uniq -c | head)"
	expect "$backend: the daemon lives" 1000 "$(cat many/.map/count)"
}
on_each_backend clients
finish
