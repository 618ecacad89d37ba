#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Malformed names, values, bulk texts and specs, on a mount: prints what was wrongly accepted.

The last line is "cases N".
"""

import errno
import os
import sys

U32_NAMES = """-1 +1 01x 1x x1 4294967296 99999999999999999999999 0x 0x1ffffffff 0xg 0X 1.0 1e3 1,2
hex- hex-0 hex-01 hex-0102030 hex-010203 hex-0102030405 hex-0102030g hex--01020304
HEX-01020304 %2e %00 %zz 1%00 null true "1" {1} [1] k=1 a=1,b=2 10.0.0.1 ::1 02:00:00:00:00:01
sha256- sha256-0 .hidden ..1 1. 1~ .1.swp sedAbCdEf _ - -- a b long_name_that_is_no_number""".split()
U32_NAMES += [" ", "1 ", " 1", "1\n", "\n", "\t1", "\x01", "\x7f", "1\x1b[0m", "\udcff", "1\udc80",
              "é", "١", "１", "1\u200b", "9" * 255, "hex-" + "0" * 250, "0x" + "f" * 200]

U64_VALUES = ["", " ", "\n", "\n\n", "-1", "+1", "18446744073709551616", "9" * 400, "0x", "0xg",
              "0x1ffffffffffffffff", "1.0", "1e3", "1 2", "1\n2", "1\n2\n", "1,", ",1", "[1]", "[]",
              "{}", '{"a":1}', "null", "true", "false", '"1', '1"', '"text"', "text", "hex-", "hex-01",
              "hex-010203040506070", "hex-010203040506070809", "hex-01020304050607zz",
              "01 02 03", "01 02 03 04 05 06 07 08 09", "01 02 03 04 05 06 07 zz", "0b101", "1u", "1_0",
              "NaN", "Infinity", "\x00", "1\x00", "1\x002", "\xff", "\xc3\x28", "\u0661", "//1",
              "/*1*/", "'1'", "$(id)", "`id`", "[" * 5000, "{" * 5000, "[" * 5000 + "]" * 5000,
              "--1", "1-", "1 #", "key=1", "1\t2", "(1)", "=1", "\\1", "\u00bd"]

PERCPU_VALUES = ["[", "[]", "[1", "[1,]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]", '{"0":}',
                 '{"0":1', '{"-1":1}', '{"4096":1}', '{"0":1,"0":2}', '{"x":1}', '{0:1}', '{"0":"x"}',
                 '{"0":-1}', "[null]", "[[1]]", '["1"', "[1 2]", "[-1,0]", "[18446744073709551616,0]", "{}",
                 '{"0":1}x', '[1,1]]', "-5", "x"]

ENTRIES = ["1", "1 2", "1\t", "\t1", "1\t2\t3", "x\t1", "1\tx", "1\t2\nx", "1\t2\n3", "=\t1",
           "1\t2\n\t\n", "4294967296\t1", "-1\t1", "1\t18446744073709551616", "hex-01\t1", "\0\t1", "1\t\0",
           "1\t2\n1 2\n", "1:2", "1,2", '{"key":1,"value":2}']

ENTRIES_JSON = ["{", "[", "[}", "[1]", "[{}]", '[{"key":1}]', '[{"value":1}]',                 '[{"key":1,"value":2},]', '[{"key":1,"value":2}]]', '[{"key":1,"key":1,"value":2}]',
                '[{"key":1,"value":2,"more":3}]', '[{"key":"x","value":2}]', '[{"key":1,"value":"x"}]',
                '[{"key":1 "value":2}]', '[,{"key":1,"value":2}]', "null", "1", '"x"', "[null]",
                '[{"key":-1,"value":2}]', '{"key":1,"value":2}', "[" * 3000]

SPECS = ["", " ", "type", "type=", "=hash", "type=hash", "type=hash key=4", "type=hash key=4 value=4",
         "type=hash key=4 value=4 entries=", "type=hash key=4 value=4 entries=-1",
         "type=hash key=4 value=4 entries=x", "type=hash key=4 value=4 entries=4294967296",
         "type=hash key=0 value=4 entries=4", "type=hash key=4 value=0 entries=4",
         "type=hash key=-4 value=4 entries=4", "type=hash key=u33 value=4 entries=4",
         "type=nothing key=4 value=4 entries=4", "type=hash type=array key=4 value=4 entries=4",
         "type=hash key=4 value=4 entries=4 flags=none_such", "type=hash key=4 value=4 entries=4 flags=",
         "type=hash key=4 value=4 entries=4 name=has-dash", "type=hash key=4 value=4 entries=4 dev=nosuchdev",
         "type=hash key=4 value=4 entries=4 name=" + "n" * 16, "type=hash key=4 value=4 entries=4 more",
         "type=hash key=4 value=4 entries=4 name=sixteen_chars_ab", "type=array key=8 value=4 entries=4",
         "type=hash key=4 value=4 entries=4 inner=nowhere", "type=hash key=4 value=4 entries=4 btf=/nonexistent",
         "type=hash key={ value=4 entries=4", "type=hash key={a:u32 value=4 entries=4",
         "type=hash key=u32[ value=4 entries=4", "type=hash key=u32[0] value=4 entries=4",
         "type=hash key=u32[-1] value=4 entries=4", "map=", "map=x", "map=-1", "map=0", "prog=0", "link=0",
         "map=4294967296", "pinned=", "pinned=nowhere", "pinned=../../etc/passwd", "map=1 prog=1",
         "map=1 type=hash", "{", "{}", "[]", '{"type":"hash"}', '{"type":1.5}', '{"type":"hash","key":{}}',
         '{"type":"hash","key":4,"value":4,"entries":4,"colour":1}', '{"type":"hash","key":4,"value":4,"entries":4}x',
         '{"type":"hash","type":"array","key":4,"value":4,"entries":4}', "type=hash key=4 value=4 entries=4 extra=x",
         "type=hash\x00key=4", "type = hash", "x" * 70000]

FORMATS = ["key", "key=", "=u32", "key=u33", "key=u64", "value=u32", "key=u32 key=u32", "key=u32 more=1",
           "key={a:u16}", "key={a:u16,b:u16", "key=u16[3]", "key=u8[4", "key=u8[4]]", "key=u8[-4]",
           "key={a:u16,a:u16}", "key={:u32}", "key={a:}", "key=u32,value=u64", "key=ipv6", "value=mac"]


def attempt(path, text, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    fd = os.open(path, flags, 0o600)
    try:
        os.write(fd, data) if data else None
    finally:
        os.close(fd)


class Checker:
    def __init__(self):
        self.cases = 0

    def refuse(self, what, path, text, unchanged, wanted=(errno.EINVAL,)):
        self.cases += 1
        before = unchanged()
        try:
            attempt(path, text)
        except OSError as error:
            if error.errno not in wanted:
                print(f"{what}: {text[:60]!r}: {errno.errorcode.get(error.errno, error.errno)}")
        except ValueError:
            pass  # a NUL in a name never gets as far as a file system
        else:
            if text:  # nothing written is nothing refused
                print(f"{what}: {text[:60]!r}: accepted")
        if unchanged() != before:
            print(f"{what}: {text[:60]!r}: something changed: {unchanged()}")


def content(path):
    return sorted(open(path).read().splitlines())


def main():
    os.chdir(sys.argv[1])
    check = Checker()
    attempt("h", "type=hash key=4 value=8 entries=16")
    attempt("p", "type=percpu_hash key=4 value=8 entries=16")
    attempt("h/1", "5\n")
    attempt("p/1", "5\n")

    def same():
        return content("h/.map/entries") + content("p/.map/entries") + [open("h/.map/format").read()]

    for name in U32_NAMES:
        check.refuse("name", f"h/{name}", "1\n", same, (errno.EINVAL, errno.ENAMETOOLONG))
        check.cases += 1
        try:
            os.stat(f"h/{name}")
            print(f"stat of {name!r}: found")
        except (FileNotFoundError, ValueError):
            pass
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                print(f"stat of {name!r}: {error}")
    for text in U64_VALUES:
        check.refuse("value", "h/1", text, same)
        check.refuse("new value", "h/2", text, same)
    for text in PERCPU_VALUES:
        check.refuse("per-CPU value", "p/1", text, same)
    for text in ENTRIES:
        check.refuse("entries", "h/.map/entries", text + "\n", same)
    for text in ENTRIES_JSON:
        check.refuse("entries.json", "h/.map/entries.json", text, same)
    for text in FORMATS:
        check.refuse("format", "h/.map/format", text + "\n", same)
    for text in SPECS:
        check.refuse("spec", "new", text, lambda: (os.path.exists("new"), same()),
                     (errno.EINVAL, errno.ENOENT, errno.ENODEV, errno.E2BIG, errno.EACCES, errno.EBADF))
    os.rmdir("h")
    os.rmdir("p")
    print(f"cases {check.cases}")


main()
