#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Keys: which update an open means, names, sizes and times, what fails with which errno.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../mounts.sh"
mount_start
make h 'type=hash key=4 value=8 entries=4 name=h'
make a 'type=array key=4 value=4 entries=2 name=a'
make b 'type=hash key=6 value=3 entries=8 name=b'
make ph 'type=percpu_hash key=4 value=8 entries=4 name=ph'
make pa 'type=percpu_array key=4 value=8 entries=2 name=pa'

works "echo makes a key" "echo 1 >h/1"
works "echo changes it" "echo 2 >h/1"
same "hexadecimal, and blanks around" "printf '  0x10 \n' >h/1; cat h/1" 16
same "a name in hexadecimal" "cat h/0x1" 16
same "a name as bytes" "cat h/hex-01000000" 16
same "written by another name" "echo 3 >h/0x00000001; ls h" 1

# open(2) by hand: flags of the update.
cat >"$scratch/flags.py" <<'END'
import errno, os, sys, threading, time
def attempt(title, action):
    try:
        print(title, action())
    except OSError as error:
        print(title, errno.errorcode[error.errno])
def write(name, flags, text=b"5"):
    fd = os.open(name, flags | os.O_WRONLY, 0o600)
    try:
        return os.write(fd, text)
    finally:
        os.close(fd)
os.chdir(sys.argv[1])
attempt("create", lambda: write("h/1", os.O_CREAT))
attempt("excl, there", lambda: write("h/1", os.O_CREAT | os.O_EXCL))
attempt("excl, new", lambda: write("h/2", os.O_CREAT | os.O_EXCL))
attempt("plain, there", lambda: write("h/1", 0))
attempt("plain, absent", lambda: write("h/3", 0))
attempt("excl on an array's slot", lambda: write("a/0", os.O_CREAT | os.O_EXCL))
attempt("beyond an array", lambda: write("a/9", os.O_CREAT))
def elsewhere(action):
    """As another process: the kernel tells FUSE of threads."""
    result = []
    thread = threading.Thread(target=lambda: result.append(action()))
    thread.start()
    thread.join()
    return result[0]
# A new file that nothing was written to is there for who made it, until a close; for nobody else.
fd = os.open("h/3", os.O_CREAT | os.O_WRONLY)
print(os.lstat("h/3").st_size, elsewhere(lambda: os.path.lexists("h/3")), sorted(os.listdir("h")))
os.close(os.dup(fd))
print(os.path.lexists("h/3"))
os.close(fd)
print(os.path.lexists("h/3"))
fd = os.open("h/3", os.O_CREAT | os.O_WRONLY)
os.utime("h/3")
print(elsewhere(lambda: open("h/3").read().strip()))
os.close(fd); os.unlink("h/3")
# Two creators: the second one's O_EXCL is found by the map.
exclusive = os.O_CREAT | os.O_EXCL | os.O_WRONLY
one = os.open("h/3", exclusive)
attempt("who made it", lambda: os.open("h/3", exclusive))
two = elsewhere(lambda: os.open("h/3", exclusive))
attempt("first", lambda: os.write(one, b"1"))
attempt("second", lambda: os.write(two, b"2"))
attempt("first again", lambda: os.write(one, b"3"))
os.close(one); os.close(two)
# A key that vanishes behind an open name.
fd = os.open("h/3", os.O_WRONLY)
app = os.open("h/3", os.O_WRONLY | os.O_APPEND)
os.unlink("h/3")
attempt("existing only, gone", lambda: os.write(fd, b"1"))
attempt("append, gone: made", lambda: os.write(app, b"7"))
print(open("h/3").read().strip())
os.close(fd); os.close(app)
# One write is one update; nothing by O_TRUNC, close or fsync.
fd = os.open("h/3", os.O_RDWR | os.O_TRUNC)
print(os.read(fd, 10))
os.write(fd, b"8"); os.lseek(fd, 0, 0); print(os.read(fd, 10))
os.fsync(fd); os.ftruncate(fd, 0)
print(open("h/3").read().strip())
os.close(fd)
st = os.stat("h/3")
os.utime("h/3"); os.chmod("h/3", st.st_mode & 0o7777); os.chown("h/3", st.st_uid, st.st_gid)
attempt("chown", lambda: os.chown("h/3", 1, 1))
after = os.stat("h/3")
print(after.st_size, st.st_mtime_ns == after.st_mtime_ns, st.st_ctime_ns == after.st_ctime_ns)
time.sleep(0.002)  # times are of whole milliseconds
open("h/3", "w").write("9")
print(os.stat("h/3").st_mtime_ns > st.st_mtime_ns, os.stat("h/3").st_ctime_ns == st.st_ctime_ns)
attempt("rename", lambda: os.rename("h/3", "h/4"))
attempt("mknod", lambda: os.mknod("h/4"))
print(os.statvfs("h").f_namemax)
END
expect "flags of updates" 'create 1
excl, there EEXIST
excl, new 1
plain, there 1
plain, absent ENOENT
excl on an array'"'"'s slot EEXIST
beyond an array E2BIG
0 False ['"'.map', '1', '2'"']
False
False
0
who made it EEXIST
first 1
second EEXIST
first again 1
existing only, gone ENOENT
append, gone: made 1
7
b'"'7\n'"'
b'"'8\n'"'
8
chown EPERM
2 True True
True True
rename EXDEV
mknod EPERM
255' "$(python3 "$scratch/flags.py" "$mnt" 2>&1)"

works "fill it" "echo 1 >h/2; echo 1 >h/3; echo 1 >h/4"
fails "full: E2BIG" "Argument list too long" "echo 1 >h/5"
logged "and why" "full"
fails "touch of a new key in a full map" "Argument list too long" "touch h/5"
same "is not there" "ls h | wc -l" 4
works "a key that is there can be changed" "echo 9 >h/4"
works "frozen" "echo 1 >h/.map/frozen"
fails "update of a frozen map" "Operation not permitted" "echo 1 >h/4"
logged "and why" "frozen"
fails "delete from a frozen map" "Operation not permitted" "rm h/4"
same "is still read" "cat h/4" 9
fails "a name that is no key: lookup" "No such file" "cat h/x"
fails "a name that is no key: create" "Invalid argument" "echo 1 >h/x"
fails "a directory in place of a key" "No such file" "ls h/77/"

same "other sizes are bytes" "echo hex-010203 >b/hex-0a0b0c0d0e0f; cat b/hex-0a0b0c0d0e0f; ls b" '"hex-010203"
hex-0a0b0c0d0e0f'
same "bytes with blanks" "echo '0a 0b 0c' >b/hex-0a0b0c0d0e0f; cat b/*" '"hex-0a0b0c"'
fails "a byte too few" "Invalid argument" "echo hex-0102 >b/hex-0a0b0c0d0e0f"
fails "a key of a byte too few" "Invalid argument" "echo hex-010203 >b/hex-0a0b0c0d0e"

cpus=$(cat "$mnt/pa/0" | tr -cd , | wc -c)
cpus=$((cpus + 1))
works "one value for all CPUs" "echo 5 >ph/1"
same "the sum" "cat ph/.map/sum/1" $((5 * cpus))
works "one CPU's" "echo '{\"0\":7}' >ph/1"
same "the others stay" "cat ph/.map/sum/1" $((5 * (cpus - 1) + 7))
same "raw: all slots" "wc -c <ph/.map/raw/1" $((8 * cpus))
make ps 'type=percpu_hash key=4 value={a:u32,b:u32} entries=4'
works "values that have no sum" "echo '{\"a\":1,\"b\":2}' >ps/1"
same "are not listed in sum" "ls ps/.map/sum" ""
fails "nor summed" "not supported" "cat ps/.map/sum/1"
works "so that whole directories can be read" "tar cf /dev/null ps && grep -rq . ps"
rmdir "$mnt/ps"

# access(2), and touch(1) that sets one time only
works "a key may be read and written, not executed" "[ -r h/4 ] && [ -w h/4 ] && ! [ -x h/4 ] && [ -x h ]"
make half 'type=hash key=4 value=4 entries=4'
works "touch -a, touch -m" "touch -a half/1 && touch -m half/2"
same "insert zeros" "cat half/1 half/2" '0
0'
rmdir "$mnt/half"

# Who has it open reads what was there when it was opened.
make gone 'type=hash key=4 value=4 entries=4'
works "a key is removed while it is open" "echo 7 >gone/1; exec 3<gone/1; rm gone/1; sleep 0.1; [ \"\$(cat <&3)\" = 7 ] && [ \"\$(stat -Lc %h.%s /dev/fd/3)\" = 0.2 ]"
works "a map is unpinned while its files are open" "echo 8 >gone/1; exec 3<gone/1 4<gone/.map/entries; rmdir gone; sleep 0.1; [ \"\$(cat <&3 <&4)\" = '1	8' ] && [ \"\$(cat <&3)\" = 8 ]"

# A process that opens what it has made and not written yet.
make twice 'type=hash key=4 value=4 entries=8'
cat >"$scratch/twice.py" <<'END'
import errno, os
def tried(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]
CREATE = os.O_WRONLY | os.O_CREAT
for key, first, second in (("1", CREATE, CREATE), ("2", CREATE | os.O_EXCL, CREATE | os.O_TRUNC),
                           ("3", CREATE, os.O_WRONLY), ("4", CREATE, os.O_RDONLY)):
    maker = os.open("twice/" + key, first)
    again = tried(lambda: os.open("twice/" + key, second))
    wrote = tried(lambda: os.write(again, b"5\n")) if isinstance(again, int) else again
    print(wrote, tried(lambda: os.write(maker, b"6\n")), open("twice/" + key).read(), end="")
END
same "a key that is not written yet is opened again" "python3 '$scratch/twice.py'" '2 2 6
2 EEXIST 5
ENOENT 2 6
ENOENT 2 6'
rmdir "$mnt/twice"

# Values of a megabyte and more, by all that programs do with them.
make big 'type=hash key=4 value=1048584 entries=2'
cat >"$scratch/big.py" <<'END'
import os, random
data = random.Random(1).randbytes(1048584)
with open("big/.map/raw/1", "wb", buffering=0) as f: print(f.write(data))
print(open("big/.map/raw/1", "rb").read() == data, os.stat("big/1").st_size == len(open("big/1").read()))
END
same "a large value, in one write(2)" "python3 '$scratch/big.py'" '1048584
True True'
for copy in 'cp big/1 big/2' 'cat big/1 >big/2' 'dd if=big/1 of=big/2 bs=4k status=none' 'sed s/x/x/ big/1 >big/2' \
	'cp big/.map/raw/1 big/.map/raw/2' 'dd if=big/.map/raw/1 of=big/.map/raw/2 bs=1M status=none' \
	'python3 -c "open(\"big/2\",\"w\").write(open(\"big/1\").read())"'; do
	works "$copy" "rm -f big/2; $copy && cmp big/1 big/2"
done
rmdir "$mnt/big"
same "what is printed can be written" "cat ph/1 >'$scratch/v'; cat '$scratch/v' >ph/2; cat ph/2 | cmp - '$scratch/v' && echo same" same
mount_stop
finish
