#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What TAB offers for bpfuse and bpfsnap: words, files, images, and, where $BPFUSE says with what to
# mount, the maps that are pinned on this machine. Prints TAP.
#   completion.sh COMPLETION-FILE
set -u
. /usr/share/bash-completion/bash_completion 2>/dev/null || {
	echo "1..0 # SKIP bash-completion is not installed"
	exit 0
}
# shellcheck disable=SC1090
. "$1"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place" || exit 1
mkdir -p snaps/first snaps/second snaps/other mnt
: >snaps/first/bpfmap-data.img
: >snaps/second/bpfmap-file.img
: >scenario.json
: >types.txt
number=0
failed=0

# compopt works only inside a real completion.
compopt()
{
	:
}

# offers LINE WORD...: TAB at the end of LINE offers exactly these words.
offers()
{
	local line=$1 got want
	shift
	COMP_LINE=$line
	COMP_POINT=${#line}
	read -r -a COMP_WORDS <<<"${line//[:=]/ & }"
	[[ $line != *' ' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	"_${COMP_WORDS[0]}"
	got=$(printf '%s\n' "${COMPREPLY[@]}" | sort -u | tr '\n' ' ')
	want=$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')
	number=$((number + 1))
	if [ "$got" = "$want" ]; then
		echo "ok $number - $line"
	else
		failed=1
		printf 'not ok %d - %s\n# offered: %s\n# wanted: %s\n' $number "$line" "$got" "$want"
	fi
}

offers 'bpfuse em' emu emu:
offers 'bpfuse emu:s' scenario.json snaps/
offers 'bpfuse image:snaps/' snaps/first snaps/second
offers 'bpfuse emu m' mnt
offers 'bpfuse emu mnt -o str' streams
offers 'bpfuse emu mnt -o ro,al' ro,allow_other
offers 'bpfuse emu mnt -o keys=h' hex
offers 'bpfuse emu mnt -o ro,formats=ty' types.txt
offers 'bpfsnap ' diff dump export restore show verify
offers 'bpfsnap re' restore
offers 'bpfsnap show -D snaps/' snaps/first snaps/second
offers 'bpfsnap restore -D snaps/f' snaps/first
offers 'bpfsnap restore --re' --replace
offers 'bpfsnap diff snaps/s' snaps/second
offers 'bpfsnap dump --lab' --label
offers 'bpfsnap restore --cpus ' match copy sum
offers 'bpfsnap dump --label text --incremental snaps/f' snaps/first
offers 'bpfsnap dump --label text -D sn' snaps
offers 'bpfuse image:sn' snaps/
offers 'bpfuse -' -f -d -s -o -h --help -V --version

# Every verb, its operands and what each of its options takes.
offers 'bpfsnap -' -h --help -V --version
offers 'bpfsnap dump -' -D -o --label --criu --queues --verify --drain --incremental --replace --state --quiet
offers 'bpfsnap dump --directory sn' snaps
offers 'bpfsnap dump -o sc' scenario.json
offers 'bpfsnap dump --output sc' scenario.json
offers 'bpfsnap dump --label '
offers 'bpfsnap dump --state sn' snaps
offers 'bpfsnap dump --state=sn' snaps
offers 'bpfsnap dump --incremental=snaps/s' snaps/second
offers 'bpfsnap dump -o - ./ty' ./types.txt
offers 'bpfsnap restore -' -D -i --base --partial --replace --in-place --dry-run --cpus --state --quiet
offers 'bpfsnap restore -i ty' types.txt
offers 'bpfsnap restore --input ty' types.txt
offers 'bpfsnap restore --directory snaps/s' snaps/second
offers 'bpfsnap restore --base snaps/s' snaps/second
offers 'bpfsnap restore --cpus=s' sum
offers 'bpfsnap restore --state sn' snaps
offers 'bpfsnap restore -D snaps/first m' mnt
offers 'bpfsnap restore -D snaps/first t'
offers 'bpfsnap restore -D snaps/first mnt '
offers 'bpfsnap show -' -D -i --base --json
offers 'bpfsnap show snaps/' snaps/first snaps/second
offers 'bpfsnap show snaps/first '
offers 'bpfsnap show -i ty' types.txt
offers 'bpfsnap show --json='
offers 'bpfsnap diff -' --base --json --brief
offers 'bpfsnap diff snaps/first ./sc' ./scenario.json
offers 'bpfsnap diff --brief snaps/first snaps/' snaps/first snaps/second snaps/other
offers 'bpfsnap diff snaps/first snaps/second '
offers 'bpfsnap verify -' -D -i --base --quiet
offers 'bpfsnap verify --base snaps/f' snaps/first
offers 'bpfsnap verify snaps/f' snaps/first
offers 'bpfsnap export -' -D -i --base --json --map
offers 'bpfsnap export --json=' ours bpftool
offers 'bpfsnap export --json=b' bpftool
offers 'bpfsnap export --json snaps/f' snaps/first
offers 'bpfsnap export --map '
offers 'bpfsnap export -i - --map '

# Names no other map of this machine has.
maps()
{
	local mine=Qz$$x
	mkdir far bpffs near
	"$BPFUSE" emu far && mkdir far/app || return
	echo 'type=array key=4 value=4 entries=1' >far/app/${mine}flows
	echo 'type=array key=4 value=4 entries=1' >far/${mine}drops
	mkdir far/${mine}directory
	offers "bpfsnap dump ${mine}" "$place/far/app/${mine}flows" "$place/far/${mine}drops"
	offers "bpfsnap dump ${mine}fl" "$place/far/app/${mine}flows"
	if mount -t bpf none bpffs 2>/dev/null && "$BPFUSE" bpffs near 2>/dev/null &&
		{ echo 'type=array key=4 value=4 entries=1' >near/${mine}pinned; } 2>/dev/null; then
		offers "bpfsnap dump ${mine}pi" "$place/bpffs/${mine}pinned" "$place/near/${mine}pinned"
		offers "bpfuse $place/b" "$place/bpffs"
		# What lies over a bpffs is none.
		mkdir hidden
		mount -t bpf none hidden && mount -t tmpfs none hidden
		: >hidden/${mine}file
		offers "bpfsnap dump ${mine}fi"
	fi
	PATH=$(dirname "$BPFSNAP"):$PATH
	offers "bpfsnap diff snaps/first ${mine}dr" "$place/far/${mine}drops"
	offers "bpfsnap show ${mine}dr"
	bpfsnap dump --state state -D taken -- far/app far/${mine}drops
	offers 'bpfsnap export taken --map ' app/${mine}flows ${mine}drops
	offers "bpfsnap export taken --map app/" app/${mine}flows
	offers "bpfsnap export -D taken --json=bpftool --map=${mine}" ${mine}drops
	offers "bpfsnap export --map ${mine}"
	bpfsnap dump --state state -o taken.tar far/${mine}drops
	offers 'bpfsnap export --input taken.tar --map ' ${mine}drops
	offers 'bpfsnap verify ta' taken
}

unmount()
{
	local directory
	cd /
	for directory in far near bpffs hidden hidden; do
		umount "$place/$directory" 2>/dev/null || fusermount3 -u "$place/$directory" 2>/dev/null
	done
}

if [ -n "${BPFUSE:-}" ]; then
	maps
	unmount
fi
echo "1..$number"
exit $failed
