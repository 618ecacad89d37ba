#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Files of snapshots, journals and streams that cannot be read, written, synced or renamed.

usage: io_faults.py BPFSNAP FAILING-IO [POINTS]

Each run of bpfsnap has one call on its files fail (failing_io.c), or all from one on: with EIO, for
want of room, or by transferring half; or is killed there. A run that failed has changed nothing, and
left nothing that verify accepts; one that ended well is complete; and the next run, on a disk that
works, finds all in order and leaves nothing lying about. What killed runs left is found by runs that
fail themselves, too. POINTS (3, 0: all) calls of each kind in each case, shared out evenly. Prints
TAP. Needs root and bpf(2).
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial

from killing import run, tap

BPFSNAP = os.path.abspath(sys.argv[1])
FAILING = os.path.abspath(sys.argv[2])
POINTS = int(sys.argv[3]) if len(sys.argv) > 3 else max(3 * int(os.environ.get('TEST_SHARE', 100)) // 100, 1)
WAYS = (('EIO', ''), ('EIO', '+'), ('ENOSPC', '+'), ('SHORT', '+'), ('KILL', ''))


def key(number):
    return [str(byte) for byte in number.to_bytes(4, 'little')]


class World:
    """A bpffs with maps, snapshots of two states of them, and a directory `io` whose files fail."""

    def __init__(self):
        self.scratch = tempfile.mkdtemp(prefix='bpfsnap-io-')
        self.bpffs, self.io, self.kept = (self.path(name) for name in ('bpffs', 'io', 'kept'))
        self.state = os.path.join(self.io, 'state')
        for directory in (self.bpffs, self.io, self.kept):
            os.mkdir(directory)
        run('mount', '-t', 'bpf', 'bpf', self.bpffs)
        os.environ['TMPDIR'] = self.io

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def close(self):
        run('umount', self.bpffs, statuses=None)
        shutil.rmtree(self.scratch)

    def bpfsnap(self, verb, *words, statuses=(0,)):
        return run(BPFSNAP, verb, '--state', self.state, *words, statuses=statuses)

    def update(self, pin, number, value):
        run('bpftool', 'map', 'update', 'pinned', f'{self.bpffs}/{pin}', 'key', *key(number), 'value',
            *key(value))

    def build(self):
        os.mkdir(f'{self.bpffs}/app')
        for name, kind in (('flows', 'hash'), ('slots', 'array')):
            run('bpftool', 'map', 'create', f'{self.bpffs}/app/{name}', 'type', kind, 'key', '4', 'value',
                '4', 'entries', '16', 'name', name)
        run('bpftool', 'map', 'create', f'{self.bpffs}/app/queue', 'type', 'queue', 'value', '4', 'entries',
            '8', 'name', 'queue')
        for number in range(9):
            self.update('app/flows', number, number)
        for number in range(3):
            run('bpftool', 'map', 'push', 'pinned', f'{self.bpffs}/app/queue', 'value', *key(number))
        app = f'{self.bpffs}/app'
        self.bpfsnap('dump', '-D', f'{self.kept}/first', '--queues', app)
        self.bpfsnap('dump', '-D', f'{self.kept}/flows', f'{app}/flows')
        for number in range(5, 12):
            self.update('app/flows', number, 100 + number)
        self.update('app/slots', 2, 77)
        run('bpftool', 'map', 'push', 'pinned', f'{app}/queue', 'value', *key(9))
        self.bpfsnap('dump', '-D', f'{self.kept}/second', '--queues', app)
        self.bpfsnap('dump', '-D', f'{self.kept}/differs', '--incremental', f'{self.kept}/first',
                     '--queues', app)
        self.bpfsnap('dump', '-o', f'{self.kept}/second.tar', '--queues', app)
        self.bpfsnap('dump', '-D', f'{self.kept}/empty', '--drain', f'{app}/flows')
        shutil.rmtree(f'{self.kept}/empty')
        self.bpfsnap('dump', '-D', f'{self.kept}/empty', f'{app}/flows')
        run('bpftool', 'map', 'create', f'{self.bpffs}/small', 'type', 'array', 'key', '4', 'value', '4',
            'entries', '1', 'name', 'small')
        self.bpfsnap('dump', '-o', f'{self.kept}/small.tar', f'{self.bpffs}/small')

    def reset(self):
        """All as in `first`, and io with copies of the snapshots, as a run finds them."""
        self.bpfsnap('restore', '-D', f'{self.kept}/first', '--in-place', self.bpffs)
        shutil.rmtree(self.io)
        shutil.copytree(self.kept, self.io)
        os.mkdir(self.state, 0o700)

    def next_run(self):
        """On a disk that works: what was left is found by a restore there and a dump to a stream."""
        self.bpfsnap('restore', '-i', f'{self.kept}/small.tar', '--replace', self.bpffs)

    def same(self, snapshot, live):
        dump = self.path('live')
        shutil.rmtree(dump, ignore_errors=True)
        self.bpfsnap('dump', '-D', dump, '--queues', live)
        return run(BPFSNAP, 'diff', f'{self.kept}/{snapshot}', dump, statuses=None).returncode == 0

    def is_snapshot(self, path):
        return run(BPFSNAP, 'verify', path, statuses=None).returncode == 0


def same_bytes(first, second):
    with open(first, 'rb') as one, open(second, 'rb') as other:
        return one.read() == other.read()


class Case:
    """
    One command line, perhaps behind another one that is killed in its second half; what must be true
    after it ended, well or not.
    """

    def __init__(self, name, words, check, made=(), killed=None):
        self.name, self.words, self.check, self.made, self.killed = name, words, check, made, killed
        self.killed_calls = 0


def cases(world):
    app, io = f'{world.bpffs}/app', world.io
    out = f'{io}/out'

    def unchanged(complete):
        assert world.same('first', app), f'the maps are not as before ({complete})'

    def dumped(complete):
        unchanged(complete)
        assert os.path.exists(out) == complete, f'there is {"no" if complete else "a"} snapshot'
        if complete:
            run(BPFSNAP, 'verify', out)
            run(BPFSNAP, 'diff', f'{world.kept}/first', out)

    def replaced(complete):
        unchanged(complete)
        run(BPFSNAP, 'diff', f'{world.kept}/{"first" if complete else "second"}', f'{io}/second')

    def streamed(complete):
        unchanged(complete)
        if not complete:
            assert same_bytes(f'{io}/second.tar', f'{world.kept}/second.tar'), 'the old stream is gone'
            return
        run(BPFSNAP, 'verify', '-i', f'{io}/second.tar')
        assert not same_bytes(f'{io}/second.tar', f'{world.kept}/second.tar'), 'the stream is old'

    def drained(complete):
        assert os.path.exists(out) == complete, f'there is {"no" if complete else "a"} snapshot'
        if complete:
            run(BPFSNAP, 'verify', out)
            run(BPFSNAP, 'diff', f'{world.kept}/flows', out)
        assert world.same('empty' if complete else 'flows', f'{app}/flows'), \
            'elements are lost, or were taken and are there all the same'

    def drained_to_stream(complete):
        assert world.same('empty' if complete else 'flows', f'{app}/flows'), 'elements are lost'
        if complete:
            run(BPFSNAP, 'verify', '-i', f'{io}/second.tar')

    def restored(complete):
        assert world.same('second' if complete else 'first', app), \
            'the target is neither as before nor complete'

    restore = ['restore', '--replace', world.bpffs]
    in_place = Case('restore --in-place', ['restore', '--in-place', '-D', f'{io}/second', world.bpffs],
                    restored)
    drain = Case('dump --drain', ['dump', '-D', out, '--drain', f'{app}/flows'], drained, ['out'])
    queues = Case('dump --queues', ['dump', '-D', out, '--queues', f'{app}/queue'], unchanged, ['out'])
    recover = ['restore', '-i', f'{world.kept}/small.tar', '--replace', world.bpffs]
    return [
        Case('dump', ['dump', '-D', out, '--queues', app], dumped, ['out']),
        Case('dump --replace', ['dump', '-D', f'{io}/second', '--replace', '--queues', app], replaced),
        Case('dump --incremental', ['dump', '-D', out, '--incremental', f'{io}/second', '--queues', app],
             dumped, ['out']),
        Case('dump -o', ['dump', '-o', f'{io}/second.tar', '--queues', app], streamed),
        drain,
        Case('dump --drain -o', ['dump', '-o', f'{io}/second.tar', '--drain', f'{app}/flows'],
             drained_to_stream),
        Case('restore', restore + ['-D', f'{io}/second'], restored),
        Case('restore -i', restore + ['-i', f'{io}/second.tar'], restored),
        Case('restore of what differs', restore + ['-D', f'{io}/differs'], restored),
        in_place,
        Case('the next run after restore --in-place', recover, restored, killed=in_place),
        Case('the next run after dump --drain', recover, drained, ['out'], killed=drain),
        Case('the next run after dump --queues', recover, unchanged, ['out'], killed=queues),
    ]


def failing(world, case, way, at=None):
    """A run, which is killed or has calls fail; without `at` they are counted."""
    count = world.path('count')
    environment = dict(os.environ, LD_PRELOAD=FAILING, FAIL_BELOW=world.io, FAIL_WITH=way,
                       FAIL_COUNT=count)
    if at is not None:
        environment['FAIL_AT'] = at
    words = [BPFSNAP, case.words[0], '--state', world.state] + case.words[1:]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if at is None:
        assert done.returncode == 0, done.stderr
        with open(count, encoding='ascii') as file:
            return int(file.read())
    return done


def prepare(world, case):
    """What is in io when the run begins."""
    world.reset()
    if case.killed:
        calls = case.killed_calls
        at = random.randrange(calls // 2, calls) if calls else None
        ended = failing(world, case.killed, 'KILL', None if at is None else str(at))
        if at is None:
            case.killed_calls = ended
            prepare(world, case)
    return set(os.listdir(world.io))


def holds(check, *arguments):
    try:
        check(*arguments)
        return True
    except AssertionError:
        return False


def point(world, case, way, at):
    before = prepare(world, case)
    done = failing(world, case, way, at)
    status = done.returncode
    what = f'{way} at call {at}: exit {status}: {done.stderr.strip()}'
    assert status in ((0, -9) if way == 'KILL' else (0,) if way == 'SHORT' else (0, 1)), what
    assert status != 1 or done.stderr, f'{what}nothing is said'
    try:
        if status == 1:
            accepted = [name for name in os.listdir(world.io)
                        if name not in before and world.is_snapshot(os.path.join(world.io, name))]
            assert not accepted, f'verify accepts {accepted}'
        world.next_run()
        left = set(os.listdir(world.state))
        if status == -9 or case.killed: # what there is decides; names beside it go with the next dump
            if not holds(case.check, True):
                case.check(False)
        else:
            case.check(status == 0)
            left |= set(os.listdir(world.io)) - before - set(case.made)
        assert not left, f'left behind: {sorted(left)}'
    except AssertionError as problem:
        raise AssertionError(f'{what}\n# {problem}') from problem


def check(world, case):
    points = 0
    for way, behind in WAYS:
        prepare(world, case)
        calls = failing(world, case, way)
        assert calls, f'{way}: no calls'
        step = max(calls / POINTS, 1) if POINTS else 1
        at = random.uniform(0, step)
        while at < calls:
            point(world, case, way, f'{int(at)}{behind}')
            points += 1
            at += step
    return points


def points_told(world, case):
    return f'{check(world, case)} points'


def main():
    if os.geteuid():
        print('io_faults.py: needs root')
        return 77
    if run('bpftool', 'map', 'show', statuses=None).returncode:
        print('io_faults.py: bpf(2) is refused')
        return 77
    seed = int(os.environ.get('SEED', time.time()))
    random.seed(seed)
    world = World()
    try:
        world.build()
        return tap([(case.name, partial(points_told, world, case)) for case in cases(world)], seed) > 0
    finally:
        world.close()


if __name__ == '__main__':
    sys.exit(main())
