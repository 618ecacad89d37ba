#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes a kernel that has netdevsim, out of Debian's packages, once, in a cache directory.
#
#   kernel.sh [CACHE]     default: ${XDG_CACHE_HOME:-~/.cache}/bpfuse-vm
#
# Debian's kernels come without netdevsim, so its module is built beside Debian's own kernel, from
# Debian's own source package of the same version. Packages are unpacked, none is installed.
# Prints the directory that then holds vmlinuz, release, version and modules/*.ko. Exit status 77:
# the packages cannot be had (no network, no apt).
set -euo pipefail

cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/bpfuse-vm}
series=6.1

skip()
{
	echo "kernel.sh: $*" >&2
	exit 77
}

# The newest linux-image whose headers, kbuild and source are there in the same version.
choose_version()
{
	local image
	apt-cache madison "linux-source-$series" | awk '{ print $3 }' | while read -r version; do
		image=$(apt-cache search "^linux-image-$series.0-[0-9]+-amd64\$" | awk '{ print $1 }' |
			sort -rV | while read -r name; do
				apt-cache madison "$name" | awk '{ print $3 }' | grep -qxF "$version" &&
					echo "$name" && break
			done || true)
		if [ -n "$image" ]; then
			echo "$version $image"
			break
		fi
	done
}

fetch()
{
	local package=$1 version=$2
	apt-get download -qq "$package=$version" >&2 || skip "cannot download $package $version"
	dpkg-deb -x "$package"_*.deb root
	rm -f "$package"_*.deb
}

# The unpacked header tree names its common part by an absolute path; point it at ours.
fix_headers()
{
	local headers=$1 common=$2
	sed -i "s|/usr/src/linux-headers-[^ ]*-common|$common|g" "$headers/Makefile"
	rm -f "$headers/scripts" "$headers/tools" "$common/scripts" "$common/tools"
	for part in scripts tools; do
		ln -s "$PWD/root/usr/lib/linux-kbuild-$series/$part" "$common/$part"
		ln -s "$PWD/root/usr/lib/linux-kbuild-$series/$part" "$headers/$part"
	done
}

build_netdevsim()
{
	local headers=$1
	tar -xf "root/usr/src/linux-source-$series.tar.xz" --strip-components=1 \
		"linux-source-$series/drivers/net/netdevsim"
	nice make -C "$headers" M="$PWD/drivers/net/netdevsim" CONFIG_NETDEVSIM=m modules >build.log 2>&1 || {
		tail -20 build.log >&2
		return 1
	}
}

build()
{
	local version=$1 image=$2 release headers common
	release=${image#linux-image-}
	fetch "$image" "$version" || fetch "$image-unsigned" "$version"
	fetch "linux-headers-$release" "$version"
	fetch "linux-headers-${release%-amd64}-common" "$version"
	fetch "linux-kbuild-$series" "$version"
	fetch "linux-source-$series" "$version"
	headers=$PWD/root/usr/src/linux-headers-$release
	common=$PWD/root/usr/src/linux-headers-${release%-amd64}-common
	fix_headers "$headers" "$common"
	build_netdevsim "$headers"

	mkdir -p out/modules
	cp "root/boot/vmlinuz-$release" out/vmlinuz
	cp drivers/net/netdevsim/netdevsim.ko out/modules/
	for module in psample fuse veth cls_bpf sch_ingress inet_diag tcp_diag udp_diag unix_diag; do
		find "root/lib/modules/$release" -name "$module.ko*" -exec cp {} out/modules/ \;
	done
	echo "$release" >out/release
	echo "$version" >out/version
}

for tool in apt-get apt-cache dpkg-deb make gcc; do
	command -v "$tool" >/dev/null || skip "no $tool here"
done
if [ ! -e "$cache/kernel/version" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/build.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	cd "$work"
	read -r version image < <(choose_version) || true
	[ -n "${image:-}" ] || skip "apt knows no linux-source-$series with an image of its version"
	echo "kernel.sh: building netdevsim for $image ($version) in $cache" >&2
	build "$version" "$image"
	rm -rf "$cache/kernel"
	mv out "$cache/kernel"
fi
echo "$cache/kernel"
