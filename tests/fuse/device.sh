#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# devices.offload/, .map/redirect and maps.control/ of an emulated mount, as a user meets them.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_root

mount_bpfuse emu "$mnt"
cd "$mnt" || exit 1
check "mkdir registers a device" mkdir devices.offload/nsim0
expect "its driver" netdevsim "$(cat devices.offload/nsim0/driver)"
echo 'type=hash key=4 value=8 entries=2 dev=nsim0 name=bound' >bound
echo 10 >bound/1
echo 20 >bound/2
refuses "two slots are all" "Argument list too long" sh_c 'echo 30 >bound/3'
expect "the elements" "1	10
2	20" "$(cat bound/.map/entries)"
expect "the device's maps" "$(cat bound/.map/id)" "$(ls devices.offload/nsim0/maps)"
echo 'update EIO 1' >devices.offload/nsim0/fail
refuses "an injected fault" "Input/output error" sh_c 'echo 11 >bound/1'
expect "nothing half-applied" 10 "$(cat bound/1)"

# A slow device's operations wait; those of other maps do not wait for them.
echo 'type=hash key=4 value=4 entries=4' >other
echo 5 >other/1
echo 3000000 >devices.offload/nsim0/latency_us
waiting=()
for _ in 1 2 3 4 5 6 7 8; do
	cat bound/1 >/dev/null &
	waiting+=($!)
done
for _ in $(seq 20); do
	cat other/1 >/dev/null
done
running=0
for pid in "${waiting[@]}"; do
	! kill -0 "$pid" 2>/dev/null || running=$((running + 1))
done
expect "20 reads of another map while 8 wait for the slow one" 8 $running
wait "${waiting[@]}"

# Who waits for a slow device can be interrupted and killed.
echo 30000000 >devices.offload/nsim0/latency_us
for signal in TERM KILL; do
	cat bound/1 >/dev/null &
	reader=$!
	sleep 0.3
	check "cat waits" kill -0 $reader
	kill -$signal $reader
	SECONDS=0
	wait $reader 2>/dev/null
	check "SIG$signal ends it at once" test $SECONDS -lt 5
done
refuses "an update that is given up" "" timeout 1 bash -c 'echo 9 >bound/1'
echo 0 >devices.offload/nsim0/latency_us
expect "an update that was given up did not happen" 10 "$(cat bound/1)"
rmdir other
mv devices.offload/nsim0 devices.offload/eth9
expect "renamed" eth9 "$(ls devices.offload)"
exec 3<bound/1 4<bound/.map/entries 5<bound/.map/entries.json 6<bound/.map/entries.bin 7<bound/.map/raw/1
check "rmdir unregisters" rmdir devices.offload/eth9
for descriptor in 3 4 5 6 7; do
	refuses "what was open is read no more" "No such device" dd bs=1 count=1 status=none <&$descriptor
	expect "and the log says why" 1 "$(last_error | grep -c 'device .* is gone')"
done
exec 3<&- 4<&- 5<&- 6<&- 7<&-
expect "no id is left" "" "$(ls maps.by-id)"
refuses "a dead map" "No such device" cat bound/1
expect "and the log says why" 1 "$(last_error | grep -c 'device .* is gone')"
refuses "nor is it listed" "No such device" cat bound/.map/entries
expect "an orphaned pin says what it is" hash "$(cat bound/.map/type)"
check "unpin" rmdir bound

mkdir devices.offload/a devices.offload/b
echo 'type=devmap key=4 value=4 entries=4' >ports
refuses "touch of an empty slot, where zeros are no value" "File exists" touch ports/0
logged "and why" "takes no BPF_NOEXIST"
echo a >ports/0
echo b >ports/3
check "touch of one that is not empty" touch ports/0
echo 'key=3' >ports/.map/redirect
expect "redirect to one" '{"action":"XDP_REDIRECT","targets":["b"]}' "$(cat ports/.map/redirect)"
echo 'flags=broadcast,exclude_ingress ingress=b' >ports/.map/redirect
expect "redirect to all but one" '{"action":"XDP_REDIRECT","targets":["a"]}' \
	"$(cat ports/.map/redirect)"
rmdir devices.offload/b
expect "the entry went with its device" 0 "$(ls ports)"
expect "control maps" "prog_stats sock xdp" "$(cd maps.control && echo *)"
expect "no program is attached" none "$(jq -r .mode maps.control/xdp/a)"
refuses "no interface can be made by touch" "No such file" touch maps.control/xdp/none
logged "and the log says so" xdp/none
for map in prog_stats sock; do
	expect "$map can only be read" rdonly "$(cat maps.control/$map/.map/flags)"
	refuses "$map: an element cannot be written" "not permitted" touch maps.control/$map/4000
	logged "and why" "the $map map tells what the kernel knows: it is read, not written"
done

# Whoever reads on at the end of the log finds what has been refused since: tail -f.
cat >"$scratch/follow.py" <<'END'
import os
log = os.open("error.log", os.O_RDONLY)
def refuse():
    try:
        os.mkdir("devices.offload/%")
    except OSError:
        pass
def rest():
    text = b""
    while piece := os.read(log, 4096):
        text += piece
    return text.count(b"\n"), text.count(b"cannot be the name of a device")
open("error.log", "w").close()
print(rest())
for count in (1, 3, 70):
    for _ in range(count):
        refuse()
    print(rest(), rest())
os.lseek(log, 0, os.SEEK_SET)
print(rest(), len(os.pread(log, 100000, 0)) == os.stat("error.log").st_size)
END
expect "the log is read on" "(0, 0)
(1, 1) (0, 0)
(3, 3) (0, 0)
(64, 64) (0, 0)
(64, 64) True" "$(python3 "$scratch/follow.py")"
: >error.log
timeout 20 tail -n 0 -s 0.1 -f error.log >"$scratch/followed" &
follower=$!
sleep 0.5
refuses "an error that somebody waits for" "" mkdir devices.offload/%
for _ in $(seq 100); do
	[ ! -s "$scratch/followed" ] || break
	sleep 0.1
done
expect "tail -f shows it" 1 "$(grep -c 'cannot be the name of a device' "$scratch/followed")"
kill $follower
wait $follower 2>/dev/null
cd /
finish
