#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds bpfuse, mounts the emulated backend with a ready scenario, shows a short session and
# leaves it mounted. Needs root only to install packages that are missing.
#
#   demo.sh
set -euo pipefail
cd "$(dirname "$0")/.."

place=${XDG_RUNTIME_DIR:-/tmp}/bpfuse-demo-$(id -u)
tree=build-release

refuse()
{
	echo "demo.sh: $*" >&2
	exit 1
}

build()
{
	./tools/packages.sh install build
	[ -f $tree/build.ninja ] || meson setup $tree -Dbuildtype=release -Dtests=disabled >$tree.log ||
		{ cat $tree.log >&2; refuse "meson could not configure $tree"; }
	rm -f $tree.log
	echo "demo.sh: building in $tree"
	ninja -C $tree --quiet
}

check_fuse()
{
	[ -e /dev/fuse ] ||
		refuse "/dev/fuse is missing: load the module (modprobe fuse) or give the container the device"
	(exec 3<>/dev/fuse) 2>/dev/null ||
		refuse "/dev/fuse cannot be opened by $(id -un): as root, run: chmod 0666 /dev/fuse"
	[ "$(id -u)" = 0 ] || command -v fusermount3 >/dev/null ||
		refuse "fusermount3 is missing; without root it does the mounting: apt-get install fuse3"
}

# Whatever an earlier demo left here, alive or dead.
clear_place()
{
	if findmnt -rn --mountpoint "$place" >/dev/null; then
		echo "demo.sh: unmounting the last demo"
		unmount_command
		"${unmount[@]}"
	fi
	(umask 077 && mkdir -p "$place")
	[ -O "$place" ] || refuse "$place belongs to somebody else"
}

unmount_command()
{
	if [ "$(id -u)" = 0 ]; then
		unmount=(umount "$place")
	else
		unmount=(fusermount3 -u "$place")
	fi
}

# Prints a command as a prompt would show it, then runs it; a refusal is part of the session.
show()
{
	printf '$ %s\n' "$1"
	{ (cd "$place" && bash -c "$1" </dev/null 2>&1) || true; } | sed 's/^bash: line [0-9]*: /bash: /'
}

# The session is the tour of the README: its lines behind "$ ".
session()
{
	local line
	while IFS= read -r line; do
		show "$line"
	done < <(sed -n '/^```console$/,/^```$/s/^\$ //p' README.md)
}

build
check_fuse
clear_place
$tree/fs/bpfuse emu:tools/demo-scenario.json "$place" -o "formats=$PWD/tools/demo.formats"
echo "demo.sh: mounted on $place"

session

unmount_command
cat <<END

It is still mounted: look around in $place
To unmount it: ${unmount[*]}
END
