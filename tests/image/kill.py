#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at random moments of dump, restore, restore --in-place and dump --drain.

usage: kill.py BPFSNAP [MOMENTS]

After each kill no directory is accepted that is not complete, and after the next run the target
is as it was before or complete, queues hold their elements in order, and nothing of ours is left
lying about. MOMENTS (200) are shared out among the four. Prints TAP. Needs root and bpf(2).
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BPFSNAP = os.path.abspath(sys.argv[1])
MOMENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 200
ELEMENTS = 20000


def skip(why):
    print(why)
    sys.exit(77)


def run(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f'{" ".join(words)}: exit {done.returncode}: {done.stderr}')
    return done


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
        os.mkdir(self.bpffs)
        run('mount', '-t', 'bpf', 'bpf', self.bpffs)

    def close(self):
        run('umount', self.bpffs, check=False)
        shutil.rmtree(self.scratch)

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def bpfsnap(self, verb, *words, check=True, statuses=(0,)):
        done = run(BPFSNAP, verb, *words, '--state', self.state, check=False)
        if check and done.returncode not in statuses:
            raise AssertionError(f'{verb} {words}: exit {done.returncode}: {done.stderr}')
        return done

    def create(self, pin, kind, *words):
        bpftool('map', 'create', os.path.join(self.bpffs, pin), 'type', kind, *words)

    def fill(self, pin, factor):
        """ELEMENTS elements through a batch file."""
        batch = self.path('batch')
        with open(batch, 'w', encoding='ascii') as out:
            for number in range(ELEMENTS):
                value = (number * factor).to_bytes(8, 'little')
                out.write(f'map update pinned {self.bpffs}/{pin} '
                          f'key {" ".join(key_bytes(number))} '
                          f'value {" ".join(map(str, value))}\n')
        bpftool('batch', 'file', batch)

    def queue(self, pin):
        """All elements, taken out in order (the map is thrown away afterwards)."""
        out = []
        while True:
            done = run('bpftool', '-j', 'map', 'pop', 'pinned',
                       os.path.join(self.bpffs, pin), check=False)
            if done.returncode or 'value' not in done.stdout:
                return out
            out.append(done.stdout.strip())

    def build(self):
        os.mkdir(os.path.join(self.bpffs, 'app'))
        self.create('app/flows', 'hash', 'key', '4', 'value', '8', 'entries', str(ELEMENTS),
                    'name', 'flows')
        self.create('app/slots', 'array', 'key', '4', 'value', '8', 'entries', '1000', 'name',
                    'slots')
        for kind in ('queue', 'stack'):
            self.create('app/' + kind, kind, 'value', '4', 'entries', '400', 'name', kind)
            for number in range(300):
                # runs of equal elements: the ones that are hardest to tell apart
                bpftool('map', 'push', 'pinned', f'{self.bpffs}/app/{kind}', 'value',
                        *key_bytes(number // 3))
        self.fill('app/flows', 3)


def killed_after(seconds, words):
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return process.returncode == -signal.SIGKILL


def duration(words):
    start = time.monotonic()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 3):
        raise AssertionError(f'{words}: {done.stderr}')
    return time.monotonic() - start


def moments(count, words, before, after):
    """Kills `words` count times; before() and after() surround each run."""
    times = []
    for _ in range(3):
        before()
        times.append(duration(words))
        after()
    whole, kills, runs = sorted(times)[1], 0, 0
    while kills < count:
        before()
        kills += killed_after(random.uniform(0, whole), words)
        runs += 1
        after()
        assert runs < 20 * count, 'the runs end before they can be killed'
    return runs


def leftovers(world):
    names = []
    for place, directories, files in os.walk(world.scratch):
        names += [os.path.join(place, name) for name in directories + files
                  if 'bpfsnap-' in name or name.startswith(('queue-', 'undo-', '.undo-'))]
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
                refused = run(BPFSNAP, 'verify', place, check=False)
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
    return run(BPFSNAP, 'diff', snapshot, live, check=False).returncode == 0


def check_restore(world, count):
    """Two snapshots of one tree take turns; a third, small one is the next run."""
    app = os.path.join(world.bpffs, 'app')
    place = os.path.join(world.bpffs, 'place')
    os.mkdir(place)
    first, second, small = world.path('first'), world.path('second'), world.path('small')
    world.create('small', 'array', 'key', '4', 'value', '4', 'entries', '1', 'name', 'small')
    world.bpfsnap('dump', '-D', small, os.path.join(world.bpffs, 'small'))
    world.bpfsnap('dump', '-D', first, app, statuses=(3,))
    world.fill('app/flows', 5)
    world.bpfsnap('dump', '-D', second, app, statuses=(3,))
    world.bpfsnap('restore', '-D', first, place, statuses=(3,))
    words = [BPFSNAP, 'restore', '-D', second, '--replace', '--state', world.state, place]

    def live():
        dump = world.path('live')
        shutil.rmtree(dump, ignore_errors=True)
        run(BPFSNAP, 'dump', '-D', dump, os.path.join(place, 'app'), check=False)
        return dump

    def before():
        world.bpfsnap('restore', '-D', first, '--replace', place, statuses=(3,))

    def after():
        world.bpfsnap('restore', '-D', small, '--replace', place)
        dump = live()
        assert same_as(world, first, dump) or same_as(world, second, dump), \
            'the target is neither as before nor complete'
        shutil.rmtree(dump)
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def check_in_place(world, count):
    app = os.path.join(world.bpffs, 'app')
    first, second, small = world.path('first'), world.path('second'), world.path('small')
    flows = os.path.join(app, 'flows')
    for name in (first, second):
        shutil.rmtree(name)
    world.bpfsnap('dump', '-D', second, flows)
    world.fill('app/flows', 7)
    world.bpfsnap('dump', '-D', first, flows)
    words = [BPFSNAP, 'restore', '-D', second, '--in-place', '--state', world.state, app]
    run_small = ['restore', '-D', small, '--replace', os.path.join(world.bpffs, 'place')]

    def before():
        world.bpfsnap('restore', '-D', first, '--in-place', app)

    def after():
        world.bpfsnap(*run_small)
        assert same_as(world, first, flows) or same_as(world, second, flows), \
            'the map is neither as before nor refilled'
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def check_drain(world, count):
    app = os.path.join(world.bpffs, 'app')
    flows = os.path.join(app, 'flows')
    first, out = world.path('first'), world.path('drained')
    words = [BPFSNAP, 'dump', '-D', out, '--drain', '--state', world.state, flows]

    def before():
        shutil.rmtree(out, ignore_errors=True)
        world.bpfsnap('restore', '-D', first, '--in-place', app)

    def after():
        world.bpfsnap('restore', '-D', world.path('small'), '--replace',
                      os.path.join(world.bpffs, 'place'))
        if os.path.exists(out):
            # drained; or the kill came between the rename and the end of the undo image:
            # then the elements are in the map as well, and none is lost
            run(BPFSNAP, 'verify', out)
            run(BPFSNAP, 'diff', first, out)
        else:
            assert same_as(world, first, flows), 'elements are lost'
        for name in os.listdir(world.scratch):
            if name.startswith('.drained'):
                shutil.rmtree(world.path(name))
        assert_no_leftovers(world)

    return moments(count, words, before, after)


def main():
    if os.geteuid():
        skip('kill.py: needs root')
    if run('bpftool', 'map', 'show', check=False).returncode:
        skip('kill.py: bpf(2) is refused')
    seed = int(os.environ.get('SEED', time.time()))
    random.seed(seed)
    world = World()
    failed = 0
    checks = [('dump', check_dump, MOMENTS * 3 // 8), ('restore', check_restore, MOMENTS * 3 // 8),
              ('restore --in-place', check_in_place, MOMENTS // 8),
              ('dump --drain', check_drain, MOMENTS // 8)]
    try:
        world.build()
        for number, (title, check, count) in enumerate(checks, 1):
            try:
                runs = check(world, count)
                print(f'ok {number} - {title}: killed at {count} moments, in {runs} runs (seed {seed})',
                      flush=True)
            except AssertionError as problem:
                failed += 1
                print(f'not ok {number} - {title} (seed {seed})\n# {problem}', flush=True)
                break
        print(f'1..{len(checks)}')
    finally:
        world.close()
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
