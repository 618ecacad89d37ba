#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The Debian packages: built from what git has, lintian, then installed, used, upgraded under a
# live mount, removed and purged in an overlay over this system, which itself is not touched.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
need_root
command -v dpkg-buildpackage >/dev/null && dpkg -s debhelper >/dev/null 2>&1 ||
	skip_all "dpkg-buildpackage and debhelper are not installed"
top=$(cd "$(dirname "$0")/../.." && pwd)

# A stage of the packages with this version, in $scratch/VERSION/.
build()
{
	local stage=$scratch/$1
	mkdir -p "$stage/bpfuse"
	git -C "$top" ls-files -z | (cd "$top" && tar --null -T - -cf -) | tar -C "$stage/bpfuse" -xf -
	sed -i "1s/([^)]*)/($1)/" "$stage/bpfuse/debian/changelog"
	(cd "$stage/bpfuse" && dpkg-buildpackage -us -uc -b >"$stage/log" 2>&1) || {
		tail -n 20 "$stage/log"
		return 1
	}
}

cleanup()
{
	[ -z "${keeper:-}" ] || kill "$keeper" 2>/dev/null
}

check "dpkg-buildpackage" build 0.1.0
if command -v lintian >/dev/null; then
	expect "lintian finds no error" "" \
		"$(lintian --fail-on none --tag-display-limit 0 "$scratch"/0.1.0/*.changes 2>&1 | grep '^E:')"
else
	skip_case "lintian finds no error" "lintian is not installed"
fi

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
check "a newer version" repack

mkdir "$scratch/root" "$scratch/layer"
mount -t tmpfs none "$scratch/layer"
mkdir "$scratch/layer/upper" "$scratch/layer/work"
mount -t overlay overlay "$scratch/root" \
	-o "lowerdir=/,upperdir=$scratch/layer/upper,workdir=$scratch/layer/work" ||
	skip_all "this kernel has no overlayfs for us"
mkdir -p "$scratch/root/stage" "$scratch/root/mnt/bpf"
cp "$scratch"/0.1.0/*.deb "$scratch"/0.1.1/*.deb "$scratch/root/stage/"

# In namespaces of its own: what is mounted in there is nobody else's.
unshare --mount --pid --fork --propagation private --kill-child sleep infinity &
keeper=$!
for _ in $(seq 50); do
	inner=$(pgrep -P $keeper) && break
	sleep 0.1
done
inside()
{
	nsenter --mount --pid --target "$inner" chroot "$scratch/root" \
		env DEBIAN_FRONTEND=noninteractive bash -c "$*"
}
check "proc, dev" inside 'mount -t proc proc /proc && mount -t devtmpfs dev /dev'
inside 'find / -xdev -not -path "/proc/*" | sort' >"$scratch/before"

check "install" inside 'dpkg -i /stage/*_0.1.0_*.deb'
expect "the programs answer" "0" "$(inside 'bpfuse --version >/dev/null && echo $?')"
for page in 'bpfuse.8' 'bpfsnap.8' 'bpfuse-formats.5' 'bpfuse-scenario.5'; do
	check "manual page $page" inside "test -s /usr/share/man/man${page##*.}/$page.gz"
done
cat >"$scratch/root/stage/use.c" <<'END'
#include <stdio.h>
#include <bpfuse/backend.h>
int main(void)
{
	struct fault fault = FAULT_INIT;
	struct backend *backend;
	int error = backend_open("emu", &(struct backend_options){0}, &backend, &fault);

	if (!error)
		backend_close(backend);
	return error != 0;
}
END
check "a program against the library" inside \
	'cc -o /stage/use /stage/use.c $(pkg-config --cflags --libs bpfuse) && /stage/use'
check "mount with the installed program" inside \
	'mount -t fuse.bpfuse emu /mnt/bpf && echo type=hash key=4 value=4 entries=4 >/mnt/bpf/m && echo 7 >/mnt/bpf/m/1'
check "upgrade under the live mount" inside 'dpkg -i /stage/bpfuse_0.1.1_*.deb /stage/libbpfuse0_0.1.1_*.deb'
expect "which goes on" 7 "$(inside cat /mnt/bpf/m/1)"
check "unmount" inside 'umount /mnt/bpf'
check "the new version mounts" inside 'bpfuse emu /mnt/bpf && ls /mnt/bpf/maps.by-id && umount /mnt/bpf'
check "remove" inside 'dpkg -r bpfuse libbpfuse-dev libbpfuse0'
inside 'mkdir -p /etc/bpfuse && echo SOURCE=emu >/etc/bpfuse/mnt.conf'
check "purge" inside 'dpkg -P bpfuse libbpfuse-dev libbpfuse0'
inside 'rm -f /stage/use /stage/use.c; find / -xdev -not -path "/proc/*" | sort' >"$scratch/after"
expect "nothing is left behind" "" "$(comm -13 "$scratch/before" "$scratch/after" |
	grep -vE '^/(stage|tmp|run|var/(lib/dpkg|log|cache)|etc/ld.so.cache)(/|$)')"
finish
