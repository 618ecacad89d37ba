#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs tree operations below a directory and prints what each one gave, a line each.

    tree_operations.py DIRECTORY SEED COUNT

The same lines must come from a bpffs and from bpfuse over another one. First a fixed script with
the cases that bpffs has rules for, then COUNT operations drawn from SEED. Times and inode numbers
are not printed; neither are names with a dot, which only bpfuse adds.
"""

import ctypes
import errno
import os
import random
import stat
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4


def renameat2(old, new, flags):
    if LIBC.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags):
        raise OSError(ctypes.get_errno(), "renameat2")


def describe(path):
    st = os.lstat(path)
    return (f"{stat.filemode(st.st_mode)} nlink={st.st_nlink} uid={st.st_uid} gid={st.st_gid} "
            f"size={st.st_size} blocks={st.st_blocks}")


def listing(path):
    names = os.listdir(path)
    return " ".join(name for name in names if "." not in name)


def filesystem(path):
    st = os.statvfs(path)
    return f"{st.f_bsize} {st.f_frsize} {st.f_blocks} {st.f_bfree} {st.f_files} {st.f_ffree} {st.f_namemax}"


def create(path):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make_device(path):
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))


OPERATIONS = {
    "mkdir": lambda path, mode="0777": os.mkdir(path, int(mode, 8)),
    "rmdir": os.rmdir,
    "unlink": os.unlink,
    "symlink": os.symlink,
    "readlink": os.readlink,
    "rename": os.rename,
    "rename_noreplace": lambda old, new: renameat2(old, new, NOREPLACE),
    "rename_exchange": lambda old, new: renameat2(old, new, EXCHANGE),
    "rename_both": lambda old, new: renameat2(old, new, NOREPLACE | EXCHANGE),
    "rename_whiteout": lambda old, new: renameat2(old, new, WHITEOUT),
    "chmod": lambda path, mode: os.chmod(path, int(mode, 8)),
    "chown": lambda path, uid, gid: os.chown(path, int(uid), int(gid), follow_symlinks=False),
    "utime": lambda path, ns: os.utime(path, ns=(int(ns), int(ns)), follow_symlinks=False),
    "mtime": lambda path: os.lstat(path).st_mtime_ns,
    "stat": describe,
    "list": listing,
    "statfs": filesystem,
    "access": lambda path: "".join("rwx"[i] if os.access(path, 4 >> i) else "-" for i in range(3)),
    "mkfifo": os.mkfifo,
    "mknod": make_device,
    "umask": lambda mask: os.umask(int(mask, 8)) and None,
    "truncate": lambda path: os.truncate(path, 0),
    "opendir": lambda path: os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY)),
}

LONG = "n" * 255
TOO_LONG = "n" * 256

SCRIPT = f"""
statfs .
stat .
mkdir a
mkdir a
mkdir a/b
mkdir a/b/c 0700
stat a
stat a/b
stat a/b/c
list .
list a
mkdir x/y
mkdir a.b
mkdir .hidden
stat a.b
stat missing
stat a/.hidden
rmdir a
rmdir a/b/c
rmdir a/missing
rmdir a.b
stat a/b
symlink target s
symlink dotted.target/x.y a/t
symlink target s
symlink target s.t
symlink target a
stat s
readlink s
readlink a/t
readlink a
readlink missing
stat a/t/more
rename s r
stat s
readlink r
rename r a
rename a r
rename a a/b
rename a a/b/inside
rename missing r
rename r missing/r
rename r r.r
rename r.r r
mkdir d
mkdir e
rename d e
stat d
stat e
mkdir d
mkdir d/full
rename e d
rename_noreplace e d
rename_noreplace e f
rename_exchange f d
list f
list d
rename_exchange f missing
rename_both f d
rename_whiteout d w
rename_exchange r f
readlink f
list r
unlink f
unlink r
unlink missing
unlink s.t
rmdir f
rmdir r
rmdir r/full
rmdir r
symlink gone dangling
stat dangling
stat dangling/x
mkdir dangling
rename d dangling
rename dangling d
list .
chmod d 0000
stat d
chmod d 7777
stat d
chmod d 1755
stat d
chmod missing 0700
chown d 1 2
stat d
chown d -1 3
stat d
chown dangling 5 6
stat dangling
chmod d 02775
chown d 0 3
mkdir d/inherits
stat d/inherits
rmdir d/inherits
utime d 1234567890123456789
mtime d
umask 077
mkdir masked
stat masked
umask 0
mkdir open 0777
stat open
umask 022
mkfifo fifo
mknod device
mkdir {LONG}
stat {LONG}
rename {LONG} d/{LONG}
rmdir d/{LONG}
mkdir {TOO_LONG}
stat {TOO_LONG}
symlink target {TOO_LONG}
rename d {TOO_LONG}
symlink {"t" * 4000} far
readlink far
mkdir a:b
mkdir naïve
list .
truncate d
opendir d
opendir dangling
opendir missing
access a
rmdir .
rmdir ..
unlink .
rename . q
statfs a/b
"""


def run(operation, arguments):
    try:
        result = OPERATIONS[operation](*arguments)
    except OSError as error:
        result = errno.errorcode.get(error.errno, str(error.errno))
    short = " ".join(a if len(a) < 40 else f"{a[:8]}...{len(a)}" for a in arguments)
    print(f"{operation} {short} -> {'ok' if result is None else result}")


NAMES = ["a", "b", "c", "dangling", "d"]
MODES = ["0755", "0700", "02775", "1777", "0"]
ARGUMENTS = {
    "mkdir": "pm", "rmdir": "p", "unlink": "p", "symlink": "tp", "readlink": "p",
    "rename": "pp", "rename_noreplace": "pp", "rename_exchange": "pp", "rename_both": "pp",
    "chmod": "pm", "chown": "puu", "stat": "p", "list": "p", "access": "p",
}


def draw(rng, kind):
    if kind == "m":
        return rng.choice(MODES)
    if kind == "u":
        return rng.choice(["0", "1000", "-1"])
    if kind == "t":
        return rng.choice(["a", "b/c", "no.where"])
    if rng.random() < 0.03:
        return rng.choice(["x.y", "a/.z", ".", "a/.."])
    return "/".join(rng.choice(NAMES) for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))


def main():
    directory, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.umask(0o022)
    os.chdir(directory)
    for line in SCRIPT.strip().splitlines():
        operation, *arguments = line.split()
        run(operation, arguments)
    rng = random.Random(seed)
    for _ in range(count):
        operation = rng.choice(list(ARGUMENTS))
        run(operation, [draw(rng, kind) for kind in ARGUMENTS[operation]])


main()
