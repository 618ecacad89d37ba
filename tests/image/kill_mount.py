#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at random moments of dump --queues, --drain and restore --in-place through a mount.

usage: kill_mount.py BPFUSE BPFSNAP [MOMENTS]

The mount is an emulated world: what bpfsnap takes out of a queue passes through a file. After each
kill and the next run, queues and stacks hold what they held, in order. A journal of one mount is
left alone by runs on another. Prints TAP. Needs /dev/fuse.
"""
import json
import os
import random
import shutil
import sys
import tempfile
import time
from functools import partial

from killing import duration, killed_after, moments, run, tap

BPFUSE, BPFSNAP = map(os.path.abspath, sys.argv[1:3])
MOMENTS = int(sys.argv[3]) if len(sys.argv) > 3 else 30
ELEMENTS = 150


class World:
    def __init__(self, scratch, name):
        self.scratch = scratch
        self.root = os.path.join(scratch, name)
        self.state = os.path.join(scratch, 'state')
        os.mkdir(self.root)
        run(BPFUSE, 'emu', self.root)
        os.mkdir(self.path('app'))
        for kind in ('queue', 'stack'):
            self.write(f'app/{kind}', f'type={kind} value=4 entries=400 name={kind}')
        # not a number as text
        self.write('app/long', 'type=queue value=6 entries=400 name=long')
        self.write('app/flows', 'type=hash key=4 value=8 entries=1000 name=flows')
        for number in range(ELEMENTS):
            # runs of equal elements: the ones that are hardest to tell apart
            self.write('app/queue/push', str(number // 3))
            self.write('app/stack/push', str(number // 3))
            self.write('app/long/push', f'"hex-{number // 3:012x}"')
        self.write('app/flows/.map/entries',
                   ''.join(f'{key}\t{key * 7}\n' for key in range(ELEMENTS)))

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='ascii') as out:
            out.write(text + '\n')

    def close(self):
        run('fusermount3', '-u', self.root, statuses=(0, 1))


def snap(world, verb, *words):
    return run(BPFSNAP, verb, '--state', world.state, *words)


def contents(world, name='now'):
    """Of every map: a list, in order for queues."""
    place = os.path.join(world.scratch, name)
    shutil.rmtree(place, ignore_errors=True)
    snap(world, 'dump', '-D', place, '--queues', world.path('app'))
    found = json.loads(run(BPFSNAP, 'export', '--json', place).stdout)
    shutil.rmtree(place)
    result = {}
    for path, entry in found.items():
        elements = [json.dumps(element, sort_keys=True) for element in entry['elements']]
        result[path] = sorted(elements) if entry['key_size'] else elements
    return result


def killed_at(count, words, before, after):
    return f'killed at {count} moments, in {moments(count, words, before, after)} runs'


def check_queues(world, count):
    out, wanted = os.path.join(world.scratch, 'out'), contents(world)

    def before():
        shutil.rmtree(out, ignore_errors=True)

    def after():
        assert contents(world) == wanted, 'a queue is not as it was'
        assert not os.listdir(world.state), os.listdir(world.state)

    return killed_at(count, [BPFSNAP, 'dump', '-D', out, '--queues', '--state', world.state,
                             world.path('app')], before, after)


def check_drain(world, count):
    out, first = os.path.join(world.scratch, 'drained'), os.path.join(world.scratch, 'first')
    wanted = contents(world)
    snap(world, 'dump', '-D', first, '--queues', world.path('app'))

    def before():
        shutil.rmtree(out, ignore_errors=True)
        snap(world, 'restore', '-D', first, '--in-place', world.root)

    def after():
        now = contents(world)
        if os.path.exists(out):
            run(BPFSNAP, 'diff', first, out)
            assert not any(now.values()), 'elements were taken and are there all the same'
        else:
            assert now == wanted, 'elements are lost'

    return killed_at(count, [BPFSNAP, 'dump', '-D', out, '--drain', '--state', world.state,
                             world.path('app')], before, after)


def check_in_place(world, count):
    first, empty = (os.path.join(world.scratch, name) for name in ('first', 'emptied'))
    snap(world, 'restore', '-D', first, '--in-place', world.root)
    wanted = contents(world)
    nothing = {name: [] for name in wanted}
    snap(world, 'dump', '-D', os.path.join(world.scratch, 'all'), '--drain', world.path('app'))
    snap(world, 'dump', '-D', empty, world.path('app'))

    def before():
        snap(world, 'restore', '-D', empty, '--in-place', world.root)

    def after():
        now = contents(world)
        assert now in (wanted, nothing), 'the maps are neither as before nor refilled'

    return killed_at(count, [BPFSNAP, 'restore', '-D', first, '--in-place', '--state', world.state,
                             world.root], before, after)


def check_other_mount(world, count):
    """The journal of a killed run waits for a run on its own mount."""
    other = World(world.scratch, 'other')
    # the check before this one may have ended with empty queues, of which no journal is kept
    snap(world, 'restore', '-D', os.path.join(world.scratch, 'first'), '--in-place', world.root)
    wanted, theirs = contents(world), contents(other)
    out = os.path.join(world.scratch, 'out2')
    words = [BPFSNAP, 'dump', '-D', out, '--queues', '--state', world.state, world.path('app')]
    whole = duration(words)
    try:
        for _ in range(count * 20):
            shutil.rmtree(out, ignore_errors=True)
            killed_after(random.uniform(0, whole), words)
            if os.listdir(world.state):
                break
        assert os.listdir(world.state), 'no journal was left'
        assert contents(other) == theirs, 'elements came to another mount'
        assert os.listdir(world.state), 'the journal is gone'
        assert contents(world) == wanted, 'a queue is not as it was'
    finally:
        other.close()
    return 'the journal waited'


def main():
    if not os.access('/dev/fuse', os.R_OK | os.W_OK):
        print('kill_mount.py: /dev/fuse cannot be opened')
        sys.exit(77)
    seed = int(os.environ.get('SEED', time.time()))
    random.seed(seed)
    os.environ['TMPDIR'] = scratch = tempfile.mkdtemp(prefix='bpfsnap-kill-')
    world = World(scratch, 'live')
    checks = [('dump --queues', check_queues), ('dump --drain', check_drain),
              ('restore --in-place', check_in_place), ('another mount', check_other_mount)]
    try:
        return tap([(f'{title} through a mount', partial(check, world, MOMENTS // 3))
                    for title, check in checks], seed) > 0
    finally:
        world.close()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
