#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs every fuzz target of tests/fuzz for a while each, under ASan and UBSan.
#
#   fuzz.sh [SECONDS] [TARGET]...     60 seconds and all targets if not said
#
# Two targets choose their inputs themselves: `differential`, random plans on both backends
# (needs root and bpf(2)), and `model`, random system calls on a mount (needs /dev/fuse). They
# print what failed, shortened.
#
# New inputs are collected in build-clang/corpus/TARGET; what crashes a target is left in
# build-clang/findings/TARGET-*: mend it and copy the file into tests/fuzz/corpus/TARGET.
# Prints a line per target with its executions; exit status 1 if anything was found.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
case ${1:-} in
'') ;;
*[!0-9]*)
	sed -n '3,13s/^# \{0,1\}//p' tools/fuzz.sh >&2
	exit 2
	;;
*)
	seconds=$1
	shift
	;;
esac

tree=build-clang
if [ ! -f $tree/build.ninja ]; then
	CC=clang meson setup $tree -Dbuildtype=debugoptimized -Dtests=enabled -Dfuzz=enabled \
		-Db_sanitize=address,undefined -Db_lundef=false
fi
ninja -C $tree --quiet fuzz-targets

# report NAME COUNT WHAT STATUS
report()
{
	printf '%s: %s %s in %d s, %s\n' "$1" "$2" "$3" "$seconds" \
		"$([ "$4" = 0 ] && echo "nothing found" || echo "FOUND something, see $tree/fuzz-$1.log")"
}

# run_target PROGRAM
run_target()
{
	local program=$1 name corpus log status=0 executions
	name=$(basename "$program")
	name=${name#fuzz_}
	corpus=$tree/corpus/$name
	log=$tree/fuzz-$name.log
	mkdir -p "$corpus" $tree/findings
	set -- "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		"-artifact_prefix=$tree/findings/$name-"
	# shellcheck disable=SC2046  # one word per option
	[ ! -f "tests/fuzz/$name.options" ] || set -- "$@" $(cat "tests/fuzz/$name.options")
	[ ! -f "tests/fuzz/$name.dict" ] || set -- "$@" "-dict=tests/fuzz/$name.dict"
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		"$program" "$@" "$corpus" "tests/fuzz/corpus/$name" >"$log" 2>&1 </dev/null || status=1
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	report "$name" "${executions:-0}" executions $status
	[ $status = 0 ] || tail -n 30 "$log"
	return $status
}

run_differential()
{
	local status=0 executed=0 ends=$((SECONDS + seconds)) step=20000
	if [ "$(id -u)" != 0 ] || ! bpftool map show >/dev/null 2>&1; then
		echo "differential: skipped, it needs root and bpf(2)"
		return 0
	fi
	: >$tree/fuzz-differential.log
	while [ $SECONDS -lt $ends ] && [ $status = 0 ]; do
		$tree/tests/fuzz/differential --operations $step --seed "$(date +%s%N)" \
			>>$tree/fuzz-differential.log 2>&1 || status=1
		executed=$((executed + step))
	done
	report differential $executed operations $status
	[ $status = 0 ] || tail -n 30 $tree/fuzz-differential.log
	return $status
}

run_model()
{
	local status=0 log=$tree/fuzz-model.log
	BPFUSE=$PWD/$tree/fs/bpfuse python3 tests/soak/model.py --calls 1500 --seconds "$seconds" \
		>"$log" 2>&1 || status=1
	report model "$(sed -n 's/^# \([0-9]*\) calls,.*/\1/p' "$log" | tail -n 1)" calls $status
	[ $status = 0 ] || grep '^#' "$log"
	return $status
}

found=0
targets=("$@")
if [ $# = 0 ]; then
	for program in "$tree"/tests/fuzz/fuzz_*; do
		[ -f "$program" ] && [ -x "$program" ] && targets+=("${program##*/fuzz_}")
	done
fi
[ $# != 0 ] || targets+=(differential model)
for name in "${targets[@]}"; do
	case $name in
	differential | model)
		"run_$name" || found=1
		continue
		;;
	esac
	run_target "$tree/tests/fuzz/fuzz_$name" || found=1
done
exit $found
