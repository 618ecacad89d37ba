#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random system calls on a mounted tree, against a model of what must come.

usage: model.py [--place MOUNTPOINT] [--calls N] [--seed N]... [--seconds N]

MOUNTPOINT is a writable bpfuse mount; without it $BPFUSE is mounted with the emulated backend. The
model is a few maps of different types, each a dictionary with a limit, and one process that calls;
so every result is known: value, listing, size or errno. First the sequences of regressions/ are
played, then one of N calls for each seed, or for --seconds one seed after the other.

A sequence that fails is shortened: calls are left out for as long as it fails. It is printed as
lines of JSON, the shortest sequence first: such lines in a file of regressions/ are played for
ever. Prints TAP; exit status 1 if any failed.
"""
import argparse
import errno
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ENTRIES = 24
KINDS = ["hash", "array", "hash"]
# What is done under one name of a map shows under another when the kernel's caches say so.
TICK = 0.03  # attributes
KEPT = 1.2  # existence
NONSENSE = ["x", "{}", "1 2", "18446744073709551616", "-1", "1.5", "0x"]


class Difference(Exception):
    pass


class Map:
    """What a hash or array map with u32 keys and u64 values holds, under two names."""

    def __init__(self, place, number, kind):
        self.path, self.again = f"{place}/model{number}", f"{place}/again{number}"
        self.array = kind == "array"
        self.values = {i: 0 for i in range(ENTRIES)} if self.array else {}
        self.held = None  # key and descriptor
        self.changed = [0, 0]  # when, through the other of the names
        self.unlinked = {}  # when a key was, by name of the map that was not used and key
        write_once(self.path, os.O_WRONLY | os.O_CREAT,
                   f"type={kind} key=4 value=8 entries={ENTRIES}")
        with open(f"{self.path}/.map/id", encoding="ascii") as stream:
            write_once(self.again, os.O_WRONLY | os.O_CREAT, f"map={stream.read().strip()}")

    def close(self):
        if self.held:
            os.close(self.held[1])
        os.rmdir(self.path)
        os.rmdir(self.again)

    def file(self, key, name=0):
        return f"{self.again if name else self.path}/{key}"

    def existing(self, choice):
        return sorted(self.values)[choice % len(self.values)] if self.values else choice

    def settle(self, name):
        """Attributes that are asked for under this name are of now."""
        time.sleep(max(0, self.changed[name] + TICK - time.monotonic()))

    def may_be_kept(self, name, key):
        """Whether the kernel may believe under this name that a key is there."""
        when = self.unlinked.get((name, key), -KEPT)
        return key not in self.values and time.monotonic() < when + KEPT

    def change(self, name):
        self.changed[1 - name] = time.monotonic()

    def update(self, key, value, must_not_exist=False, must_exist=False):
        """0 or the errno."""
        there = key in self.values
        if must_not_exist and there:
            return errno.EEXIST
        if must_exist and not there:
            return errno.ENOENT
        if not there and (self.array or len(self.values) >= ENTRIES):
            return errno.E2BIG
        self.values[key] = value
        return 0


def outcome(action, *arguments):
    """(0, result) or (errno, None)."""
    try:
        return 0, action(*arguments)
    except OSError as error:
        return error.errno, None


def write_once(path, flags, text):
    fd = os.open(path, flags, 0o644)
    try:
        os.write(fd, text if isinstance(text, bytes) else text.encode())
    finally:
        os.close(fd)


def read_all(path, mode="r"):
    with open(path, mode) as stream:
        return stream.read()


def expect(what, wanted, got):
    if wanted != got:
        raise Difference(f"{what}: wanted {wanted}, got {got}")


# --- the calls: each with the map and its arguments, which are numbers below 2 ** 32 ---

def call_write(model, name, key, value, exclusive):
    """echo v > key, with or without set -C."""
    if exclusive % 3 == 0 and model.may_be_kept(name, key):
        return
    model.change(name)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if exclusive % 3 == 0 else os.O_TRUNC)
    wanted = model.update(key, value, must_not_exist=exclusive % 3 == 0)
    expect("write", wanted, outcome(write_once, model.file(key, name), flags, str(value))[0])


def call_overwrite(model, name, key, value):
    model.change(name)
    wanted = model.update(key, value, must_exist=True)
    expect("overwrite", wanted,
           outcome(write_once, model.file(key, name), os.O_WRONLY, str(value))[0])


def call_append(model, name, key, value):
    """>> replaces, and does not make a key that is gone."""
    model.change(name)
    wanted = 0 if key in model.values else errno.ENOENT
    if key in model.values:
        model.values[key] = value
    expect("append", wanted, outcome(write_once, model.file(key, name),
                                     os.O_WRONLY | os.O_APPEND, str(value))[0])


def call_touch(model, name, key):
    """A new key becomes zero; one that is there stays."""
    def touch(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.utime(fd)
        finally:
            os.close(fd)
    model.change(name)
    wanted = 0 if key in model.values else model.update(key, 0)
    expect("touch", wanted, outcome(touch, model.file(key, name))[0])


def call_read(model, name, key):
    wanted = (0, f"{model.values[key]}\n") if key in model.values else (errno.ENOENT, None)
    expect("read", wanted, outcome(read_all, model.file(key, name)))


def call_stat(model, name, key):
    model.settle(name)
    wanted = (errno.ENOENT, None)
    if key in model.values:
        wanted = (0, len(str(model.values[key])) + 1)
    expect("stat", wanted, outcome(lambda: os.stat(model.file(key, name)).st_size))


def call_access(model, name, key):
    if model.may_be_kept(name, key):
        return
    wanted = 0 if key in model.values else errno.ENOENT
    expect("access", wanted == 0, os.access(model.file(key, name), os.F_OK))


def call_unlink(model, name, key):
    wanted = 0
    if key not in model.values:
        wanted = errno.ENOENT
    elif model.array:
        wanted = errno.EINVAL
    else:
        del model.values[key]
        model.change(name)
        model.unlinked[1 - name, key] = time.monotonic()
    expect("unlink", wanted, outcome(os.unlink, model.file(key, name))[0])


def call_list(model, name):
    place = model.again if name else model.path
    names = sorted(n for n in os.listdir(place) if n != ".map")
    expect("list", sorted(map(str, model.values)), names)


def call_list_sizes(model, name):
    """ls -l: names and sizes in one go."""
    model.settle(name)
    with os.scandir(model.again if name else model.path) as entries:
        got = {entry.name: entry.stat().st_size for entry in entries if entry.name != ".map"}
    expect("list sizes", {str(k): len(str(v)) + 1 for k, v in model.values.items()}, got)


def call_rename(model, name, choice, other):
    if not model.values:
        return
    key = model.existing(choice)
    expect("rename", 0 if key == other else errno.EXDEV,
           outcome(os.rename, model.file(key, name), model.file(other, name))[0])


def call_nonsense(model, name, choice, text):
    if not model.values:
        return
    expect("nonsense", errno.EINVAL,
           outcome(write_once, model.file(model.existing(choice), name),
                   os.O_WRONLY | os.O_TRUNC, NONSENSE[text % len(NONSENSE)])[0])


def call_bulk(model, name, first, count, value, nonsense):
    values = {(first + i) % ENTRIES: value + i for i in range(1 + count % 5)}
    new = [key for key in values if key not in model.values]
    if len(model.values) + len(new) > ENTRIES:
        return
    text = "".join(f"{key}\t{number}\n" for key, number in values.items())
    wanted = 0
    if nonsense % 4 == 0:
        text += "nonsense\t1\n"
        wanted = errno.EINVAL
    else:
        model.values.update(values)
    expect("bulk", wanted,
           outcome(write_once, model.file(".map/entries", name), os.O_WRONLY, text)[0])


def call_entries(model, name):
    lines = read_all(model.file(".map/entries", name)).splitlines()
    expect("entries", {str(k): str(v) for k, v in model.values.items()},
           dict(line.split("\t") for line in lines))


def call_count(model, name):
    expect("count", f"{len(model.values)}\n", read_all(model.file(".map/count", name)))


def call_clear(model, name):
    if model.array:
        expect("clear", errno.EINVAL,
               outcome(write_once, model.file(".map/clear", name), os.O_WRONLY, "1")[0])
        return
    model.values.clear()
    write_once(model.file(".map/clear", name), os.O_WRONLY, "1")


def call_raw_write(model, name, key, value):
    model.change(name)
    wanted = model.update(key, value, must_exist=True)
    expect("raw write", wanted,
           outcome(write_once, model.file(f".map/raw/{key}", name), os.O_WRONLY,
                   value.to_bytes(8, sys.byteorder))[0])


def call_raw_read(model, name, key):
    wanted = (errno.ENOENT, None)
    if key in model.values:
        wanted = (0, model.values[key].to_bytes(8, sys.byteorder))
    expect("raw read", wanted, outcome(read_all, model.file(f".map/raw/{key}", name), "rb"))


def call_held(model, name, choice, value):
    """A file that stays open while its key comes and goes."""
    if not model.held:
        if model.values:
            key = model.existing(choice)
            model.held = key, os.open(model.file(key, name), os.O_WRONLY)
        return
    key, fd = model.held
    model.held = None
    model.change(0)
    model.change(1)
    wanted = model.update(key, value, must_exist=True)
    got = outcome(os.write, fd, str(value).encode())[0]
    os.close(fd)
    expect(f"held write of {key}", wanted, got)


def call_directory(model, name, key):
    """What a map's directory does not take."""
    path = model.file(ENTRIES * 2 + key, name)
    expect("mkdir", errno.EPERM, outcome(os.mkdir, path)[0])
    expect("symlink", errno.EPERM, outcome(os.symlink, "target", path)[0])


CALLS = {function.__name__[len("call_"):]: function for function in [
    call_write, call_overwrite, call_append, call_touch, call_read, call_stat, call_access,
    call_unlink, call_list, call_list_sizes, call_rename, call_nonsense, call_bulk, call_entries,
    call_count, call_clear, call_raw_write, call_raw_read, call_held, call_directory]}
WEIGHTS = {"write": 4, "overwrite": 2, "stat": 3, "read": 2, "bulk": 2, "clear": 0.3}


def make_sequence(seed, length):
    """Lists of a call's name, the map's number and the arguments."""
    generator = random.Random(seed)
    names = list(CALLS)
    chosen = generator.choices(names, [WEIGHTS.get(name, 1) for name in names], k=length)
    sequence = []
    for call in chosen:
        count = CALLS[call].__code__.co_argcount - 1
        values = {"key": lambda: generator.randrange(ENTRIES + 8),
                  "other": lambda: generator.randrange(ENTRIES + 8),
                  "first": lambda: generator.randrange(ENTRIES),
                  "name": lambda: generator.randrange(2),
                  "value": lambda: generator.getrandbits(generator.choice([3, 20, 63]))}
        arguments = [values.get(parameter, lambda: generator.randrange(60))()
                     for parameter in CALLS[call].__code__.co_varnames[1:1 + count]]
        sequence.append([call, generator.randrange(len(KINDS)), *arguments])
    return sequence


def play(place, sequence):
    """None, or (the number of the call, what differed)."""
    maps = [Map(place, number, kind) for number, kind in enumerate(KINDS)]
    try:
        for index, (call, number, *arguments) in enumerate(sequence):
            try:
                CALLS[call](maps[number], *arguments)
            except (Difference, OSError) as error:
                return index, f"{call} {number} {arguments}: {error}"
    finally:
        for model in maps:
            model.close()
    return None


def fails(place, sequence):
    """What depends on time fails now and then only."""
    for _ in range(3):
        if found := play(place, sequence):
            return found
    return None


def shorten(place, sequence, found):
    sequence = sequence[:found[0] + 1]
    size = max(1, len(sequence) // 2)
    while True:
        start = 0
        while start < len(sequence) - 1:
            shorter = sequence[:start] + sequence[start + size:]
            if again := fails(place, shorter):
                sequence, found = shorter[:again[0] + 1], again
            else:
                start += size
        if size == 1:
            return sequence, found[1]
        size = max(1, size // 2)


class Mount:
    """$BPFUSE with the emulated backend, for the time of the run."""

    def __enter__(self):
        self.place = tempfile.mkdtemp(prefix="bpfuse-model-")
        subprocess.run([os.environ["BPFUSE"], "emu", self.place], check=True)
        return self.place

    def __exit__(self, *_):
        subprocess.run(["fusermount3", "-u", "-z", self.place], check=False)
        shutil.rmtree(self.place, ignore_errors=True)


def sequences(arguments):
    """Titles and sequences of the run."""
    directory = pathlib.Path(__file__).parent / "regressions"
    for path in sorted(directory.glob("*.json")):
        yield path.stem, [json.loads(line) for line in path.read_text().splitlines() if line]
    if arguments.seconds:
        ends = time.monotonic() + arguments.seconds
        seed = arguments.seed[0] if arguments.seed else int(time.time())
        while time.monotonic() < ends:
            yield f"seed {seed}", make_sequence(seed, arguments.calls)
            seed += 1
    else:
        for seed in arguments.seed or [int(time.time())]:
            yield f"seed {seed}", make_sequence(seed, arguments.calls)


def run(arguments, place):
    number = calls = 0
    failed = []
    for number, (title, sequence) in enumerate(sequences(arguments), 1):
        calls += len(sequence)
        found = play(place, sequence)
        print(f"{'not ok' if found else 'ok'} {number} - {len(sequence)} calls, {title}",
              flush=True)
        if found:
            failed.append((*shorten(place, sequence, found), title))
    for sequence, why, title in sorted(failed, key=lambda item: len(item[0])):
        print(f"# {title}: {why}")
        for call in sequence:
            print(f"#   {json.dumps(call)}")
    print(f"1..{number}\n# {calls} calls, {len(failed)} sequences failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--place")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    if arguments.place:
        return run(arguments, arguments.place)
    if not os.access("/dev/fuse", os.W_OK):
        print("1..0 # SKIP no /dev/fuse that may be opened")
        return 0
    with Mount() as place:
        return run(arguments, place)


if __name__ == "__main__":
    sys.exit(main())
