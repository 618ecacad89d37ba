#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the examples of a document and compares what they print with what it says.

usage: run-examples.py [--prompt '$'|'#'] [--setup COMMAND] DOCUMENT...

An example is a literal block (between ``` lines) whose lines begin with "$ " (anybody) or "# "
(root, bpf(2)); what follows such a line, up to the next one, is its output. "..." in the output
stands for any text of one line, a line "..." for any lines. All examples of a document run in
one shell, in an empty directory, behind the set-up command; $TOP is the source tree. Whatever they
mounted is unmounted. Prints TAP.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

END = "example-ends-here"
TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def blocks(text):
    """The lines of each literal block, without the fences."""
    inside = None
    for line in text.splitlines():
        if line.strip().startswith("```"):
            if inside is None:
                inside = []
            else:
                yield inside
                inside = None
        elif inside is not None:
            inside.append(line)


def examples(text, prompt):
    """(command, expected lines) in order; blocks that do not begin with the prompt are not run."""
    for block in blocks(text):
        if not block or not block[0].startswith(prompt + " "):
            continue
        command = None
        expected = []
        for line in block:
            if line.startswith(prompt + " "):
                if command is not None:
                    yield command, expected
                command, expected = line[2:], []
            elif line.startswith("> ") and not expected:
                command += "\n" + line[2:]
            else:
                expected.append(line)
        yield command, expected


def matches(expected, got):
    if not expected:
        return not got
    if expected[0] == "...":
        return any(matches(expected[1:], got[i:]) for i in range(len(got) + 1))
    if not got:
        return False
    parts = [re.escape(part) for part in expected[0].rstrip().split("...")]
    return bool(re.fullmatch(".*".join(parts), got[0].rstrip())) and matches(expected[1:], got[1:])


class Shell:
    """One bash for all examples, so that variables and the current directory last."""

    def __init__(self, directory):
        environment = dict(os.environ, HOME=directory, LC_ALL="C.UTF-8", TZ="UTC",
                           XDG_RUNTIME_DIR=directory, TOP=TOP)
        self.bash = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=directory, text=True,
                                     env=environment, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     errors="replace")

    def run(self, command):
        self.bash.stdin.write(f"{command}\nprintf '\\n%s\\n' {END}\n")
        self.bash.stdin.flush()
        lines = []
        for line in self.bash.stdout:
            if line.rstrip("\n") == END:
                break
            # An interactive shell, which the documents show, does not number its lines.
            lines.append(re.sub(r"^bash: line \d+: ", "bash: ", line.rstrip("\n")))
        if lines and lines[-1] == "":
            lines.pop()  # the newline in front of the mark
        return lines

    def close(self):
        self.bash.stdin.close()
        self.bash.wait()


def unmount_below(directory):
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        points = [line.split()[4] for line in mounts]
    for point in reversed([p for p in points if p.startswith(directory + "/")]):
        command = ["umount", "-l", point] if os.geteuid() == 0 else ["fusermount3", "-uz", point]
        subprocess.run(command, check=False)


def run_document(path, prompt, setup, number):
    """The number of examples run and of those that failed."""
    with open(path, encoding="utf-8") as document:
        todo = list(examples(document.read(), prompt))
    directory = tempfile.mkdtemp(prefix="bpfuse-examples-")
    failed = 0
    shell = Shell(directory)
    try:
        if setup and (said := shell.run(setup)):
            print(f"# {setup}: {said}")
        for command, expected in todo:
            number += 1
            got = shell.run(command)
            good = matches(expected, got)
            title = f"{os.path.basename(path)}: {command.splitlines()[0]}".replace("#", "\\#")
            print(f"{'ok' if good else 'not ok'} {number} - {title}", flush=True)
            if not good:
                failed += 1
                for label, lines in (("expected", expected), ("got", got)):
                    print("".join(f"# {label}: {line}\n" for line in lines or ["(nothing)"]), end="")
    finally:
        shell.close()
        unmount_below(directory)
        shutil.rmtree(directory, ignore_errors=True)
    return number, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", default="$", choices=["$", "#"])
    parser.add_argument("--setup")
    parser.add_argument("documents", nargs="+")
    arguments = parser.parse_args()
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        print(f"/dev/fuse cannot be opened: {error.strerror}")
        return 77
    if arguments.prompt == "#" and os.geteuid() != 0:
        print("needs root")
        return 77
    number = failed = 0
    for document in arguments.documents:
        number, failed_here = run_document(document, arguments.prompt, arguments.setup, number)
        failed += failed_here
    print(f"1..{number}")
    if number == 0:
        print("Bail out! no examples found")
    return 1 if failed or number == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
