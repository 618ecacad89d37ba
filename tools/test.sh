#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs what is missing, builds with gcc and clang, and runs every test ring.
#
#   test.sh [--quick] [--ring NAME]... [--vm]
#
#   --quick      one build, no sanitizers, no fuzzing, no format check
#   --ring NAME  only this ring: lib, fuse or kernel; may be repeated
#   --vm         also run the tests that need a kernel of their own, in QEMU
#
# The rings: lib needs no privilege at all, fuse needs /dev/fuse, kernel needs bpf(2) and root.
# What compares the backends with each other also runs as clang builds it (ring oracle).
# With the sanitizers, tests that repeat something many times do a tenth of it ($TEST_SHARE, percent).
# A ring whose means are here must run: a skip there is a failure. The last line is
# "N passed, N failed, N skipped"; exit status 0 only if nothing failed.
set -euo pipefail
cd "$(dirname "$0")/.."

all_rings="lib fuse kernel"
rings=
quick=
vm=
reports=()
problems=()

usage()
{
	sed -n '3,16s/^# \{0,1\}//p' tools/test.sh >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=yes ;;
	--vm) vm=yes ;;
	--ring)
		case " $all_rings " in
		*" ${2:-} "*) rings="$rings $2" ;;
		*) usage ;;
		esac
		shift
		;;
	*) usage ;;
	esac
	shift
done
rings=${rings:-$all_rings}

headline()
{
	printf '\n== %s (%d s)\n' "$*" "$SECONDS"
}

# build_tree DIRECTORY COMPILER MESON-OPTION...
# A warning is an error here only: users build with compilers that we have not seen.
build_tree()
{
	local tree=$1 compiler=$2
	shift 2
	headline "build $tree: $compiler $*"
	if [ ! -f "$tree/build.ninja" ]; then
		CC=$compiler meson setup --werror "$tree" "$@" >"$tree.log" 2>&1 ||
			{ cat "$tree.log"; exit 1; }
		rm -f "$tree.log"
	fi
	ninja -C "$tree" --quiet
}

fuse_usable()
{
	command -v fusermount3 >/dev/null && (exec 3<>/dev/fuse) 2>/dev/null
}

bpf_usable()
{
	[ "$(id -u)" = 0 ] && bpftool map show >/dev/null 2>&1
}

# The rings that have no excuse to skip on this machine.
rings_due()
{
	echo lib
	! fuse_usable || echo fuse
	! { bpf_usable && fuse_usable; } || echo kernel oracle package
}

# run_ring TREE RING TIMEOUT-MULTIPLIER
run_ring()
{
	local tree=$1 ring=$2 log=$1/meson-logs/ring-$2
	headline "ring $ring in $tree"
	# meson's status is not asked: the report counts from the log, and a test that
	# crashed or timed out is in it.
	meson test -C "$tree" --no-rebuild --suite "$ring" --timeout-multiplier "$3" \
		--logbase "ring-$ring" </dev/null || true
	if [ -s "$log.json" ]; then
		reports+=("$ring:$tree=$log.json")
	else
		problems+=("ring $ring in $tree has no tests")
	fi
	# Criterion runs each test in a process of its own, and does not look at how that exits.
	if grep -qE 'ERROR: [A-Za-z]+Sanitizer:|runtime error:' "$log.txt"; then
		problems+=("ring $ring in $tree: a sanitizer's report, see $log.txt")
	fi
}

check_format()
{
	headline "format and scripts"
	git ls-files '*.c' '*.h' | xargs -r -n 32 -P "$(nproc)" clang-format --dry-run -Werror ||
		problems+=("clang-format: see above")
	git ls-files -z | xargs -0 grep -lZE '^#!/bin/(ba)?sh' |
		xargs -0r -n 8 -P "$(nproc)" shellcheck -x -S warning ||
		problems+=("shellcheck: see above")
}

run_rings()
{
	local tree=$1 multiplier=$2 ring
	for ring in $rings; do
		run_ring "$tree" "$ring" "$multiplier"
	done
}

# run_sanitized FUNCTION ARGUMENT...
run_sanitized()
{
	TEST_SHARE=10 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 \
		UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$@"
}

./tools/packages.sh install build test ${vm:+vm}

build_tree build-test gcc -Dbuildtype=debugoptimized -Dtests=enabled
run_rings build-test 2

if [ -z "$quick" ]; then
	# -O1 is what AddressSanitizer's documentation asks for; compiling at -O2 takes a third longer,
	# and GNU ld twice as long as lld for what the sanitizers add. Criterion writes a jump over main()
	# that is longer than a main() of one call: what follows must not begin before 16 bytes.
	CC_LD=lld build_tree build-asan gcc -Ddebug=true -Doptimization=1 -Dc_args=-falign-functions=16 \
		-Dtests=enabled -Db_sanitize=address,undefined
	run_sanitized run_rings build-asan 4
	CC_LD=lld build_tree build-clang clang -Ddebug=true -Doptimization=1 -Dtests=enabled -Dfuzz=enabled \
		-Db_sanitize=address,undefined -Db_lundef=false
	# What the other compiler made of both backends, beside the kernel.
	run_sanitized run_ring build-clang oracle 4
	build_tree build-release gcc -Dbuildtype=release -Dtests=disabled
	check_format
	./tools/packages.sh install package
	run_ring build-test package 2
fi

if [ -n "$vm" ]; then
	headline "device-bound maps on a kernel of their own"
	./tests/vm/run.sh build-test || problems+=("tests/vm/run.sh: see above")
fi

headline "report"
status=0
# shellcheck disable=SC2046  # one word per ring
python3 tools/test-report.py --due $(rings_due) --problems "${problems[@]}" \
	--logs "${reports[@]}" || status=1
exit $status
