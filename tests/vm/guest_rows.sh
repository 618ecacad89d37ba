#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In the guest: the rows of both worlds, and what a mount of each shows. run.sh takes it apart.
set -u
echo "release $(uname -r)"
for world in kernel emu; do
	device_rows $world >/tmp/rows.$world 2>/tmp/stderr.$world
	echo "status $world $?"
	sed "s/^/row $world /" /tmp/rows.$world
	sed "s/^/stderr $world /" /tmp/stderr.$world
done

# The same through files. A line is "what TAB answer".
say()
{
	printf 'row %s mount: %s\t%s\n' "$world" "$1" "$2"
}
try()
{
	what=$1
	shift
	# The shell's own words differ between "echo" and programs: the errno's text is at the end.
	answer=$("$@" 2>&1 | sed 's/.*: //' | tr '\n\t' '  ')
	say "$what" "${answer:-ok}"
}
device_new()
{
	if [ $world = kernel ]; then
		echo "7 1" >/sys/bus/netdevsim/new_device
		for path in /sys/bus/netdevsim/devices/netdevsim7/net/*; do
			$IP link set dev "${path##*/}" name nsim
		done
	else
		mkdir devices.offload/nsim
	fi
}
device_end()
{
	if [ $world = kernel ]; then
		echo 7 >/sys/bus/netdevsim/del_device
	else
		rmdir devices.offload/nsim
	fi
}
write()
{
	echo "$1" >"$2"
}

for world in kernel emu; do
	source=emu
	[ $world = emu ] || source=/sys/fs/bpf
	bpfuse $source /mnt -f 2>/tmp/bpfuse.stderr &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -e /mnt/error.log ] && break
		sleep 0.5
	done
	cd /mnt || exit 1
	device_new
	try "create" write 'type=hash key=4 value=8 entries=2 dev=nsim name=bound' bound
	try "create with 3 entries" write 'type=hash key=4 value=8 entries=3 dev=nsim' more
	try "update 1" write 10 bound/1
	try "update 2" write 20 bound/2
	try "update 3" write 30 bound/3
	try "cat 1" cat bound/1
	try "keys" ls bound
	try "entries" cat bound/.map/entries
	try "devices" ls devices.offload
	say "the device's maps" "$(ls devices.offload/nsim/maps | wc -l | tr -d ' ')"
	exec 3<>bound/1
	device_end
	try "dead: cat" cat bound/1
	try "dead: ls" ls bound
	try "dead: update" write 1 bound/1
	try "dead: type" cat bound/.map/type
	try "dead: max_entries" cat bound/.map/max_entries
	say "dead: through an open file" "$(echo 1 2>&1 >&3 | sed 's/.*: //')"
	exec 3>&-
	say "dead: maps by id" "$(ls maps.by-id | wc -l | tr -d ' ')"
	try "dead: devices" ls devices.offload
	try "dead: unpin" rmdir bound
	try "dead: pins" ls -d bound
	cd /
	umount /mnt
	wait
	sed "s/^/stderr $world bpfuse: /" /tmp/bpfuse.stderr
done
