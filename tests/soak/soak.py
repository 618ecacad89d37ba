#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many clients doing everything at once on one mount, with an exact ledger.

usage: soak.py --source emu|kernel|BPFFS --seconds N [--seed N] [--kill-daemon]

Mounts $BPFUSE on a scratch place, runs the clients of clients.py for so long, then checks that
 - no client found a promise broken,
 - every key's value is one that its ledger allows,
 - the daemon's memory, descriptors and threads are as they were after the first part.
`kernel` is a bpffs that is mounted for the run. With --kill-daemon (kernel backend: there the maps outlive it) the daemon is killed at random
moments and mounted again by a new one; clients then see errors, but the ledger must hold.
Exit status 0 if all was so.
"""
import argparse
import errno
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import clients
import ledger as ledgers

GONE = (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.ENOENT, errno.ENODEV)


class Daemon:
    def __init__(self, source, place):
        self.source, self.place = source, place
        self.process = None

    def start(self):
        self.process = subprocess.Popen([os.environ["BPFUSE"], "-f", "-o", "streams", self.source, self.place])
        deadline = time.monotonic() + 60
        while not os.path.isdir(f"{self.place}/maps.by-id"):
            if self.process.poll() is not None:
                raise SystemExit("soak: bpfuse ended while mounting")
            if time.monotonic() > deadline:
                raise SystemExit("soak: the mount does not answer")
            time.sleep(0.05)

    def kill_and_restart(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def size(self):
        """Resident KiB, descriptors, threads."""
        pid = self.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as stream:
            status = stream.read()
        return (int(re.search(r"VmRSS:\s+(\d+)", status)[1]),
                len(os.listdir(f"/proc/{pid}/fd")),
                int(re.search(r"Threads:\s+(\d+)", status)[1]))


def run_client(function, place, scratch, seed, deadline, tolerant, faults):
    """The body of a client's process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    own = ledgers.Ledger(f"{scratch}/ledger.{function.__name__}.{os.getpid()}")
    generator = random.Random(seed)
    while time.monotonic() < deadline:
        try:
            function(place, scratch, generator, lambda: time.monotonic() >= deadline, own)
        except clients.Wrong as wrong:
            faults.put(f"{function.__name__}: {wrong}")
            return
        except OSError as error:
            if not tolerant or error.errno not in GONE + (errno.EEXIST, errno.ENOTEMPTY):
                faults.put(f"{function.__name__}: {error}")
                return
            time.sleep(0.1)  # the daemon is just being killed


def final_content(place):
    with open(f"{place}/ledger/.map/entries", encoding="ascii") as stream:
        return dict(line.rstrip("\n").split("\t") for line in stream)


def quiet(queue):
    faults = []
    while not queue.empty():
        faults.append(queue.get())
    return faults


def size_faults(before, after, seconds):
    """Flat: a few pages of allocator's slack, no descriptor, no thread that stays."""
    faults = []
    if seconds >= 30 and after[0] > before[0] * 1.25 + 8192:
        faults.append(f"memory grew from {before[0]} to {after[0]} KiB")
    if after[1] > before[1] + 8:
        faults.append(f"descriptors grew from {before[1]} to {after[1]}")
    if after[2] > before[2] + 8:
        faults.append(f"threads grew from {before[2]} to {after[2]}")
    return faults


def soak(arguments, place, scratch):
    queue = multiprocessing.Queue()
    daemon = Daemon(arguments.source, place)
    daemon.start()
    clients.write_file(f"{place}/ledger", "type=hash key=4 value=8 entries=200000 flags=no_prealloc")
    clients.write_file(f"{place}/steady", "type=array key=4 value=8 entries=16")
    todo = list(clients.EVERYWHERE)
    if arguments.source.startswith("emu"):
        todo += clients.EMULATED_ONLY
    if arguments.kill_daemon:
        todo = [clients.updater] * 4 + [clients.bulk_writer, clients.killed_writer]
    began = time.monotonic()
    deadline = began + arguments.seconds
    processes = [multiprocessing.Process(target=run_client, args=(
        function, place, scratch, arguments.seed + i, deadline, arguments.kill_daemon, queue))
        for i, function in enumerate(todo)]
    for process in processes:
        process.start()

    before = None
    kills = 0
    while time.monotonic() < deadline and any(p.is_alive() for p in processes):
        time.sleep(min(1, max(0.1, deadline - time.monotonic())))
        if arguments.kill_daemon and random.random() < 0.4:
            daemon.kill_and_restart()
            kills += 1
        elif before is None and time.monotonic() > began + arguments.seconds / 3:
            before = daemon.size()
    faults = []
    for process in processes:
        process.join(60)
        if process.is_alive():
            faults.append(f"client {process.pid} does not end: it hangs in the mount")
            process.kill()
        elif process.exitcode:
            faults.append(f"client {process.pid} ended with {process.exitcode}")
    faults += quiet(queue)

    wrong, updates = ledgers.check(
        [f"{scratch}/{n}" for n in os.listdir(scratch) if n.startswith("ledger.")],
        final_content(place))
    faults += wrong
    after = daemon.size()
    if before and not kills:
        faults += size_faults(before, after, arguments.seconds)
    if daemon.stop() != 0:
        faults.append(f"the daemon ended with status {daemon.process.returncode}")
    print(f"# {arguments.source}: {len(todo)} clients, {updates} updates in the ledger, "
          f"{kills} kills of the daemon, KiB/descriptors/threads {before} -> {after}")
    return faults


def skip_reason(source):
    """Why this cannot run here, or None."""
    if not os.access("/dev/fuse", os.W_OK):
        return "no /dev/fuse that may be opened"
    if source == "kernel" and os.geteuid() != 0:
        return "the kernel backend needs root"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kill-daemon", action="store_true")
    arguments = parser.parse_args()
    if "TEST_SHARE" in os.environ:
        arguments.seconds = max(arguments.seconds * int(os.environ["TEST_SHARE"]) / 100, 10)
    if reason := skip_reason(arguments.source):
        print(f"1..0 # SKIP {reason}")
        return 0
    scratch = tempfile.mkdtemp(prefix="bpfuse-soak-")
    place = f"{scratch}/mnt"
    os.mkdir(place)
    title = f"soak {arguments.source}{' with kill -9' if arguments.kill_daemon else ''}"
    bpffs = f"{scratch}/bpffs" if arguments.source == "kernel" else None
    if bpffs:
        os.mkdir(bpffs)
        subprocess.run(["mount", "-t", "bpf", "none", bpffs], check=True)
        arguments.source = bpffs
    print(f"# seed {arguments.seed}", flush=True)
    try:
        faults = soak(arguments, place, scratch)
    finally:
        subprocess.run(["umount", "-l", place], stderr=subprocess.DEVNULL, check=False)
        if bpffs:
            subprocess.run(["umount", "-l", bpffs], check=False)
        shutil.rmtree(scratch, ignore_errors=True)
    for fault in faults[:50]:
        print(f"# {fault}")
    print(f"{'not ok' if faults else 'ok'} 1 - {title}\n1..1")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
