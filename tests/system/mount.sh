#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# mount(8), fstab and umount(8), the real ones; and dead mounts.
#   mount.sh bpfuse.8.scd
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
need_root
# mount.fuse3 finds the program by the type's second half in a $PATH of its own, so it must lie
# there: in a mount namespace, so that this system's directory stays as it is.
if [ -z "${BPFUSE_TEST_INNER:-}" ]; then
	BPFUSE_TEST_INNER=yes unshare --mount --propagation private "$0" "$@"
	exit
fi
page=$1
mkdir "$scratch/bin" "$scratch/a" "$scratch/b"
cp "$BPFUSE" "$scratch/bin/bpfuse"
mount --bind "$scratch/bin" /usr/local/sbin || skip_all "this kernel has no bind mounts for us"

type_of()
{
	findmnt -rn -o FSTYPE,SOURCE --mountpoint "$1"
}

check "mount -t fuse.bpfuse" mount -t fuse.bpfuse emu "$scratch/a"
expect "its type and source" "fuse.bpfuse emu" "$(type_of "$scratch/a")"
check "it answers" sh_c "echo type=hash key=4 value=4 entries=4 >'$scratch/a/m' && [ -d '$scratch/a/m/.map' ]"
mkdir -p "$scratch/c"
check "whoever reads its output meets the end of it" timeout 20 bash -c \
	'x=$("$1" emu "$2" 2>&1) && [ -z "$x" ]' bash "$BPFUSE" "$scratch/c"
umount "$scratch/c"
mkdir "$scratch/emu"
check "emu is no directory, even where there is one of that name" sh_c \
	"cd '$scratch' && '$BPFUSE' emu emu && umount emu"
check "umount" umount "$scratch/a"
expect "nothing is left" "" "$(type_of "$scratch/a")"

cat >"$scratch/fstab" <<END
emu $scratch/a fuse.bpfuse defaults,nofail,_netdev,x-systemd.automount 0 0
emu $scratch/b fuse.bpfuse ro,noauto,user,allow_other,timeout=0.5 0 0
END
check "mount -a by fstab" mount -T "$scratch/fstab" -a
expect "auto is mounted" "fuse.bpfuse emu" "$(type_of "$scratch/a")"
expect "noauto is not" "" "$(type_of "$scratch/b")"
check "mount by name" mount -T "$scratch/fstab" "$scratch/b"
expect "with its options" "ro" "$(findmnt -rn -o OPTIONS --mountpoint "$scratch/b" | cut -d, -f1)"
refuses "ro refuses a change" "Read-only file system" mkdir "$scratch/b/d"
check "umount -a by type" umount "$scratch/a" "$scratch/b"

# The line that the page shows, for another source and another place.
mkdir "$scratch/bpffs"
source=emu
! mount -t bpf none "$scratch/bpffs" 2>/dev/null || source=$scratch/bpffs
sed -n "s|^/sys/fs/bpf  */run/bpf  *\(fuse.bpfuse .*\)|$source $scratch/a \1|p" "$page" >"$scratch/fstab"
expect "the page has a line for fstab" 1 "$(wc -l <"$scratch/fstab")"
check "mount -a by it" mount -T "$scratch/fstab" -a
expect "is mounted" "fuse.bpfuse $source" "$(type_of "$scratch/a")"
expect "for others, too" 1 "$(findmnt -rn -o OPTIONS --mountpoint "$scratch/a" | grep -c allow_other)"
check "it answers" ls "$scratch/a/maps.by-id"
umount "$scratch/a"

refuses "a source that is none" "" mount -t fuse.bpfuse /nonexistent "$scratch/a"
expect "leaves nothing mounted" "" "$(type_of "$scratch/a")"

# A daemon that was killed leaves a dead mount; bpfuse-clean takes away only such a one.
clean=$(dirname "$0")/../../tools/system/bpfuse-clean
"$BPFUSE" -f emu "$scratch/a" 2>/dev/null &
pid=$!
for _ in $(seq 100); do
	[ -d "$scratch/a/maps.by-id" ] && break
	sleep 0.1
done
check "bpfuse-clean leaves a live mount alone" "$clean" "$scratch/a"
check "and it goes on answering" ls "$scratch/a/maps.by-id"
kill -9 $pid
wait $pid 2>/dev/null
refuses "kill -9 leaves a dead mount" "endpoint is not connected" ls "$scratch/a"
check "bpfuse-clean takes it away" "$clean" "$scratch/a"
expect "nothing is left" "" "$(type_of "$scratch/a")"
check "an ordinary directory is harmless" "$clean" "$scratch/b"
finish
