#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The table of permissions in bpfuse(8), proved cell by cell by two users who are not root: one
# who was given a map, and one who was not.
#   permissions.sh bpfuse.8.scd
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/system/page.sh
. "$(dirname "$0")/page.sh"
need_fuse
need_root

given=61111
other=62222
mnt=$scratch/mnt

as()
{
	local id=$1
	shift
	setpriv --reuid="$id" --regid="$id" --clear-groups --no-new-privs bash -c "$@"
}

# The command of a row, on the map of the row's user, $1.
command_of()
{
	case $2 in
	"list the keys") echo "ls $1" ;;
	"read a key") echo "cat $1/1" ;;
	"update a key") echo "/bin/echo 5 >$1/1" ;;
	"insert a key") echo "/bin/echo 5 >$1/3" ;;
	"delete a key") echo "rm $1/2" ;;
	"read .map/entries") echo "cat $1/.map/entries" ;;
	"write .map/entries") echo "printf '1\t9\n' >$1/.map/entries" ;;
	"read .map/raw/KEY") echo "cat $1/.map/raw/1" ;;
	"list .map") echo "ls $1/.map" ;;
	"read .map/info") echo "cat $1/.map/info" ;;
	"read .map/holders") echo "cat $1/.map/holders" ;;
	"write .map/format") echo "/bin/echo key=u32 >$1/.map/format" ;;
	"write .map/raw/KEY") echo "printf 1234 >$1/.map/raw/1" ;;
	clear) echo "/bin/echo 1 >$1/.map/clear" ;;
	freeze) echo "/bin/echo 1 >$1/.map/frozen" ;;
	"rename the pin") echo "mv -T $1 ${1}renamed" ;;
	"chmod the pin") echo "chmod 0640 $1" ;;
	"chown the pin away") echo "chown 1 $1" ;;
	unpin) echo "rmdir $1" ;;
	"list maps.by-id") echo "ls maps.by-id" ;;
	"read the map by id") echo "cat maps.by-id/$(cat "$mnt/$1/.map/id")/1" ;;
	"write the map by id") echo "/bin/echo 5 >maps.by-id/$(cat "$mnt/$1/.map/id")/1" ;;
	"list progs.by-id") echo "ls progs.by-id" ;;
	"list links.by-id") echo "ls links.by-id" ;;
	"list maps.by-name") echo "ls maps.by-name" ;;
	"read the map by name") echo "cat maps.by-name/$1.$(cat "$mnt/$1/.map/id")/1" ;;
	"read error.log") echo "cat error.log" ;;
	"truncate error.log") echo ": >error.log" ;;
	"register a device") echo "mkdir devices.offload/x" ;;
	"read a control map") echo "ls maps.control/prog_stats" ;;
	"create a map") echo "/bin/echo type=hash key=4 value=4 entries=4 >mine" ;;
	"pin a map by its id") echo "/bin/echo map=$(cat "$mnt/roots/.map/id") >mine" ;;
	"pin a map by another pin") echo "/bin/echo pinned=roots >mine" ;;
	"make a directory at the top") echo "mkdir somebodys && rmdir somebodys" ;;
	"read another's map through a symlink")
		echo "ln -s roots/1 link && { cat link; status=\$?; rm link; exit \$status; }" ;;
	"write another's map through a symlink")
		echo "ln -s roots/1 link && { /bin/echo 5 >link; status=\$?; rm link; exit \$status; }" ;;
	"delete from another's map through ..") echo "rm -f $1/../roots/1 && [ ! -e roots/1 ]" ;;
	"rename another's pin over one's own") echo "mv -T roots $1" ;;
	"rename a key into another's map") echo "perl -e 'rename(\"$1/1\", \"roots/7\") || die \$!'" ;;
	"read another's map through ..") echo "cat $1/../roots/1 || cat maps.by-id/../roots/1" ;;
	esac
}

# One word: yes, or the name of the errno that was said.
verdict()
{
	local said
	if said=$(cd "$mnt" && LC_ALL=C as "$1" "$2" 2>&1 >/dev/null); then
		echo yes
		return
	fi
	errno_name "$said"
}

# Fresh maps for each cell: root's, and one that is given or not.
make_maps()
{
	local map
	for map in roots given; do
		[ ! -d "$mnt/$map" ] || rmdir "$mnt/$map"
		echo "type=hash key=4 value=4 entries=8 name=$map" >"$mnt/$map"
		printf '1\t1\n2\t2\n' >"$mnt/$map/.map/entries"
	done
	chown $given "$mnt/given"
}

check_row()
{
	local row=$1 owners=$2 others=$3
	make_maps
	expect "the pin's owner: $row" "$owners" "$(verdict $given "$(command_of given "$row")")"
	rmdir "$mnt/givenrenamed" "$mnt/mine" 2>/dev/null
	make_maps
	expect "others: $row" "$others" "$(verdict $other "$(command_of given "$row")")"
	rmdir "$mnt/givenrenamed" "$mnt/mine" 2>/dev/null
}

check_table()
{
	local row owners others
	"$BPFUSE" "$1" "$mnt" -o allow_other || { not_ok "mount $1"; return; }
	while IFS=$'\t' read -r row owners others; do
		check_row "$row" "$owners" "$others" </dev/null
	done < <(page_rows "$2" operation)
	umount "$mnt"
}

mkdir "$mnt"
check_table emu "$1"
if bpftool map show >/dev/null 2>&1; then
	mkdir "$scratch/bpffs"
	mount -t bpf none "$scratch/bpffs"
	check_table "$scratch/bpffs" "$1"
else
	skip_case "the same on the kernel" "bpf(2) is refused"
fi

# Without allow_other the door is shut, whatever the modes inside.
"$BPFUSE" emu "$mnt"
expect "without allow_other nobody gets in" EACCES "$(verdict $other "cd $mnt")"
expect "nor can look at it" EACCES "$(verdict $other "stat $mnt/error.log")"
finish
