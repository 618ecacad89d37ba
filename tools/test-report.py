#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts test cases from meson's JSON logs.

usage: test-report.py --due RING... --problems SENTENCE... --logs RING:TREE=FILE...

A program that prints TAP or criterion's summary counts with its cases, any other counts as one.
Prints what failed and every skip with its reason. In a ring that is due a skip counts as a failure
if its reason is a want of the ring's means (/dev/fuse, bpf(2), root for who is root, a package), and
so does a ring of which nothing passed. The last line is "N passed, N failed, N skipped"; exit status 1 if
anything failed.
"""
import argparse
import json
import os
import re

ANSI = re.compile(r"\x1b\[[0-9;]*m")
CRITERION = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
TAP = re.compile(r"^(not )?ok\b(?: +\d+)?(?: *-)? *(.*?)(?: *# *(SKIP|TODO)\b *(.*))?$", re.M)
MEANS = re.compile(r"/dev/fuse|bpf\(2\)|bpffs|\broot\b|refused|clang|not installed|no reason given")
PLAN_OF_NONE = re.compile(r"^1\.\.0 # SKIP *")
PASSED = ("OK", "EXPECTEDFAIL")


def is_want_of_means(reason):
    """Whether who runs the tests could have prevented the skip."""
    if "this kernel has no" in reason or (reason == "needs root" and os.geteuid() != 0):
        return False
    return MEANS.search(reason)


class Tally:
    def __init__(self, due):
        self.due = due
        self.passed = 0
        self.failed = []
        self.skipped = []

    def skip(self, ring, name, reason):
        reason = reason or "no reason given"
        if ring in self.due and is_want_of_means(reason):
            self.failed.append(f"{name}: skipped, but its ring must run here: {reason}")
        else:
            self.skipped.append(f"{name}: {reason}")

    def count_tap(self, ring, name, text):
        """False if there are no TAP lines in it."""
        cases = list(TAP.finditer(text))
        for case in cases:
            refused, title, directive, reason = case.groups()
            if directive == "SKIP":
                self.skip(ring, f"{name}: {title}", reason)
            elif refused:
                self.failed.append(f"{name}: {title}")
            else:
                self.passed += 1
        return bool(cases)

    def count_criterion(self, name, text):
        sums = [tuple(map(int, m.groups())) for m in CRITERION.finditer(text)]
        for _, passing, failing, crashing in sums:
            self.passed += passing
            if failing + crashing:
                self.failed += [f"{name}: a case failed or crashed"] * (failing + crashing)
        return bool(sums)

    def count(self, ring, tree, test):
        name = f"{tree}: {test['name'].split(' / ')[-1]}"
        text = ANSI.sub("", test.get("stdout", "") + "\n" + test.get("stderr", ""))
        if test["result"] == "SKIP":
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            self.skip(ring, name, PLAN_OF_NONE.sub("", lines[-1]) if lines else "")
            return
        failed_before = len(self.failed)
        counted = self.count_tap(ring, name, text) or self.count_criterion(name, text)
        if test["result"] not in PASSED:
            if len(self.failed) == failed_before:
                self.failed.append(f"{name}: {test['result']} (status {test.get('returncode')})")
        elif not counted:
            self.passed += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--due", nargs="*", default=[])
    parser.add_argument("--problems", nargs="*", default=[])
    parser.add_argument("--logs", nargs="*", default=[])
    arguments = parser.parse_args()

    tally = Tally(arguments.due)
    tally.failed += arguments.problems
    for log in arguments.logs:
        label, path = log.split("=", 1)
        ring, tree = label.split(":", 1)
        passed_before = tally.passed
        with open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                tally.count(ring, tree, json.loads(line))
        if ring in tally.due and tally.passed == passed_before:
            tally.failed.append(f"{tree}: nothing of the ring {ring} passed, but it must run here")

    for line in tally.skipped:
        print(f"skipped: {line}")
    for line in tally.failed:
        print(f"FAILED: {line}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
