#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The one list of Debian packages that bpfuse needs, by purpose.
#
#   packages.sh list PURPOSE...      print the names, one a line
#   packages.sh missing PURPOSE...   print those that are not installed
#   packages.sh install PURPOSE...   install those; needs root (or sudo) only if there are any
#
# PURPOSE: build (compile and mount), test (all test rings), vm (a kernel of its own for tests),
# package (the Debian package). Exit status: 0, 1 if something could not be installed, 2 usage.
set -euo pipefail

declare -A packages=(
	[build]="gcc libc6-dev linux-libc-dev pkg-config meson ninja-build git
		libfuse3-dev fuse3 libbpf-dev libelf-dev zlib1g-dev libjansson-dev uthash-dev
		libprotobuf-c-dev protobuf-c-compiler libarchive-dev libxxhash-dev libssl-dev libcap-ng-dev libseccomp-dev scdoc"
	[test]="clang llvm lld libclang-rt-14-dev clang-format shellcheck libcriterion-dev bpftool
		python3 jq acl attr bash-completion bc busybox-static criu curl diffutils ed file iproute2
		kmod lsof man-db openssh-client openssh-server procps psmisc rsync sshfs strace systemd tar
		util-linux vim xxd xz-utils"
	[vm]="qemu-system-x86 busybox-static cpio kmod"
	[package]="debhelper dpkg-dev fakeroot lintian"
)

usage()
{
	sed -n '3,12s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

list_packages()
{
	local purpose
	for purpose in "$@"; do
		[ -n "${packages[$purpose]:-}" ] || usage
		# shellcheck disable=SC2086  # the words of the list are the packages
		printf '%s\n' ${packages[$purpose]}
	done | sort -u
}

# dpkg's own database is readable by everybody: no root is needed to find that all is there.
list_missing()
{
	local installed
	installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' |
		sed -n 's/ installed$//p' | sort -u)
	comm -23 <(list_packages "$@") <(printf '%s\n' "$installed")
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "packages.sh: not root and no sudo here; as root, run: apt-get install $missing" >&2
		exit 1
	fi
}

# A package that brings a daemon (openssh-server) must not start it on the developer's machine.
install_quietly()
{
	# shellcheck disable=SC2016  # expanded by the inner shell
	as_root env DEBIAN_FRONTEND=noninteractive sh -ec '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then
			printf "#!/bin/sh\nexit 101\n" >$policy
			chmod 755 $policy
			trap "rm -f $policy" EXIT
		fi
		apt-get update -qq
		log=$(mktemp)
		apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" \
			>"$log" 2>&1 || { cat "$log" >&2; exit 1; }
		rm -f "$log"
	' sh "$@" </dev/null
}

install_packages()
{
	missing=$(list_missing "$@" | tr '\n' ' ')
	if [ -z "$missing" ]; then
		echo "packages.sh: all packages for '$*' are installed"
		return
	fi
	echo "packages.sh: installing for '$*': $missing"
	# shellcheck disable=SC2086
	install_quietly $missing
}

[ $# -ge 2 ] || usage
verb=$1
shift
list_packages "$@" >/dev/null || exit
case $verb in
list) list_packages "$@" ;;
missing) list_missing "$@" ;;
install) install_packages "$@" ;;
*) usage ;;
esac
