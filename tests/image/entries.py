#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares entries of two directories of CRIU's images, byte for byte.

usage: entries.py OURS THEIRS MAP...

For each MAP (a name that is in both) our entry in files.img and in bpfmap-data.img must be the
very bytes of theirs, once the numbers that cannot be the same (the map's id and the file's) are
those of theirs; elements of a hash are compared in the order of their keys.
"""
import struct
import sys

BPFMAP = 19


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def put_varint(value):
    out = b''
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def fields(data):
    """(number, wire type, value) of a message; length-delimited values are bytes."""
    at, found = 0, []
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        elif key & 7 == 5:
            value, at = data[at:at + 4], at + 4
        else:
            raise ValueError(f'wire type {key & 7}')
        found.append((key >> 3, key & 7, value))
    return found


def message(entries):
    out = b''
    for number, wire, value in entries:
        out += put_varint(number << 3 | wire)
        out += put_varint(value) if wire == 0 else \
            (put_varint(len(value)) + value if wire == 2 else value)
    return out


def messages(path, extra=lambda found: 0):
    with open(path, 'rb') as stream:
        data = stream.read()
    at, out = 8, []
    while at < len(data):
        size, = struct.unpack_from('=I', data, at)
        body = data[at + 4:at + 4 + size]
        at += 4 + size
        more = extra(dict((number, value) for number, _, value in fields(body)))
        out.append((body, data[at:at + more]))
        at += more
    return out


def maps(directory):
    """name -> (map id, file id, file_entry bytes)"""
    found = {}
    for body, _ in messages(directory + '/files.img'):
        entry = dict((number, value) for number, _, value in fields(body))
        if entry.get(1) == BPFMAP:
            bpf = dict((number, value) for number, _, value in fields(entry[21]))
            found.setdefault(bpf[13].decode(), (bpf[8], entry[2], body))
    return found


def data(directory):
    """map id -> (message bytes, keys and values)"""
    found = {}
    for body, extra in messages(directory + '/bpfmap-data.img',
                                lambda entry: entry[2] + entry[3]):
        found.setdefault(fields(body)[0][2], (body, extra))
    return found


def renumber_file(body, map_id, file_id):
    """The entry with other ids."""
    entries = []
    for number, wire, value in fields(body):
        if number == 21:
            value = message([(inner, kind, {1: file_id, 8: map_id}.get(inner, content))
                             for inner, kind, content in fields(value)])
        entries.append((number, wire, file_id if number == 2 else value))
    return message(entries)


def sort_elements(body, extra):
    sizes = dict((number, value) for number, _, value in fields(body))
    keys, values = extra[:sizes[2]], extra[sizes[2]:]
    count = sizes[4]
    if not count:
        return extra
    key, value = len(keys) // count, len(values) // count
    pairs = sorted((keys[i * key:(i + 1) * key], values[i * value:(i + 1) * value])
                   for i in range(count))
    return b''.join(pair[0] for pair in pairs) + b''.join(pair[1] for pair in pairs)


def main():
    ours, theirs = sys.argv[1:3]
    our_maps, their_maps = maps(ours), maps(theirs)
    our_data, their_data = data(ours), data(theirs)
    failed = False
    for name in sys.argv[3:]:
        our_id, _, our_body = our_maps[name]
        their_id, file_id, their_body = their_maps[name]
        same = renumber_file(our_body, their_id, file_id) == their_body
        our_message, our_extra = our_data[our_id]
        their_message, their_extra = their_data[their_id]
        renumbered = message([(number, wire, their_id if number == 1 else value)
                              for number, wire, value in fields(our_message)])
        same &= renumbered == their_message
        same &= sort_elements(our_message, our_extra) == sort_elements(their_message, their_extra)
        if not same:
            print(f'{name}: ours {our_body.hex()} theirs {their_body.hex()}', file=sys.stderr)
        failed |= not same
    return failed


if __name__ == '__main__':
    sys.exit(main())
