# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the shell tests share: cases that print TAP, a scratch directory, mounts that are undone.
# Source it, run cases, end with `finish`. $BPFUSE and $BPFSNAP are the programs (meson sets them);
# $scratch is an empty directory, removed at the end with every mount below it.

set -u
tap_number=0
tap_failed=0
tap_stderr=

ok()
{
	tap_number=$((tap_number + 1))
	printf 'ok %d - %s\n' $tap_number "$*"
}

not_ok()
{
	tap_number=$((tap_number + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' $tap_number "$*"
}

comment()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# check TITLE COMMAND...: the command succeeds.
check()
{
	local title=$1
	shift
	if tap_stderr=$("$@" 2>&1 >/dev/null); then
		ok "$title"
	else
		not_ok "$title"
		comment "failed: $*: $tap_stderr"
	fi
}

# expect TITLE WANTED GOT: two texts are the same.
expect()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		comment "wanted: $2"
		comment "got: $3"
	fi
}

# refuses TITLE TEXT COMMAND...: the command fails and says TEXT, as strerror(3) has it.
refuses()
{
	local title=$1 text=$2
	shift 2
	if tap_stderr=$(LC_ALL=C "$@" 2>&1 >/dev/null); then
		not_ok "$title"
		comment "succeeded: $*"
	elif [[ $tap_stderr != *"$text"* ]]; then
		not_ok "$title"
		comment "said: $tap_stderr"
	else
		ok "$title"
	fi
}

skip_case()
{
	tap_number=$((tap_number + 1))
	printf 'ok %d - %s # SKIP %s\n' $tap_number "$1" "$2"
}

# The tests on this file run with meson's protocol "tap", where exit status 77 is an error.
skip_all()
{
	if [ $tap_number = 0 ]; then
		echo "1..0 # SKIP $*"
		exit 0
	fi
	skip_case "the rest" "$*"
	finish
}

need_fuse()
{
	(exec 3<>/dev/fuse) 2>/dev/null || skip_all "/dev/fuse cannot be opened"
}

need_root()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

need_bpf()
{
	need_root
	bpftool map show >/dev/null 2>&1 || skip_all "bpf(2) is refused"
}

# Runs text as a shell would that a person types into: a redirection's error is the command's.
sh_c()
{
	bash -c "$1"
}

mounts_below()
{
	awk -v place="$1/" 'index($5, place) == 1 { print $5 }' /proc/self/mountinfo | tac
}

unmount_below()
{
	local place
	for place in $(mounts_below "$1"); do
		if [ "$(id -u)" = 0 ]; then
			umount -l "$place"
		else
			fusermount3 -uz "$place"
		fi
	done
}

tap_cleanup()
{
	cd /
	! declare -F cleanup >/dev/null || cleanup
	unmount_below "$scratch"
	rm -rf --one-file-system "$scratch"
}

# Prints the plan; the exit status says whether all cases were good.
finish()
{
	echo "1..$tap_number"
	exit $((tap_failed > 0))
}

# Not below /tmp/user or $HOME, whose modes would keep other users out of the tests' mounts.
scratch=$(mktemp -d /tmp/bpfuse-test-XXXXXX)
chmod 755 "$scratch"
trap tap_cleanup EXIT
trap 'exit 1' INT TERM
