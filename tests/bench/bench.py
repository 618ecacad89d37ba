#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bpfuse beside its rivals: one table of ratios, and the same as JSON.

Contestants of a group are measured in turn, round after round, each round in another order; a
ratio is that of the medians, the spread is the least and the greatest ratio of a single round.
Normally started by tools/bench.sh.
"""
import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import time

import cases
from house import House, end_with_parent

FULL_ELEMENTS, FULL_ROUNDS, FULL_OPERATIONS = 1_000_000, 5, 2000
REDUCED_ELEMENTS, REDUCED_ROUNDS, REDUCED_OPERATIONS = 20_000, 2, 200
SKIP = 77


class Bench:
    def __init__(self, house, reduced, rounds):
        self.house = house
        self.reduced = reduced
        self.elements = REDUCED_ELEMENTS if reduced else FULL_ELEMENTS
        self.held = self.elements // 10
        self.rounds = rounds or (REDUCED_ROUNDS if reduced else FULL_ROUNDS)
        self.operations = REDUCED_OPERATIONS if reduced else FULL_OPERATIONS
        self.rows = []
        self.failures = []

    @staticmethod
    def check(truth, what):
        if not truth:
            raise RuntimeError(what)

    @staticmethod
    def median(samples):
        return statistics.median(samples)

    def alternate(self, *stages, rounds=None):
        """{name: measure}... to {name: [what it measured in each round]}.

        Stages keep their order; the contestants of one are turned around in every other round.
        """
        results = {name: [] for stage in stages for name in stage}
        for turn in range(rounds or self.rounds):
            for stage in stages:
                for name in stage if turn % 2 else reversed(stage):
                    results[name].append(stage[name]())
        return results

    @staticmethod
    def pick(results, field, scale):
        return {name: [sample[field] * scale for sample in samples]
                for name, samples in results.items()}

    @staticmethod
    def pairs(results, field, scale):
        """The same for answers that are a pair, ours and the null filesystem's."""
        return {prefix + name: [sample[side][field] * scale for sample in samples]
                for name, samples in results.items()
                for side, prefix in enumerate(("", "null "))}

    @staticmethod
    def sum(times, *names):
        return [sum(samples) for samples in zip(*(times[name] for name in names))]

    def row(self, operation, times, ours, rival, target, unit="s"):
        """One line of the table: ours / rival, with the target as upper bound (None: no target)."""
        mine, theirs = times[ours], times[rival]
        each = [a / b for a, b in zip(mine, theirs)]
        self.add(operation, self.median(mine), self.median(theirs), rival,
                 self.median(mine) / self.median(theirs), target, (min(each), max(each)), unit)

    def row_relative(self, operation, ratios, target):
        self.add(operation, None, None, "", self.median(ratios), target,
                 (min(ratios), max(ratios)), "")

    def value(self, operation, value, bound, unit, detail=""):
        """A figure with a bound of its own (or none), not a ratio."""
        self.add(operation, value, None, detail, None, bound, None, unit,
                 None if bound is None else value <= bound)

    def add(self, operation, ours, theirs, rival, ratio, target, spread, unit, met=None):
        if met is None and target is not None:
            met = ratio <= target
        self.rows.append({
            "operation": operation, "ours": ours, "rival": theirs, "rival_name": rival,
            "ratio": ratio, "target": target, "spread": spread, "unit": unit, "met": met,
        })
        print("  " + "  ".join(filter(None, cells(self.rows[-1]))), flush=True)


def scaled(value, unit):
    """A number as people read it; times from nanoseconds to seconds."""
    if value is None:
        return ""
    if unit == "bytes":
        value, unit = value / 2**20, "MiB"
    if unit == "s":
        for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "us"), (1e9, "ns")):
            if value * factor >= 1 or name == "ns":
                return f"{value * factor:.3g} {name}"
    return f"{value:,.4g} {unit}".strip() if value < 1e5 else f"{value:,.0f} {unit}".strip()


def cells(row):
    ratio, target = row["ratio"], row["target"]
    rival = row["rival_name"]
    if row["rival"] is not None:
        rival = f"{rival} {scaled(row['rival'], row['unit'])}"
    if target is None:
        bound = "-"
    elif ratio is None:
        bound = f"<= {scaled(target, row['unit'])}"
    else:
        bound = f"<= {target:.3g}"
    return [
        row["operation"], scaled(row["ours"], row["unit"]), rival,
        "" if ratio is None else f"{ratio:.3f}", bound,
        "{:.3f}-{:.3f}".format(*row["spread"]) if row["spread"] else "",
        {True: "yes", False: "NO", None: ""}[row["met"]],
    ]


HEADINGS = ["operation", "ours", "rival", "ratio", "target", "spread", "met"]


def print_table(rows):
    table = [HEADINGS] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADINGS))]
    for number, line in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def machine():
    return {"kernel": platform.release(), "cpus": os.cpu_count(),
            "time": time.strftime("%Y-%m-%d %H:%M:%S")}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="directory of the bench-* programs")
    parser.add_argument("--bpfuse", required=True, help="the program, built for release")
    parser.add_argument("--bpfsnap", required=True, help="likewise")
    parser.add_argument("--reduced", action="store_true",
                        help="small sizes: shows that everything works, no verdicts")
    parser.add_argument("--rounds", type=int, help="rounds of each group, 5 unless told")
    parser.add_argument("--only", action="append", metavar="GROUP",
                        choices=[group.__name__ for group in cases.GROUPS])
    parser.add_argument("--json", metavar="FILE", help="where the figures go as JSON")
    parser.add_argument("--strict", action="store_true", help="fail where a target is not met")
    return parser.parse_args()


def why_not():
    """What this machine lacks to run the benchmark, or None."""
    if os.geteuid():
        return "root is needed: bpf(2), mount(2)"
    if not os.path.exists("/dev/fuse"):
        return "no /dev/fuse here"
    if not shutil.which("bpftool"):
        return "no bpftool here: tools/packages.sh install test"
    return None


def enter_namespace():
    """All mounts of a run belong to a namespace of its own and go with it."""
    # cat(1) opens a dozen locale files where there is a locale, which is not what is compared.
    os.environ["LC_ALL"] = "C"
    if os.environ.get("BPFUSE_BENCH_NAMESPACE") != str(os.getpid()):
        os.environ["BPFUSE_BENCH_NAMESPACE"] = str(os.getpid())
        os.execvp("unshare", ["unshare", "--mount", sys.executable, os.path.abspath(__file__)]
                  + sys.argv[1:])
    # Who kills us in the middle still finds the machine as it was.
    end_with_parent()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def run_groups(bench, only):
    for group in cases.GROUPS:
        if only and group.__name__ not in only:
            continue
        start = time.monotonic()
        print(f"== {group.__name__}", flush=True)
        try:
            group(bench)
        except (RuntimeError, OSError) as error:
            bench.failures.append(f"{group.__name__}: {error}")
            print(f"  FAILED: {error}", flush=True)
        print(f"  ({time.monotonic() - start:.0f} s)", flush=True)


def main():
    arguments = parse_arguments()
    reason = why_not()
    if reason:
        print(f"SKIP: {reason}")
        return SKIP
    enter_namespace()
    start = time.monotonic()
    house = House(*map(os.path.abspath,
                       (arguments.programs, arguments.bpfuse, arguments.bpfsnap)))
    with contextlib.closing(house):
        bench = Bench(house, arguments.reduced, arguments.rounds)
        run_groups(bench, arguments.only)
    print()
    print_table(bench.rows)
    missed = [row["operation"] for row in bench.rows if row["met"] is False]
    print(f"\n{len(bench.rows)} figures, {len(missed)} targets missed, "
          f"{len(bench.failures)} groups failed, {time.monotonic() - start:.0f} s")
    if arguments.reduced:
        print("reduced sizes: the ratios above are no verdicts")
    for failure in bench.failures:
        print(failure)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "reduced": arguments.reduced, "rows": bench.rows,
                       "failures": bench.failures}, file, indent=1)
            file.write("\n")
    return 1 if bench.failures or (arguments.strict and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
