#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the table of permissions does not name, tried by a user who is not root.

usage: trespass.py UID MOUNT

The mount has three maps with keys 1 and 2: `mine` is the user's, `shared` may be read by the user's
group, `secret` is root's. Every attempt is a process of its own. Prints a line for each that got
more than the modes grant, that hung or that died; and where reading or writing itself is refused
though the modes grant it. `mine` may be changed in any way that is an update of a key.
"""
import ctypes
import fcntl
import mmap
import os
import select
import signal
import struct
import sys

PATIENCE = 30  # seconds until an attempt counts as hung
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
AT_FDCWD = -100
OWN = "mine/2"  # what is copied from and to
ACL = struct.pack("<IHHI", 2, 2, 7, 0)


def call(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def put(path, flags, text=b"9\n"):
    return os.write(os.open(path, flags), text)


def get(path, flags=os.O_RDONLY):
    return os.read(os.open(path, flags), 4096)


def again(path, flags, then):
    """The file by the descriptor of one that was opened otherwise."""
    return os.open(f"/proc/self/fd/{os.open(path, flags)}", then)


def map_private(path):
    file = os.open(path, os.O_RDONLY)
    with mmap.mmap(file, 2, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as memory:
        return memory[:2]


def map_shared(path, flags, protection):
    file = os.open(path, flags)
    with mmap.mmap(file, 2, flags=mmap.MAP_SHARED, prot=protection) as memory:
        return memory[:2]


def copy(source, target):
    return os.copy_file_range(os.open(source, os.O_RDONLY), os.open(target, os.O_WRONLY), 64)


def splice(source, target):
    end, begin = os.pipe()
    count = os.splice(os.open(source, os.O_RDONLY), begin, 64)
    return os.splice(end, os.open(target, os.O_WRONLY), count)


def lock(path, flags, command, kind):
    return fcntl.fcntl(os.open(path, flags), command, struct.pack("hhqqi4x", kind, 0, 0, 0, 0))


def send(source, target):
    return os.sendfile(os.open(target, os.O_WRONLY), os.open(source, os.O_RDONLY), 0, 64)


def clone(source, target):
    return fcntl.ioctl(os.open(target, os.O_WRONLY), 0x40049409, os.open(source, os.O_RDONLY))


def lease(path):
    return fcntl.fcntl(os.open(path, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)


def allocate(path, mode):
    return call(libc.fallocate(os.open(path, os.O_WRONLY), mode, 0, 4096))


def sync_range(path):
    return call(libc.sync_file_range(os.open(path, os.O_RDONLY), 0, 0, 7))


def control(path, flags, request):
    return fcntl.ioctl(os.open(path, flags), request, bytearray(256))


def handle(path):
    fid = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
    call(libc.name_to_handle_at(AT_FDCWD, path.encode(), fid, ctypes.byref(ctypes.c_int()), 0))
    return fid


def open_handle(path):
    return call(libc.open_by_handle_at(os.open(".", os.O_RDONLY), handle(path), os.O_RDWR))


def watch(path):
    return call(libc.inotify_add_watch(call(libc.inotify_init1(0)), path.encode(), 0xFFF))


def exchange(one, other, flags):
    return call(libc.renameat2(AT_FDCWD, one.encode(), AT_FDCWD, other.encode(), flags))


def poll(path, flags):
    poller = select.poll()
    poller.register(os.open(path, flags), select.POLLIN | select.POLLOUT)
    return poller.poll(1000)


def up_from(path):
    os.fchdir(os.open(path, os.O_RDONLY))
    return os.listdir("../../secret")


READ = {  # name: what is done to a map's directory and a key in it; who may read may do this
    "read": lambda _, key: get(key),
    "read, O_DIRECT": lambda _, key: get(key, os.O_DIRECT),
    "read, O_PATH reopened": lambda _, key: os.read(again(key, os.O_PATH, os.O_RDONLY), 64),
    "read beyond the end": lambda _, key: os.pread(os.open(key, os.O_RDONLY), 9, 2**63 - 20),
    "map privately": lambda _, key: map_private(key),
    "map to share": lambda _, key: map_shared(key, os.O_RDONLY, mmap.PROT_READ),
    "copy_file_range from": lambda _, key: copy(key, OWN),
    "splice from": lambda _, key: splice(key, OWN),
    "handle": lambda _, key: handle(key),
    "read lock": lambda _, key: lock(key, os.O_RDONLY, fcntl.F_SETLK, fcntl.F_RDLCK),
    "read lock, OFD": lambda _, key: lock(key, os.O_RDONLY, 37, fcntl.F_RDLCK),
    "flock": lambda _, key: fcntl.flock(os.open(key, os.O_RDONLY), fcntl.LOCK_EX),
    "inotify, key": lambda _, key: watch(key),
    "inotify, map": lambda path, _: watch(path),
    "FIONREAD": lambda _, key: control(key, os.O_RDONLY, 0x541B),
    "poll": lambda _, key: poll(key, os.O_RDONLY),
    "SEEK_DATA": lambda _, key: os.lseek(os.open(key, os.O_RDONLY), 0, os.SEEK_DATA),
    "fsync": lambda _, key: os.fsync(os.open(key, os.O_RDONLY)),
    "syncfs": lambda path, _: call(libc.syncfs(os.open(path, os.O_RDONLY))),
    "sync_file_range": lambda _, key: sync_range(key),
    "statfs": lambda path, _: os.statvfs(path + "/1"),
}
WRITE = {  # and only who may write may do this, if anybody
    "O_RDWR": lambda _, key: put(key, os.O_RDWR),
    "O_ACCMODE": lambda _, key: put(key, os.O_ACCMODE),
    "O_TRUNC to read": lambda _, key: os.open(key, os.O_TRUNC),
    "write, O_DIRECT": lambda _, key: put(key, os.O_WRONLY | os.O_DIRECT),
    "O_PATH reopened": lambda _, key: os.write(again(key, os.O_PATH, os.O_WRONLY), b"9\n"),
    "O_RDONLY reopened": lambda _, key: os.write(again(key, os.O_RDONLY, os.O_RDWR), b"9\n"),
    "O_TMPFILE": lambda path, _: os.open(path, os.O_TMPFILE | os.O_RDWR),
    "write lock": lambda _, key: lock(key, os.O_RDWR, fcntl.F_SETLK, fcntl.F_WRLCK),
    "lease": lambda _, key: lease(key),
    "poll to write": lambda _, key: poll(key, os.O_WRONLY),
    "append": lambda _, key: os.pwritev(os.open(key, os.O_WRONLY), [b"9\n"], 0, os.RWF_APPEND),
    "write far out": lambda _, key: os.pwrite(os.open(key, os.O_WRONLY), b"9\n", 2**63 - 20),
    "copy_file_range to": lambda _, key: copy(OWN, key),
    "splice to": lambda _, key: splice(OWN, key),
    "sendfile to": lambda _, key: send(OWN, key),
    "truncate": lambda _, key: os.truncate(key, 0),
    "truncate far out": lambda _, key: os.truncate(key, 2**62),
    "ftruncate": lambda _, key: os.ftruncate(os.open(key, os.O_RDWR), 3),
    "utimensat": lambda _, key: os.utime(key),
    "utimensat, a time": lambda _, key: os.utime(key, (1, 1)),
    "utimensat, map": lambda path, _: os.utime(path, (1, 1)),
    "chmod": lambda _, key: os.chmod(key, 0o666),
    "chmod, .map": lambda path, _: os.chmod(path + "/.map", 0o777),
    "chown": lambda _, key: os.chown(key, os.getuid(), -1),
}
NOBODY = {
    "write a mapping": lambda _, key: map_shared(key, os.O_RDWR, mmap.PROT_WRITE),
    "map raw bytes": lambda path, _: map_shared(path + "/.map/raw/1", os.O_RDWR, mmap.PROT_WRITE),
    "open by handle": lambda _, key: open_handle(key),
    "fallocate": lambda _, key: allocate(key, 0),
    "punch a hole": lambda _, key: allocate(key, 3),
    "FICLONE": lambda _, key: clone(OWN, key),
    "FS_IOC_GETFLAGS": lambda _, key: control(key, os.O_RDONLY, 0x80086601),
    "FS_IOC_SETFLAGS": lambda _, key: control(key, os.O_RDONLY, 0x40086602),
    "FS_IOC_FSSETXATTR": lambda _, key: control(key, os.O_RDONLY, 0x401C5820),
    "FIFREEZE": lambda path, _: control(path, os.O_RDONLY, 0xC0045877),
    "FUSE_DEV_IOC_CLONE": lambda _, key: control(key, os.O_RDONLY, 0x8004E500),
    "an ioctl of nobody's": lambda _, key: control(key, os.O_RDONLY, 0xC0FFBEEF),
    "setxattr": lambda _, key: os.setxattr(key, "user.x", b"1"),
    "getxattr": lambda _, key: os.getxattr(key, "user.x"),
    "capabilities": lambda _, key: os.setxattr(key, "security.capability", bytes(20)),
    "an ACL": lambda path, _: os.setxattr(path, "system.posix_acl_access", ACL),
    "link a key": lambda _, key: os.link(key, "mine/7"),
    "link it out": lambda _, key: os.link(key, "somebodys"),
    "symlink": lambda path, _: os.symlink("/etc/passwd", path + "/5"),
    "mkfifo": lambda path, _: os.mkfifo(path + "/6"),
    "a device node": lambda path, _: os.mknod(path + "/6", 0o20666, os.makedev(1, 3)),
    "mkdir": lambda path, _: os.mkdir(path + "/6"),
    "exchange keys": lambda _, key: exchange(OWN, key, 2),
    "rename, no replacing": lambda path, _: exchange("mine/1", path + "/8", 1),
    "rename, whiteout": lambda path, key: exchange(key, path + "/8", 4),
    "rename a map into another": lambda path, _: exchange(path, "mine/x", 0),
    "execve": lambda _, key: os.execv(key, [key]),
    "up from .map": lambda path, _: up_from(path + "/.map"),
    "swapon": lambda _, key: call(libc.swapon(key.encode(), 0)),
    "acct": lambda _, key: call(libc.acct(key.encode())),
    "mount over": lambda path, _: call(libc.mount(b"none", path.encode(), b"tmpfs", 0, None)),
}
SHARED_ONLY = {
    "exchange maps": lambda path, _: exchange("mine", path, 2),
}


def attempt(act, path):
    """In this process: the status to exit with, 0 if it was done and 1 if it was refused."""
    signal.alarm(PATIENCE)
    try:
        act(path, path + "/1")
    except OSError:
        return 1
    return 0


def run(name, act, path, granted):
    """granted: whether it may succeed."""
    child = os.fork()
    if not child:
        status = 2
        try:
            status = attempt(act, path)
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        print(f"{path}: {name}: ended by signal {os.WTERMSIG(status)}")
    elif os.WEXITSTATUS(status) == 2:
        print(f"{path}: {name}: cannot be tried")
    elif os.WEXITSTATUS(status) == 0 and not granted:
        print(f"{path}: {name}: was allowed")
    elif os.WEXITSTATUS(status) == 1 and granted and name in ("read", "O_RDWR"):
        print(f"{path}: {name}: was refused")


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main():
    become(int(sys.argv[1]))
    os.chdir(sys.argv[2])
    modes = (("mine", True, True), ("shared", True, False), ("secret", False, False))
    for path, reads, writes in modes:
        for table, granted in ((READ, reads), (WRITE, writes), (NOBODY, False)):
            for name, act in table.items():
                run(name, act, path, granted)
        if path != "mine":
            for name, act in SHARED_ONLY.items():
                run(name, act, path, False)


main()
