# SPDX-License-Identifier: BSD-2-Clause
"""The place a benchmark runs in: a private bpffs, mounts of bpfuse and of the null filesystem.

Everything is made below one temporary directory, in a mount namespace of its own (bench.py sees to
that), and every daemon ends with the benchmark, so that nothing is left behind, whatever happens.
"""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

MOUNT_PATIENCE = 20  # seconds until a mount that does not answer is given up
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def end_with_parent():
    """This process gets SIGTERM when the one that started it has ended, by SIGKILL for instance."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start_daemon(*command, **options):
    # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent,
                            **options)


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

    def spawn(self, operations, program, *arguments):
        """By its path, as a shell that has found it before: where it is in PATH is no matter."""
        return self.tool("bench-client", "spawn", ".", "-n", str(operations), "--",
                         shutil.which(program), *arguments)

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
    def served(self, prefix, command, **options):
        """A daemon that mounts; `command` makes its words from the mount point."""
        directory = tempfile.mkdtemp(prefix=prefix, dir=self.directory)
        daemon = start_daemon(*command(directory), **options)
        try:
            wait_for_mount(directory, daemon)
            yield Mount(directory, daemon.pid)
        finally:
            unmount(directory)
            daemon.wait()

    def mounted(self, source=None):
        """bpfuse on a directory."""
        return self.served("mount-", lambda directory: (self.bpfuse, source or self.bpffs,
                                                        directory, "-f"))

    def traced(self, log):
        """bpfuse with `-d`: every request of the kernel is a line in `log`, a file to write."""
        return self.served("mount-", lambda directory: (self.bpfuse, self.bpffs, directory, "-d"),
                           stdout=log, stderr=log)

    def nullfs(self, count):
        return self.served("null-", lambda directory: (
            os.path.join(self.programs, "bench-nullfs"), str(count), directory))


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


def timed(*command, cwd=None):
    """Seconds that a command takes from its start to its end."""
    start = time.monotonic()
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, check=False, cwd=cwd)
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


@contextlib.contextmanager
def waiting(*command, cwd):
    """A command that stands in its directory already and begins when told; the block ends when it
    has ended, and so has what it asked for."""
    with subprocess.Popen(["sh", "-c", 'read -r line && exec "$@"', "sh", *command], cwd=cwd,
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        time.sleep(0.2)
        yield lambda: process.communicate(b"\n")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {process.returncode}")
    time.sleep(0.2)


REQUEST = re.compile(r"unique: \d+, opcode: (\w+) \(\d+\), nodeid: \d+, insize: \d+, pid: (\d+)")
# Requests whose sender goes on without an answer.
NOT_WAITED_FOR = {"RELEASE", "RELEASEDIR", "FORGET", "BATCH_FORGET", "INTERRUPT"}


def count_requests(log, position):
    """Requests in the log behind `position` that a client waits for, by their names."""
    counts = {}
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(position)
        for name, _ in REQUEST.findall(file.read()):
            if name not in NOT_WAITED_FOR:
                counts[name] = counts.get(name, 0) + 1
    return counts
