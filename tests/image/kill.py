#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at random moments of dump, restore, restore --in-place, dump --drain and of streams.

usage: kill.py BPFSNAP [MOMENTS]

After each kill no directory is accepted that is not complete, and after the next run the target
is as it was before or complete, queues hold their elements in order, and nothing of ours is left
lying about. MOMENTS (200) are shared out among them. Prints TAP. Needs root and bpf(2).
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial

from killing import duration, killed_after, moments, run, tap

BPFSNAP = os.path.abspath(sys.argv[1])
SHARE = int(os.environ.get('TEST_SHARE', 100))
MOMENTS = int(sys.argv[2]) if len(sys.argv) > 2 else max(200 * SHARE // 100, 16)
ELEMENTS = 20000
STATE_FILES = ('queue-', 'undo-', '.undo-', 'drain-', 'run-', '.run-', 'done-')


def skip(why):
    print(why)
    sys.exit(77)


def bpftool(*words):
    return run('bpftool', *words)


def key_bytes(number):
    return [str(byte) for byte in number.to_bytes(4, 'little')]


class World:
    """A private bpffs with a tree of maps, and a scratch directory."""

    def __init__(self):
        self.scratch = tempfile.mkdtemp(prefix='bpfsnap-kill-')
        self.bpffs = os.path.join(self.scratch, 'bpffs')
        self.state = os.path.join(self.scratch, 'state')
        os.environ['TMPDIR'] = self.scratch
        os.mkdir(self.bpffs)
        run('mount', '-t', 'bpf', 'bpf', self.bpffs)

    def close(self):
        run('umount', self.bpffs, statuses=None)
        shutil.rmtree(self.scratch)

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def bpfsnap(self, verb, *words):
        return run(BPFSNAP, verb, *words, '--state', self.state)

    def create(self, pin, kind, *words):
        bpftool('map', 'create', os.path.join(self.bpffs, pin), 'type', kind, *words)

    def fill(self, pin, factor):
        """ELEMENTS elements through a batch file."""
        batch = self.path('batch')
        self.fill_start(batch, pin, factor)
        bpftool('batch', 'file', batch)

    def fill_start(self, batch, pin='app/flows', factor=1):
        with open(batch, 'w', encoding='ascii') as out:
            for number in range(ELEMENTS):
                value = (number * factor).to_bytes(8, 'little')
                out.write(f'map update pinned {self.bpffs}/{pin} '
                          f'key {" ".join(key_bytes(number))} '
                          f'value {" ".join(map(str, value))}\n')

    def update(self, pin, key, *value):
        bpftool('map', 'update', 'pinned', f'{self.bpffs}/{pin}', 'key', *key, 'value', *value)

    def build(self):
        os.mkdir(os.path.join(self.bpffs, 'app'))
        self.create('app/flows', 'hash', 'key', '4', 'value', '8', 'entries', str(ELEMENTS),
                    'name', 'flows')
        self.create('app/slots', 'array', 'key', '4', 'value', '8', 'entries', '1000', 'name',
                    'slots')
        self.create('app/percpu', 'percpu_hash', 'key', '4', 'value', '8', 'entries', '2000',
                    'name', 'percpu')
        self.create('app/lpm', 'lpm_trie', 'key', '8', 'value', '4', 'entries', '1000', 'flags',
                    '1', 'name', 'lpm')
        self.create('app/devs', 'devmap', 'key', '4', 'value', '4', 'entries', '4', 'name', 'devs')
        self.create('app/inner', 'array', 'key', '4', 'value', '4', 'entries', '4', 'name',
                    'inner')
        self.create('app/outer', 'hash_of_maps', 'key', '4', 'value', '4', 'entries', '100',
                    'name', 'outer', 'inner_map', 'pinned', f'{self.bpffs}/app/inner')
        for kind in ('queue', 'stack'):
            self.create('app/' + kind, kind, 'value', '4', 'entries', '400', 'name', kind)
            self.push(kind, 300, 3)
        self.update('app/devs', key_bytes(1), *key_bytes(1))
        self.fill('app/flows', 3)
        self.outer(5, 3)

    def push(self, kind, count, run):
        for number in range(count):
            # runs of equal elements: the ones that are hardest to tell apart
            bpftool('map', 'push', 'pinned', f'{self.bpffs}/app/{kind}', 'value',
                    *key_bytes(number // run))

    def outer(self, count, factor):
        """Elements whose inner maps nothing else holds."""
        for number in range(count):
            pin = f'{self.bpffs}/inner{number}'
            bpftool('map', 'create', pin, 'type', 'array', 'key', '4', 'value', '4', 'entries',
                    '4', 'name', 'inner')
            self.update(f'inner{number}', key_bytes(1), *key_bytes(number * factor))
            self.update('app/outer', key_bytes(number), 'pinned', pin)
            os.unlink(pin)

    def mutate(self):
        """Another content for everything in app."""
        self.fill('app/flows', 7)
        for number in range(0, 200, 3):
            self.update('app/slots', key_bytes(number), *(key_bytes(number) * 2))
            self.update('app/percpu', key_bytes(number), *(key_bytes(number) * 2))
            self.update('app/lpm', ['32', '0', '0', '0', '10', '0', '0', str(number)],
                        *key_bytes(number))
        bpftool('map', 'delete', 'pinned', f'{self.bpffs}/app/devs', 'key', *key_bytes(1))
        self.update('app/devs', key_bytes(2), *key_bytes(1))
        self.outer(3, 11)
        for kind, verb in (('queue', 'dequeue'), ('stack', 'pop')):
            for _ in range(120):
                bpftool('map', verb, 'pinned', f'{self.bpffs}/app/{kind}')
            self.push(kind, 90, 4)


def leftovers(world):
    names = []
    for place, directories, files in os.walk(world.scratch):
        names += [os.path.join(place, name) for name in directories + files
                  if 'bpfsnap-' in name or name.startswith(STATE_FILES)]
    return names


def assert_no_leftovers(world):
    left = leftovers(world)
    assert not left, f'left behind: {left}'


def check_dump(world, count):
    reference, target = world.path('reference'), world.path('out')
    world.bpfsnap('dump', '-D', reference, '--queues', os.path.join(world.bpffs, 'app'))
    words = [BPFSNAP, 'dump', '-D', target, '--queues', '--state', world.state,
             os.path.join(world.bpffs, 'app')]

    def before():
        shutil.rmtree(target, ignore_errors=True)

    def after():
        for name in os.listdir(world.scratch):
            place = world.path(name)
            if name.startswith(('.out', 'out')) and name != 'out':
                refused = run(BPFSNAP, 'verify', place, statuses=None)
                # all that may be missing of a complete one is its name
                if refused.returncode == 0:
                    run(BPFSNAP, 'diff', reference, place)
        if os.path.exists(target):
            run(BPFSNAP, 'verify', target)
            shutil.rmtree(target)
        world.bpfsnap('dump', '-D', target, '--queues', os.path.join(world.bpffs, 'app'))
        run(BPFSNAP, 'diff', reference, target)
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def same_as(world, snapshot, live):
    """Queues too: they are read into a snapshot of their own."""
    dump = world.path('live')
    shutil.rmtree(dump, ignore_errors=True)
    world.bpfsnap('dump', '-D', dump, '--queues', live)
    same = run(BPFSNAP, 'diff', snapshot, dump, statuses=None).returncode == 0
    shutil.rmtree(dump)
    return same


def check_restore(world, count):
    """Two snapshots of two trees take turns; a third, small one is the next run."""
    place = os.path.join(world.bpffs, 'place')
    other = os.path.join(world.bpffs, 'other')
    os.mkdir(place)
    os.mkdir(other)
    paths = [os.path.join(world.bpffs, 'app'), other]
    first, second, small = world.path('first'), world.path('second'), world.path('small')
    world.create('other/map', 'array', 'key', '4', 'value', '4', 'entries', '1', 'name', 'other')
    world.create('small', 'array', 'key', '4', 'value', '4', 'entries', '1', 'name', 'small')
    world.bpfsnap('dump', '-D', small, os.path.join(world.bpffs, 'small'))
    world.bpfsnap('dump', '-D', first, '--queues', *paths)
    world.mutate()
    world.update('other/map', key_bytes(0), *key_bytes(77))
    world.bpfsnap('dump', '-D', second, '--queues', *paths)
    world.bpfsnap('restore', '-D', first, place)
    words = [BPFSNAP, 'restore', '-D', second, '--replace', '--state', world.state, place]

    def live():
        dump = world.path('live')
        shutil.rmtree(dump, ignore_errors=True)
        world.bpfsnap('dump', '-D', dump, '--queues', os.path.join(place, 'app'),
                      os.path.join(place, 'other'))
        return dump

    def before():
        world.bpfsnap('restore', '-D', first, '--replace', place)

    def after():
        world.bpfsnap('restore', '-D', small, '--replace', place)
        dump = live()
        same = [run(BPFSNAP, 'diff', name, dump, statuses=None).returncode == 0
                for name in (first, second)]
        assert any(same), 'the target is neither as before nor complete'
        shutil.rmtree(dump)
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def check_in_place(world, count):
    app = os.path.join(world.bpffs, 'app')
    first, second, small = world.path('first'), world.path('second'), world.path('small')
    for name in (first, second):
        shutil.rmtree(name)
    world.bpfsnap('dump', '-D', second, '--queues', app)
    world.mutate()
    world.bpfsnap('dump', '-D', first, '--queues', app)
    words = [BPFSNAP, 'restore', '-D', second, '--in-place', '--state', world.state, world.bpffs]
    run_small = ['restore', '-D', small, '--replace', world.bpffs]

    def before():
        world.bpfsnap('restore', '-D', first, '--in-place', world.bpffs)

    def after():
        world.bpfsnap(*run_small)
        assert same_as(world, first, app) or same_as(world, second, app), \
            'the maps are neither as before nor refilled'
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def check_drain(world, count):
    flows = os.path.join(world.bpffs, 'app', 'flows')
    first, out, empty = world.path('flows'), world.path('drained'), world.path('empty')
    world.bpfsnap('dump', '-D', first, flows)
    world.bpfsnap('dump', '-D', empty, '--drain', flows)
    shutil.rmtree(empty)
    world.bpfsnap('dump', '-D', empty, flows)
    words = [BPFSNAP, 'dump', '-D', out, '--drain', '--state', world.state, flows]
    place = os.path.join(world.bpffs, 'app')

    def before():
        shutil.rmtree(out, ignore_errors=True)
        world.bpfsnap('restore', '-D', first, '--in-place', place)

    def after():
        world.bpfsnap('restore', '-D', world.path('small'), '--replace', world.bpffs)
        if os.path.exists(out):
            run(BPFSNAP, 'verify', out)
            run(BPFSNAP, 'diff', first, out)
            assert same_as(world, empty, flows), 'elements were taken and are there all the same'
        else:
            assert same_as(world, first, flows), 'elements are lost'
        sweep(world, '.drained')
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def check_streams(world, count):
    """A dump to a tar file, and a restore of one; and a snapshot of what differs from another."""
    app, place = os.path.join(world.bpffs, 'app'), os.path.join(world.bpffs, 'streamed')
    small, tar, out = world.path('small.tar'), world.path('out.tar'), world.path('differs')
    base = world.path('base')
    os.mkdir(place)
    world.bpfsnap('dump', '-o', small, os.path.join(world.bpffs, 'small'))
    world.bpfsnap('dump', '-o', tar, '--queues', app)
    world.bpfsnap('dump', '-D', base, '--queues', app)
    world.update('app/slots', key_bytes(3), *(key_bytes(99) * 2))
    before_all = sorted(os.listdir(world.scratch))
    words = {'dump': [BPFSNAP, 'dump', '-o', tar, '--queues', '--state', world.state, app],
             'restore': [BPFSNAP, 'restore', '-i', tar, '--replace', '--state', world.state, place],
             'incremental': [BPFSNAP, 'dump', '-D', out, '--incremental', base, '--queues', '--state',
                             world.state, app]}

    def after():
        run(BPFSNAP, 'verify', '-i', tar)
        world.bpfsnap('dump', '-o', small, os.path.join(world.bpffs, 'small'))
        world.bpfsnap('dump', '-o', tar, '--queues', app)
        world.bpfsnap('restore', '-i', small, '--replace', place)
        if os.path.exists(out):
            run(BPFSNAP, 'verify', out)
            shutil.rmtree(out)
        world.bpfsnap('dump', '-D', out, '--incremental', base, '--queues', app)
        shutil.rmtree(out)
        assert_no_leftovers(world)
        assert sorted(os.listdir(world.scratch)) == before_all, sorted(os.listdir(world.scratch))

    return sum(moments(count // 3 + 1, each, lambda: None, after) for each in words.values())


def sweep(world, prefix):
    """What the next dump to that name would remove."""
    for name in os.listdir(world.scratch):
        if name.startswith(prefix):
            shutil.rmtree(world.path(name))


def keys_of(snapshot):
    found = json.loads(run(BPFSNAP, 'export', '--json', '--map', 'flows', snapshot).stdout)
    return [element['key'] for element in found]


def check_drain_beside_a_writer(world, count):
    """Each key that the writer puts in is in one of the snapshots or in the map, and only once."""
    flows = os.path.join(world.bpffs, 'app', 'flows')
    place = os.path.join(world.bpffs, 'app')
    empty, out, rest = world.path('empty'), world.path('beside'), world.path('rest')
    words = [BPFSNAP, 'dump', '-D', out, '--drain', '--state', world.state, flows]
    batch = world.path('batch')
    whole = duration(words)
    shutil.rmtree(out)
    kills = runs = 0
    while kills < count:
        world.bpfsnap('restore', '-D', empty, '--in-place', place)
        world.fill_start(batch)
        with subprocess.Popen(['bpftool', 'batch', 'file', batch], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as writer:
            keys = []
            while writer.poll() is None:
                kills += killed_after(random.uniform(0, whole), words)
                runs += 1
                world.bpfsnap('restore', '-D', world.path('small'), '--replace', world.bpffs)
                if os.path.exists(out):
                    keys += keys_of(out)
                    shutil.rmtree(out)
                sweep(world, '.beside')
            assert writer.returncode == 0, writer.stderr.read()
        world.bpfsnap('dump', '-D', rest, flows)
        keys += keys_of(rest)
        shutil.rmtree(rest)
        assert len(keys) == len(set(keys)), 'a key is there twice'
        assert len(keys) == ELEMENTS, f'{ELEMENTS} were written, {len(keys)} found'
        assert_no_leftovers(world)
    return runs


def killed(world, check, count):
    return f'killed at {count} moments, in {check(world, count)} runs'


def main():
    if os.geteuid():
        skip('kill.py: needs root')
    if run('bpftool', 'map', 'show', statuses=None).returncode:
        skip('kill.py: bpf(2) is refused')
    seed = int(os.environ.get('SEED', time.time()))
    random.seed(seed)
    world = World()
    checks = [('dump', check_dump, MOMENTS // 4), ('restore', check_restore, MOMENTS // 4),
              ('restore --in-place', check_in_place, MOMENTS // 4),
              ('dump --drain', check_drain, MOMENTS // 8),
              ('dump --drain beside a writer', check_drain_beside_a_writer, MOMENTS // 16),
              ('dump -o, restore -i, dump --incremental', check_streams, MOMENTS // 16)]
    try:
        world.build()
        return tap([(title, partial(killed, world, check, count)) for title, check, count in checks],
                   seed, stop_at_failure=True) > 0
    finally:
        world.close()


if __name__ == '__main__':
    sys.exit(main())
