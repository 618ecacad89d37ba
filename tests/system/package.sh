#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The Debian packages: built from what git has, looked at by lintian, then installed, enabled,
# upgraded under a live mount, rebooted, removed and purged. All that happens on an overlay over
# this system, with a systemd of its own in namespaces of its own; this system is not touched.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
need_root
for program in dpkg-buildpackage dh lintian systemctl; do
	command -v $program >/dev/null || skip_all "$program is not installed (tools/packages.sh install package)"
done
top=$(cd "$(dirname "$0")/../.." && pwd)
root=$scratch/root
init=

# --- packages ---

# $scratch/VERSION/ gets the packages, built in a copy of what git knows.
build()
{
	local stage=$scratch/$1
	mkdir -p "$stage/bpfuse"
	git -C "$top" ls-files -z | (cd "$top" && tar --null -T - -cf -) | tar -C "$stage/bpfuse" -xf -
	sed -i "1s/([^)]*)/($1)/" "$stage/bpfuse/debian/changelog"
	(cd "$stage/bpfuse" && DEB_BUILD_OPTIONS="parallel=$(nproc) noautodbgsym" \
		dpkg-buildpackage -us -uc -b >"$stage/log" 2>&1) || {
		tail -n 20 "$stage/log" >&2
		return 1
	}
}

# The upgrade is the same program under a higher number: repacked, not compiled again.
repack()
{
	local package
	mkdir "$scratch/0.1.1"
	for package in "$scratch"/0.1.0/{bpfuse,libbpfuse0}_*.deb; do
		dpkg-deb -R "$package" "$scratch/repack" &&
			sed -i 's/^Version: .*/Version: 0.1.1/' "$scratch/repack/DEBIAN/control" &&
			dpkg-deb -b "$scratch/repack" "$scratch/0.1.1" >/dev/null || return
		rm -rf "$scratch/repack"
	done
}

# --- a machine ---

# An overlay over this system without the services that somebody enabled here.
make_machine()
{
	mkdir "$root" "$scratch/layer" &&
		mount -t tmpfs none "$scratch/layer" &&
		mkdir "$scratch/layer/upper" "$scratch/layer/work" &&
		mount -t overlay overlay "$root" \
			-o "lowerdir=/,upperdir=$scratch/layer/upper,workdir=$scratch/layer/work" || return
	rm -rf "$root"/etc/systemd/system/* "$root/usr/sbin/policy-rc.d"
	mkdir -p "$root/stage" "$root/mnt/by-hand" "$root/mnt/boot"
	cp "$scratch"/0.1.0/*.deb "$scratch"/0.1.1/*.deb "$root/stage/"
}

# What its init finds when it starts; runs in the new namespaces.
prepare_boot()
{
	local device
	mount -t proc proc "$root/proc"
	mount -t sysfs sys "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t tmpfs run "$root/run"
	mount -t tmpfs dev "$root/dev"
	mkdir "$root/dev/shm" "$root/dev/pts"
	for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "fuse 10 229"; do
		# shellcheck disable=SC2086
		set -- $device
		mknod -m 666 "$root/dev/$1" c "$2" "$3"
	done
	ln -s /proc/self/fd "$root/dev/fd"
}

boot()
{
	export -f prepare_boot
	export root
	# shellcheck disable=SC2016
	unshare --mount --pid --cgroup --net --uts --ipc --fork --kill-child --propagation private \
		bash -c 'prepare_boot && exec env -i PATH=/usr/sbin:/usr/bin container=bpfuse-test chroot "$root" \
			/lib/systemd/systemd --system --unit=multi-user.target --log-target=null' \
		>"$scratch/boot.log" 2>&1 &
	keeper=$!
	for _ in $(seq 50); do
		init=$(pgrep -P $keeper) && break
		sleep 0.1
	done
	for _ in $(seq 300); do
		inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' && return
		sleep 0.1
	done
	cat "$scratch/boot.log"
	return 1
}

# The power is cut: everything in the namespaces dies with their init.
power_off()
{
	[ -z "$init" ] || kill -9 "$init" 2>/dev/null
	[ -z "${keeper:-}" ] || wait "$keeper" 2>/dev/null
	init=
}

inside()
{
	nsenter --mount --pid --cgroup --net --uts --ipc --target "$init" chroot "$root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C bash -c "$*"
}

# What is not for a package to keep: caches, logs, the state of dpkg and systemd.
files()
{
	inside 'find / -xdev | sort' |
		grep -vE '^/(stage|tmp|root|var/(tmp|log|cache|lib/(dpkg|systemd|private))|etc/(ld.so.cache|machine-id|.updated)|var/.updated)(/|$)'
}

cleanup()
{
	power_off
}

check "dpkg-buildpackage" build 0.1.0
expect "lintian has nothing to say" "" \
	"$(lintian --allow-root --fail-on none --tag-display-limit 0 "$scratch"/0.1.0/*.changes 2>/dev/null | grep '^[EW]:')"
check "a newer version" repack
make_machine 2>"$scratch/error" || skip_all "this kernel has no overlayfs for us: $(cat "$scratch/error")"
boot || skip_all "this kernel has no namespaces in which systemd starts"
ok "a machine boots"
files >"$scratch/before"

check "install" inside 'dpkg -i /stage/*_0.1.0_*.deb'
expect "the programs answer" "0.1.0" "$(inside 'bpfuse --version && bpfsnap 2>/dev/null; true' | grep -o '0\.1\.0')"
for page in 'bpfuse.8' 'bpfsnap.8' 'bpfuse-formats.5' 'bpfuse-scenario.5'; do
	check "manual page $page" inside "man --warnings ${page##*.} ${page%.*} >/dev/null"
done
check "completion" inside 'bash -nO extglob /usr/share/bash-completion/completions/bpfuse &&
	test -e /usr/share/bash-completion/completions/bpfsnap'
expect "systemd takes the installed unit" "" "$(inside 'systemd-analyze verify bpfuse@mnt-boot.service 2>&1')"

check "enable and start" inside 'echo SOURCE=emu >/etc/bpfuse/mnt-boot.conf && systemctl enable --now bpfuse@mnt-boot'
check "the mount answers when systemctl returns" inside 'echo type=hash key=4 value=4 entries=4 >/mnt/boot/m &&
	echo 7 >/mnt/boot/m/1'
check "mount with the installed program" inside 'mount -t fuse.bpfuse emu /mnt/by-hand &&
	echo type=hash key=4 value=4 entries=4 >/mnt/by-hand/m && echo 8 >/mnt/by-hand/m/1'
before=$(inside 'systemctl show -p MainPID bpfuse@mnt-boot')
check "upgrade under live mounts" inside 'dpkg -i /stage/bpfuse_0.1.1_*.deb /stage/libbpfuse0_0.1.1_*.deb'
expect "which go on" "7 8" "$(inside 'echo $(cat /mnt/boot/m/1 /mnt/by-hand/m/1)')"
check "and are of use" inside 'echo 9 >/mnt/boot/m/2 && rm /mnt/boot/m/1 && ls /mnt/boot/maps.by-id'
expect "the service is the same process" "$before" "$(inside 'systemctl show -p MainPID bpfuse@mnt-boot')"
check "unmount" inside 'umount /mnt/by-hand'
check "the new version mounts" inside 'bpfuse emu /mnt/by-hand && ls /mnt/by-hand/maps.by-id && umount /mnt/by-hand'

inside 'kill -9 $(systemctl show -P MainPID bpfuse@mnt-boot)'
for _ in $(seq 100); do
	inside 'ls /mnt/boot/maps.by-id' >/dev/null 2>&1 && break
	sleep 0.1
done
check "after kill -9 the service mounts again" inside 'ls /mnt/boot/maps.by-id && systemctl is-active bpfuse@mnt-boot'
expect "and the dead mount has gone" 1 "$(inside 'grep -c " /mnt/boot fuse.bpfuse " /proc/mounts')"

power_off
boot && ok "the machine reboots" || not_ok "the machine reboots"
check "it is mounted at boot" inside 'systemctl is-active bpfuse@mnt-boot && ls /mnt/boot/maps.by-id'

check "remove" inside 'dpkg -r bpfuse libbpfuse-dev libbpfuse0'
expect "ends the service" "inactive 0" \
	"$(inside 'echo $(systemctl is-active bpfuse@mnt-boot) $(grep -c /mnt/boot /proc/mounts)')"
check "purge" inside 'dpkg -P bpfuse libbpfuse-dev libbpfuse0'
files >"$scratch/after"
expect "nothing is left behind" "" "$(comm -13 "$scratch/before" "$scratch/after")"
expect "nothing is missing" "" "$(comm -23 "$scratch/before" "$scratch/after")"
finish
