#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Malformed names and values: none is accepted, none changes anything, none ends the daemon.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

every_case()
{
	expect "$backend: malformed input is refused, and nothing changes" "" \
		"$(python3 "$(dirname "$self")/malformed.py" "$mnt" 2>&1 | tee "$scratch/log" | grep -v '^cases ')"
	comment "$(grep '^cases ' "$scratch/log")"
	check "$backend: at least 200 cases" [ "$(sed -n 's/^cases //p' "$scratch/log")" -ge 200 ]
}
self=$(realpath "$0")
on_each_backend every_case
finish
