#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots a kernel in qemu, runs a script in it, prints what the script printed.
#
#   boot.sh KERNEL-DIRECTORY SCRIPT FILE...
#
# KERNEL-DIRECTORY is what kernel.sh printed. The guest is an initramfs of busybox, the SCRIPT,
# the FILEs (under /test/, by their own names) and, for programs, the shared libraries they use.
# No disk, no network, no KVM; 15 to 30 seconds. BOOT_TIMEOUT (default 240) seconds at most.
# Exit status: the script's; 77: qemu, busybox or cpio is missing; 1: the guest did not finish.
set -euo pipefail

skip()
{
	echo "boot.sh: $*" >&2
	exit 77
}

copy_with_libraries()
{
	local file=$1 target=$2 library
	install -D "$file" "$root/$target"
	# What ldd says of scripts and static programs is nothing.
	{ ldd "$file" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
		[ -e "$root$library" ] || install -D "$library" "$root$library"
	done
}

make_root()
{
	local file
	mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,test,modules,mnt,etc}
	install "$(command -v busybox)" "$root/bin/busybox"
	for file in ip bpftool umount fusermount3; do
		copy_with_libraries "$(command -v "$file")" "usr/bin/$file"
	done
	# dlopen(3)ed by pthread_cancel(3), so that ldd does not show it
	copy_with_libraries "$(gcc -print-file-name=libgcc_s.so.1)" lib/x86_64-linux-gnu/libgcc_s.so.1
	cp "$kernel"/modules/*.ko "$root/modules/"
	install "$script" "$root/test/script"
	for file in "$@"; do
		copy_with_libraries "$file" "test/$(basename "$file")"
	done
	cat >"$root/init" <<-'INIT'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/usr/bin:/test:/bin
		export IP=/usr/bin/ip # busybox's shell takes its own applet for a bare "ip"
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		mount -t debugfs debug /sys/kernel/debug
		mount -t bpf bpf /sys/fs/bpf
		mount -t tmpfs tmp /tmp
		mount -t tmpfs run /run
		for module in psample netdevsim fuse veth cls_bpf sch_ingress inet_diag tcp_diag udp_diag; do
			[ ! -e /modules/$module.ko ] || insmod /modules/$module.ko 2>/dev/null
		done
		ip link set lo up
		echo "@@@ begin"
		sh /test/script
		echo "@@@ end $?"
		poweroff -f
	INIT
	chmod 755 "$root/init"
}

boot()
{
	# A guest that hangs must not hang its host.
	timeout "${BOOT_TIMEOUT:-240}" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 768 \
		-cpu max -nographic -no-reboot -nodefaults -serial stdio \
		-kernel "$kernel/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 quiet panic=-1 rdinit=/init" </dev/null 2>"$work/qemu.err" |
		tr -d '\r' | sed 's/.*@@@ begin$/@@@ begin/' >"$work/console" || true
}

[ $# -ge 2 ] || { sed -n '3,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
for tool in qemu-system-x86_64 busybox cpio; do
	command -v "$tool" >/dev/null || skip "no $tool here: tools/packages.sh install vm"
done
kernel=$1
script=$2
shift 2
work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT

make_root "$@"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd"
boot
sed -n '/^@@@ begin$/,/^@@@ end /p' "$work/console" | sed '/^@@@/d'
status=$(sed -n 's/^@@@ end \([0-9]*\)$/\1/p' "$work/console")
if [ -z "$status" ]; then
	echo "boot.sh: the guest did not finish; its last words:" >&2
	tail -20 "$work/console" "$work/qemu.err" >&2
	exit 1
fi
exit "$status"
