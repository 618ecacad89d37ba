#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the processes of live mounts may still do, by what /proc says of each of their threads; and
# that what maps hold reaches no log.
#   privilege.sh bpfuse.8.scd
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../fuse/mounts.sh"
need_bpf

page=$1
secret=Vq7Zm4Rt
mkdir "$scratch/mnt" "$scratch/bpffs"
mount -t bpf none "$scratch/bpffs" || skip_all "bpffs cannot be mounted"

declare -A bits=([CAP_CHOWN]=0 [CAP_DAC_OVERRIDE]=1 [CAP_DAC_READ_SEARCH]=2 [CAP_FOWNER]=3
	[CAP_FSETID]=4 [CAP_SETGID]=6 [CAP_SETUID]=7 [CAP_NET_ADMIN]=12 [CAP_SYS_PTRACE]=19
	[CAP_SYS_ADMIN]=21 [CAP_PERFMON]=38 [CAP_BPF]=39)
reading="CAP_BPF CAP_SYS_ADMIN CAP_PERFMON CAP_DAC_READ_SEARCH CAP_SYS_PTRACE"
writing="CAP_NET_ADMIN CAP_SETUID CAP_SETGID CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID"

# mask NAME...: as /proc prints it.
mask()
{
	local sum=0 name
	for name in "$@"; do
		sum=$((sum | 1 << ${bits[$name]}))
	done
	printf '%016x\n' $sum
}

# What all threads of a process have in this line of their status.
threads_have()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1"/task/*/status | sort -u | paste -sd' '
}

# limit_of PID NAME: soft and hard.
limit_of()
{
	awk -v name="$2" 'index($0, name) == 1 { print $(NF - 2), $(NF - 1) }' "/proc/$1/limits"
}

# writable PID: the files, devices and directories it holds open to write, but for its output.
writable()
{
	local info fd path
	for info in /proc/"$1"/fdinfo/*; do
		fd=${info##*/}
		path=$(readlink "/proc/$1/fd/$fd")
		[ "$fd" -gt 2 ] && [[ $path = /* ]] && (($(sed -n 's/^flags:[[:space:]]*/0/p' "$info") & 3)) && echo "$path"
	done | paste -sd' '
}

# start SOURCE OPTIONS: in the foreground, $daemon is its number and $unmounter its helper's.
start()
{
	"$BPFUSE" -f "$1" "$mnt" -o "$2" ${3:-} 2>"$scratch/stderr" >"$scratch/stdout" &
	daemon=$!
	for _ in $(seq 100); do
		[ -d "$mnt/maps.by-id" ] && break
		sleep 0.1
	done
	unmounter=$(pgrep -P $daemon)
}

stop()
{
	kill $daemon
	wait $daemon
}

# check_mount TITLE SOURCE OPTIONS CAPABILITY...
check_mount()
{
	local title=$1 options=$3 set readers=()
	start "$2" "$3"
	shift 3
	# Threads come with the load.
	for _ in 1 2 3 4; do
		ls "$mnt" "$mnt"/*.by-id >/dev/null 2>&1 &
		readers+=($!)
	done
	wait "${readers[@]}"
	for set in CapPrm CapEff; do
		expect "$title: $set" "$(mask "$@")" "$(threads_have $daemon $set)"
	done
	expect "$title: nothing to inherit, nothing to gain" "$(mask) $(mask) $(mask)" \
		"$(threads_have $daemon CapInh) $(threads_have $daemon CapAmb) $(threads_have $daemon CapBnd)"
	expect "$title: no_new_privs, a seccomp filter" "1 2" \
		"$(threads_have $daemon NoNewPrivs) $(threads_have $daemon Seccomp)"
	[ "$options" = ro ] &&
		expect "$title: one thing is open to write, the mount's own device" /dev/fuse "$(writable $daemon)"
	expect "$title: no core files" "0 0" "$(limit_of $daemon "Max core file size")"
	expect "$title: as many files as it may" 1 \
		"$(limit_of $daemon "Max open files" | awk '{ print $1 == $2 }')"
	expect "$title: who unmounts may do nothing else" "$(mask CAP_SYS_ADMIN) 1 2" \
		"$(threads_have "$unmounter" CapPrm) $(threads_have "$unmounter" NoNewPrivs) $(threads_have "$unmounter" Seccomp)"
	stop
	expect "$title: and it did" "" "$(findmnt -rn --mountpoint "$mnt")"
}

# shellcheck disable=SC2086
check_all()
{
	check_mount "emulated" emu rw
	check_mount "emulated, ro" emu ro
	check_mount "kernel" "$scratch/bpffs" rw $reading $writing
	check_mount "kernel, ro" "$scratch/bpffs" ro $reading
}

page_names()
{
	expect "the page names $1" 1 "$(sed -n '/^# SECURITY/,/^# EXAMPLES/p' "$page" | grep -cw "$1" | sed 's/[2-9]/1/')"
}

# A mount on a directory of the same mode, with one word more.
check_allow_other()
{
	local source
	for source in emu "$scratch/bpffs"; do
		start "$source" allow_other
		expect "allow_other forces default_permissions: ${source##*/}" "allow_other,default_permissions" \
			"$(findmnt -rn -o FS-OPTIONS --mountpoint "$mnt" | tr ',' '\n' |
				grep -E '^(allow_other|default_permissions)$' | sort | paste -sd,)"
		stop
	done
	refuses "there is no word against it" "unknown option" \
		"$BPFUSE" emu "$mnt" -o allow_other,no_default_permissions
}

# Refusals of every kind, on and around a map whose value nobody but its reader is to see.
provoke()
{
	local value
	cd "$mnt" || exit 1
	echo 'type=hash key=u32 value=16 entries=2 name=secrets' >secrets
	echo 'value=str' >secrets/.map/format
	echo "$secret" >secrets/1
	echo other >secrets/2
	cat secrets/1 secrets/.map/entries secrets/.map/entries.json secrets/.map/raw/1 >"$scratch/seen"
	grep -c "$secret" "$scratch/seen" >"$scratch/count"
	{
		for value in '{"a":1}' '[1,2]' 'hex-00' 'far too long a text for sixteen bytes'; do
			echo "$value" >secrets/1
		done
		printf '1\tx\n1 2 3\n' >secrets/.map/entries
		echo '[{"key":1}]' >secrets/.map/entries.json
		echo 1 >secrets/3
		echo ab >secrets/.map/raw/1
		truncate -s 3 secrets/1
		mv secrets/1 secrets/3
		chown 1 secrets/1
		set -C
		echo new >secrets/1
		set +C
		echo 'pinned=secrets' >secrets/1/x
		echo 'key=u8' >secrets/.map/format
		echo 1 >secrets/.map/frozen
		echo again >secrets/1
		rm secrets/1
	} 2>/dev/null
	cp error.log "$scratch/error.log"
	cd / || exit 1
}

# told_addresses PID FILE...: which of the files' handles tell where something is in that process.
told_addresses()
{
	python3 - "$@" <<-'EOF'
	import ctypes, struct, sys
	with open(f"/proc/{sys.argv[1]}/maps", encoding="ascii") as maps:
	    ranges = [[int(end, 16) for end in line.split()[0].split("-")] for line in maps]
	libc = ctypes.CDLL(None, use_errno=True)
	for path in sys.argv[2:]:
	    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
	    if libc.name_to_handle_at(-100, path.encode(), handle, ctypes.byref(ctypes.c_int()), 0):
	        print("no handle:", path)
	    high, low, generation = struct.unpack_from("=III", handle, 8)
	    if any(first <= high << 32 | low < last for first, last in ranges):
	        print("an address:", path)
	EOF
}

check_handles()
{
	start emu rw
	echo 'type=hash key=u32 value=u64 entries=2' >"$mnt/map"
	echo 1 >"$mnt/map/1"
	expect "name_to_handle_at(2) tells no address of the daemon" "" \
		"$(told_addresses $daemon "$mnt"/map{,/1,/.map,/.map/info} "$mnt/maps.by-id")"
	stop
}

check_secrets()
{
	local source
	for source in emu "$scratch/bpffs"; do
		start "$source" rw -d
		provoke
		stop
		expect "${source##*/}: its reader sees it" 4 "$(cat "$scratch/count")"
		expect "${source##*/}: there were refusals" 1 "$(awk 'END { print (NR > 8) }' "$scratch/error.log")"
		expect "${source##*/}: it is in no log, not with -d either" "" \
			"$(grep -l "$secret" "$scratch"/{error.log,stderr,stdout})"
		expect "${source##*/}: nor as numbers" "" \
			"$(grep -lE "$(printf '%s' "$secret" | od -An -tx1 | tr -d ' \n' | cut -c1-8)" "$scratch"/{error.log,stderr,stdout})"
		rm -f "$scratch/bpffs/secrets"
	done
}

check_all
for name in $reading $writing; do
	page_names "$name"
done
check_allow_other
check_handles
check_secrets
finish
