# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: one function a group of contestants, which share their map and their mounts.

A group asks `bench.alternate()` for the times of its contestants, taken in turn, and adds the rows
of the table that follow from them. Ratios are ours / rival, so a target is an upper bound; "n times
faster" is 1/n.
"""
import contextlib
import os
import time

import house as home
from house import run, timed, timed_copy

GLIBC_DIRENT_BUFFER = 32768
MULTIPLIER = 2654435761  # workload.h: the key of element number i is i * MULTIPLIER


def key_name(index):
    return str(index * MULTIPLIER % 2**32)


def read_all(bench):
    house, pin = bench.house, bench.house.make_map("read", bench.elements)
    with house.mounted() as mount:
        files = mount.path("read", ".map")
        times = bench.alternate({
            "entries": lambda: timed("cat", f"{files}/entries"),
            "entries.json": lambda: timed("cat", f"{files}/entries.json"),
            "entries.bin": lambda: timed("cat", f"{files}/entries.bin"),
            "kernel's cat": lambda: timed("cat", pin),
            "bpftool -j": lambda: timed("bpftool", "-j", "map", "dump", "pinned", pin),
            "lookup_batch": lambda: house.tool("bench-map", "lookup-batch", pin)["seconds"],
        })
    bench.row("read entries", times, "entries", "kernel's cat", 0.5)
    bench.row("read entries", times, "entries", "bpftool -j", 1 / 15)
    bench.row("read entries", times, "entries", "lookup_batch", 1.6)
    bench.row("read entries.json", times, "entries.json", "bpftool -j", 1 / 12)
    bench.row("read entries.bin", times, "entries.bin", "lookup_batch", None)
    house.drop_map(pin)


def write_all(bench):
    """Into an empty map each time; emptying it is not measured."""
    house, count = bench.house, bench.elements
    pin = house.make_map("write", 0, count)
    batch_count = max(count // 20, 1000)
    batch = house.elements_file("bpftool", batch_count, pin)

    def emptied(measure):
        house.tool("bench-map", "clear", pin)
        return measure()

    with house.mounted() as mount:
        def copy(form, name):
            source = house.elements_file(form, count)
            return lambda: emptied(lambda: timed_copy(source, mount.path("write", ".map", name)))

        times = bench.alternate({
            "entries": copy("text", "entries"),
            "entries.json": copy("json", "entries.json"),
            "entries.bin": copy("bin", "entries.bin"),
            "update_batch": lambda: emptied(
                lambda: house.tool("bench-map", "update-batch", pin, str(count))["seconds"]),
            # 20 us a line: fewer lines, and its time scaled up.
            "bpftool batch": lambda: emptied(
                lambda: timed("bpftool", "batch", "file", batch) * count / batch_count),
        })
    bench.row("write entries", times, "entries", "update_batch", 1.8)
    bench.row("write entries.bin", times, "entries.bin", "update_batch", 1.3)
    bench.row("write entries", times, "entries", "bpftool batch", 1 / 20)
    bench.row("write entries.bin", times, "entries.bin", "bpftool batch", 1 / 20)
    bench.row("write entries.json", times, "entries.json", "update_batch", None)
    house.drop_map(pin)


def list_names(bench):
    house, pin = bench.house, bench.house.make_map("list", bench.elements)
    with house.mounted() as mount, house.nullfs(bench.elements) as null:
        ours, rival = mount.path("list"), null.path("m")

        def getdents(directory):
            answer = house.client("list", directory, buffer=GLIBC_DIRENT_BUFFER)
            bench.check(answer["operations"] == bench.elements, "names are missing")
            return answer["seconds"]

        times = bench.alternate({
            "ls -f": lambda: timed("ls", "-f", ours),
            "getdents": lambda: getdents(ours),
            "null ls -f": lambda: timed("ls", "-f", rival),
            "null getdents": lambda: getdents(rival),
            "lookup_batch": lambda: house.tool("bench-map", "lookup-batch", pin)["seconds"],
        })
    times["null ls + batch"] = bench.sum(times, "null ls -f", "lookup_batch")
    times["null getdents + batch"] = bench.sum(times, "null getdents", "lookup_batch")
    bench.row("ls -f", times, "ls -f", "null ls + batch", 1.3)
    bench.row("list by getdents", times, "getdents", "null getdents + batch", 1.3)
    house.drop_map(pin)


def list_long(bench):
    """From a cold cache each time: the kernel has forgotten every key before.

    Once in the directory itself, and once by its path, where each of the three system calls that
    ls makes for a key looks the directory up again: the name of a pin is never kept, and so the
    null filesystem's is not.
    """
    house, count, by_path = bench.house, bench.held, bench.held // 20
    pins = {"long": house.make_map("long", count), "path": house.make_map("path", by_path)}
    with (house.mounted() as mount, house.nullfs(count) as null,
          house.nullfs(by_path) as null_path):
        for daemon in (mount, null, null_path):
            daemon.stay_on_cpu(0)

        def listed(place, name, *arguments, cwd=None):
            house.client("forget", place.directory)
            return timed("taskset", "-c", str(os.cpu_count() - 1), "ls", "-l", *arguments,
                         cwd=cwd and place.path(name))

        check_sizes(bench, mount.path("long"), count)
        times = bench.alternate({
            "ls -l": lambda: listed(mount, "long", cwd=True),
            "null ls -l": lambda: listed(null, "m", cwd=True),
        }, {
            "ls -l DIR": lambda: listed(mount, "path", mount.path("path")),
            "null ls -l DIR": lambda: listed(null_path, "m", null_path.path("m")),
        })
    bench.row(f"ls -l of {count:,} keys", times, "ls -l", "null ls -l", 1.3)
    bench.row(f"ls -l DIR, {by_path:,} keys", times, "ls -l DIR", "null ls -l DIR", 1.3)
    for pin in pins.values():
        house.drop_map(pin)


def check_sizes(bench, directory, count):
    """What `ls -l` shows is the length of what is read."""
    sizes = {line.split()[8]: int(line.split()[4])
             for line in run("ls", "-l", cwd=directory).splitlines()[1:]}
    bench.check(len(sizes) == count, "ls -l: keys are missing")
    for name in (key_name(i) for i in range(0, count, count // 20)):
        with open(os.path.join(directory, name), "rb") as file:
            bench.check(sizes[name] == len(file.read()), "ls -l: a size is not true")


def single_keys(bench):
    """A median of medians over single operations, and the same of the 99th percentiles."""
    house, pin = bench.house, bench.house.make_map("single", bench.elements, bench.elements)
    operations = bench.operations
    cases = {
        "one key: open+read+close": ("read", {}, 1.15),
        "one key: open+write+close": ("write", {}, 1.15),
        "random keys: open+read+close": ("read", {"keys": bench.elements}, 1.15),
        "random keys: open+write+close": ("write", {"keys": bench.elements}, 1.15),
        "create+write+close": ("create", {"first": bench.elements}, 1.2),
        "unlink": ("unlink", {"first": bench.elements}, 1.2),
    }
    with house.mounted() as mount, house.nullfs(bench.elements) as null:
        ours, rival = mount.path("single"), null.path("m")
        # The client goes from CPU to CPU; the daemons stay, so that both have the same neighbours.
        mount.stay_on_cpu(0)
        null.stay_on_cpu(0)

        # Bursts on both in turn, by the client itself: {title: pair of answers} of each round.
        results = bench.alternate(*({
            title: lambda operation=operation, options=options:
                house.client(operation, ours, operations=operations, rival=rival, **options)
        } for title, (operation, options, _) in cases.items()))
    medians, tails = bench.pairs(results, "p50_us", 1e-6), bench.pairs(results, "p99_us", 1e-6)
    for title, (_, _, target) in cases.items():
        bench.row(title, medians, title, "null " + title, target)
        if "one key" in title:
            bench.row(title + ", p99", tails, title, "null " + title, 2)
    house.drop_map(pin)


def two_clients(bench):
    house, pin = bench.house, bench.house.make_map("clients", bench.elements)
    operations = bench.operations

    def seconds_each(place, threads):
        answer = house.client("read", place, operations=operations, threads=threads, keys=1000)
        return answer["seconds"] / answer["operations"]

    with house.mounted() as mount, house.nullfs(bench.elements) as null:
        ours, rival = mount.path("clients"), null.path("m")
        times = bench.alternate({
            "two": lambda: seconds_each(ours, 2),
            "one": lambda: seconds_each(ours, 1),
            "null two": lambda: seconds_each(rival, 2),
            "null one": lambda: seconds_each(rival, 1),
        }, rounds=bench.rounds * 2)
    bench.row("two clients: time an operation", times, "two", "one", 1 / 1.5)
    bench.row("the same, null filesystem", times, "null two", "null one", None)
    house.drop_map(pin)


def processes(bench):
    house, pin = bench.house, bench.house.make_map("process", bench.elements)
    count = bench.operations // 10
    key = [str(byte) for byte in (MULTIPLIER * 7 % 2**32).to_bytes(4, "little")]
    plain = house.path("plain")
    with open(plain, "w", encoding="ascii") as file:
        file.write("7\n")
    with house.mounted() as mount:
        path = mount.path("process", key_name(7))
        results = bench.alternate({
            "cat": lambda: house.spawn(count, "cat", path),
            "bpftool lookup": lambda: house.spawn(count, "bpftool", "map", "lookup", "pinned",
                                                  pin, "key", *key),
            "cat of a plain file": lambda: house.spawn(count, "cat", plain),
        })
    times = bench.pick(results, "p50_us", 1e-6)
    bench.row("cat map/42 as a process", times, "cat", "bpftool lookup", 1)
    bench.row("cat of a plain file, likewise", times, "cat of a plain file", "bpftool lookup",
              None)
    house.drop_map(pin)


def requests(bench):
    """In the map's directory; each directory of a longer path is one LOOKUP more."""
    house, pin = bench.house, bench.house.make_map("requests", bench.elements)
    path = house.path("requests.log")
    with open(path, "wb") as log, house.traced(log) as mount:
        place = mount.path("requests")

        def counted(*command):
            with home.waiting(*command, cwd=place) as go:
                position = os.path.getsize(path)
                go()
            return home.count_requests(path, position)

        answers = {
            "cat key": (counted("cat", key_name(1)), 4),
            "cat path/to/key": (counted("cat", os.path.join(place, key_name(2))), None),
            "stat key": (counted("stat", key_name(3)), 2),
            "stat path/to/key": (counted("stat", os.path.join(place, key_name(4))), 2),
            "ls -f": (counted("ls", "-f"), 1300),
        }
    for title, (counts, bound) in answers.items():
        detail = " ".join(f"{name}={n}" for name, n in sorted(counts.items()))
        bench.value(f"requests of {title}", sum(counts.values()), bound, "", detail)
    house.drop_map(pin)


def emulation(bench):
    # An array's operations are so short that fewer of them measure the start of the threads.
    for kind, count in (("hash", bench.elements // 4), ("array", bench.elements)):
        results = bench.alternate(
            {"both": lambda kind=kind, count=count: bench.house.tool("bench-backends", kind,
                                                        str(count))})["both"]
        for operation in ("lookup", "update", "insert", "delete", "iterate"):
            if operation not in results[0]["emu"]:
                continue
            times = {side: [result[side][operation] * 1e-9 for result in results]
                     for side in ("emu", "bpf")}
            bench.row(f"emulated {kind}: {operation}", times, "emu", "bpf", 1)
        for operation in ("lookup", "update"):
            scaling = {side: [1 / result[side]["scaling_" + operation] for result in results]
                       for side in ("emu", "bpf")}
            # With n CPUs four threads cannot be more than n times as fast.
            bench.row_relative(f"emulated {kind}: {operation}, 4 threads / 1", scaling["emu"],
                               1 / min(4, os.cpu_count() * 0.75))
            bench.row_relative(f"kernel's {kind}: {operation}, 4 threads / 1", scaling["bpf"],
                               None)
        if kind == "hash":
            memory = {side: [result[side]["memory"] for result in results]
                      for side in ("emu", "bpf")}
            bench.row("emulated hash: memory", memory, "emu", "bpf", 1.5, unit="bytes")


def memory(bench):
    house, pin = bench.house, bench.house.make_map("memory", bench.elements)
    with house.mounted() as mount:
        place = mount.path("memory")
        house.client("list", place, buffer=GLIBC_DIRENT_BUFFER)
        house.client("stat", place, operations=bench.held)
        house.client("list", place, buffer=GLIBC_DIRENT_BUFFER)
        bench.value(f"memory: list all, {bench.held:,} keys held", mount.peak_mib(), 64, "MiB",
                    "VmHWM")
        house.client("forget", mount.directory)
        time.sleep(1)
        bench.value("memory: when they are forgotten", mount.resident_mib(), 16, "MiB", "VmRSS")
        before = fuse_inodes()
        timed("ls", "-l", cwd=place)
        time.sleep(0.5)
        # fs/evict.h bounds them; the kernel frees an inode a moment after it is forgotten.
        bench.value(f"kernel inodes after ls -l of {bench.elements:,}",
                    max(fuse_inodes() - before, 0), 2**17 * 5 // 4, "", "slabinfo")
        house.client("forget", mount.directory)
        time.sleep(1)
        bench.value("memory: after that, forgotten", mount.resident_mib(), None, "MiB", "VmRSS")
    house.drop_map(pin)


def fuse_inodes():
    """Inodes of all FUSE mounts in the kernel's memory."""
    with open("/proc/slabinfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("fuse_inode "):
                return int(line.split()[1])
    return 0


def growth(bench):
    """Time an element in a big and in a small map; beside it, what the kernel's own batch does."""
    house, big, small = bench.house, bench.elements * 10, bench.elements // 10
    repeat = 5
    pins = {"big": house.make_map("big", big), "small": house.make_map("small", small)}
    counts = {"big": big, "small": small * repeat}

    def each(size, measure):
        turns = repeat if size == "small" else 1
        return sum(measure(size) for _ in range(turns)) / counts[size]

    def dump(size):
        with contextlib.suppress(FileNotFoundError):
            run("rm", "-rf", house.path("dump"))
        return timed(house.bpfsnap, "dump", "-D", house.path("dump"), pins[size])

    with house.mounted() as mount:
        measures = {
            "list": lambda size: house.client("list", mount.path(size))["seconds"],
            "read entries": lambda size: timed("cat", mount.path(size, ".map", "entries")),
            "dump": dump,
            "lookup_batch": lambda size: house.tool("bench-map", "lookup-batch",
                                                    pins[size])["seconds"],
        }
        if not os.path.exists(house.bpfsnap):
            del measures["dump"]
        times = bench.alternate({
            f"{title}, {size}": lambda size=size, measure=measure: each(size, measure)
            for title, measure in measures.items() for size in pins
        })
    for title in measures:
        bench.row(f"growth {small:,} to {big:,}: {title}", times, f"{title}, big",
                  f"{title}, small", None if title == "lookup_batch" else 1.2)
    for pin in pins.values():
        house.drop_map(pin)


def mounting(bench):
    house, source = bench.house, bench.house.path("pins")
    os.mkdir(source)
    run("mount", "-t", "bpf", "none", source)
    try:
        house.tool("bench-map", "pins", source, "1000")
        target = house.path("mounting")
        os.mkdir(target)

        def mount_once():
            seconds = timed(house.bpfuse, source, target)
            bench.check(len(os.listdir(target)) >= 1000, "pins are missing")
            run("umount", target)
            return seconds

        times = bench.alternate({"mount": mount_once})["mount"]
        bench.value("mount answers, 1,000 pins", bench.median(times) * 1e3, 100, "ms")
        with house.mounted(source) as mount:
            time.sleep(0.5)
            before = mount.cpu_seconds()
            time.sleep(2)
            bench.value("idle CPU in 2 s", (mount.cpu_seconds() - before) * 1e3, 0, "ms")
    finally:
        run("umount", source)


GROUPS = [read_all, write_all, list_names, list_long, single_keys, two_clients, processes,
          requests, emulation, memory, growth, mounting]
