#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bpfsnap on mounts of bpfuse: dump, restore and diff through their files; a snapshot that is
# mounted, edited and saved again; a mount of a bpffs, which is read itself.
# shellcheck source=tests/image/snap.sh
. "$(dirname "$0")/snap.sh"
need_fuse

mkdir live image
# Another number of CPUs than this machine has
echo '{"cpus":5}' >world.json
"$BPFUSE" "emu:$scratch/world.json" live || exit 1

mkdir live/app live/place
echo 'type=hash key=4 value=8 entries=1024 name=flows' >live/app/flows
echo 'type=percpu_hash key=4 value=4 entries=8 name=percpu' >live/app/percpu
echo 'type=lpm_trie key=8 value=4 entries=8 flags=no_prealloc name=lpm' >live/app/lpm
echo 'type=queue value=4 entries=8 name=queue' >live/app/queue
echo 'type=hash key=4 value=4 entries=8 name=inner' >live/app/inner
echo "type=hash_of_maps key=4 value=4 entries=8 inner=$(cat live/app/inner/.map/id) name=outer" \
	>live/app/outer
cat live/app/inner/.map/id >live/app/outer/1
for i in 1 2 3; do
	echo $((i * 100)) >live/app/flows/$i
	echo $i >live/app/queue/push
done
echo 5 >live/app/inner/3
echo 7 >live/app/percpu/1
echo 1 >live/app/inner/.map/frozen
echo 'type=devmap key=4 value=4 entries=2 name=ports' >live/app/ports
echo lo >live/app/ports/1
ln -s ../elsewhere live/app/link
chmod 640 live/app/flows

check "dump through the files of a mount" snap dump --queues -D first live/app
check "verify" snap verify first
check "restore through them" snap restore -D first live/place
check "the same is there" snap diff first live/place/app
expect "elements" "100 200 300" "$(cat live/place/app/flows/{1,2,3} | tr '\n' ' ' | sed 's/ $//')"
expect "a device is known by its name" "lo" "$(snap show --json first | jq -r '.devices[].ifname')"
expect "and found again" '{"ifindex":1,"ifname":"lo"}' "$(cat live/place/app/ports/1)"
expect "frozen is frozen" 1 "$(cat live/place/app/inner/.map/frozen)"
expect "the queue is in order" "1 2 3" \
	"$(for i in 1 2 3; do cat live/place/app/queue/pop; done | tr '\n' ' ' | sed 's/ $//')"
expect "nothing of ours is left" "app place" "$(cd live && echo ./[!.]* | tr ' ' '\n' |
	sed 's,./,,' | grep -v '\.' | tr '\n' ' ' | sed 's/ $//')"
refuses "existing pins stay" "exists already" snap restore -D first live/place
check "a pipe" sh_c 'set -o pipefail; "$BPFSNAP" dump --queues --state state -o - live/app |
	"$BPFSNAP" restore --state state --replace -i - live/place'
echo 1 >live/place/app/flows/2
echo 9 >live/place/app/flows/9
expect "diff with what is live" "+ app/flows: 9	9
~ app/flows: 2	200 -> 1" "$(snap diff first live/place/app | LC_ALL=C sort)"
snap restore --in-place --partial -D first live/place 2>err
expect "refill in place, but for what cannot be" 3 $?
expect "refilled" "" "$(snap diff first live/place/app | grep flows)"

if [ "$(id -u)" = 0 ]; then
	# root's state directory is there and is not for others
	mkdir -p open own/runtime
	chown 1000 own own/runtime
	"$BPFUSE" -o allow_other emu open
	mkdir open/app
	echo 'type=queue value=4 entries=8 name=queue' >open/app/queue
	echo 1 >open/app/queue/push
	chown 1000 open/app open/app/queue
	as_user()
	{
		unshare -m --propagation private bash -c 'mount -t tmpfs tmpfs /run && mkdir -m 700 /run/bpfsnap &&
			export XDG_RUNTIME_DIR=$PWD/own/runtime && exec setpriv --reuid=1000 --regid=1000 --clear-groups "$@"' \
			bash "$BPFSNAP" "$@"
	}
	check "a user has a state directory of his own" as_user dump --queues -D own/d open/app
	expect "with nothing left in it" "bpfsnap" "$(cd own/runtime && find . -mindepth 1 -printf '%P')"
	check "and the queue" as_user verify own/d
	expect "has what it had" 1 "$(cat open/app/queue/pop)"
	umount open
else
	skip_case "a user's state directory" "needs root"
fi

if [ -r "${TYPES:-}" ]; then
	# the daemon has no privilege left, even root's may not look into who writes to it
	mkdir live/typed live/again
	echo "type=hash btf=$TYPES name=locked" >live/typed/locked
	echo '{"lock":null,"count":7}' >live/typed/locked/1
	check "types go with their maps" snap dump -D typed live/typed
	check "and come back with them" snap restore -D typed live/again
	expect "as values say" '{"lock":null,"count":7}' "$(cat live/again/typed/locked/1)"
	expect "nothing of it stays" "" "$(compgen -G "$TMPDIR/bpfsnap-*")"
else
	skip_case "types" "without clang there is no object file with BTF"
fi

check "a snapshot is mounted" "$BPFUSE" -o rw "image:first" image
expect "and browsed" 200 "$(cat image/app/flows/2)"
echo 201 >image/app/flows/2
check "and saved again" snap dump --queues -D edited image/app
refuses "a snapshot is not replaced unasked" "exists and is not empty" \
	snap dump -D edited image/app
umount image 2>umount.log || fusermount3 -u image
# what a newer version may have written stays, though the mount was named by a relative path
jq -c '.future={"a":1} | .maps[0].colour="red"' first/manifest.json >manifest.new &&
	mv manifest.new first/manifest.json
(cd first && sha256sum ./*.img manifest.json | sed 's, \./, ,' >SHA256SUMS)
check "a snapshot of a newer version is mounted" "$BPFUSE" -o rw image:first image
check "and saved again, from another place" sh_c 'cd live && exec "$BPFSNAP" dump --state ../state --queues \
	-D ../newer ../image/app'
expect "with the members that nobody here knows" '{"a":1} red' \
	"$(jq -r '"\(.future|tojson) \(.maps[0].colour)"' newer/manifest.json)"
expect "with what was edited" "~ app/flows: 2	200 -> 201" "$(snap diff first edited)"
finish
