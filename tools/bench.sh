#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Measures bpfuse beside its rivals (bpftool, the kernel's own text, bpf(2) itself, a null
# filesystem) and prints one table; the figures also go to a JSON file. Needs root.
#
#   bench.sh [--reduced] [--only GROUP]... [--rounds N] [--json FILE] [--strict]
#
#   --reduced     small sizes, no verdicts: shows that everything works, in under a minute
#   --only GROUP  read_all, write_all, list_names, list_long, single_keys, two_clients,
#                 processes, requests, emulation, memory, growth or mounting
#   --json FILE   build-bench/speed.json unless told
#   --strict      exit status 1 where a target is not met
#
# Builds a release tree in build-bench first. Takes 6 to 8 minutes. The targets and where the
# time goes: tests/bench/SPEED.md.
set -euo pipefail
cd "$(dirname "$0")/.."

tree=build-bench
arguments=()
json=$PWD/$tree/speed.json
while [ $# -gt 0 ]; do
	case $1 in
	--reduced | --strict) arguments+=("$1") ;;
	--only | --rounds)
		arguments+=("$1" "${2:?$1 wants an argument}")
		shift
		;;
	--json)
		json=$(realpath -m "${2:?--json wants a file}")
		shift
		;;
	*)
		sed -n '4,18s/^# \{0,1\}//p' tools/bench.sh >&2
		exit 2
		;;
	esac
	shift
done

if [ ! -f $tree/build.ninja ]; then
	meson setup $tree --buildtype=release -Dbench=enabled >$tree.log 2>&1 ||
		{ cat $tree.log; exit 1; }
	rm -f $tree.log
fi
ninja -C $tree --quiet
exec meson test -C $tree --no-rebuild --benchmark --verbose \
	--test-args="${arguments[*]} --json $json" speed
