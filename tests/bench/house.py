# SPDX-License-Identifier: BSD-2-Clause
"""The place a benchmark runs in: a private bpffs, mounts of bpfuse and of the null filesystem.

Everything is made below one temporary directory, in a mount namespace of its own (bench.sh and
bench.py see to that), so that nothing is left behind, whatever happens.
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time

MOUNT_PATIENCE = 20  # seconds until a mount that does not answer is given up


class House:
    """Paths and programs; the elements of a size are made once and kept."""

    def __init__(self, programs, bpfuse, bpfsnap):
        self.programs = programs
        self.bpfuse = bpfuse
        self.bpfsnap = bpfsnap
        self.directory = tempfile.mkdtemp(prefix="bpfuse-bench-")
        self.bpffs = self.path("bpffs")
        os.mkdir(self.bpffs)
        run("mount", "-t", "bpf", "none", self.bpffs)

    def close(self):
        run("umount", self.bpffs)
        run("rm", "-rf", self.directory)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def tool(self, program, *arguments):
        """Runs one of the benchmark's own programs; its JSON line as a dictionary, if any."""
        output = run(os.path.join(self.programs, program), *arguments)
        answers = [json.loads(line) for line in output.splitlines()]
        return answers if len(answers) > 1 else answers[0] if answers else {}

    def client(self, operation, directory, **options):
        flags = []
        names = {"operations": "-n", "keys": "-c", "first": "-f", "threads": "-t", "buffer": "-b",
                 "rival": "-r"}
        for option, value in options.items():
            flags += [names[option], str(value)]
        return self.tool("bench-client", operation, directory, *flags)

    def spawn(self, operations, *command):
        return self.tool("bench-client", "spawn", ".", "-n", str(operations), "--", *command)

    def make_map(self, name, count, room=0):
        pin = os.path.join(self.bpffs, name)
        self.tool("bench-map", "create", pin, str(count), str(count + room))
        return pin

    def drop_map(self, pin):
        os.unlink(pin)

    def elements_file(self, form, count, pin=None):
        """A file of elements as .map/entries & co. read them, or bpftool's batch (with pin)."""
        path = self.path(f"elements.{form}.{count}")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                subprocess.run([os.path.join(self.programs, "bench-map"), "print", pin or form,
                                str(count)], stdout=file, check=True)
        return path

    @contextlib.contextmanager
    def mounted(self, source=None, options=()):
        """bpfuse on a directory, with the process id of its daemon."""
        directory = tempfile.mkdtemp(prefix="mount-", dir=self.directory)
        run(self.bpfuse, source or self.bpffs, directory, *options)
        try:
            yield Mount(directory, find_daemon(self.bpfuse, directory))
        finally:
            unmount(directory)

    @contextlib.contextmanager
    def traced(self, log):
        """bpfuse with `-d`: every request of the kernel is a line in the file `log`."""
        directory = tempfile.mkdtemp(prefix="mount-", dir=self.directory)
        with open(log, "wb") as file:
            daemon = subprocess.Popen([self.bpfuse, self.bpffs, directory, "-f", "-d"],
                                      stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        try:
            wait_for_mount(directory, daemon)
            yield directory
        finally:
            unmount(directory)
            daemon.wait()

    @contextlib.contextmanager
    def nullfs(self, count):
        directory = tempfile.mkdtemp(prefix="null-", dir=self.directory)
        daemon = subprocess.Popen([os.path.join(self.programs, "bench-nullfs"), str(count),
                                   directory])
        try:
            wait_for_mount(directory, daemon)
            yield Mount(directory, daemon.pid)
        finally:
            unmount(directory)
            daemon.wait()


class Mount:
    def __init__(self, directory, pid):
        self.directory = directory
        self.pid = pid

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def resident_mib(self):
        return proc_number(f"/proc/{self.pid}/status", "VmRSS") / 1024

    def peak_mib(self):
        return proc_number(f"/proc/{self.pid}/status", "VmHWM") / 1024

    def stay_on_cpu(self, cpu):
        """Threads that are started later inherit it."""
        for task in os.listdir(f"/proc/{self.pid}/task"):
            os.sched_setaffinity(int(task), {cpu})

    def cpu_seconds(self):
        """CPU time of all its threads, to the nanosecond."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total / 1e9


def run(*command, **options):
    """Runs a command that must succeed; what it printed."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            check=False, stdin=subprocess.DEVNULL, **options)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {result.returncode}: "
                           f"{result.stderr.strip()}")
    return result.stdout


def timed(*command, stdin=None, stdout=subprocess.DEVNULL):
    """Seconds that a command takes from its start to its end."""
    start = time.monotonic()
    result = subprocess.run(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout,
                            stderr=subprocess.PIPE, check=False)
    seconds = time.monotonic() - start
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {result.returncode}: "
                           f"{result.stderr.decode(errors='replace').strip()}")
    return seconds


def timed_copy(source, target):
    """Seconds of `cat source > target`, the open for writing counted."""
    return timed("sh", "-c", 'exec cat "$1" > "$2"', "sh", source, target)


def proc_number(path, label):
    with open(path, encoding="ascii", errors="replace") as file:
        match = re.search(rf"^{label}:\s+(\d+)", file.read(), re.MULTILINE)
    return int(match.group(1)) if match else 0


def is_mounted(directory):
    return os.stat(directory).st_dev != os.stat(os.path.dirname(directory)).st_dev


def wait_for_mount(directory, daemon):
    deadline = time.monotonic() + MOUNT_PATIENCE
    while not is_mounted(directory):
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{daemon.args[0]} did not mount {directory}")
        time.sleep(0.01)


def find_daemon(program, directory):
    """The daemon that serves a mount: of the processes with it as an argument, the one that has
    threads (the other one waits until it has to unmount)."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if (directory.encode() in words and
                    os.path.basename(words[0]) == os.path.basename(program).encode()):
                found[len(os.listdir(f"/proc/{pid}/task"))] = int(pid)
        except OSError:
            continue
    return found[max(found)]


def unmount(directory):
    deadline = time.monotonic() + 10
    while is_mounted(directory):
        if subprocess.run(["umount", directory], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0:
            break
        if time.monotonic() > deadline:
            run("umount", "-l", directory)
            break
        time.sleep(0.05)
    with contextlib.suppress(OSError):
        os.rmdir(directory)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


REQUEST = re.compile(r"unique: \d+, opcode: (\w+) \(\d+\), nodeid: \d+, insize: \d+, pid: (\d+)")
# Requests whose sender goes on without an answer.
NOT_WAITED_FOR = {"RELEASE", "RELEASEDIR", "FORGET", "BATCH_FORGET", "INTERRUPT"}


def count_requests(log, position, ready=lambda: None):
    """Requests in the log behind `position` that a client waits for, by their names."""
    counts = {}
    ready()
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(position)
        for name, _ in REQUEST.findall(file.read()):
            if name not in NOT_WAITED_FOR:
                counts[name] = counts.get(name, 0) + 1
    return counts
