#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A device that does not answer, and more clients at it than there are threads: all else goes on, and
# they can be ended. With as many workers as there are by default, with two, and with none beside
# the only one.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_root

crowd_size=100
quick=5 # seconds: whatever does not wait takes milliseconds
mkdir "$scratch/connections"
mount -t fusectl fusectl "$scratch/connections" || skip_all "fusectl cannot be mounted"

# waiting: how many requests of the mount have no answer.
waiting()
{
	cat "$scratch/connections/$connection/waiting"
}

# eventually COMMAND: until it succeeds.
eventually()
{
	local _
	for _ in $(seq 300); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

all_wait()
{
	[ "$(waiting)" -ge "$1" ]
}

none_waits()
{
	[ "$(waiting)" = 0 ]
}

# crowd COUNT COMMAND: so many processes of it, in $crowd.
crowd()
{
	local _
	for _ in $(seq "$1"); do
		bash -c "exec $2" >/dev/null 2>&1 &
		crowd+=($!)
	done
}

gone()
{
	local pid
	for pid in "${@:-${crowd[@]}}"; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

unmounted()
{
	! mountpoint -q "$mnt"
}

# at_once TITLE TEXT COMMAND: what the shell command prints in the mount, while others wait.
at_once()
{
	timeout -s KILL $quick bash -c "cd '$mnt' && $3" >"$scratch/printed" 2>&1
	expect "$how: $1" "$2" "$(cat "$scratch/printed")"
}

prepare()
{
	mkdir "$mnt/devices.offload/nsim0" "$mnt/devices.offload/quick"
	make bound 'type=hash key=4 value=8 entries=2 dev=nsim0'
	make bound/1 10
	bound=$(cat "$mnt/bound/.map/id")
	make neighbour 'type=hash key=4 value=8 entries=2 dev=quick'
	make neighbour/1 11
	make other 'type=hash key=4 value=8 entries=4'
	make other/1 12
	make devices.offload/nsim0/latency_us 60000000
	make devices.offload/nsim0/stats 0
}

all_else_goes_on()
{
	at_once "another map" 12 'cat other/1'
	at_once "and its elements" 1 'cat other/.map/count'
	at_once "a map of another device" 11 'cat neighbour/1'
	at_once "a new map" 3 \
		'echo "type=array key=4 value=4 entries=3" >new && ls new | wc -l && rmdir new'
	at_once "a listing of the root" "bound neighbour other" 'echo [bno]*'
	at_once "and its attributes" "$(id -un)" 'stat -c %U bound'
	at_once "what the map is" hash 'cat bound/.map/type'
	at_once "and all about it" 2 'jq .max_entries bound/.map/info'
	at_once "the device's maps" "$bound" 'ls devices.offload/nsim0/maps'
	at_once "its latency" 60000000 'cat devices.offload/nsim0/latency_us'
	at_once "its statistics" 16 \
		'awk "/lookup|update|delete|get_next_key/ { n += \$2 } END { print n }" devices.offload/nsim0/stats'
	at_once "its faults" "lookup EIO" \
		'cd devices.offload/nsim0 && echo lookup EIO >fail && cat fail && echo >fail'
}

end_crowd()
{
	SECONDS=0
	kill -KILL "${crowd[@]}"
	wait "${crowd[@]}" 2>/dev/null
	check "$how: $1 are killed at once" test $SECONDS -lt 10
	check "$how: and nothing of them is left" eventually none_waits
	crowd=()
}

# Readers, writers and those who list, none of which stands in another's way in the kernel.
of_all_kinds()
{
	crowd 30 "cat $mnt/bound/.map/count"
	crowd 30 "cat $mnt/bound/.map/entries"
	crowd 20 "ls $mnt/bound"
	crowd 20 "cat $mnt/bound/1"
	check "$how: all wait" eventually all_wait $crowd_size
	all_else_goes_on
	for one in 99 70 50 20; do
		kill -TERM "${crowd[one]}"
		SECONDS=0
		wait "${crowd[one]}" 2>/dev/null
		check "$how: one of them is interrupted" test $SECONDS -lt 10
		unset "crowd[one]"
	done
	end_crowd "they"
}

makers()
{
	for number in $(seq $crowd_size); do
		crowd 1 "bash -c 'echo type=hash key=4 value=8 entries=1 dev=nsim0 >$mnt/made$number'"
	done
	check "$how: all wait to make maps" eventually all_wait $crowd_size
	at_once "another map" 12 'cat other/1'
	end_crowd "those who make maps"
	at_once "no map was made" "made*" 'echo made*'
}

recover()
{
	crowd $crowd_size "cat $mnt/bound/.map/entries.json"
	check "$how: all wait again" eventually all_wait $crowd_size
	at_once "the device is mended" "" 'echo 0 >devices.offload/nsim0/latency_us'
	check "$how: everybody is answered" eventually gone
	local failed=0
	for pid in "${crowd[@]}"; do
		wait "$pid" || failed=$((failed + 1))
	done
	expect "$how: with success" 0 $failed
	crowd=()
}

# What is to be written waits in the daemon's memory: there is an end to that. The kernel lets one
# writer at a time come through to a file.
asked()
{
	[ "$(sed -n 's/^update //p' "$mnt/devices.offload/large/stats")" = "$1" ]
}

refused()
{
	local text='64 MiB wait to be written to it: No buffer space available'
	[ "$(grep -c "$text" "$mnt/error.log")" = "$1" ]
}

much_to_write()
{
	local one failed=0
	mkdir "$mnt/devices.offload/large"
	make devices.offload/large/driver generic
	for one in $(seq $crowd_size); do
		make "large$one" 'type=hash key=4 value=1020 entries=2000 dev=large'
	done
	make devices.offload/large/latency_us 60000000
	for one in $(seq $crowd_size); do
		[ "$one" != 17 ] || check "$how: 16 are being written" eventually asked 16
		crowd 1 "dd if=/dev/zero bs=1M count=1 of=$mnt/large$one/.map/entries.bin"
	done
	check "$how: 64 MiB wait" eventually all_wait 80
	check "$how: the rest is refused" eventually refused $((crowd_size - 80))
	make devices.offload/large/latency_us 0
	for one in "${crowd[@]}"; do
		wait "$one" || failed=$((failed + 1))
	done
	crowd=()
	expect "$how: and the others are not" $((crowd_size - 80)) $failed
	for one in $(seq $crowd_size); do
		rmdir "$mnt/large$one"
	done
	rmdir "$mnt/devices.offload/large"
}

unmount()
{
	make devices.offload/nsim0/latency_us 60000000
	crowd $crowd_size "cat $mnt/bound/.map/count"
	check "$how: all wait once more" eventually all_wait $crowd_size
	if [ "$1" = umount ]; then
		end_crowd "those of the end"
		check "$how: umount" umount "$mnt"
		return
	fi
	SECONDS=0
	kill -TERM "$daemon"
	check "$how: SIGTERM lets everybody go" eventually gone
	check "$how: at once" test $SECONDS -lt 10
	check "$how: and unmounts" eventually unmounted
	crowd=()
}

# start FLAG...: a mount with these flags.
start()
{
	"$BPFUSE" emu "$mnt" -f "$@" &
	daemon=$!
	eventually mountpoint -q "$mnt"
	connection=$(mountpoint -d "$mnt")
	connection=${connection#*:}
}

# run HOW END FLAG...: all of it, and how it ends.
run()
{
	how=$1
	start "${@:3}"
	prepare
	of_all_kinds
	makers
	recover
	unmount "$2"
	wait $daemon
	expect "$how: the daemon ends" 0 $?
}

crowd=()
mkdir "$mnt"
run "default" umount
run "two workers" SIGTERM -o max_threads=2
run "one worker" umount -s
how="much to write"
start
much_to_write
umount "$mnt"
finish
