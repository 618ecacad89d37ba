#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Several clients at once, on the same open files and on the same names.

usage: clients.py MAP-DIRECTORY SECONDS

The map holds keys 0 to 999, each with its own number as the value; it is only read, but for keys
from 1000 on, which come and go. Prints a line for everything that was not as it must be. The
answer to one request may reach its client before the daemon's thread is done with it, so that the
next request for the same file finds that thread still at work.
"""
import errno
import os
import random
import sys
import threading
import time

KEYS = 1000
ALL = {f"{key}\t{key}".encode() for key in range(KEYS)}


def fail(*words):
    print(*words, flush=True)


def read_keys(directory, chance):
    """Opens, reads, closes, with a close(2) right behind the answer."""
    key = chance.randrange(KEYS)
    with open(f"{directory}/{key}", "rb", buffering=0) as file:
        text = file.read(64)
    if text != b"%d\n" % key:
        fail("key", key, "is", text)


def read_shared(handle, size, chance):
    """Pieces of a file that others read by the same descriptor."""
    offset = chance.randrange(size)
    os.fstat(handle)
    if not os.pread(handle, 4096, offset):
        fail("nothing at", offset, "of", size)


def read_entries(directory, _):
    with open(f"{directory}/.map/entries", "rb", buffering=0) as file:
        os.fstat(file.fileno())
        lines = set(file.readall().splitlines())
    if not lines >= ALL:
        fail("entries has lost", len(ALL - lines), "lines")


def list_names(directory, _):
    names = os.listdir(directory)
    kept = [int(name) for name in names if name[0] != "." and int(name) < KEYS]
    if sorted(kept) != list(range(KEYS)):
        fail("listed", len(kept), "of", KEYS, "keys that stay")


def list_shared(handle, _):
    """Two readers of one open directory share its position: either may get any part."""
    os.lseek(handle, 0, os.SEEK_SET)
    for entry in os.listdir(handle):
        if entry != ".map" and not entry.isdigit():
            fail("listed", entry)


def come_and_go(directory, chance):
    path = f"{directory}/{KEYS + chance.randrange(20)}"
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write("1\n")
        os.unlink(path)
    except OSError as error:
        # another client was faster; twice in a row, and the kernel, which looks again when it is
        # told ESTALE, gives up
        if error.errno not in (errno.ENOENT, errno.ESTALE):
            raise


def work(task, argument, extra, until, seed):
    chance = random.Random(seed)
    while time.monotonic() < until:
        try:
            task(argument, *extra, chance)
        except OSError as error:
            fail(task.__name__, error)
            return


def main():
    directory, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
    shared = os.open(f"{directory}/.map/entries", os.O_RDONLY)
    size = os.fstat(shared).st_size
    opened = os.open(directory, os.O_RDONLY)
    tasks = [(read_keys, directory, ()), (read_shared, shared, (size,)),
             (read_entries, directory, ()), (list_names, directory, ()),
             (list_shared, opened, ()), (come_and_go, directory, ())]
    threads = [threading.Thread(target=work, args=(*task, until, number))
               for number, task in enumerate(tasks * 2)]
    child = os.fork()  # with the same open files, in another process
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not child:
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        fail("the other process ended badly")


main()
