#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A user who holds one map tries what system calls there are on it, on one that may be read and on one
# that may not: nothing hangs, nothing dies, and no more is granted than the modes say. The table
# of permissions and its test are in bpfuse(8) and permissions.sh.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../fuse/mounts.sh"

need_bpf

user=63333
self=$(realpath "$0")

make_map()
{
	echo 'type=hash key=u32 value=u64 entries=8' >"$1"
	printf '1\t1\n2\t2\n' >"$1/.map/entries"
	chmod "$2" "$1"
	chown "$3" "$1"
}

trespass()
{
	local map
	[ $backend = kernel ] && chmod 1777 .
	make_map mine 0700 $user:$user
	make_map shared 0550 root:$user
	make_map secret 0700 root:root
	expect "$backend: no more than the modes grant" "" \
		"$(python3 "$(dirname "$self")/trespass.py" $user "$PWD" 2>&1)"
	for map in shared secret; do
		expect "$backend: $map is as it was" "1 1 2 2" "$(sort $map/.map/entries | xargs)"
	done
	expect "$backend: who owns what is as it was" "700 $user $user 550 0 $user 700 0 0" \
		"$(stat -c '%a %u %g' mine shared secret | xargs)"
	expect "$backend: the owner's keys are as many as before" "2" "$(cat mine/.map/count)"
}
chmod 755 "$scratch"
on_each_backend trespass allow_other,streams
finish
