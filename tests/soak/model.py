#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random system calls on a mounted tree, against a model of what must come.

usage: model.py --place MOUNTPOINT --calls N [--seed N]

MOUNTPOINT is a writable bpfuse mount. The model is a few maps of different types, each a dictionary with a
limit, and one process that calls; so every result is known: value, listing, size or errno. Prints
TAP; a difference prints the seed and the last calls, and --seed repeats them.
"""
import argparse
import collections
import errno
import os
import random
import sys
import time

ENTRIES = 24


class Model:
    """What a hash or array map with u32 keys and u64 values holds."""

    def __init__(self, place, name, kind):
        self.path = f"{place}/{name}"
        self.array = kind == "array"
        self.values = {i: 0 for i in range(ENTRIES)} if self.array else {}
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(fd, f"type={kind} key=4 value=8 entries={ENTRIES}".encode())
        os.close(fd)

    def update(self, key, value, must_not_exist, must_exist):
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


def outcome(action):
    """(0, result) or (errno, None)."""
    try:
        return 0, action()
    except OSError as error:
        return error.errno, None


def write_once(path, flags, text):
    fd = os.open(path, flags, 0o644)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


class Player:
    def __init__(self, models, generator):
        self.models = models
        self.random = generator
        self.open_files = {}
        self.log = collections.deque(maxlen=12)

    def key(self):
        return self.random.randrange(ENTRIES + 8)

    def expect(self, what, wanted, got):
        self.log.append(f"{what} -> {got}")
        if wanted != got:
            raise AssertionError(f"{what}: wanted {wanted}, got {got}")

    def play_write(self, model):
        key, value = self.key(), self.random.getrandbits(63)
        path = f"{model.path}/{key}"
        exclusive = self.random.random() < 0.3
        flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if exclusive else os.O_TRUNC)
        wanted = model.update(key, value, exclusive, False)
        self.expect(f"write {path} {value} {flags:#x}", wanted,
                    outcome(lambda: write_once(path, flags, str(value)))[0])

    def play_overwrite(self, model):
        key, value = self.key(), self.random.getrandbits(63)
        path = f"{model.path}/{key}"
        wanted = model.update(key, value, False, True)
        self.expect(f"overwrite {path} {value}", wanted,
                    outcome(lambda: write_once(path, os.O_WRONLY, str(value)))[0])

    def play_read(self, model):
        path = f"{model.path}/{(key := self.key())}"
        wanted = (0, f"{model.values[key]}\n") if key in model.values else (errno.ENOENT, None)

        def read():
            with open(path, encoding="ascii") as stream:
                return stream.read()
        self.expect(f"read {path}", wanted, outcome(read))

    def play_stat(self, model):
        path = f"{model.path}/{(key := self.key())}"
        if key in model.values:
            wanted = (0, len(str(model.values[key])) + 1)
        else:
            wanted = (errno.ENOENT, None)
        self.expect(f"stat {path}", wanted, outcome(lambda: os.stat(path).st_size))

    def play_unlink(self, model):
        path = f"{model.path}/{(key := self.key())}"
        wanted = 0
        if key not in model.values:
            wanted = errno.ENOENT
        elif model.array:
            wanted = errno.EINVAL
        else:
            del model.values[key]
        self.expect(f"unlink {path}", wanted, outcome(lambda: os.unlink(path))[0])

    def play_list(self, model):
        names = sorted(n for n in os.listdir(model.path) if n != ".map")
        self.expect(f"list {model.path}", sorted(map(str, model.values)), names)

    def play_rename(self, model):
        if not model.values:
            return
        key = self.random.choice(list(model.values))
        self.expect(f"rename {model.path}/{key}", errno.EXDEV,
                    outcome(lambda: os.rename(f"{model.path}/{key}", f"{model.path}/{self.key()}"))[0])

    def play_nonsense(self, model):
        if not model.values:
            return
        path = f"{model.path}/{self.random.choice(list(model.values))}"
        text = self.random.choice(["x", "{}", "1 2", "18446744073709551616", "-1", "1.5"])
        self.expect(f"write {path} {text}", errno.EINVAL,
                    outcome(lambda: write_once(path, os.O_WRONLY | os.O_TRUNC, text))[0])

    def play_bulk(self, model):
        count = self.random.randrange(1, 5)
        chosen = self.random.sample(range(ENTRIES), count)
        values = {key: self.random.getrandbits(63) for key in chosen}
        new = [key for key in values if key not in model.values]
        if len(model.values) + len(new) > ENTRIES:
            return
        text = "".join(f"{key}\t{value}\n" for key, value in values.items())
        if self.random.random() < 0.3:
            text += "nonsense\t1\n"
            wanted = errno.EINVAL
        else:
            model.values.update(values)
            wanted = 0
        self.expect(f"bulk {model.path} {text!r}", wanted, outcome(
            lambda: write_once(f"{model.path}/.map/entries", os.O_WRONLY, text))[0])

    def play_entries(self, model):
        with open(f"{model.path}/.map/entries", encoding="ascii") as stream:
            got = dict(line.rstrip("\n").split("\t") for line in stream)
        self.expect(f"entries {model.path}", {str(k): str(v) for k, v in model.values.items()}, got)

    def play_clear(self, model):
        if self.random.random() < 0.9:
            return
        wanted = errno.EINVAL if model.array else 0
        if not model.array:
            model.values.clear()
        self.expect(f"clear {model.path}", wanted, outcome(
            lambda: write_once(f"{model.path}/.map/clear", os.O_WRONLY, "1"))[0])

    def play_held(self, model):
        """A file that stays open while its key comes and goes."""
        held = self.open_files.pop(model.path, None)
        if held is None:
            if model.values:
                key = self.random.choice(list(model.values))
                self.open_files[model.path] = key, os.open(f"{model.path}/{key}", os.O_WRONLY)
            return
        key, fd = held
        value = self.random.getrandbits(63)
        wanted = model.update(key, value, False, True)
        self.expect(f"held write {model.path}/{key} {value}", wanted,
                    outcome(lambda: os.write(fd, str(value).encode()))[0])
        os.close(fd)

    def play(self, calls):
        plays = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("play_")]
        for _ in range(calls):
            self.random.choice(plays)(self.random.choice(self.models))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--place", required=True)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    kinds = ["hash", "array", "hash"]
    models = [Model(arguments.place, f"model{i}", kind) for i, kind in enumerate(kinds)]
    player = Player(models, random.Random(arguments.seed))
    title = f"{arguments.calls} random calls against the model (seed {arguments.seed})"
    try:
        player.play(arguments.calls)
        print(f"ok 1 - {title}")
        status = 0
    except AssertionError as error:
        print(f"not ok 1 - {title}\n# {error}\n# before it:")
        for line in player.log:
            print(f"#   {line}")
        status = 1
    for _, fd in player.open_files.values():
        os.close(fd)
    for model in models:
        os.rmdir(model.path)
    print("1..1")
    return status


if __name__ == "__main__":
    sys.exit(main())
