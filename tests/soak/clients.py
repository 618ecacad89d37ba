# SPDX-License-Identifier: BSD-2-Clause
"""The clients of a soak. Each is a function (place, scratch, random, stop, ledger) in a process of
its own that works until stop() is true and raises Wrong when the mount broke a promise."""
import errno
import json
import os
import signal
import subprocess
import time

SHARED_KEYS = 64
OWN_KEYS = 200


class Wrong(Exception):
    pass


def write_file(path, text, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    """One open, one write(2), as echo does."""
    fd = os.open(path, flags, 0o644)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def read_file(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        return stream.read()


def refuses(number, action, *arguments):
    """The errno is the promised one; success is Wrong."""
    try:
        action(*arguments)
    except OSError as error:
        if error.errno != number:
            raise Wrong(f"{arguments}: {error} instead of {errno.errorcode[number]}") from error
    else:
        raise Wrong(f"{arguments}: succeeded instead of {errno.errorcode[number]}")


def updater(place, scratch, random, stop, ledger):
    """Updates and deletes keys of its own and keys that all updaters share."""
    base = 1000 + OWN_KEYS * (os.getpid() % 4000)
    while not stop():
        own = random.random() < 0.7
        key = base + random.randrange(OWN_KEYS) if own else random.randrange(SHARED_KEYS)
        path = f"{place}/ledger/{key}"
        if own and random.random() < 0.2:
            def remove():
                try:
                    os.unlink(path)
                except FileNotFoundError:
                    pass
            ledger.update(key, "-", remove)
        else:
            value = random.getrandbits(62)
            ledger.update(key, value, lambda: write_file(path, str(value)))
            if own and (got := read_file(path).strip()) != str(value):
                raise Wrong(f"{path} reads {got} behind an acknowledged {value}")


def bulk_writer(place, scratch, random, stop, ledger):
    """Updates keys of its own in batches, through .map/entries."""
    base = 1000000 + OWN_KEYS * (os.getpid() % 4000)
    while not stop():
        values = {base + i: random.getrandbits(62) for i in random.sample(range(OWN_KEYS), 50)}
        text = "".join(f"{key}\t{value}\n" for key, value in values.items())
        began = time.monotonic_ns()
        for key, value in values.items():
            ledger.write(key, value, began, 0)
        write_file(f"{place}/ledger/.map/entries", text, os.O_WRONLY)
        ended = time.monotonic_ns()
        for key, value in values.items():
            ledger.write(key, value, began, ended)


def browser(place, scratch, random, stop, ledger):
    """Lists, stats and reads everything; no name twice in a listing."""
    while not stop():
        names = os.listdir(f"{place}/ledger")
        if len(names) != len(set(names)):
            raise Wrong("a name was listed twice")
        for name in random.sample(names, min(50, len(names))):
            try:
                text = read_file(f"{place}/ledger/{name}")
            except FileNotFoundError:
                continue
            except IsADirectoryError:
                continue
            if not text.strip().isdigit():
                raise Wrong(f"{name} reads {text!r}")
        json.loads(read_file(f"{place}/ledger/.map/info"))
        json.loads(read_file(f"{place}/ledger/.map/entries.json"))
        for root, directories, files in os.walk(f"{place}/maps.by-id"):
            directories[:] = directories[:5]
            if root.count("/") > place.count("/") + 4:
                directories[:] = []
            del files[:]


def pinner(place, scratch, random, stop, ledger):
    """Creates, pins again, renames, unpins."""
    top = f"{place}/pins{os.getpid()}"
    os.mkdir(top)
    while not stop():
        write_file(f"{top}/a", "type=array key=4 value=8 entries=4")
        number = read_file(f"{top}/a/.map/id").strip()
        write_file(f"{top}/b", f"map={number}")
        write_file(f"{top}/a/1", "7")
        if read_file(f"{top}/b/1").strip() != "7":
            raise Wrong("two pins of one map differ")
        os.rename(f"{top}/b", f"{top}/c")
        refuses(errno.EEXIST, os.mkdir, f"{top}/c")
        refuses(errno.EPERM, os.mkdir, f"{top}/with.dot")
        os.rmdir(f"{top}/a")
        os.rmdir(f"{top}/c")
        if os.listdir(top):
            raise Wrong("a pin is left")
    os.rmdir(top)


def freezer(place, scratch, random, stop, ledger):
    name = f"{place}/frozen{os.getpid()}"
    while not stop():
        write_file(name, "type=hash key=4 value=4 entries=8")
        write_file(f"{name}/1", "1")
        write_file(f"{name}/.map/frozen", "1", os.O_WRONLY)
        refuses(errno.EPERM, write_file, f"{name}/1", "2")
        if read_file(f"{name}/1").strip() != "1":
            raise Wrong("a frozen map changed")
        os.rmdir(name)


def devices(place, scratch, random, stop, ledger):
    """Emulated devices come and go; what was bound to them answers ENODEV, open files too."""
    device = f"{place}/devices.offload/soak{os.getpid() % 100000}"
    name = f"{place}/bound{os.getpid()}"
    while not stop():
        os.mkdir(device)
        write_file(name, f"type=hash key=4 value=4 entries=2 dev={os.path.basename(device)}")
        write_file(f"{name}/1", "5")
        opened = os.open(f"{name}/1", os.O_WRONLY)
        os.rmdir(device)
        try:
            refuses(errno.ENODEV, os.write, opened, b"6")
            refuses(errno.ENODEV, write_file, f"{name}/2", "5")
        finally:
            os.close(opened)
        os.rmdir(name)


def snapshots(place, scratch, random, stop, ledger):
    """Dumps the live ledger map, verifies the snapshot, restores it elsewhere in the tree."""
    program = os.environ["BPFSNAP"]
    number = 0
    while not stop():
        number += 1
        image = f"{scratch}/snap{os.getpid()}.{number}"
        target = f"{place}/restored{os.getpid()}"
        os.mkdir(target)
        for command in (["dump", "-D", image, f"{place}/steady"], ["verify", "-D", image],
                        ["restore", "-D", image, target]):
            done = subprocess.run([program, *command], capture_output=True, text=True, check=False)
            if done.returncode not in (0, 3):
                raise Wrong(f"bpfsnap {command[0]}: status {done.returncode}: {done.stderr}")
        if read_file(f"{target}/steady/.map/entries") != read_file(f"{place}/steady/.map/entries"):
            raise Wrong("a restored map differs")
        os.rmdir(f"{target}/steady")
        os.rmdir(target)
        subprocess.run(["rm", "-rf", image], check=True)


def interrupted_reader(place, scratch, random, stop, ledger):
    """Readers of long files that are killed in the middle, and open files that are left behind."""
    while not stop():
        reader = subprocess.Popen(["cat", f"{place}/ledger/.map/entries",
                                   f"{place}/ledger/.map/entries.json"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.random() / 50)
        reader.send_signal(random.choice([signal.SIGINT, signal.SIGKILL, signal.SIGTERM]))
        if reader.wait(timeout=30) == 1:
            raise Wrong("cat failed")


def give_up(waiting, random, what):
    """Ends clients that wait in the mount: whichever signal, they have to go at once.

    All are told before one is waited for: the VFS lets a lookup wait, beyond the reach of signals,
    for another one in the same directory that may create.
    """
    for client in waiting:
        client.send_signal(random.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
    for client in waiting:
        try:
            client.wait(timeout=10)
        except subprocess.TimeoutExpired as error:
            client.kill()
            raise Wrong(f"{what}: a client that waits cannot be ended") from error


def stream_waiter(place, scratch, random, stop, ledger):
    """Readers of a ring that nobody fills: they wait until they are ended."""
    name = f"{place}/ring{os.getpid()}"
    write_file(name, "type=ringbuf entries=4096")
    while not stop():
        readers = [subprocess.Popen(["cat", f"{name}/stream"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL) for _ in range(3)]
        time.sleep(random.random() / 5)
        if any(reader.poll() is not None for reader in readers):
            raise Wrong("a stream ended by itself")
        give_up(readers, random, "stream")
    os.rmdir(name)


def device_waiter(place, scratch, random, stop, ledger):
    """Clients that wait for a device that answers after a minute, while others go on."""
    device = f"{place}/devices.offload/slow{os.getpid() % 100000}"
    name = f"{place}/late{os.getpid()}"
    os.mkdir(device)
    write_file(name, f"type=hash key=4 value=4 entries=2 dev={os.path.basename(device)}")
    write_file(f"{name}/1", "5")
    write_file(f"{device}/latency_us", "60000000", os.O_WRONLY)
    while not stop():
        waiting = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for command in (["cat", f"{name}/1"], ["ls", name], ["touch", f"{name}/2"])]
        time.sleep(random.random() / 5)
        give_up(waiting, random, "device")
    os.rmdir(device)
    os.rmdir(name)


def write_until_killed(place, base, random, ledger):
    """Never returns: the process is not to become a client of its own."""
    try:
        while True:
            key, value = base + random.randrange(OWN_KEYS), random.getrandbits(62)
            ledger.update(key, value, lambda: write_file(f"{place}/ledger/{key}", str(value)))
    except OSError:
        os._exit(1)  # the daemon was killed: the parent goes on


def killed_writer(place, scratch, random, stop, ledger):
    """Forks writers and kills them; what they acknowledged in the ledger counts."""
    base = 3000000 + OWN_KEYS * (os.getpid() % 4000)
    while not stop():
        child = os.fork()
        if child == 0:
            write_until_killed(place, base, random, ledger)
        time.sleep(random.random() / 20)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        random.random()  # the next child goes on from another state


def refused_writer(place, scratch, random, stop, ledger):
    """Nonsense of all kinds: refused, and nothing changes."""
    nonsense = ["", "x", "-1", "1 2", "{", "[1]", "99999999999999999999", "0x", "\0", "nan"]
    while not stop():
        refuses(errno.EINVAL, write_file, f"{place}/steady/1", random.choice(nonsense[1:]))
        for name in ("nokey", "-1", "4294967296", "0x1ffffffff", "hex-00"):
            refuses(errno.EINVAL, write_file, f"{place}/steady/{name}", "1")
        read_file(f"{place}/error.log")


EVERYWHERE = [updater, updater, updater, bulk_writer, browser, pinner, freezer, snapshots,
              interrupted_reader, killed_writer, refused_writer, stream_waiter]
EMULATED_ONLY = [devices, device_waiter]
