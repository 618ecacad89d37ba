#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# stream and push: a real program's records through the mount.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../mounts.sh"
[ "$BACKEND" = kernel ] || skip_all "needs a BPF program that emits"
[ -n "${EMIT_OBJECT:-}" ] || skip_all "needs clang for the BPF program"
source_prepare "$BACKEND"
mkdir -p "$source/p" "$source/m"
bpftool prog loadall "$EMIT_OBJECT" "$source/p" pinmaps "$source/m" >/dev/null 2>&1 ||
	skip_all "this kernel has no program that emits so"
records=${RECORDS:-1000000}

mount_start
fails "without -o streams" "Operation not permitted" "head -c 1 m/ring/stream"
logged "a sentence" "-o streams"
mount_stop

mount_start streams
cat >"$scratch/reader.py" <<'END'
# Reads lines until it has seen or been told lost `wanted` records; checks their order.
import json, os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
wanted, last, seen, lost, bad, rest = int(sys.argv[2]), -1, 0, 0, 0, b""
print("open", flush=True)
poller = select.poll()
poller.register(fd, select.POLLIN)
while seen + lost < wanted:
    if not poller.poll(20000):
        print("nothing comes any more")
        break
    *lines, rest = (rest + os.read(fd, 1 << 20)).split(b"\n")
    for line in lines:
        if line[:1] == b"{":
            lost += json.loads(line)["lost"]
            continue
        record = bytes.fromhex(line[5:-1].decode())
        number = int.from_bytes(record[:8], "little")
        bad += number <= last or int.from_bytes(record[12:16], "little") != (~number & 0xffffffff)
        last, seen = number, seen + 1
print(seen, lost, bad)
END

# reader_start STREAM RECORDS: in the background; returns when it has the stream open.
reader_start()
{
	: >"$scratch/reader.out"
	python3 "$scratch/reader.py" "$1" "$2" >"$scratch/reader.out" &
	reader_pid=$!
	while kill -0 $reader_pid && ! grep -q '^open' "$scratch/reader.out"; do
		sleep 0.05
	done
}

# What it counted, when it has ended: $seen $lost $bad.
reader_end()
{
	wait "$reader_pid"
	read -r seen lost bad <<<"$(tail -n 1 "$scratch/reader.out")"
}

reader_start "$mnt/m/ring/stream" "$records"
# What the ring refuses while the reader is behind is counted by the program, and emitted again.
emitted=0
while [ "$emitted" -lt "$records" ]; do
	left=$((records - emitted))
	"$RUN_PROG" "$source/p/ring_emit" $((left < 20000 ? left : 20000)) || break
	emitted=$(cat "$mnt/m/emit_statistics/0")
done
reader_end
expect "ring buffer: every record that the kernel took, in order" "$(cat "$mnt/m/emit_statistics/0") 0 0" "$seen $lost $bad"

reader_start "$mnt/m/events/stream" 20000
emitted=0
while [ "$emitted" -lt 20000 ]; do
	"$RUN_PROG" "$source/p/events_emit" $((20000 - emitted < 200 ? 20000 - emitted : 200)) || break
	emitted=$(($(cat "$mnt/m/emit_statistics/2") + $(cat "$mnt/m/emit_statistics/3")))
done
reader_end
expect "perf events: all that were emitted or lost, in order" "$emitted 0" "$((seen + lost)) $bad"
expect "none that was counted as emitted is missing" "$(cat "$mnt/m/emit_statistics/2")" "$seen"

cat >"$scratch/wait.py" <<'END'
import os, select, signal, subprocess, sys, threading, time
path, run, prog = sys.argv[1:]
fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
try:
    os.read(fd, 100)
    print("read something")
except BlockingIOError:
    print("EAGAIN")
poller = select.epoll()
poller.register(fd, select.EPOLLIN)
print("quiet", poller.poll(0.3))
threading.Timer(0.4, lambda: subprocess.run([run, prog, "1"])).start()
start = time.time()
events = poller.poll(5)
print("woken", len(events), time.time() - start < 2)
print("line", os.read(fd, 4096).endswith(b'"\n'))
# A blocking read ends by a signal; the mount goes on meanwhile.
os.set_blocking(fd, True)
class Alarm(Exception):
    pass
def alarm(*_):
    raise Alarm
signal.signal(signal.SIGALRM, alarm)
signal.setitimer(signal.ITIMER_REAL, 0.5)
start = time.time()
try:
    os.read(fd, 100)
except Alarm:
    print("interrupted", time.time() - start < 2)
# More readers than the daemon has threads.
fds = [os.open(path, os.O_RDONLY) for _ in range(12)]
for f in fds:
    threading.Thread(target=lambda f=f: os.read(f, 100), daemon=True).start()
time.sleep(0.3)
print("answers", bool(os.listdir(os.path.dirname(path))))
subprocess.run([run, prog, "40"])
os._exit(0)
END
expect "poll, signals, many readers" 'EAGAIN
quiet []
woken 1 True
line True
interrupted True
answers True' "$(timeout 60 python3 "$scratch/wait.py" "$mnt/m/ring/stream" "$RUN_PROG" "$source/p/ring_emit" 2>&1)"

works "push into a user ring buffer" "for i in 1 2 3; do echo hex-0\${i}00000000000000 >m/pushed/push; done"
fails "what is no record" "Invalid argument" "echo nonsense >m/pushed/push"
"$RUN_PROG" "$source/p/pushed_drain" 1
same "drained by a program: count and sum" "cat m/emit_statistics/4 m/emit_statistics/5" '3
6'
fails "a full ring" "No space" "for i in \$(seq 1000); do echo hex-0100000000000000 >m/pushed/push || exit 1; done"
mount_stop
finish
