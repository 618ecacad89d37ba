# SPDX-License-Identifier: BSD-2-Clause
"""The ledger of a soak: every update that a client made, when, and whether it was acknowledged.

A client appends lines "KEY VALUE BEGAN ENDED;" (nanoseconds of CLOCK_MONOTONIC, one clock for all
processes) to a file of its own, in two steps, so that a client that was killed has told what it
was about to do: first with ENDED 0, then, acknowledged, the full line. A line that a kill cut off
has no ";". VALUE "-" is a deletion.
"""
import collections
import os
import time

Entry = collections.namedtuple("Entry", "key value began ended")
FOREVER = 1 << 63


class Ledger:
    """Written by one client."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def update(self, key, value, action):
        """Runs the action and writes down how it ended; a refusal leaves the update unsaid."""
        began = time.monotonic_ns()
        self.write(key, value, began, 0)
        action()
        self.write(key, value, began, time.monotonic_ns())

    def write(self, key, value, began, ended):
        os.write(self.file, f"\n{key} {value} {began} {ended};".encode())


def read_all(paths):
    """Entries by key. What was begun and not acknowledged may have happened: it ends never."""
    entries = collections.defaultdict(list)
    for path in paths:
        begun = {}
        with open(path, encoding="ascii") as stream:
            for line in stream:
                line = line.rstrip("\n")
                if not line.endswith(";"):
                    continue  # then nothing was begun yet, or nothing acknowledged
                key, value, began, ended = line[:-1].split()
                begun[key, value, began] = int(ended)
        for (key, value, began), ended in begun.items():
            entries[key].append(Entry(key, value, int(began), ended or FOREVER))
    return entries


def allowed(entries):
    """The values that a key may have at the end.

    An update is overwritten for certain if another acknowledged one began after it had ended.
    Without any acknowledged update the key may also not be there.
    """
    acknowledged = [e for e in entries if e.ended != FOREVER]
    last_began = max((e.began for e in acknowledged), default=0)
    values = {e.value for e in entries if e.ended >= last_began}
    if not acknowledged:
        values.add("-")
    return values


def check(paths, final):
    """Sentences about what the final content (key to value) contradicts."""
    faults = []
    entries = read_all(paths)
    for key, updates in entries.items():
        got = final.get(key, "-")
        may = allowed(updates)
        if got not in may:
            faults.append(f"key {key} is {got}, but may only be one of {sorted(may)[:5]}")
    for key in final:
        if key not in entries:
            faults.append(f"key {key} is there, but nobody wrote it")
    return faults, sum(len(updates) for updates in entries.values())
