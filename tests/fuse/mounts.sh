# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Mounts for the tests of the FUSE ring: a case is written once and runs on both backends.
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
need_fuse
need_root

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

# on_each_backend COMMAND [OPTIONS]: runs it with $backend, and $mnt the mount, whose working
# directory it gets. What it pins goes with the private bpffs.
on_each_backend()
{
	local bpffs
	for backend in emu kernel; do
		mnt=$scratch/$backend
		if [ $backend = emu ]; then
			mount_bpfuse emu "$mnt" "${2:-}"
		elif bpffs=$(mount_bpffs bpffs); then
			mount_bpfuse "$bpffs" "$mnt" "${2:-}"
		fi || {
			not_ok "$backend: mount"
			continue
		}
		cd "$mnt" || exit 1
		$1
		cd /
		unmount_below "$scratch"
	done
}

# Last sentence of error.log.
last_error()
{
	tail -n 1 "$mnt/error.log"
}
