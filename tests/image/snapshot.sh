#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bpfsnap as its users see it, on the kernel: statuses, streams, witnesses (crit, sha256sum,
# bpftool, tar), a full disk. $1 is the directory with CRIU's images.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/image/snap.sh
. "$(dirname "$0")/snap.sh"
need_bpf
images=$1

mkdir bpffs
mount -t bpf bpf bpffs || skip_all "mount -t bpf is refused"

# status TITLE WANTED COMMAND...
status()
{
	local title=$1 wanted=$2 got
	shift 2
	"$@" >out 2>err
	got=$?
	expect "$title" "$wanted" "$got"
	[ "$wanted" = "$got" ] || comment "$(cat err)"
}

mkdir -p bpffs/app/sub bpffs/place
bpftool map create bpffs/app/flows type hash key 4 value 8 entries 100 name flows
bpftool map create bpffs/app/sub/percpu type percpu_array key 4 value 8 entries 2 name percpu
bpftool map create bpffs/app/devs type devmap key 4 value 4 entries 3 name devs
bpftool map create bpffs/app/queue type queue value 4 entries 10 name queue
for i in 1 2 3; do
	bpftool map update pinned bpffs/app/flows key $i 0 0 0 value $i 0 0 0 0 0 0 0
	bpftool map push pinned bpffs/app/queue value $i 0 0 0
done
bpftool map update pinned bpffs/app/devs key 1 0 0 0 value 1 0 0 0

# --- statuses ---
status "no verb" 2 "$BPFSNAP"
status "no such verb" 2 "$BPFSNAP" frobnicate
expect "in one line" 'bpfsnap: there is no verb "frobnicate"; bpfsnap --help lists them' "$(cat err)"
for verb in dump restore show diff verify export; do
	status "$verb --help" 0 "$BPFSNAP" $verb --help
	expect "$verb --help: on standard output" "usage: bpfsnap $verb" "$(head -n 1 out | cut -d' ' -f1-3)"
	status "$verb --frobnicate" 2 "$BPFSNAP" $verb --frobnicate
	expect "$verb --frobnicate: is named" "bpfsnap: $verb: unrecognized option '--frobnicate'" \
		"$(head -n 1 err)"
done
status "dump without a place" 2 snap dump bpffs/app
status "dump without a path" 2 snap dump -D d
status "dump of a path that is no bpffs" 1 snap dump -D d /proc
status "a queue is left out" 3 snap dump -D partly bpffs/app
expect "and listed" "bpfsnap: left out: app/queue: its elements can be read only by taking them \
out: say --queues for that" "$(cat err)"
status "a complete dump" 0 snap dump -D d --queues --criu --label "the allow list" bpffs/app
status "not over another" 1 snap dump -D d --queues bpffs/app
status "unless it is to be replaced" 0 snap dump -D d --queues --criu --replace \
	--label "the allow list" bpffs/app
mkdir empty
status "an empty directory is filled" 0 snap dump -D empty --queues bpffs/app
status "verify" 0 snap verify d
status "verify of nothing" 1 snap verify nowhere
status "verify without an argument" 2 snap verify
expect "and what is missing" "bpfsnap: verify: say which snapshot, by one DIR or with -i FILE" "$(head -n 1 err)"
: >file
status "a tar file for a directory" 1 snap verify file
expect "and how to say that" "is no directory (a tar file is read by bpfsnap with -i)" "$(cut -d: -f3- <err | cut -c2-)"
snap dump --queues -D base bpffs/app
snap dump --queues --incremental base -D later bpffs/app
mv base moved
status "an incremental one whose base is gone" 1 snap verify later
expect "says what is" "bpfsnap: the base: $PWD/base: No such file or directory" "$(cat err)"
status "unless told where it is" 0 snap verify --base moved later
snap dump --queues --incremental moved -D second bpffs/app
bpftool map update pinned bpffs/app/flows key 9 0 0 0 value 9 0 0 0 0 0 0 0
snap dump --queues --incremental second -D third bpffs/app
bpftool map delete pinned bpffs/app/flows key 9 0 0 0
mkdir chain
mv moved second third chain
status "a chain that was moved" 1 snap verify chain/third
status "its first base is not enough" 1 snap verify --base chain/second chain/third
expect "and which one is missing" "bpfsnap: the base: the base: $PWD/moved: No such file or directory" "$(cat err)"
chain=(--base chain/second --base chain/moved)
for verb in verify show export; do
	status "both are, for $verb" 0 snap "$verb" "${chain[@]}" chain/third
done
expect "show counts with them" "$(snap export --map app/flows "${chain[@]}" chain/third | jq length)" \
	"$(snap show --json "${chain[@]}" chain/third | jq '.maps[] | select(.path == "app/flows").elements')"
expect "diff compares with them" "+ app/flows: 9	9" "$(snap diff "${chain[@]}" chain/moved chain/third)"

# --- witnesses ---
check "sha256sum -c" sh_c 'cd d && sha256sum -c --strict SHA256SUMS'
if command -v crit >/dev/null; then
	for file in bpfmap-file bpfmap-data files inventory; do
		check "crit show $file.img" crit show d/$file.img
		check "crit decode $file.img" crit decode -i d/$file.img -o $file.json
	done
	expect "crit sees the elements" 3 \
		"$(jq '.entries[] | select(.keys_bytes == 12) | .count' bpfmap-data.json)"
	expect "and the maps" "devs flows percpu queue" "$(jq -r '[.entries[].map_name] | sort |
		join(" ")' bpfmap-file.json)"
else
	skip_case "crit" "criu is not installed"
fi
expect "bpftool's JSON is ours" "$(bpftool -j map dump pinned bpffs/app/flows | jq -cS 'sort')" \
	"$(snap export --json=bpftool --map flows d | jq -cS 'sort')"
expect "of per-CPU values too" "$(bpftool -j map dump pinned bpffs/app/sub/percpu | jq -cS .)" \
	"$(snap export --json=bpftool --map app/sub/percpu d | jq -cS .)"
expect "and of empty slots" "$(bpftool -j map dump pinned bpffs/app/devs | jq -cS .)" \
	"$(snap export --json=bpftool --map devs d | jq -cS .)"
# Every kind of BTF; not what the kernel shows in other words each time (lists, struct_ops), nor
# reals, of which bpftool makes no JSON.
mkdir bpffs/types
if [ -r "${TYPES:-}" ] && bpftool prog loadall "$TYPES" bpffs/progs pinmaps bpffs/types 2>load.log; then
	rm -f bpffs/types/idle bpffs/types/listed bpffs/types/reals
	for map in bpffs/types/*; do
		read -r keys values <<<"$(bpftool -j map show pinned "$map" |
			jq -r '"\(.bytes_key) \(.bytes_value)"')"
		for n in 1 2; do
			key=("$n") value=()
			for ((i = 1; i < keys; i++)); do key+=(0); done
			for ((i = 0; i < values; i++)); do value+=($(((i * 37 + n * 11) % 256))); done
			bpftool map update pinned "$map" key "${key[@]}" value "${value[@]}" 2>>update.log
		done
	done
	snap dump -D types bpffs/types
	for map in bpffs/types/*; do
		expect "bpftool's JSON of typed values: $(basename "$map")" \
			"$(bpftool -j map dump pinned "$map" | jq -cS 'sort_by(.key)')" \
			"$(snap export --json=bpftool --map "types/$(basename "$map")" types | jq -cS 'sort_by(.key)')"
	done
else
	skip_case "bpftool's JSON of typed values" "no BPF programs: clang is missing"
fi
expect "export in our shape" '[{"key":1,"value":1},{"key":2,"value":2},{"key":3,"value":3}]' \
	"$(snap export --json --map flows d | jq -c 'sort')"
expect "show --json" "the allow list 4" \
	"$(snap show --json d | jq -r '"\(.label) \(.maps | length)"')"
check "show" sh_c '"$BPFSNAP" show d | grep -q "app/flows .* hash .* 4/8 .* 3/100"'

# The maps of the samples, made again: our entries are CRIU's.
mkdir bpffs/criu
bpftool map create bpffs/criu/demo_hash type hash key 4 value 16 entries 100 name demo_hash
bpftool map create bpffs/criu/demo_array type array key 4 value 8 entries 8 name demo_array
for i in 0 1 2 3 4 5 6 7; do
	bpftool map update pinned bpffs/criu/demo_array key $i 0 0 0 \
		value hex $i$i $i$i $i$i $i$i $i$i $i$i $i$i $i$i
	[ $i -gt 4 ] || bpftool map update pinned bpffs/criu/demo_hash key hex 0$i 10 00 00 \
		value hex 76 61 6c 75 65 2d 3$i 00 00 00 00 00 00 00 00 00
done
snap dump --criu -D criu bpffs/criu
check "our entries are byte for byte those of CRIU 4.2" python3 "$here/entries.py" criu \
	"$images/criu42-basic" demo_hash demo_array

# --- restore and diff ---
status "restore" 0 snap restore -D d bpffs/place
status "diff: the same" 0 snap diff d bpffs/place/app
status "existing pins stay" 1 snap restore -D d bpffs/place
status "unless replaced" 0 snap restore -D d --replace bpffs/place
mkdir bpffs/dry
status "dry run" 0 snap restore -D d --dry-run bpffs/dry
expect "changes nothing" "" "$(ls bpffs/dry)"
status "dry run of what would fail" 1 snap restore -D d --dry-run bpffs/place
bpftool map update pinned bpffs/place/app/flows key 9 0 0 0 value 9 0 0 0 0 0 0 0
bpftool map update pinned bpffs/place/app/flows key 1 0 0 0 value 7 0 0 0 0 0 0 0
bpftool map delete pinned bpffs/place/app/flows key 2 0 0 0
status "diff: different" 1 snap diff d bpffs/place/app
expect "diff tells by key" "+ app/flows: 9	9
- app/flows: 2	2
~ app/flows: 1	1 -> 7" "$(snap diff d bpffs/place/app | grep flows | LC_ALL=C sort)"
status "diff: trouble" 2 snap diff d nowhere
status "restore in place" 0 snap restore -D d --in-place bpffs/place
expect "in place" "" "$(snap diff d bpffs/place/app | grep flows)"
mkdir -p bpffs/blocked/app/flows bpffs/two
status "a directory in a map's place" 1 snap restore -D d --in-place bpffs/blocked
expect "is listed" "bpfsnap: cannot be restored: app/flows: a directory is in its place" \
	"$(grep flows err)"
snap dump --queues -D two bpffs/app/flows bpffs/app/sub
snap restore -D two bpffs/two
status "several paths are compared with what is in a directory" 0 snap diff two bpffs/two
cp -r d told
jq '.label="red\u001b[31m\nkernel   forged" | .omitted=[{"what":"a\u0007b","why":"c\nd"}]' \
	d/manifest.json >told/manifest.json
(cd told && sha256sum ./*.img manifest.json | sed 's, \./, ,' >SHA256SUMS)
expect "a table's lines are ours" 'label    red\x1b[31m\x0akernel   forged
left out: a\x07b: c\x0ad' "$(snap show told | grep -e red -e 'left out')"
status "and so are the sentences" 3 snap restore -D told --partial --replace bpffs/place
expect "whatever the image says" 'bpfsnap: left out: a\x07b: c\x0ad' "$(cat err)"
for image in "$images"/criu42-*; do
	name=$(basename "$image")
	mkdir "bpffs/$name"
	status "restore of $name" 0 snap restore -D "$image" "bpffs/$name"
	status "$name: diff with the directory it is in" 0 snap diff "$image" "bpffs/$name"
	expect "$name: elements" 5 "$(bpftool -j map dump pinned "bpffs/$name/demo_hash" | jq length)"
done
status "frozen maps are frozen" 0 sh_c \
	'! bpftool map update pinned bpffs/criu42-frozen/demo_array key 0 0 0 0 value 1 0 0 0 0 0 0 0'

# --- streams ---
status "through a pipe" 0 sh_c "set -o pipefail; \"$BPFSNAP\" dump --queues --state state -o - \
	bpffs/app | \"$BPFSNAP\" restore --replace --state state -i - bpffs/place"
status "the same came out" 0 snap diff d bpffs/place/app
snap dump --queues -o stream.tar bpffs/app
mkdir tar
check "tar reads the stream" tar -C tar -xf stream.tar
status "and that is a snapshot" 0 snap verify tar
status "verify of a stream" 0 snap verify -i stream.tar
head -c 3000 stream.tar >cut.tar
status "half a stream is refused" 1 snap restore -i cut.tar bpffs/place
status "an empty stream is refused" 1 snap verify -i /dev/null
expect "for that reason" "bpfsnap: the stream: is empty" "$(cat err)"
mkdir damaged
tar -C damaged -xf stream.tar
printf x | dd of=damaged/bpfmap-data.img bs=1 seek=20 conv=notrunc 2>dd.log
tar -C damaged -cf damaged.tar .
status "a damaged one too" 1 snap verify -i damaged.tar
expect "without a word of where it was unpacked" "bpfsnap: the stream: bpfmap-data.img: damaged" \
	"$(cut -d: -f1-4 err)"
status "a reader that goes away" 1 sh_c 'set -o pipefail; "$BPFSNAP" dump --queues --state state -o - \
	bpffs/app | true'
status "a closed standard output" 1 sh_c '"$BPFSNAP" dump --state state -o - bpffs/app >&-'
status "a closed standard input" 1 sh_c '"$BPFSNAP" verify -i - <&-'
for verb in show export verify diff; do
	operands=(tar)
	[ $verb != diff ] || operands=(tar bpffs/place)
	wanted=1
	[ $verb != diff ] || wanted=2
	status "$verb to a full device" $wanted sh_c "\"\$BPFSNAP\" $verb ${operands[*]} >/dev/full"
	expect "$verb to a full device: in one line" 1 "$(grep -c 'No space left' err)"
done
mkfifo fifo
for verb in verify restore; do
	for signal in INT TERM HUP; do
		target=()
		[ $verb = verify ] || target=(bpffs/place)
		# ignored signals stay ignored: SIGINT by what a shell runs beside it, SIGHUP below nohup(1)
		env --default-signal=INT,TERM,HUP "$BPFSNAP" $verb -i fifo "${target[@]}" 2>err &
		pid=$!
		exec 3>fifo
		head -c 2000 stream.tar >&3
		for _ in $(seq 100); do
			[ -z "$(find . -maxdepth 1 -name 'bpfsnap-*')" ] || break
			sleep 0.05
		done
		kill -$signal $pid
		wait $pid
		expect "$verb is ended by SIG$signal while it waits for the stream" 1 $?
		expect "with a word" "bpfsnap: the stream: interrupted" "$(cat err)"
		exec 3>&-
	done
done
expect "and nothing is left of all that" "" "$(find . -maxdepth 1 -name 'bpfsnap-*')"
tar -C tar -cf extra.tar . --transform 's/manifest.json/..\/manifest.json/' 2>/dev/null
status "a stream that leads elsewhere is refused" 1 snap verify -i extra.tar

# --- trouble ---
mkdir small
mount -t tmpfs -o size=64k tmpfs small
bpftool map create bpffs/big type array key 4 value 64 entries 4096 name big
status "no room on the disk" 1 snap dump -D small/d bpffs/big
expect "nothing is left of it" "" "$(ls -A small)"
status "a stream to a full device" 1 snap dump -o /dev/full bpffs/big
mount -t tmpfs -o size=64k tmpfs small
cp cut.tar small/old.tar
status "a stream without room" 1 snap dump -o small/old.tar bpffs/big
check "leaves the file that was there" cmp cut.tar small/old.tar
expect "and nothing else" old.tar "$(ls -A small)"
status "with room" 0 snap dump -o small/old.tar bpffs/app/flows
status "the old one gives way" 0 snap verify -i small/old.tar
umount small
status "no room for files: RLIMIT_FSIZE" 1 sh_c 'trap "" XFSZ; ulimit -f 64; exec "$BPFSNAP" dump \
	--state "$PWD/state" -D limited bpffs/big'
expect "nothing is left of that either" "" "$(find . -maxdepth 1 -name '*limited*')"
mkdir bpffs/drain
for type in hash percpu_hash lru_hash lru_percpu_hash; do
	bpftool map create bpffs/drain/$type type $type key 4 value 8 entries 4096 name "${type:0:15}"
	bpftool map update pinned bpffs/drain/$type key 1 0 0 0 value 1 0 0 0 0 0 0 0
	bpftool map update pinned bpffs/drain/$type key 2 0 0 0 value 2 0 0 0 0 0 0 0
done
snap dump -D undrained bpffs/drain
status "a drain into a full device" 1 snap dump --drain -o /dev/full bpffs/drain
status "has taken nothing" 0 snap diff undrained bpffs/drain
mount -t tmpfs -o size=8k tmpfs small
status "a drain without room for the snapshot" 1 snap dump --drain -D small/d bpffs/drain
expect "is refused for that reason" 1 "$(grep -c 'No space left' err)"
status "a drain without room for its journal" 1 "$BPFSNAP" dump --state small --drain -D no bpffs/drain
status "a refill without room for its undo image" 1 "$BPFSNAP" restore --state small --in-place \
	-D undrained bpffs
status "queues without room for their journal" 1 "$BPFSNAP" dump --state small --queues -D no bpffs/app
umount small
status "have changed nothing" 0 snap diff undrained bpffs/drain
status "an array cannot be drained" 1 snap dump --drain -D no bpffs/big
expect "with the kernel's reason" "bpfsnap: big: cannot be drained: elements of an array cannot be \
deleted: Invalid argument" "$(cat err)"
status "a drain" 0 snap dump --drain -D drained bpffs/drain
status "takes everything" 0 snap diff undrained drained
expect "out" "0 0 0 0" "$(for type in hash percpu_hash lru_hash lru_percpu_hash; do
	bpftool -j map dump pinned bpffs/drain/$type | jq length; done | xargs)"
status "a drain through a pipe" 0 sh_c "set -o pipefail; \"$BPFSNAP\" restore --state state --in-place \
	-D drained bpffs && \"$BPFSNAP\" dump --drain --state state -o - bpffs/drain |
	\"$BPFSNAP\" restore --in-place --state state -i - bpffs"
status "and back" 0 snap diff undrained bpffs/drain
status "omissions of the dump are those of the restore" 3 snap restore -D partly --replace bpffs/place
printf x | dd of=d/bpfmap-data.img bs=1 seek=20 conv=notrunc 2>dd.log
status "a flipped byte is refused" 1 snap restore --replace -D d bpffs/place
expect "with its reason" "bpfsnap: d: bpfmap-data.img: damaged: its SHA-256 sum is not the one in \
SHA256SUMS" "$(cat err)"
expect "nothing of ours is left on the bpffs" "" "$(find bpffs -name 'bpfsnap-*')"
finish
