#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Open files as values and keys: a number means the file that the caller has open, as for bpf(2).
# shellcheck disable=SC2010,SC2012  # what ls prints is what is tested
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/mounts.sh"
need_bpf

bpffs=$(mount_bpffs bpffs)
mount_bpfuse "$bpffs" "$scratch/mnt"
cd "$scratch/mnt" || exit 1

exec 7<>/dev/udp/127.0.0.1/9 8<>/dev/udp/127.0.0.1/9

# --- values ---

echo 'type=sockmap key=4 value=8 entries=4' >socks
check "a socket by the number that the writer has for it" sh_c 'echo 7 >socks/0'
check "another process, the same number, another socket" sh_c 'exec 7<&8; echo 7 >socks/1'
expect "their cookies differ" 2 "$(cat socks/0 socks/1 | sort -u | wc -l)"
check "the same socket under another number" sh_c 'exec 20<&7; echo 20 >socks/2'
expect "is the same" "$(cat socks/0)" "$(cat socks/2)"
refuses "a number that is not open" "Bad file descriptor" sh_c 'echo 99 >socks/3'
refuses "a file that is no socket" "non-socket" sh_c 'echo 30 >socks/3 30</dev/null'
refuses "a number that none can have" "Invalid argument" sh_c 'echo 3000000000 >socks/3'
refuses "out of range comes from the kernel" "Argument list too long" sh_c 'echo 7 >socks/9'
expect "three are in" 3 "$(ls socks | wc -l)"
check "several through entries" sh_c "printf '2\\t8\\n3\\t7\\n' >socks/.map/entries"
expect "each where it belongs" "$(cat socks/0 socks/1)" "$(cat socks/3 socks/2)"
refuses "the line that is refused is told" "Bad file descriptor" \
	sh_c "printf '2\\t7\\n3\\t99\\n' | cat >socks/.map/entries"
expect "with its number" 1 "$(tail -n 1 error.log | grep -c 'element 2 of 2')"
refuses "bytes are numbers too: there is no file 0x63" "Bad file descriptor" \
	sh_c "printf 'c\\0\\0\\0\\0\\0\\0\\0' >socks/.map/raw/3"
check "and 7 is the socket" sh_c "printf '\\7\\0\\0\\0\\0\\0\\0\\0' >socks/.map/raw/1"
expect "in its place" "$(cat socks/0)" "$(cat socks/1)"
check "gone is gone" rm socks/0

python3 - socks/0 <<'END' && ok "a thread's files are its process's" || not_ok "a thread's files are its process's"
import socket, sys, threading
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
    own.connect(("127.0.0.1", 9))
    def put():
        with open(sys.argv[1], "w") as file:
            file.write(f"{own.fileno()}\n")
    thread = threading.Thread(target=put)
    thread.start()
    thread.join()
    cookie = own.getsockopt(socket.SOL_SOCKET, 57, 8)
    with open(sys.argv[1]) as file:
        shown = int(file.read())
    sys.exit(shown != int.from_bytes(cookie, sys.byteorder))
END
expect "a socket that is closed is out of the map" 0 "$(ls socks | grep -cx 0)"

echo 'type=cgroup_array key=4 value=4 entries=2' >groups
mkdir "$scratch/cgroup"
if mount -t cgroup2 cgroup2 "$scratch/cgroup" 2>/dev/null; then
	check "a cgroup is its open directory" sh_c "echo 9 >groups/0 9<'$scratch/cgroup'"
	refuses "another directory is none" "Bad file descriptor" sh_c "echo 9 >groups/0 9<'$scratch'"
	check "out again" rm groups/0
else
	skip_case "a cgroup is its open directory" "cgroup2 cannot be mounted"
fi

# --- keys ---

if [ -e "${STORAGE_OBJECT:-}" ] && command -v bpftool >/dev/null; then
	mkdir "$bpffs/stores"
	bpftool -f prog loadall "$STORAGE_OBJECT" "$bpffs/stores" pinmaps "$bpffs/stores" 2>"$scratch/err" ||
		comment "$(cat "$scratch/err")"
	store=stores/of_sockets
	check "storage of the socket that the writer calls 7" sh_c "echo 70 >$store/7"
	expect "read by that number" 70 "$(cat $store/7)"
	expect "and by any other that it has" 70 "$(cat $store/21 21<&7)"
	refuses "the other socket has none" "No such file" cat $store/8
	check "each its own" sh_c "echo 80 >$store/8"
	expect "at the same moment, by the same number" "70 80" "$(echo "$(cat $store/7)" "$(cat $store/7 7<&8)")"
	refuses "who has no such file" "Bad file descriptor" sh_c "exec 7<&-; cat $store/7"
	check "deleted by its number" rm $store/8
	refuses "it is gone" "No such file" cat $store/8
	python3 - stores/of_tasks <<'END' && ok "a task by its pidfd" || not_ok "a task by its pidfd"
import os, sys
key = f"{sys.argv[1]}/{os.pidfd_open(os.getpid())}"
with open(key, "w") as file:
    file.write("5\n")
with open(key) as file:
    assert file.read() == "5\n"
os.unlink(key)
assert not os.path.exists(key)
END
	refuses "they cannot be listed" "not supported" ls $store
else
	skip_case "storage of sockets and tasks" "no clang or no bpftool to make the maps with"
fi
finish
