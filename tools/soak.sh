#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Many clients at once on both backends, with an exact ledger of every acknowledged update; then
# the daemon killed at random moments and mounted again. See tests/soak/soak.py.
#
#   soak.sh [MINUTES] [TREE]     2 minutes in all; TREE is a build tree (build-test), for a run
#                                under a sanitizer build-asan or build-tsan
#
# The kernel's part needs root and bpf(2) and uses a bpffs of its own. Exit status 0 if every
# promise was kept.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-2}
tree=${2:-build-test}
[[ $minutes =~ ^[0-9]+([.][0-9]+)?$ ]] || { sed -n '4,12s/^# \{0,1\}//p' tools/soak.sh >&2; exit 2; }

if [ -z "${BPFUSE:-}" ]; then
	case $tree in
	*asan*) options=-Db_sanitize=address,undefined ;;
	*tsan*) options=-Db_sanitize=thread ;;
	*) options=-Dbuildtype=debugoptimized ;;
	esac
	[ -f "$tree/build.ninja" ] || meson setup "$tree" "$options" -Dtests=disabled
	ninja -C "$tree" --quiet
	export BPFUSE=$PWD/$tree/fs/bpfuse BPFSNAP=$PWD/$tree/tools/bpfsnap/bpfsnap
fi
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 TSAN_OPTIONS=exitcode=99:halt_on_error=0

kernel=
[ "$(id -u)" = 0 ] && bpftool map show >/dev/null 2>&1 && kernel=yes
parts=$([ $kernel ] && echo 3 || echo 1)
seconds=$(echo "$minutes * 60 / $parts" | bc)
status=0
python3 tests/soak/soak.py --source emu --seconds "$seconds" || status=1
if [ $kernel ]; then
	for part in "" --kill-daemon; do
		# shellcheck disable=SC2086
		python3 tests/soak/soak.py --source kernel --seconds "$seconds" $part || status=1
	done
fi
exit $status
