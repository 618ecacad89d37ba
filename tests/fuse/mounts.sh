# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Mounts for the tests of the FUSE ring. A case is written once and runs on both backends: with
# on_each_backend, one after the other; or after mount_start, on the one that $BACKEND names ("emu"
# or "kernel"; meson sets it), where the kernel's run is a test of the kernel's ring. Both ways $mnt
# is the mount, and $source what it mirrors: of the kernel, a private bpffs. All of it goes at the
# end (tests/tap.sh).

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
need_fuse
export LC_ALL=C
BACKEND=${BACKEND:-emu}
mnt=$scratch/mnt
source=

# mount_bpfuse SOURCE DIRECTORY [OPTIONS]
mount_bpfuse()
{
	mkdir -p "$2"
	"$BPFUSE" "$1" "$2" ${3:+-o "$3"}
}

# A private bpffs; its path is printed.
mount_bpffs()
{
	mkdir -p "$scratch/$1"
	mount -t bpf bpf "$scratch/$1" && echo "$scratch/$1"
}

# source_prepare BACKEND: makes $source.
source_prepare()
{
	source=emu
	[ "$1" = kernel ] || return 0
	need_bpf
	source=$(mount_bpffs bpffs) || skip_all "bpffs cannot be mounted"
}

# mount_start [OPTIONS]: ends the test if it fails.
mount_start()
{
	[ -n "$source" ] || source_prepare "$BACKEND"
	mount_bpfuse "$source" "$mnt" "${1:-}" || {
		echo "Bail out! bpfuse does not mount"
		exit 1
	}
}

mount_stop()
{
	cd /
	if [ "$(id -u)" = 0 ]; then umount "$mnt"; else fusermount3 -u "$mnt"; fi
}

# on_each_backend COMMAND [OPTIONS]: runs it with $backend, in the mount. What it pins goes with the
# private bpffs.
on_each_backend()
{
	for backend in emu kernel; do
		source_prepare $backend
		mount_start "${2:-}"
		cd "$mnt" || exit 1
		$1
		cd /
		unmount_below "$scratch"
	done
}

# make NAME SPEC: a map, pinned in the mount; or any other file of the mount gets a line.
make()
{
	echo "$2" >"$mnt/$1"
}

# same TITLE COMMAND TEXT: what the command prints, as a shell runs it in the mount.
same()
{
	expect "$1" "$3" "$(cd "$mnt" && bash -c "$2" 2>&1)"
}

# fails TITLE TEXT COMMAND: the shell command fails in the mount and says TEXT.
fails()
{
	refuses "$1" "$2" bash -c "cd '$mnt' && $3"
}

# works TITLE COMMAND: the shell command succeeds in the mount.
works()
{
	check "$1" bash -c "cd '$mnt' && $2"
}

# Last sentence of error.log.
last_error()
{
	tail -n 1 "$mnt/error.log"
}

# logged TITLE TEXT: the last sentence of error.log has it.
logged()
{
	local line
	line=$(last_error)
	case $line in
	*"$2"*) ok "$1" ;;
	*)
		not_ok "$1"
		comment "wanted: $2"
		comment "error.log ends: $line"
		;;
	esac
}
