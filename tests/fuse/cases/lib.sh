# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What these cases share: a mount of the backend that is under test.
#
# $BACKEND is "emu" or "kernel" (meson sets it). After `mount_start [OPTION...]`, $m is the mount
# and $source what it mirrors; for the kernel that is a bpffs of the case's own. Everything below
# $scratch is unmounted and removed at the end (tests/tap.sh).

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tap.sh"
export LC_ALL=C

BACKEND=${BACKEND:-emu}
m=$scratch/m
mkdir -p "$m"

need_fuse
case $BACKEND in
emu)
	source=emu
	;;
kernel)
	need_bpf
	source=$scratch/bpf
	mkdir "$source"
	mount -t bpf none "$source" || skip_all "bpffs cannot be mounted"
	;;
esac

# mount_start [OPTION...]: ends the case if it fails.
mount_start()
{
	"$BPFUSE" "$source" "$m" "$@" || {
		echo "Bail out! bpfuse does not mount"
		exit 1
	}
}

mount_stop()
{
	cd /
	if [ "$(id -u)" = 0 ]; then umount "$m"; else fusermount3 -u "$m"; fi
}

# make NAME SPEC: a map, pinned in the mount.
make()
{
	echo "$2" >"$m/$1"
}

# same TITLE COMMAND TEXT: what the command prints, as a shell runs it in the mount.
same()
{
	expect "$1" "$3" "$(cd "$m" && bash -c "$2" 2>&1)"
}

# fails TITLE TEXT COMMAND: the shell command fails in the mount and says TEXT.
fails()
{
	refuses "$1" "$2" bash -c "cd '$m' && $3"
}

# works TITLE COMMAND: the shell command succeeds in the mount.
works()
{
	check "$1" bash -c "cd '$m' && $2"
}

# logged TITLE TEXT: the last line of error.log has it.
logged()
{
	local line
	line=$(tail -n 1 "$m/error.log")
	case $line in
	*"$2"*) ok "$1" ;;
	*)
		not_ok "$1"
		comment "wanted: $2"
		comment "error.log ends: $line"
		;;
	esac
}
